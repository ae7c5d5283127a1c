"""Helpers of commands that work in batches while other writers go on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from db.engine.pool import Pool, open_pool
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings

Result = TypeVar("Result")


def require_order(from_id: int, to_id: int) -> None:
    """Raise `CommandError` for a range of IDs that ends before it begins."""
    if from_id > to_id:
        raise CommandError(f"--from-id must not be larger than --to-id: {from_id} > {to_id}.")


def run_batches(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    """Run the work on one connection to the migrated database, and return the result.

    Raise `CommandError` if a batch exceeds the time limit of statements.
    """
    settings = load_settings()
    seconds = settings.statement_timeout_seconds

    async def run(url: str) -> Result:
        async with await open_pool(url, size=1, statement_timeout_seconds=seconds) as pool:
            return await work(pool)

    with migrated_database(settings) as url:
        try:
            return asyncio.run(run(url))
        except (TimeoutError, asyncpg.QueryCanceledError) as slow:
            raise CommandError(
                f"A batch took longer than {seconds:g} seconds. Pass a smaller --batch, or increase "
                "LEADGRAPH_STATEMENT_TIMEOUT_SECONDS."
            ) from slow
