"""A worker: does what is due, one small piece of work after the other, until it is told to stop.

Each piece is a transaction of its own. A worker that is killed leaves nothing that another one would have to clear
up, and one that is told to stop ends the piece that it is at.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from db.engine.outage import is_lost
from db.engine.pool import Pool, open_pool
from db.statements.export import CHANNEL
from resolvers.framework.export_columns import export_table_of
from services.export import jobs as exports

logger = logging.getLogger("leadgraph")

Job = Callable[[Pool], Awaitable[bool]]
"""Does a piece of work, and says whether there was any."""

JOBS: Sequence[Job] = (partial(exports.take_turn, export_table_of=export_table_of),)
HOUSEKEEPING: Sequence[Job] = (exports.purge,)

LOOKS_EVERY_SECONDS = 2.0
"""How often a worker looks for work that nobody has told it of, such as what is due at a later time."""
KEEPS_HOUSE_EVERY_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 30.0
GRACE_SECONDS = 10.0
STATEMENT_TIMEOUT_SECONDS = 300.0


class Worker:
    """`at_once` pieces are done at a time; the pool needs a connection for each, and one to listen."""

    def __init__(
        self,
        pool: Pool,
        *,
        at_once: int = 1,
        jobs: Sequence[Job] = JOBS,
        housekeeping: Sequence[Job] = HOUSEKEEPING,
    ) -> None:
        self._pool = pool
        self._at_once = at_once
        self._jobs = jobs
        self._housekeeping = housekeeping
        self.looks_every_seconds = LOOKS_EVERY_SECONDS
        self._told = asyncio.Condition()
        self._stopping = False

    async def run(self) -> None:
        """Returns when it was told to stop, and what it was at has ended."""
        work = [self._repeat(self._jobs, self.looks_every_seconds) for _ in range(self._at_once)]
        work.append(self._repeat(self._housekeeping, KEEPS_HOUSE_EVERY_SECONDS))
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.gather(*work)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def stop(self) -> None:
        self._stopping = True
        await self._tell()

    async def _repeat(self, jobs: Sequence[Job], every_seconds: float) -> None:
        troubles = 0
        while not self._stopping:
            try:
                busy = await self._do(jobs)
                troubles = 0
            except Exception as trouble:  # noqa: BLE001 - whatever it is, the next piece may go well
                busy, troubles = False, troubles + 1
                self._report(trouble, is_first=troubles == 1)
            if not busy:
                await self._wait(every_seconds if troubles == 0 else min(2**troubles, LONGEST_WAIT_SECONDS))

    async def _do(self, jobs: Sequence[Job]) -> bool:
        for job in jobs:
            if self._stopping or await job(self._pool):
                return True
        return False

    @staticmethod
    def _report(trouble: Exception, *, is_first: bool) -> None:
        if not is_lost(trouble):
            logger.error("a worker's job failed", exc_info=trouble)
        elif is_first:
            logger.warning("the database does not answer a worker: %s", trouble)

    async def _wait(self, seconds: float) -> None:
        """Until there is news, or the time is over."""
        async with self._told:
            if not self._stopping:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._told.wait()

    async def _tell(self, *_: Any) -> None:
        async with self._told:
            self._told.notify_all()

    async def _listen(self) -> None:
        """Hears of new work. While nobody can be heard, looking now and then has to do."""
        while True:
            with suppress(Exception):
                await self._hear()
            await asyncio.sleep(LOOKS_EVERY_SECONDS)

    async def _hear(self) -> None:
        """Returns when the connection has ended."""
        ended = asyncio.Event()
        async with self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: ended.set())
            await connection.add_listener(CHANNEL, self._tell)
            await self._tell()  # what has come before it could be heard
            try:
                await ended.wait()
            finally:
                await connection.remove_listener(CHANNEL, self._tell)


@asynccontextmanager
async def working(url: str, at_once: int) -> AsyncIterator[asyncio.Task[None]]:
    """A worker, and its task. At the end it is given a while to end what it is at."""
    pool = await open_pool(url, size=at_once + 2, statement_timeout_seconds=STATEMENT_TIMEOUT_SECONDS)
    worker = Worker(pool, at_once=at_once)
    task = asyncio.create_task(worker.run())
    try:
        yield task
        await worker.stop()
        await asyncio.wait({task}, timeout=GRACE_SECONDS)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        pool.terminate()
