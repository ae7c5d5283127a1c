"""Lending in place: the pool hands over a connection that is open and free, and takes it back, without waiting.

asyncpg takes and returns each connection by coroutines, timeouts and a task, as if it had to be opened or reset. Most
connections are open, and nothing of them has to be reset. These functions do the rest of asyncpg's bookkeeping, and
leave all other cases to asyncpg.
"""

from typing import TYPE_CHECKING, Any, cast

from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    from db.engine.guarded_connection import GuardedConnection
    from db.engine.pool import Pooled


def borrow(pool: Any) -> "GuardedConnection | None":
    """Return a free connection for one statement; None if the caller must wait for one, or if one must be opened.

    It lacks the driver's proxy, so the caller must forget it when `give_back` has taken it.
    """
    holder = _borrowed(pool)
    return None if holder is None else cast("GuardedConnection", holder._con)


def _borrowed(pool: Any) -> Any | None:
    """Return the holder of a free connection."""
    queue = pool._queue
    if queue is None or pool._closing or not queue._queue:
        return None
    holder = queue._get()
    connection = holder._con
    if connection is None or connection.is_closed() or holder._generation != pool._generation:
        queue.put_nowait(holder)
        return None
    holder._in_use = pool._loop.create_future()
    holder._timeout = None
    return holder


def lend(pool: Any) -> "Pooled | None":
    """Return a free connection; None if the caller must wait for one, or if one must be opened."""
    holder = _borrowed(pool)
    return None if holder is None else _with_proxy(holder)


def _with_proxy(holder: Any) -> "Pooled":
    holder._proxy = lent = PoolConnectionProxy(holder, holder._con)
    return lent


def to_release(borrowed: "GuardedConnection") -> "Pooled | None":
    """Return a borrowed connection as asyncpg's pool takes it back; None if it has ended and left the pool."""
    connection: Any = borrowed
    holder = _holder_of(connection)
    return None if holder is None else _with_proxy(holder)


def take_back(pool: Any, lent: "Pooled") -> bool:
    """Take a connection back if nothing of it has to be reset, and return whether."""
    proxy: Any = lent
    holder = proxy._holder
    return proxy._con is not None and holder._pool is pool and _given_back(pool, holder, proxy._con)


def give_back(pool: Any, borrowed: "GuardedConnection") -> bool:
    """Take a borrowed connection back if nothing of it has to be reset, and return whether."""
    connection: Any = borrowed
    holder = _holder_of(connection)
    return holder is not None and _given_back(pool, holder, connection)


def drop(pool: Any) -> None:
    """End all open connections of the pool, also those in use."""
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.terminate()


def _holder_of(connection: Any) -> Any | None:
    """Return the holder; None for a connection that has ended. Its holder may have another one already."""
    reference = connection._pool_holder
    holder = None if reference is None else reference()
    return holder if holder is not None and holder._con is connection else None


def _given_back(pool: Any, holder: Any, connection: Any) -> bool:
    if connection.is_closed() or not _is_clean(connection) or not _is_current(pool, holder, connection):
        return False
    connection._pool_release_ctr += 1  # all that asyncpg does for a connection without listeners
    if holder._proxy is None:
        _free(pool._queue, holder)
    else:
        holder._release()
    pool.idle.note_use(connection)
    return True


def _free(queue: Any, holder: Any) -> None:
    """Put a holder without a proxy back into the queue, as `PoolConnectionHolder._release` does."""
    in_use, holder._in_use = holder._in_use, None
    in_use.set_result(None)
    queue._put(holder)
    if queue._getters:
        queue._wakeup_next(queue._getters)


def _is_clean(connection: Any) -> bool:
    """Return whether the connection has no transaction, no listeners, and no statement that is being cancelled."""
    protocol = connection._protocol
    return not (
        protocol.is_in_transaction()
        or protocol._is_cancelling()
        or connection._top_xact is not None
        or connection._listeners
        or connection._log_listeners
    )


def _is_current(pool: Any, holder: Any, connection: Any) -> bool:
    """Return whether the pool keeps the connection: it is not of an older generation, and has not served long enough."""
    served: int = connection._protocol.queries_count
    most: int = holder._max_queries
    return bool(holder._generation == pool._generation) and served < most
