"""How a command ends when it cannot go on."""


class CommandError(Exception):
    """One sentence for the person who typed the command: what is wrong, and what to do."""

    exit_code = 1
