"""Errors of the embedded PostgreSQL, as one sentence with the problem and a remedy."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWN_SERVER = "set LEADGRAPH_DATABASE_URL to a PostgreSQL of your own"
PORT_TAKEN = "could not create any TCP/IP sockets"
STILL_IN_USE = "pre-existing shared memory block"

_ADVICE = (
    (PORT_TAKEN, "choose another port"),
    (STILL_IN_USE, "end the remaining processes of that server, and start again"),
    ("No space left on device|Disk quota exceeded", "free some disk space and start again"),
    ("configuration parameter|for parameter|parameter value", "fix the setting and start again"),
    (
        "initialized by PostgreSQL version",
        "name the folder of that release's programs in LEADGRAPH_PG_BINDIR, or move the folder away",
    ),
    (
        "[Pp]ermission|wrong ownership",
        "restore the owner and the mode 0700 of the folder, and let the owner enter the folders above it",
    ),
)
DAMAGED = "restore a backup of the folder, or move it away and start again with an empty database"
_NOISE = re.compile(
    r"could not start server|Examine the log|removing (contents|data)|^\s*$"
    r"|FATAL:  (the database system is |terminating connection)"  # messages to clients, not the reason of the server's end
)
_FATAL = re.compile(r"\b(?:FATAL|PANIC|initdb: error): +(.*)")


class EmbeddedError(Exception):
    """A problem of the embedded PostgreSQL. The message is one sentence with the problem and a remedy."""


def explain(problem: str, output: str, otherwise: str) -> str:
    """Return a sentence with the problem, PostgreSQL's reason from its output, and a remedy.

    The reason selects the remedy. `otherwise` is the default.
    """
    reason = reason_in(output)
    advice = next((advice for pattern, advice in _ADVICE if re.search(pattern, reason)), otherwise)
    return f"{problem} ({reason}): {advice}."


def ended_silently(output: str) -> bool:
    """Return whether the output lacks a reason, as after a kill or a crash during the start."""
    lines = _lines(output)
    return not lines or ("starting PostgreSQL" in output and not any(map(_FATAL.search, lines)))


def _lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if not _NOISE.search(line)]


def reason_in(output: str) -> str:
    """Return the last fatal message of a log with its detail, or else the last lines."""
    lines = _lines(output)
    for at in reversed(range(len(lines))):
        if fatal := _FATAL.search(lines[at]):
            detail = re.search(r"\bDETAIL: +(.*)", lines[at + 1]) if at + 1 < len(lines) else None
            return "; ".join(part[1].rstrip(".") for part in (fatal, detail) if part)
    return "; ".join(line.strip() for line in lines[-3:]).rstrip(".") or "without a reason"


@contextmanager
def one_sentence(home: Path) -> Iterator[None]:
    """Translate errors of the operating system into `EmbeddedError`."""
    try:
        yield
    except OSError as error:
        advice = "let this user write there, or choose another data folder"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            advice = "free some disk space and start again"
        raise EmbeddedError(
            f"The embedded PostgreSQL cannot use {error.filename or home} ({error.strerror}): {advice}."
        ) from error
