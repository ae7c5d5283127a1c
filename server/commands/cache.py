"""`leadgraph cache`: maintain the cache of figures."""

import asyncio
import re
from datetime import timedelta
from typing import Annotated

import typer

from db.engine.pool import open_pool, statements_running
from server.runtime.cache import open_cached
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import Settings, load_settings
from services.figures.cache import REGISTRY
from services.figures.cache.warm import MOST_USERS, USERS_AT_ONCE, Warmed
from services.figures.cache.warm import warm as warm_users

cache_app = typer.Typer(no_args_is_help=True)

BUSY_STATEMENTS = 4
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@cache_app.callback()
def cache() -> None:
    """Maintain the cache of figures."""


@cache_app.command()
def warm(
    active_within: Annotated[
        str, typer.Option(help="Only users active within this period, such as 12h or 7d.")
    ] = "7d",
    top: Annotated[
        int, typer.Option(min=1, help="Maximum number of users, the most recently active first.")
    ] = MOST_USERS,
) -> None:
    """Compute the figures that active users probably request, and store them in the shared Redis.

    The command computes figures of two users at a time, and only while the servers run few statements.
    """
    settings = load_settings()
    within = _duration(active_within)
    if settings.redis_url is None:
        raise CommandError(
            "LEADGRAPH_REDIS_URL is not set, so each server keeps figures in its own memory. Set "
            "LEADGRAPH_REDIS_URL, or start the servers with LEADGRAPH_WARM_AT_START=1."
        )
    with migrated_database(settings) as url:
        failed = asyncio.run(_warm(settings, url, within, top))
    raise typer.Exit(1 if failed else 0)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})([mhdw])", text)
    if match is None:
        raise CommandError(f"--active-within must be a number and m, h, d or w, such as 7d, not {text!r}.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


async def _warm(settings: Settings, url: str, within: timedelta, top: int) -> int:
    async with await open_pool(
        url,
        size=USERS_AT_ONCE,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        name="leadgraph cache warm",
    ) as pool:

        async def busy() -> bool:
            return await statements_running(pool) >= BUSY_STATEMENTS

        cached = await open_cached(settings, pool)
        if (failure := await cached.failure()) is not None:
            raise CommandError(f"The Redis of LEADGRAPH_REDIS_URL does not respond: {failure}.")
        warmed = await warm_users(cached, pool, REGISTRY, busy, active_within=within, most_users=top)
        await cached.close()
    typer.echo(_summary(warmed, cached.statistics.computed))
    return warmed.failed


def _summary(warmed: Warmed, computed: int) -> str:
    failed = f" {warmed.failed} users failed, see the log." if warmed.failed else ""
    return f"Warmed {warmed.users} users, computed {computed} figures.{failed}"
