"""What goes wrong with the embedded PostgreSQL, as one sentence for a person."""

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
    (STILL_IN_USE, "end the processes that are left of that server, and start again"),
    ("No space left on device|Disk quota exceeded", "free some disk space and start again"),
    ("configuration parameter|for parameter|parameter value", "mend the setting and start again"),
    (
        "initialized by PostgreSQL version",
        "name the folder of that release's programs in LEADGRAPH_PG_BINDIR, or move the folder away",
    ),
    (
        "[Pp]ermission|wrong ownership",
        "give the folder its owner and its mode 0700 back, and let the owner enter the folders above it",
    ),
)
DAMAGED = "restore a backup of the folder, or move it away and start again with an empty database"
_NOISE = re.compile(
    r"could not start server|Examine the log|removing (contents|data)|^\s*$"
    r"|FATAL:  (the database system is |terminating connection)"  # told to clients, not the server's own end
)
_FATAL = re.compile(r"\b(?:FATAL|PANIC|initdb: error): +(.*)")


class EmbeddedError(Exception):
    """One sentence: what is wrong with the embedded PostgreSQL, and what to do."""


def explain(problem: str, output: str, otherwise: str) -> str:
    """The problem, PostgreSQL's own reason for it out of what it printed, and what a person can do: what
    the reason suggests, or else `otherwise`.
    """
    reason = reason_in(output)
    advice = next((advice for pattern, advice in _ADVICE if re.search(pattern, reason)), otherwise)
    return f"{problem} ({reason}): {advice}."


def ended_silently(output: str) -> bool:
    """Whether the server said nothing of why it ended: it was killed while it started, or crashed."""
    lines = _lines(output)
    return not lines or ("starting PostgreSQL" in output and not any(map(_FATAL.search, lines)))


def _lines(output: str) -> list[str]:
    return [line for line in output.splitlines() if not _NOISE.search(line)]


def reason_in(output: str) -> str:
    """The last message in a log that is fatal, with its detail; without one, the last lines of all."""
    lines = _lines(output)
    for at in reversed(range(len(lines))):
        if fatal := _FATAL.search(lines[at]):
            detail = re.search(r"\bDETAIL: +(.*)", lines[at + 1]) if at + 1 < len(lines) else None
            return "; ".join(part[1].rstrip(".") for part in (fatal, detail) if part)
    return "; ".join(line.strip() for line in lines[-3:]).rstrip(".") or "it gave no reason"


@contextmanager
def one_sentence(home: Path) -> Iterator[None]:
    """The operating system's refusals, said so that a person can act on them."""
    try:
        yield
    except OSError as refusal:
        advice = "let this user write there, or choose another data folder"
        if refusal.errno in {errno.ENOSPC, errno.EDQUOT}:
            advice = "free some disk space and start again"
        raise EmbeddedError(
            f"The embedded PostgreSQL cannot use {refusal.filename or home} ({refusal.strerror}): {advice}."
        ) from refusal
