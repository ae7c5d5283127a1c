"""Operations over a WebSocket or an event stream: one result, the events of a subscription, or a live query."""

from collections.abc import AsyncGenerator, Hashable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from graphql import ExecutionResult, OperationType

from resolvers.framework.context import Context
from resolvers.framework.errors import CallerError, ExpiredCursorError, UserInputError
from resolvers.framework.following import Told
from schema.prepared.live import Source
from schema.prepared.operation import PreparedOperation, RunEvent
from server.http.errors import presented
from server.http.protocol import GraphQLRequest
from server.live.answering import Answering, StreamRequest
from server.live.frame import Frame, RefusedError
from server.live.groups import Followed, Groups, Member, Write, parts
from server.live.limits import LiveLimits, TooSlowError, formatted
from server.live.live_query import LiveQueries
from server.live.runs import Ran, Runs
from server.live.sharing import Shared, key_of
from server.metrics.live import LiveMetrics
from services.accounts.viewer import Viewer
from services.changes.feed import ChangeFilter, Event, ExpiredPositionError
from services.changes.position import BadPositionError, Position
from services.changes.tail import Batch, OverflowedError, Place, RenewedError, Tail, is_after

EXPIRED: Final = "The changes after this cursor are no longer kept. Read the list again, and subscribe from its `pageInfo { changesAfter }`."

UNTOLD: Final = (
    "`@live` cannot follow {}: the server does not tell of its changes. Send the query again instead."
)


class Streams:
    """The operations of all live connections of one process."""

    def __init__(
        self, answering: Answering, runs: Runs, tail: Tail, metrics: LiveMetrics, limits: LiveLimits
    ) -> None:
        self._answering = answering
        self._runs = runs
        self._tail = tail
        self._shared = Shared()
        self._groups = Groups(tail, metrics)
        self._buffered = limits.buffered_events
        self._queries = LiveQueries(runs, tail, metrics, rest_seconds=limits.query_seconds)
        self._metrics = metrics

    async def close(self) -> None:
        await self._queries.close()

    async def open(
        self,
        parsed: GraphQLRequest,
        request: StreamRequest,
        after: str | None = None,
        write: Write | None = None,
    ) -> AsyncGenerator[Frame, None]:
        """Yield the results of an operation. Raise `RefusedError` if it does not run, or `LiveError` if it ends early.

        `after` is a cursor that the connection brings, in place of that of the document. Results of a subscription that
        `write` can write at once are not yielded.
        """
        parsed, operation, refusal = await self._answering.prepared(parsed, request)
        if refusal or not isinstance(operation, PreparedOperation):
            raise RefusedError(self._answering.refused(refusal, request))
        if operation.type is not OperationType.SUBSCRIPTION and not operation.is_live:
            yield Frame(await self._answering.answer(parsed, request))
            return
        if operation.is_live and (names := operation.live_reads.untold):
            untold = UserInputError(UNTOLD.format(", ".join(names)))
            raise _refused(untold, request.request_id)
        viewer = self._answering.charge(operation, parsed, request)
        if operation.is_live:
            stream = self._queries.results(operation, parsed.variables, viewer, request.request_id)
        else:
            stream = self._subscription(operation, parsed.variables, viewer, request.request_id, after, write)
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
        write: Write | None,
    ) -> AsyncGenerator[Frame, None]:
        source = operation.source(variables)
        if isinstance(source, list):
            raise RefusedError(presented(source, request_id, before_execution=True))
        variables = without_cursor(variables, source)
        results = _Results(
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
        followed = Followed(viewer.scope, viewer.user_id, source.follows, results.frame, self._buffered)
        cursor = source.after if after is None else after
        try:
            async with aclosing(self._told(results.key, followed, cursor, write)) as frames:
                async for frame in frames:
                    yield frame
        except BadPositionError as bad:
            wrong = UserInputError(
                "`after` must be the `cursor` of an event, or the `changesAfter` of a list."
            )
            raise _refused(wrong, request_id) from bad
        except (ExpiredPositionError, RenewedError) as expired:
            raise _refused(ExpiredCursorError(EXPIRED), request_id) from expired

    async def _told(
        self, key: Hashable, followed: Followed, cursor: str | None, write: Write | None
    ) -> AsyncGenerator[Frame, None]:
        """Yield the results after the cursor, or from now on, except those that are written at once."""
        place = None if cursor is None else Place(Position.parse(cursor))
        if place is not None:
            async for frame in self._missed(followed, place):
                yield frame
        async with self._groups.joined(key, followed, write, place) as member:
            if place is not None:
                async for frame in self._missed(followed, place):
                    member.cursor = frame.cursor
                    yield frame
            try:
                async for frame in self._waiting(followed, place, member):
                    yield frame
            except OverflowedError as slow:
                self._metrics.note_cut_off()
                raise TooSlowError(member.cursor) from slow

    async def _waiting(
        self, followed: Followed, place: Place | None, member: Member
    ) -> AsyncGenerator[Frame, None]:
        """Yield the results for the changes that wait for a member, without those up to the place."""
        async for batch in member:
            events = batch if place is None else [each for each in batch if is_after(place.position, each)]
            frame = await self._frame(followed, events) if events else None
            if frame is not None:
                member.cursor = frame.cursor
                yield frame

    async def _missed(self, followed: Followed, place: Place) -> AsyncGenerator[Frame, None]:
        """Yield the results for the changes after the place, and move the place. Merge them if the field merges."""
        follows, last = followed.follows, list[Event]()
        wanted = ChangeFilter(entities=follows.entities, kinds=follows.kinds)
        async for batch in self._tail.catch_up(followed.scope, place, wanted):
            told = parts(batch, follows, followed.user_id)
            if follows.merges:
                last = list(told[-1]) if told else last
                continue
            for events in told:
                frame = await self._frame(followed, events)
                if frame is not None:
                    yield frame
        frame = await self._frame(followed, last) if last else None
        if frame is not None:
            yield frame

    async def _frame(self, followed: Followed, events: Batch) -> Frame | None:
        frame = await followed.frame_of(events)
        if frame is not None:
            self._metrics.note_event(events[-1].at)
        return frame


class _Results:
    """The results of one subscription: the operation with its variables, as its viewer sees them."""

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
        self.key = key_of(operation, variables, viewer)

    async def frame(self, events: Batch) -> Frame | None:
        """Return the result, or None if the field tells nothing about the events."""
        cursor = str(events[-1].position)
        key = (self.key, str(events[0].position), cursor, len(events))
        return await self._shared.get(key, partial(self._computed, Told(tuple(events), cursor)))

    async def _computed(self, told: Told) -> Frame | None:
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
        return Frame(ran.json(), told.cursor)


def without_cursor(variables: Mapping[str, Any], source: Source) -> Mapping[str, Any]:
    """Return the variables without the cursor, so that subscribers who resume share results with all others."""
    if source.after is None or source.variable is None:
        return variables
    return {**variables, source.variable: ""}


def _refused(error: CallerError, request_id: str) -> RefusedError:
    return RefusedError([formatted(error, request_id)])
