"""Operations over a WebSocket or an event stream: one result, the events of a subscription, or a live query."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from graphql import ExecutionResult, OperationType

from resolvers.framework.context import Context
from resolvers.framework.errors import CallerError, ExpiredCursorError, UserInputError
from resolvers.framework.following import MOST_ROWS, Follows, Told
from schema.prepared.live import Source
from schema.prepared.operation import PreparedOperation, RunEvent
from server.http.errors import presented
from server.http.protocol import GraphQLRequest
from server.live.answering import Answering, StreamRequest
from server.live.frame import Frame, RefusedError
from server.live.limits import LiveLimits, TooSlowError, formatted
from server.live.live_query import SHARE, LiveQueries
from server.live.runs import Ran, Runs
from server.live.sharing import Shared, key_of
from server.metrics.live import LiveMetrics
from services.accounts.viewer import Viewer
from services.changes.feed import ChangeFilter, Event, ExpiredPositionError
from services.changes.position import BadPositionError, Position
from services.changes.tail import Batch, OverflowedError, RenewedError, Tail

LEAST_REST_SECONDS: Final = 0.1
"""The least time between two events of a field that merges changes."""


EXPIRED: Final = "The changes after this cursor are no longer kept. Read the list again, and subscribe from its `pageInfo { changesAfter }`."


class Streams:
    """The operations of all live connections of one process."""

    def __init__(
        self, answering: Answering, runs: Runs, tail: Tail, metrics: LiveMetrics, limits: LiveLimits
    ) -> None:
        self._answering = answering
        self._runs = runs
        self._tail = tail
        self._shared = Shared()
        self._buffered = limits.buffered_events
        self._queries = LiveQueries(runs, tail, metrics, rest_seconds=limits.query_seconds)
        self._metrics = metrics

    async def close(self) -> None:
        await self._queries.close()

    async def open(
        self, parsed: GraphQLRequest, request: StreamRequest, after: str | None = None
    ) -> AsyncGenerator[Frame, None]:
        """Yield the results of an operation. Raise `RefusedError` if it does not run, or `LiveError` if it ends early.

        `after` is a cursor that the connection brings, in place of that of the document.
        """
        parsed, operation, refusal = await self._answering.prepared(parsed, request)
        if refusal or not isinstance(operation, PreparedOperation):
            raise RefusedError(self._answering.refused(refusal, request))
        if operation.type is not OperationType.SUBSCRIPTION and not operation.is_live:
            yield Frame((await self._answering.answer(parsed, request)).decode())
            return
        viewer = self._answering.charge(operation, parsed, request)
        if operation.is_live:
            stream = self._queries.results(operation, parsed.variables, viewer, request.request_id)
        else:
            stream = self._subscription(operation, parsed.variables, viewer, request.request_id, after)
        with self._metrics.operation("query" if operation.is_live else "subscription"):
            async with aclosing(stream) as frames:
                async for frame in frames:
                    yield frame

    async def _subscription(
        self,
        operation: PreparedOperation,
        variables: Mapping[str, Any],
        viewer: Viewer,
        request_id: str,
        after: str | None,
    ) -> AsyncGenerator[Frame, None]:
        source = operation.source(variables)
        if isinstance(source, list):
            raise RefusedError(presented(source, request_id, before_execution=True))
        variables = without_cursor(variables, source)
        subscriber = _Subscriber(
            self._runs,
            self._shared,
            self._metrics,
            operation,
            variables,
            viewer,
            request_id,
            source,
            operation.events(variables),
        )
        cursor = source.after if after is None else after
        try:
            async with aclosing(self._batches(viewer, cursor, source.follows)) as batches:
                async for batch in merged(batches) if source.follows.merges else batches:
                    for events in parts(batch, source.follows, viewer.user_id):
                        cursor = str(events[-1].position)
                        text = await subscriber.result(events, cursor)
                        if text is not None:
                            self._metrics.note_event(events[-1].at)
                            yield Frame(text, cursor)
        except OverflowedError as slow:
            self._metrics.note_cut_off()
            raise TooSlowError(cursor) from slow
        except BadPositionError as bad:
            wrong = UserInputError(
                "`after` must be the `cursor` of an event, or the `changesAfter` of a list."
            )
            raise _refused(wrong, request_id) from bad
        except (ExpiredPositionError, RenewedError) as expired:
            raise _refused(ExpiredCursorError(EXPIRED), request_id) from expired

    async def _batches(
        self, viewer: Viewer, cursor: str | None, follows: Follows
    ) -> AsyncGenerator[Batch, None]:
        """Yield the changes after the cursor, or from now on."""
        if cursor is not None:
            wanted = ChangeFilter(entities=follows.entities, kinds=follows.kinds)
            after = self._tail.follow_after(viewer.scope, Position.parse(cursor), wanted, most=self._buffered)
            async with aclosing(after) as batches:  # type: ignore[type-var]
                async for batch in batches:
                    yield batch
            return
        async with self._tail.follow(viewer.scope, most=self._buffered) as following:
            async for batch in following:
                yield batch


class _Subscriber:
    """One subscription: the operation, its variables and its viewer."""

    def __init__(
        self,
        runs: Runs,
        shared: Shared,
        metrics: LiveMetrics,
        operation: PreparedOperation,
        variables: Mapping[str, Any],
        viewer: Viewer,
        request_id: str,
        source: Source,
        run: RunEvent,
    ) -> None:
        self._runs, self._shared, self._metrics = runs, shared, metrics
        self._operation, self._variables, self._viewer = operation, variables, viewer
        self._request_id, self._source, self._run = request_id, source, run
        self._key = key_of(operation, variables, viewer)

    async def result(self, events: Batch, cursor: str) -> str | None:
        """Return the JSON of the result, or None if the field tells nothing about the events."""
        key = (self._key, str(events[0].position), cursor, len(events))
        return await self._shared.get(key, partial(self._computed, Told(tuple(events), cursor)))

    async def _computed(self, told: Told) -> str | None:
        async def execute(context: Context) -> ExecutionResult:
            return await self._run(told, context)

        ran: Ran = await self._runs.run(
            self._operation, self._variables, self._viewer, self._request_id, execute
        )
        self._metrics.note_run()
        content = ran.content
        data = content.get("data")
        if "errors" not in content and (data is None or data.get(self._source.key) is None):
            return None
        return ran.json()


def parts(batch: Batch, follows: Follows, user_id: int) -> list[Batch]:
    """Return the changes that a field tells a viewer, at most `MOST_ROWS` together."""
    told = [each for each in batch if follows.tells(each, user_id)]
    if follows.merges:
        return [told[-1:]] if told else []
    return [told[start : start + MOST_ROWS] for start in range(0, len(told), MOST_ROWS)]


async def merged(batches: AsyncIterator[Batch]) -> AsyncGenerator[Batch, None]:
    """Yield the batches, and all that came while the last one was worked on as one. Rest in proportion to that work."""
    loop = asyncio.get_running_loop()
    news, waiting, ends = asyncio.Event(), list[Event](), list[BaseException]()

    async def read() -> None:
        try:
            async for batch in batches:
                waiting[:] = [*waiting, *batch][-MOST_ROWS:]
                news.set()
        except Exception as failure:  # noqa: BLE001 - it is raised below
            ends.append(failure)
            news.set()

    reading = loop.create_task(read())
    try:
        while True:
            await news.wait()
            if ends:
                raise ends[0]
            news.clear()
            batch, waiting[:] = tuple(waiting), []
            began = loop.time()
            yield batch
            await asyncio.sleep(max(LEAST_REST_SECONDS, SHARE * (loop.time() - began)))
    finally:
        reading.cancel()
        await asyncio.wait({reading})


def without_cursor(variables: Mapping[str, Any], source: Source) -> Mapping[str, Any]:
    """Return the variables without the cursor, so that subscribers who resume share results with all others."""
    if source.after is None or source.variable is None:
        return variables
    return {**variables, source.variable: ""}


def _refused(error: CallerError, request_id: str) -> RefusedError:
    return RefusedError([formatted(error, request_id)])
