"""Live queries: a query that is sent again when a commit changed its answer, and only then.

Equal queries of viewers who see the same rows share one run. Nothing is read while nothing changes.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final

from graphql import ExecutionResult

from resolvers.framework.context import Context
from schema.prepared.live import reads_changed
from schema.prepared.operation import PreparedOperation
from server.live.frame import Frame
from server.live.runs import Ran, Runs
from server.live.sharing import key_of
from server.metrics.live import LiveMetrics
from services.accounts.viewer import Viewer
from services.changes.tail import OverflowedError, RenewedError, Tail

SHARE: Final = 4
"""A live query rests for this many times as long as its last run took."""
OLD_FIGURES_SECONDS: Final = 30.0
"""Time after which a query whose figures are older than the data runs again."""


class LiveQueries:
    """The live queries of one process."""

    def __init__(self, runs: Runs, tail: Tail, metrics: LiveMetrics, *, rest_seconds: float = 0.1) -> None:
        self._runs = runs
        self._tail = tail
        self._metrics = metrics
        self._rest_seconds = rest_seconds
        self._running: dict[Hashable, _LiveQuery] = {}

    async def results(
        self, operation: PreparedOperation, variables: Mapping[str, Any], viewer: Viewer, request_id: str
    ) -> AsyncGenerator[Frame, None]:
        """Yield the answer, and each later answer that differs from the one before. A slow reader gets the newest."""
        key = key_of(operation, variables, viewer, viewer.session_id, viewer.expires_at)
        query = self._running.get(key)
        if query is None:
            query = _LiveQuery(operation, variables, viewer, request_id, self._rest_seconds)
            self._running[key] = query
            query.start(self._runs, self._tail, self._metrics)
        query.readers += 1
        seen = 0
        try:
            while True:
                seen, text = await query.newer(seen)
                yield Frame(text)
        finally:
            query.readers -= 1
            if not query.readers:
                if self._running.get(key) is query:
                    del self._running[key]
                await query.stop()

    async def close(self) -> None:
        """End all live queries."""
        for query in list(self._running.values()):
            await query.stop()


class _LiveQuery:
    """One query that all its readers share."""

    def __init__(
        self,
        operation: PreparedOperation,
        variables: Mapping[str, Any],
        viewer: Viewer,
        request_id: str,
        rest_seconds: float,
    ) -> None:
        self._operation, self._variables, self._viewer = operation, variables, viewer
        self._request_id, self._rest_seconds = request_id, rest_seconds
        self.readers = 0
        self._number = 0
        self._text = b""
        self._digest = b""
        self._changed = asyncio.Event()
        self._published = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None

    def start(self, runs: Runs, tail: Tail, metrics: LiveMetrics) -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._follow(tail, begun)),
            loop.create_task(self._run_often(runs, metrics, begun)),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def newer(self, seen: int) -> tuple[int, bytes]:
        """Return the newest answer and its number, once it is newer than the number."""
        async with self._published:
            await self._published.wait_for(lambda: self._number > seen or self._failure is not None)
        if self._failure is not None and self._number <= seen:
            raise self._failure
        return self._number, self._text

    async def _follow(self, tail: Tail, begun: asyncio.Event) -> None:
        """Note each change that the query can depend on."""
        entities = self._operation.live_reads.entities
        while True:
            with suppress(OverflowedError, RenewedError):
                async with tail.follow(self._viewer.scope) as following:
                    begun.set()
                    self._changed.set()
                    async for batch in following:
                        if reads_changed(entities, [each.entity for each in batch]):
                            self._changed.set()

    async def _run_often(self, runs: Runs, metrics: LiveMetrics, begun: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        try:
            await begun.wait()
            while True:
                await self._changed.wait()
                self._changed.clear()
                began = loop.time()
                ran = await runs.run(
                    self._operation, self._variables, self._viewer, self._request_id, self._execute
                )
                metrics.note_run()
                await self._publish(ran)
                if ran.has_old_figures:
                    loop.call_later(OLD_FIGURES_SECONDS, self._changed.set)
                await asyncio.sleep(max(self._rest_seconds, SHARE * (loop.time() - began)))
        except Exception as failure:  # noqa: BLE001 - the readers raise it
            self._failure = failure
            async with self._published:
                self._published.notify_all()

    async def _execute(self, context: Context) -> ExecutionResult:
        return await self._operation.execute(self._variables, context)

    async def _publish(self, ran: Ran) -> None:
        """Publish the answer if it differs from the last one."""
        text = ran.json()
        digest = blake2b(text, digest_size=16).digest()
        if digest == self._digest:
            return
        async with self._published:
            self._digest, self._text = digest, text
            self._number += 1
            self._published.notify_all()
