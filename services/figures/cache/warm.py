"""Warming: the figures that active users will probably ask for are computed before they do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.models import User
from db.statements.user import SeenUser, seen_lately
from loaders.loader import Loads
from loaders.rows import RowBy
from services.accounts.viewer import Viewer
from services.figures.cache.cached import Cached
from services.figures.cache.cached_figure import CachedFigure

logger = logging.getLogger("leadgraph")

USERS_AT_ONCE = 2
ASKED_AGAIN_AFTER_SECONDS = 0.1

ACTIVE_WITHIN = timedelta(days=7)
MOST_USERS = 1000


@dataclass(slots=True)
class Warmed:
    """The users whose figures are as good as new, and those for whom something failed, which is logged."""

    users: int = 0
    failed: int = 0


Busy = Callable[[], Awaitable[bool]]
"""Whether others need the database more just now."""


async def warm(
    cached: Cached,
    pool: Pool,
    metrics: Iterable[CachedFigure[Any, Any]],
    busy: Busy,
    *,
    active_within: timedelta = ACTIVE_WITHIN,
    most_users: int = MOST_USERS,
) -> Warmed:
    """Goes through the users seen lately, the latest first, two at a time, each when it is quiet. What is as
    good as new is left alone.
    """
    foreseen = [cached_figure for cached_figure in metrics if cached_figure.warm_questions is not None]
    warmed = Warmed()
    if foreseen:
        users = iter(await seen_lately(pool, active_within, most_users))
        async with asyncio.TaskGroup() as group:
            for _ in range(USERS_AT_ONCE):
                group.create_task(_warm_each(cached, pool, foreseen, busy, users, warmed))
    return warmed


async def _warm_each(
    cached: Cached,
    pool: Pool,
    metrics: list[CachedFigure[Any, Any]],
    busy: Busy,
    users: Iterator[SeenUser],
    warmed: Warmed,
) -> None:
    for user in users:
        while await busy():  # noqa: ASYNC110 - nobody tells when it is quiet
            await asyncio.sleep(ASKED_AGAIN_AFTER_SECONDS)
        try:
            await _warm_user(cached, pool, metrics, user)
        except Exception:
            logger.exception("the figures of user %d could not be warmed", user.user_id)
            warmed.failed += 1
        else:
            warmed.users += 1


async def _warm_user(
    cached: Cached, pool: Pool, metrics: list[CachedFigure[Any, Any]], user: SeenUser
) -> None:
    """As the user would ask: in their scope, from one snapshot."""
    loads = Loads(Reader(pool), Viewer(user.user_id, user.role).scope)
    try:
        (row,) = await loads.load(RowBy(User), [user.user_id])
        for cached_figure in metrics:
            if row and cached_figure.warm_questions:
                questions = await cached_figure.warm_questions(loads, row, datetime.now(UTC))
                await cached.refresh(cached_figure, loads, questions)
    finally:
        await loads.close()


def crowded(pool: Pool) -> Busy:
    """Whether more than half of this process's connections are in use."""

    async def busy() -> bool:
        return pool.get_size() - pool.get_idle_size() > pool.get_max_size() // 2

    return busy
