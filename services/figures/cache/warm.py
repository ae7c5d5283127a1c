"""Warm the cache: compute the likely figures of active users in advance."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.models import User
from db.statements.user import SeenUser, seen_lately
from loaders.dataloader import DataLoaders
from loaders.rows import RowById
from services.accounts.viewer import Viewer
from services.figures.cache.cached import Cached
from services.figures.cache.definition import CachedFigure

logger = logging.getLogger("leadgraph")

USERS_AT_ONCE = 2
BUSY_PAUSE_SECONDS = 0.1

ACTIVE_WITHIN = timedelta(days=7)
MOST_USERS = 1000


@dataclass(slots=True)
class Warmed:
    """The numbers of users with fresh figures and of users whose warming failed."""

    users: int = 0
    failed: int = 0


Busy = Callable[[], Awaitable[bool]]
"""Returns whether the database is too busy for warming."""


async def warm(
    cached: Cached,
    pool: Pool,
    figures: Iterable[CachedFigure[Any, Any]],
    busy: Busy,
    *,
    active_within: timedelta = ACTIVE_WITHIN,
    most_users: int = MOST_USERS,
) -> Warmed:
    """Compute the missing and stale figures of active users, the latest seen first, two users at a time.

    Pauses while the database is busy.
    """
    warmable = [figure for figure in figures if figure.warm_questions is not None]
    warmed = Warmed()
    if warmable:
        users = iter(await seen_lately(pool, active_within, most_users))
        async with asyncio.TaskGroup() as group:
            for _ in range(USERS_AT_ONCE):
                group.create_task(_warm_each(cached, pool, warmable, busy, users, warmed))
    return warmed


async def _warm_each(
    cached: Cached,
    pool: Pool,
    figures: list[CachedFigure[Any, Any]],
    busy: Busy,
    users: Iterator[SeenUser],
    warmed: Warmed,
) -> None:
    for user in users:
        while await busy():  # noqa: ASYNC110 - no event signals an idle database
            await asyncio.sleep(BUSY_PAUSE_SECONDS)
        try:
            await _warm_user(cached, pool, figures, user)
        except Exception:
            logger.exception("the figures of user %d could not be warmed", user.user_id)
            warmed.failed += 1
        else:
            warmed.users += 1


async def _warm_user(
    cached: Cached, pool: Pool, figures: list[CachedFigure[Any, Any]], user: SeenUser
) -> None:
    """Refresh the user's figures in the user's scope, from one snapshot."""
    loaders = DataLoaders(Reader(pool), Viewer(user.user_id, user.role).scope)
    try:
        (row,) = await loaders.load(RowById(User), [user.user_id])
        if row is not None:
            now = datetime.now(UTC)
            await cached.refresh(
                loaders,
                [(one, question) for one in figures for question in (one.warm_questions or _none)(row, now)],
            )
    finally:
        await loaders.close()


def _none(_user: User, _now: datetime) -> Sequence[Any]:
    return ()


def crowded(pool: Pool) -> Busy:
    """Return a check for whether more than half of this process's connections are in use."""

    async def busy() -> bool:
        return pool.get_size() - pool.get_idle_size() > pool.get_max_size() // 2

    return busy
