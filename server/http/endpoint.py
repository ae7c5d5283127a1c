"""The GraphQL endpoint: parse a request, find its viewer, run the prepared operation, answer."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from resolvers.framework.context import Activity, Context, Viewer
from resolvers.framework.errors import CallerError, UnauthenticatedError, code_of
from resolvers.framework.exchange import Exchange
from resolvers.framework.requires import OperationReads
from schema.prepared.cache import PreparedOperations, UnknownOperationError
from schema.prepared.cost import Cost
from schema.prepared.guard import GuardMode
from schema.prepared.limits import first_exceeded
from schema.prepared.lookahead import VALUES_OF_LONG_TEXT
from schema.prepared.operation import InvalidDocument, PreparedOperation
from schema.prepared.statement_bound import excess_of
from server.http import bounded_json, compression, explain_header, protocol, request_limits
from server.http.admission import NOBODY, Admission
from server.http.auth import Authenticator
from server.http.bounded_json import Encode
from server.http.charge import Charge
from server.http.conditional import Condition, NotModifiedError, not_modified
from server.http.contents import Content, caused_by, content_of, guarded, too_large
from server.http.documents import Documents
from server.http.errors import failed
from server.http.fast_request import FastRequest
from server.http.interruption import DeadlineError, Interruption, new_deadlines, preferred_seconds
from server.http.introspection_answers import IntrospectionAnswers
from server.http.schema_access import SchemaAccess, without_suggestions
from server.runtime import explanation
from server.runtime.observation import Observation, Observer
from server.runtime.trace_context import trace_context
from services.accounts.rate_limit import RateLimits

logger = logging.getLogger("leadgraph")

LARGEST_BODY_BYTES: Final = 2_000_000
REQUEST_SECONDS: Final = 60.0
VALUES_AT_ONCE: Final = 20_000
"""The most values of a response that is encoded in one piece, whatever the length of its texts."""
VALUES_OF_SHORT_TEXTS: Final = 60_000
CHARACTERS_AT_ONCE: Final = 4_000_000
"""The most values of a query that is encoded in one piece if its long texts can have no more characters than these."""


class Outcome(NamedTuple):
    """The result of an operation, whether it ran, the way to encode its answer, and the seconds that it took."""

    result: ExecutionResult
    ran: bool
    encode: Encode
    seconds: float


class Prepared(NamedTuple):
    """A request with the text of its document, its operation, and the errors for which the operation does not run."""

    parsed: protocol.GraphQLRequest
    operation: PreparedOperation | InvalidDocument | None
    refusal: Sequence[GraphQLError]


class NewContext(Protocol):
    """Makes the context of one operation."""

    def __call__(
        self,
        viewer: Viewer | None,
        request_id: str,
        *,
        reads: OperationReads,
        now: datetime,
        exchange: Callable[[], Exchange],
        activity: Activity,
    ) -> Context: ...


NewEventStream: TypeAlias = Callable[
    [protocol.GraphQLRequest, Viewer | None, FastRequest, Observation], Response
]
NewCondition: TypeAlias = Callable[[Request, str], Condition]
"""Makes the condition of a request and the media type of its answer."""


class GraphQLEndpoint:
    """Answers GET and POST.

    With `explain`, the answer lists the names of its SQL statements as `extensions.statements`. The `guard` reports
    wasteful reads, or makes their operation fail. `clock` tells the current time. The `observers` receive each request,
    except those whose client has gone. A request may take `request_seconds`, or less if its caller prefers so.
    `documents` knows the documents that requests name by a hash or an ID. `rate_limits` charge each operation of a viewer.
    `schema_access` says who may read the schema.
    """

    def __init__(
        self,
        operations: PreparedOperations,
        authenticator: Authenticator,
        new_context: NewContext,
        new_condition: NewCondition,
        admission: Admission,
        observers: Sequence[Observer] = (),
        *,
        explain: bool = False,
        guard: GuardMode = "off",
        clock: Callable[[], datetime] | None = None,
        documents: Documents | None = None,
        request_seconds: float = REQUEST_SECONDS,
        rate_limits: RateLimits | None = None,
        schema_access: SchemaAccess | None = None,
    ) -> None:
        self._schema_access = access = schema_access or SchemaAccess()
        self._documents = documents or Documents()
        self._introspections = IntrospectionAnswers()
        self._rate_limits = rate_limits
        self._request_seconds = request_seconds
        self._deadlines = new_deadlines()
        is_closed = access.mode == "off"
        self._operations = (
            operations.limited(limits=operations.limits, introspection=False) if is_closed else operations
        )
        self._anonymous_operations = request_limits.anonymous(operations, introspection=access.shows(None))
        self._authenticator = authenticator
        self._new_context = new_context
        self._new_condition = new_condition
        self._admission = admission
        self._observers = observers
        self._explain = explain
        self._guard = guard
        self._clock = clock or partial(datetime.now, UTC)
        self.event_stream: NewEventStream | None = None
        """Makes the response to a request that accepts an event stream. None answers it like other requests."""

    @property
    def documents(self) -> Mapping[str, PreparedOperations]:
        """The caches of prepared documents, by their callers."""
        return {"known": self._operations, "anonymous": self._anonymous_operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        observation = Observation("graphql")
        try:
            response = await self._observed(scope, receive, observation)
        except ClientDisconnect:
            return
        try:
            await response(scope, receive, send)
        finally:
            observation.tell(self._observers)  # after the answer: no client waits for the observers

    async def respond(self, scope: Scope, receive: Receive) -> Response:
        """Return the response, also to a failure of the server. Raise `ClientDisconnect`."""
        observation = Observation("graphql")
        response = await self._observed(scope, receive, observation)
        observation.tell(self._observers)
        return response

    async def _observed(self, scope: Scope, receive: Receive, observation: Observation) -> Response:
        """Return the response, and end its observation."""
        request = FastRequest(scope, receive, largest_body_bytes=LARGEST_BODY_BYTES)
        try:
            response = await self._respond(request, observation)
        except ClientDisconnect:
            raise
        except Exception as failure:  # noqa: BLE001 - the caller gets an answer to any failure
            response = failed(request, failure)
            observation.note_code(code_of(failure))
        self._authenticator.finish(request, response)
        observation.end(response.status_code)
        return response

    async def _respond(self, request: FastRequest, observation: Observation) -> Response:
        request_id, headers = protocol.request_id(request)
        observation.begin(request.method, request_id, trace_context(request.headers))
        media_type = protocol.media_type_of(request)
        condition = self._new_condition(request, media_type)
        try:
            viewer = await self._authenticator.viewer(request, sets_cookies=True)
            observation.user_id = None if viewer is None else viewer.user_id
            if viewer is None:
                request.limit_body(request_limits.ANONYMOUS_BYTES, ", the limit without an API key")
            observation.explanations = explain_header.asked(request)
            parsed = await protocol.parse(request)
            answer = self.answer if protocol.stream_of(request) is None else self._answer_or_stream
            found = await answer(parsed, viewer, request, observation, condition)
            if isinstance(found, Response):
                return found
            content, encode = found
            if not self._schema_access.shows(viewer):
                content = without_suggestions(content)
        except NotModifiedError:
            if condition.state is not None:
                observation.activity = condition.state.activity
            return not_modified(condition, headers)
        except (protocol.RequestError, UnauthenticatedError) as refusal:
            observation.note_code(refusal.code)
            if isinstance(refusal, DeadlineError) and refusal.by_caller:
                observation.outcome = "refused"
            return protocol.refusal(refusal, request_id, headers | observation.headers, media_type)
        headers |= {**condition.headers, **observation.headers}
        status = 400 if "data" not in content and media_type == protocol.GRAPHQL_JSON else 200
        if protocol.lacks_database(content):
            status, headers = 503, headers | protocol.RETRY_SOON
        try:
            response = protocol.answer(content, media_type, status=status, headers=headers, encode=encode)
        except bounded_json.ResponseTooLargeError:
            content = too_large(request_id, () if self._explain else None)
            response = protocol.answer(content, media_type, status=status, headers=headers)
        observation.note_content(content)
        is_safe = compression.is_safe(request, observation.operation_type, content)
        return await compression.compressed(request, response) if is_safe else response

    async def _answer_or_stream(
        self,
        parsed: protocol.GraphQLRequest,
        viewer: Viewer | None,
        request: FastRequest,
        observation: Observation,
        condition: Condition,
    ) -> tuple[Content, Encode] | Response:
        """Return an event stream if the request prefers one, or if it accepts one and the operation needs one."""
        streams = self.event_stream
        if streams is None:
            return await self.answer(parsed, viewer, request, observation, condition)
        if protocol.stream_of(request) == "preferred":
            return streams(parsed, viewer, request, observation)
        try:
            return await self.answer(parsed, viewer, request, observation, condition)
        except protocol.NeedsStreamError:
            return streams(parsed, viewer, request, observation)

    async def answer(
        self,
        parsed: protocol.GraphQLRequest,
        viewer: Viewer | None,
        request: FastRequest,
        observation: Observation,
        condition: Condition,
    ) -> tuple[Content, Encode]:
        """Return the content of the answer, and the way to encode it."""
        parsed, operation, refusal = await self.prepared(parsed, viewer, request.method, observation)
        if refusal or not isinstance(operation, PreparedOperation):
            return self._refused(refusal, observation), bounded_json.encoded_at_once
        if operation.is_live and request.method != protocol.STREAM:
            raise protocol.NeedsStreamError
        cost, reads = operation.measured(parsed.variables)
        observation.cost = cost
        if explanation.COST in observation.explanations:
            observation.cost_by_field = operation.cost_by_field(parsed.variables)
        observation.operation_type = operation.type
        if viewer is not None:
            observation.operation = operation.name
        now = self._clock()
        await condition.check(viewer, operation, parsed, now)
        context = self._new_context(
            viewer,
            observation.request_id,
            reads=reads,
            now=now,
            exchange=partial(self._authenticator.exchange, request),
            activity=observation.activity,
        )
        context.takes_fragments = _is_encoded_at_once(cost)
        with Charge(self._rate_limits, viewer, cost, observation) as context.rate_limit:
            outcome = await self._run(operation, cost, parsed, context, request, observation)
        content = self._content(outcome, viewer, cost, context, reads, observation)
        condition.conclude(context, content, now)
        return content, outcome.encode

    async def prepared(
        self,
        parsed: protocol.GraphQLRequest,
        viewer: Viewer | None,
        method: str,
        observation: Observation,
    ) -> "Prepared":
        """Return the request with its document, its operation, and the errors for which the operation does not run."""
        try:
            parsed = self._documents.resolve(parsed, may_add=viewer is not None)
        except CallerError as wrong:
            return Prepared(parsed, None, [caused_by(wrong)])
        observation.document = parsed.query
        long = first_exceeded(self._operations.limits, list_length=request_limits.longest_list(parsed))
        operation = await self._prepared(parsed, viewer)
        protocol.require_method(method, operation.type)
        return Prepared(parsed, operation, [long] if long else operation.refusal(parsed.variables, viewer))

    async def _prepared(
        self, parsed: protocol.GraphQLRequest, viewer: Viewer | None
    ) -> PreparedOperation | InvalidDocument:
        """Return the operation of the request. Raise `protocol.RequestError` for an unknown name."""
        operations = self._operations
        if viewer is None:
            request_limits.require_short_document(parsed.query)
            operations = self._anonymous_operations
        try:
            return await operations.prepared(parsed.query, parsed.operation_name)
        except UnknownOperationError as unknown:
            raise protocol.RequestError(400, str(unknown)) from unknown

    async def _run(
        self,
        operation: PreparedOperation,
        cost: Cost,
        parsed: protocol.GraphQLRequest,
        context: Context,
        request: FastRequest,
        observation: Observation,
    ) -> Outcome:
        """Run the operation when the admission has a slot for its viewer, or find the kept answer."""
        if operation.is_examined(self._guard):
            context.activity.watch()
        began = perf_counter()
        key = self._introspections.key(operation, parsed)
        found = self._introspections.find(key)
        if found is not None:
            return Outcome(found, True, bounded_json.encoded_at_once, perf_counter() - began)
        with self._interruption(request, observation):
            async with self._admission.slot(NOBODY if observation.user_id is None else observation.user_id):
                result, ran = await _executed(operation, parsed.variables, context)
        encode = self._introspections.keeping(key, _encoding(operation, cost, context))
        return Outcome(result, ran, encode, perf_counter() - began)

    def _interruption(self, request: FastRequest, observation: Observation) -> Interruption:
        """Return the context that ends the operation when its client leaves, or at the request's deadline."""
        passed, preferred = (
            perf_counter() - observation.began,
            preferred_seconds(request.headers.get("prefer")),
        )
        if preferred is not None and preferred < self._request_seconds:
            return Interruption(request.scope, preferred, passed, by_caller=True, deadlines=self._deadlines)
        return Interruption(request.scope, self._request_seconds, passed, deadlines=self._deadlines)

    def _content(
        self,
        outcome: Outcome,
        viewer: Viewer | None,
        cost: Cost,
        context: Context,
        reads: OperationReads,
        observation: Observation,
    ) -> Content:
        """Return the content of an answer, with the explanations that the caller may see."""
        statements = context.statements if self._explain else None
        content = content_of(outcome.result, observation.request_id, statements, ran=outcome.ran)
        note_excess(observation, viewer, cost)
        if observation.explanations:
            extensions = explanation.extensions(observation, viewer, outcome.seconds)
            if extensions:
                content.setdefault("extensions", {}).update(extensions)
        if observation.activity.watched_rows is None:
            return content
        return guarded(content, self._guard, observation, reads, cost)

    def _refused(self, errors: Sequence[GraphQLError], observation: Observation) -> Content:
        """Return the content for an operation that does not run."""
        refused = ExecutionResult(None, list(errors))
        return content_of(refused, observation.request_id, () if self._explain else None, ran=False)


def note_excess(observation: Observation, viewer: Viewer | None, cost: Cost) -> None:
    """Report an operation that sent more statements than its bound. That is an error of the server."""
    everybody = viewer is not None and viewer.scope.everybody
    observation.excess = excess = excess_of(observation.activity, cost, everybody=everybody)
    if excess is not None:
        logger.error(
            "statement bound exceeded at %s: %s (request %s)",
            excess.coordinate,
            excess,
            observation.request_id,
        )


async def _executed(
    operation: PreparedOperation, variables: dict[str, Any], context: Context
) -> tuple[ExecutionResult, bool]:
    """Return the result of an operation, and whether the operation ran. Release its connection."""
    try:
        return await operation.execute(variables, context), True
    except Exception as failure:  # noqa: BLE001 - the caller gets an answer to any failure
        return ExecutionResult(None, [GraphQLError(str(failure), original_error=failure)]), False
    finally:
        await context.close()  # before encoding, which needs no connection


def _encoding(operation: PreparedOperation, cost: Cost, context: Context) -> Encode:
    """Return the way to encode the answer of an operation."""
    if _is_encoded_at_once(cost):
        return bounded_json.encoded_at_once
    if operation.type is OperationType.QUERY and _has_short_texts(cost, context):
        return bounded_json.encoded_within_limit
    return partial(bounded_json.encoded, lists={"data": operation.lists, "errors": {}})


def _has_short_texts(cost: Cost, context: Context) -> bool:
    """Return whether a query has not many values and short texts. The texts of figures have unknown lengths.

    The response can repeat a text, but has no more long texts than the cost counts.
    """
    activity = context.activity
    most_texts = cost.values // VALUES_OF_LONG_TEXT
    return (
        cost.values <= VALUES_OF_SHORT_TEXTS
        and activity.longest_text * most_texts <= CHARACTERS_AT_ONCE
        and not activity.figures
    )


def _is_encoded_at_once(cost: Cost) -> bool:
    """Return whether the response is small. Its values may be fragments, whose lists cannot be encoded in pieces."""
    return cost.values <= VALUES_AT_ONCE
