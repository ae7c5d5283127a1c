"""The cache that the settings ask for: in this process's memory, or in a Redis that processes share."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.engine.databases import identity
from db.engine.pool import Pool
from server.runtime.database import without_password
from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from services.figures.cache import REGISTRY, Cached
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.redis import RedisBackend
from services.figures.cache.warm import crowded, warm

logger = logging.getLogger("leadgraph")

REDIS_TIMEOUT_SECONDS = 0.25


async def open_cached(settings: Settings, pool: Pool) -> Cached:
    """Raises `CommandError` for a URL that is none. A Redis that does not answer is done without, and logged."""
    if settings.redis_url is None:
        return Cached(pool, MemoryBackend(settings.cache_memory_mb * 2**20))
    url = settings.redis_url.get_secret_value()
    try:
        backend = RedisBackend(url, timeout_seconds=REDIS_TIMEOUT_SECONDS)
    except ValueError as unusable:
        raise CommandError(
            "LEADGRAPH_REDIS_URL has to look like redis://user:password@host:6379/0, rediss://… or unix://…: "
            f"{unusable}"
        ) from unusable
    cached = Cached(pool, backend, namespace=await identity(pool))
    failure = await cached.failure()
    if failure is not None:
        logger.warning(
            "LEADGRAPH_REDIS_URL (%s) does not answer, figures are computed until it does: %s",
            without_password(url).partition("?")[0],
            str(failure) or type(failure).__name__,
        )
    return cached


@asynccontextmanager
async def warming(cached: Cached, pool: Pool) -> AsyncIterator[None]:
    """Warms the cache beside what goes on inside, and stops with it."""

    async def run() -> None:
        try:
            warmed = await warm(cached, pool, REGISTRY, crowded(pool))
        except Exception:
            logger.exception("the cache could not be warmed")
        else:
            logger.info("the figures of %d users are warm, %d failed", warmed.users, warmed.failed)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
