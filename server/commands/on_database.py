"""Run the work of a command on the migrated database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from db.engine.pool import Pool, open_pool
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings

Result = TypeVar("Result")


def on_database(
    work: Callable[[Pool], Awaitable[Result]],
    *refusals: type[Exception],
    statement_timeout_seconds: float = 30,
) -> Result:
    """Return the result of the work, which has one connection. Raise `CommandError` for an error of the types."""

    async def run(url: str) -> Result:
        async with await open_pool(url, size=1, statement_timeout_seconds=statement_timeout_seconds) as pool:
            return await work(pool)

    with migrated_database(load_settings()) as url:
        try:
            return asyncio.run(run(url))
        except refusals as refusal:
            raise CommandError(str(refusal)) from refusal
