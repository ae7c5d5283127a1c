"""The connections to the database that a server may open, shared by its processes."""

import logging
from typing import Final

from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from server.runtime.worker import OTHERS

logger = logging.getLogger("leadgraph")

USUAL_POOL: Final = 10
"""The size of a pool, unless the database allows less."""
SMALLEST_POOL: Final = 2
OF_EACH: Final = 2
"""The connections of a process besides its pool: one for `/readyz`, and one to follow changes."""
WITH_REPLICAS: Final = 2
"""The further connections of a process with read replicas: for the newest writes of users, and for the position."""
SHARE_OF_SERVER: Final = 0.75
"""The share of all connections that a server takes by default. Commands, workers and other programs have the rest."""


def pool_size(settings: Settings, allowed: int) -> int:
    """Return the size of the pool of each process, if the database allows so many connections in total.

    Raise `CommandError` if several processes do not get enough of them. A single process copes with fewer.
    """
    given = settings.pool_size
    size = max(SMALLEST_POOL, _share(settings, allowed)) if given is None else given
    needed = _needed(settings, size)
    if needed <= allowed:
        return size
    if settings.processes == 1:
        logger.warning("%s Requests share those that can be opened.", _too_many(settings, needed, allowed))
        return size
    most = (allowed - _needed(settings, 0)) // settings.processes
    lower = (
        "Use fewer processes" if given is None or most < 1 else f"Set LEADGRAPH_POOL_SIZE to {most} or less"
    )
    raise CommandError(f"{_too_many(settings, needed, allowed)} {lower}, or increase max_connections.")


def _share(settings: Settings, allowed: int) -> int:
    """Return the size of each pool when the server takes its usual share."""
    rest = int(allowed * SHARE_OF_SERVER) - _needed(settings, 0)
    return min(USUAL_POOL, rest // settings.processes)


def _needed(settings: Settings, size: int) -> int:
    """Return the connections of all processes. Jobs run in one of them."""
    jobs = settings.workers + OTHERS if settings.workers else 0
    others = OF_EACH + (WITH_REPLICAS if settings.replicas else 0)
    return settings.processes * (size + others) + jobs


def _too_many(settings: Settings, needed: int, allowed: int) -> str:
    number = "A process" if settings.processes == 1 else f"{settings.processes} processes"
    verb = "needs" if settings.processes == 1 else "need"
    return f"{number} of this server {verb} up to {needed} connections, but the database allows {allowed} in total."
