"""One run of an operation that stays open: for an event of a subscription, or of a live query after a change."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from graphql import ExecutionResult, GraphQLError

from resolvers.framework.context import Context
from resolvers.framework.exchange import Exchange
from schema.prepared.guard import GuardMode
from schema.prepared.operation import PreparedOperation
from server.http import bounded_json, protocol
from server.http.admission import Admission
from server.http.contents import content_of, guarded, too_large
from server.http.endpoint import NewContext, note_excess
from server.runtime.observation import Observation, Observer
from services.accounts.viewer import Viewer

SECONDS = 60.0

Execute = Callable[[Context], Awaitable[ExecutionResult]]


class Ran(NamedTuple):
    """The content of a result, and whether a figure in it is older than the data."""

    content: dict[str, Any]
    has_old_figures: bool
    request_id: str

    def json(self) -> bytes:
        """Return the content as JSON, or the error of a response that would be too large."""
        try:
            return bounded_json.encoded_within_limit(self.content)
        except bounded_json.ResponseTooLargeError:
            return bounded_json.encoded_at_once(too_large(self.request_id, None))


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs operations with a context of their own, in turn with all other operations of their users.

    Runs are not charged to the rate limit. The admission shares the pool between users, so that a user with many events
    waits behind others. As with other operations, the `guard` examines runs, a run beyond the statement bound is an
    error of the server, and the `observers` receive each run.
    """

    new_context: NewContext
    admission: Admission
    clock: Callable[[], datetime] | None = None
    guard: GuardMode = "off"
    observers: Sequence[Observer] = ()

    async def run(
        self,
        operation: PreparedOperation,
        variables: Mapping[str, Any],
        viewer: Viewer,
        request_id: str,
        execute: Execute,
    ) -> Ran:
        """Return the result of a run. A failure is an error in the result."""
        observation = Observation("graphql", user_id=viewer.user_id)
        observation.begin(protocol.STREAM, request_id, None)
        observation.operation, observation.operation_type = operation.name, operation.type
        observation.cost = cost = operation.cost(variables)
        reads = operation.reads(variables)
        context = self.new_context(
            viewer,
            request_id,
            reads=reads,
            now=datetime.now(UTC) if self.clock is None else self.clock(),
            exchange=Exchange,
            activity=observation.activity,
        )
        context.shows_everything = True  # the change that caused the run, whatever SQL made it
        if operation.is_examined(self.guard):
            observation.activity.watch()
        result = await self._executed(context, viewer, execute)
        note_excess(observation, viewer, cost)
        content = content_of(result, request_id, None, ran=True)
        content = guarded(content, self.guard, observation, reads, cost)
        observation.note_content(content)
        observation.finish(200, self.observers)
        return Ran(content, context.has_old_figures, request_id)

    async def _executed(self, context: Context, viewer: Viewer, execute: Execute) -> ExecutionResult:
        try:
            async with asyncio.timeout(SECONDS), self.admission.slot(viewer.user_id, patient=True):
                return await execute(context)
        except Exception as failure:  # noqa: BLE001 - the subscriber gets an answer to any failure
            return ExecutionResult(None, [GraphQLError(str(failure), original_error=failure)])
        finally:
            await context.close()
