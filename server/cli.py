"""The entry point of `leadgraph`. It imports only the modules that the command needs."""

import re
import sys
from typing import Final

from server.runtime.errors import CommandError
from server.runtime.garbage import without_collections
from server.runtime.signals import stop_on_sigterm

_SERVE: Final = re.compile(r"serve(?: --workers[ =](?P<workers>[1-9]|[1-5][0-9]|6[0-4]))?")
"""`leadgraph serve` with valid options."""


def main() -> None:
    """Run a command. Print a `CommandError` as one sentence and exit with its code."""
    stop_on_sigterm()
    try:
        _run()
    except CommandError as problem:
        sys.stderr.write(f"leadgraph: {problem}\n")
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        # The context managers have stopped everything. A server that received the signal has returned already.
        sys.exit(130)


def _run() -> None:
    """Run `serve` without the modules of the other commands, which take memory and time. Run another command by typer."""
    if serves := _SERVE.fullmatch(" ".join(sys.argv[1:])):
        with without_collections():
            from server.commands.serve import serve  # noqa: PLC0415 - as above
        serve(None if serves["workers"] is None else int(serves["workers"]))
        return
    with without_collections():
        from server.commands.app import app  # noqa: PLC0415 - as above
    app(standalone_mode=True)


if __name__ == "__main__":
    main()
