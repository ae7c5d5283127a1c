"""Classification of failures: an unavailable database, and statements that exceed the time limit.

A failure counts by its SQLSTATE, so that every error of a class has the same answer
(docs/decisions/0031-database-in-trouble.md).
"""

import asyncpg

UNAVAILABLE_STATES = (
    "08",  # connection exceptions
    "25006",  # the server or the role is read-only, such as a standby after a failover
    "25P03",  # the server ended the connection, because its transaction was idle
    "28",  # the server refuses the login
    "3D000",  # the database does not exist
    "40001",  # a standby canceled the statement
    "40003",  # the result of a commit is unknown
    "53",  # insufficient resources: disk, memory, connections, temporary files
    "57000",  # an operator intervened
    "57P",  # shutdown, crash, start, deleted database, idle session
    "58",  # errors of the operating system, such as a failed read
)
"""The beginnings of the SQLSTATEs of a database that cannot work now. A retry may succeed without a correction."""

SLOW_STATES = (
    "25P04",  # transaction_timeout
    "55P03",  # lock_timeout
    "57014",  # statement_timeout
)
"""The beginnings of the SQLSTATEs of exceeded time limits."""

_READ_ONLY = "25006"
_NOT_ALLOWED = "42501"

# The third message comes from a connection whose end was announced by the server but is not yet processed.
_LOST_MESSAGES = (
    "connection is closed",
    "connection has ended",
    "released back to the pool",
    "another operation (2) is in progress",
    "pool is clos",
)


class OutageError(Exception):
    """The database gave no connection or no answer within the time limit."""


def is_unavailable(failure: BaseException) -> bool:
    """Return whether the database is unavailable, has closed the connection, or cannot do the work now.

    The causes and contexts of the failure count, too: handling a lost connection may raise another error.
    """
    return any(map(_is_unavailable, _chain(failure)))


def is_read_only(failure: BaseException) -> bool:
    """Return whether the database refused a write because it is read-only."""
    return any(_state(each).startswith(_READ_ONLY) for each in _chain(failure))


def refused_privilege(failure: BaseException) -> str | None:
    """Return the first line of the database's message about a missing privilege, or None for other failures."""
    for each in _chain(failure):
        if isinstance(each, asyncpg.PostgresError) and _state(each) == _NOT_ALLOWED:
            return str(each).partition("\n")[0]
    return None


def is_too_slow(failure: BaseException) -> bool:
    """Return whether a statement exceeded the time limit."""
    return isinstance(failure, TimeoutError) or _state(failure).startswith(SLOW_STATES)


def _chain(failure: BaseException) -> list[BaseException]:
    """Return the failure with its causes and contexts."""
    chain: list[BaseException] = []
    cause: BaseException | None = failure
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def _is_unavailable(failure: BaseException) -> bool:
    if isinstance(failure, (OutageError, asyncpg.TargetServerAttributeNotMatched)):
        return True
    if isinstance(failure, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        # The driver raises these errors for wrong usage, too. Only the message tells the cases apart.
        return any(message in str(failure) for message in _LOST_MESSAGES)
    if isinstance(failure, asyncpg.PostgresError):
        return _state(failure).startswith(UNAVAILABLE_STATES)
    # An OSError that names a file is about that file, not about the network.
    return isinstance(failure, OSError) and failure.filename is None and not isinstance(failure, TimeoutError)


def _state(failure: BaseException) -> str:
    """Return the SQLSTATE of the failure, or an empty string for other errors."""
    return getattr(failure, "sqlstate", None) or ""
