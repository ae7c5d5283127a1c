"""`leadgraph cache`: what the cache does beside answering."""

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

cache_app = typer.Typer(no_args_is_help=True, help="The cache of figures.")

BUSY_STATEMENTS = 4
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@cache_app.callback()
def cache() -> None:
    """The cache of figures."""


@cache_app.command()
def warm(
    active_within: Annotated[
        str, typer.Option(help="Only users seen within this time, such as 12h or 7d.")
    ] = "7d",
    top: Annotated[int, typer.Option(min=1, help="At most so many users, those seen last.")] = MOST_USERS,
) -> None:
    """Compute what active users will probably ask for, into the Redis that the servers share.

    It gives way: two users at a time, and only while the servers run few statements.
    """
    settings = load_settings()
    within = _duration(active_within)
    if settings.redis_url is None:
        raise CommandError(
            "Without LEADGRAPH_REDIS_URL each server keeps its figures to itself, and no other process can warm "
            "them: set it, or start the servers with LEADGRAPH_WARM_AT_START=1."
        )
    with migrated_database(settings) as url:
        failed = asyncio.run(_warm(settings, url, within, top))
    raise typer.Exit(1 if failed else 0)


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([mhdw])", text)
    if found is None:
        raise CommandError(f"--active-within {text} is no time: write a number and m, h, d or w, such as 7d.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


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
            raise CommandError(f"LEADGRAPH_REDIS_URL does not lead to a Redis that answers: {failure}.")
        warmed = await warm_users(cached, pool, REGISTRY, busy, active_within=within, most_users=top)
        await cached.close()
    typer.echo(_said(warmed, cached.statistics.computed))
    return warmed.failed


def _said(warmed: Warmed, computed: int) -> str:
    failed = f" {warmed.failed} users failed, as logged." if warmed.failed else ""
    return f"The figures of {warmed.users} users are warm; {computed} were computed for it.{failed}"
