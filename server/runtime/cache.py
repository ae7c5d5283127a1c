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

logger = logging.getLogger("leadgraph")

REDIS_TIMEOUT_SECONDS = 0.25


async def open_cached(settings: Settings, pool: Pool) -> Cached:
    """Return the cache of the settings. Raise `CommandError` for an invalid URL.

    If Redis does not respond, log a warning and compute figures until Redis responds.
    """
    fragment_bytes = settings.fragment_memory_mb * 2**20
    if settings.redis_url is None:
        return Cached(pool, MemoryBackend(settings.cache_memory_mb * 2**20), fragment_bytes=fragment_bytes)
    from services.figures.cache.redis import RedisBackend  # noqa: PLC0415 - the Redis client takes 8 MB

    url = settings.redis_url.reveal()
    try:
        backend = RedisBackend(url, timeout_seconds=REDIS_TIMEOUT_SECONDS)
    except ValueError as unusable:
        raise CommandError(
            f"LEADGRAPH_REDIS_URL ({without_password(url)}) cannot be used: {without_secrets(str(unusable), url)}."
        ) from unusable
    cached = Cached(pool, backend, namespace=await identity(pool), fragment_bytes=fragment_bytes)
    failure = await cached.failure()
    if failure is not None:
        logger.warning(
            "The Redis of LEADGRAPH_REDIS_URL (%s) does not respond. Figures are computed until it responds: %s",
            without_password(url),
            without_secrets(str(failure), url) or type(failure).__name__,
        )
    return cached


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
