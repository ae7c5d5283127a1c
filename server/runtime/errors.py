"""The error that ends a command."""


class CommandError(Exception):
    """A problem that the user can fix. The message says what is wrong and what to do."""

    exit_code = 1
