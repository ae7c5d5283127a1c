"""The cache of figures, in the memory of the process or in a shared Redis."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.engine.databases import identity
from db.engine.pool import Pool
from server.runtime.addresses import without_password, without_secrets
from server.runtime.background import in_background
from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from services.figures.cache import REGISTRY, Cached
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.warm import crowded, warm
from services.shared_store.availability import Availability

logger = logging.getLogger("leadgraph")

REDIS_TIMEOUT_SECONDS = 0.25


async def open_cached(settings: Settings, pool: Pool) -> Cached:
    """Return the cache of the settings. Raise `CommandError` for an invalid URL.

    While Redis cannot be used, figures are kept in the memory of the process, from the start on.
    """
    fragment_bytes, memory_bytes = settings.fragment_memory_mb * 2**20, settings.cache_memory_mb * 2**20
    if settings.redis_url is None:
        return Cached(pool, MemoryBackend(memory_bytes), fragment_bytes=fragment_bytes)
    from services.figures.cache.redis_cluster import open_backend  # noqa: PLC0415 - the Redis client takes 8 MB

    url = settings.redis_url.reveal()
    try:
        backend = open_backend(url, timeout_seconds=REDIS_TIMEOUT_SECONDS)
    except Exception as unusable:
        raise CommandError(
            f"LEADGRAPH_REDIS_URL ({without_password(url)}) cannot be used: {without_secrets(str(unusable), url)}."
        ) from unusable
    cached = Cached(
        pool,
        backend,
        namespace=await identity(pool),
        fragment_bytes=fragment_bytes,
        availability=_availability(url),
        substitute_bytes=memory_bytes,
    )
    await cached.availability.check()
    return cached


def _availability(url: str) -> Availability:
    return Availability(
        f"The Redis of LEADGRAPH_REDIS_URL ({without_password(url)})",
        lambda failure: without_secrets(str(failure), url) or type(failure).__name__,
        effect=": each process keeps its own figures and rate limits until it works",
    )


@asynccontextmanager
async def warming(cached: Cached, pool: Pool) -> AsyncIterator[None]:
    """Warm the cache in the background during the context."""

    async def run() -> None:
        try:
            warmed = await warm(cached, pool, REGISTRY, crowded(pool))
        except Exception:
            logger.exception("Warming the cache failed")
        else:
            logger.info("Warmed the figures of %d users, %d failed", warmed.users, warmed.failed)

    async with in_background(run()):
        yield
