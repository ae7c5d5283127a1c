"""Output, signals and exit codes of all benchmark commands."""

import sys
from collections.abc import Callable

from bench.servers import ServerError
from db.embedded import EmbeddedError
from server.runtime.signals import stop_on_sigterm


def say(line: str) -> None:
    """Print progress to stderr, apart from the results."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()


def exit_code(name: str, work: Callable[[], object]) -> int:
    """Run the work and return its exit code. Print problems of servers."""
    stop_on_sigterm()
    try:
        work()
    except (ServerError, EmbeddedError) as problem:
        say(f"{name}: {problem}")
        return 1
    except KeyboardInterrupt:
        return 1
    return 0
