"""Lending in place: the pool hands over a connection that is open and free, and takes it back, without waiting.

asyncpg takes and returns each connection by coroutines, timeouts and a task, as if it had to be opened or reset. Most
connections are open, and nothing of them has to be reset. These functions do the rest of asyncpg's bookkeeping, and
leave all other cases to asyncpg.
"""

from asyncio import QueueEmpty
from typing import TYPE_CHECKING, Any

from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    from db.engine.pool import Pooled


def lend(pool: Any) -> "Pooled | None":
    """Return a free connection; None if the caller must wait for one, or if one must be opened."""
    queue = pool._queue
    if queue is None or pool._closing:
        return None
    try:
        holder = queue.get_nowait()
    except QueueEmpty:
        return None
    if not holder.is_connected() or holder._generation != pool._generation:
        queue.put_nowait(holder)
        return None
    holder._maybe_cancel_inactive_callback()
    holder._proxy = lent = PoolConnectionProxy(holder, holder._con)
    holder._in_use = pool._loop.create_future()
    holder._timeout = None
    return lent


def take_back(pool: Any, lent: "Pooled") -> bool:
    """Take a connection back if nothing of it has to be reset, and return whether."""
    proxy: Any = lent
    holder, connection = proxy._holder, proxy._con
    if connection is None or holder._pool is not pool:
        return False
    if connection.is_closed() or not _is_clean(connection) or not _is_current(pool, holder, connection):
        return False
    connection._pool_release_ctr += 1  # all that asyncpg does for a connection without listeners
    holder._release()
    holder._setup_inactive_callback()
    return True


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
