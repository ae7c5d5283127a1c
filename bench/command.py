"""What all benchmarks do as commands: they say how far they are, end when told to, and say why they cannot go on."""

import sys
from collections.abc import Callable

from bench.servers import ServerError
from db.embedded import EmbeddedError
from server.serving import stop_on_sigterm


def say(line: str) -> None:
    """Progress, apart from the results."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def show(text: str) -> None:
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()


def exit_code(name: str, work: Callable[[], object]) -> int:
    """0 where the work came to its end; what is wrong with a server is told."""
    stop_on_sigterm()
    try:
        work()
    except (ServerError, EmbeddedError) as problem:
        say(f"{name}: {problem}")
        return 1
    except KeyboardInterrupt:
        return 1
    return 0
