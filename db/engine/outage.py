"""Classification of failures: lost connections, and statements that exceed the time limit."""

import asyncpg

_LOST_ERRORS = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    OSError,
)
# The last message comes from a connection whose end was announced by the server but is not yet processed.
_LOST_MESSAGES = ("connection is closed", "released back to the pool", "another operation (2) is in progress")


def is_lost(failure: BaseException) -> bool:
    """Return whether the database is unavailable or has closed the connection.

    The causes and contexts of the failure count, too: handling a lost connection may raise another error.
    """
    cause: BaseException | None = failure
    while cause is not None:
        if _is_lost(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _is_lost(failure: BaseException) -> bool:
    if isinstance(failure, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        # The driver raises these errors for wrong usage, too. Only the message tells the cases apart.
        return any(message in str(failure) for message in _LOST_MESSAGES)
    return isinstance(failure, _LOST_ERRORS) and not isinstance(failure, TimeoutError)


def is_too_slow(failure: BaseException) -> bool:
    """Return whether a statement exceeded the time limit."""
    return isinstance(failure, (asyncpg.QueryCanceledError, TimeoutError))
