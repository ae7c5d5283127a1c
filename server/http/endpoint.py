"""The endpoint: a request in, its viewer found, the operation run on one snapshot, the answer out."""

import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from db.engine.outage import is_lost, is_too_slow
from db.engine.pool import Pool
from resolvers.framework.context import Context
from resolvers.framework.errors import CallerError, UnauthenticatedError
from schema.schema import Schema
from server.http import protocol
from server.http.auth import Authenticator
from server.http.fast_request import FastRequest
from server.runtime.metrics import Metrics
from services.accounts.vault import Vault
from services.figures.cache import Cached

logger = logging.getLogger("leadgraph")

_VALUE = re.compile(r"[,;]? [Ff]ound: .*\Z", re.DOTALL)

ALLOWED = {
    "GET": {OperationType.QUERY},
    "POST": {OperationType.QUERY, OperationType.MUTATION},
}
LARGEST_MESSAGE = 1000
LARGEST_BODY_BYTES = 2_000_000


def utc_now() -> datetime:
    return datetime.now(UTC)


class GraphQLEndpoint:
    """Answers GET and POST. Errors that a caller causes are said; ours are logged under the request's id.

    With `explain`, the answer lists the SQL statements that it took, by name, as `extensions.statements`.
    `clock` says what time it is.
    """

    def __init__(
        self,
        schema: Schema,
        pool: Pool,
        *,
        authenticator: Authenticator | None = None,
        cached: Cached | None = None,
        vault: Vault | None = None,
        metrics: Metrics | None = None,
        explain: bool = False,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._clock = clock or utc_now
        self._schema = schema
        self._pool = pool
        self._vault = vault
        self._explain = explain
        self.authenticator = authenticator or Authenticator(pool)
        self.cached = Cached(pool) if cached is None else cached
        self.metrics = metrics or Metrics(pool)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = FastRequest(scope, receive, largest_body_bytes=LARGEST_BODY_BYTES)
        try:
            response = await self.respond(request)
        except ClientDisconnect:  # nobody is there to be answered
            return
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        began = perf_counter()
        request_id, headers = protocol.request_id(request)
        media_type = protocol.wants(request)
        try:
            content, operation = await self._answer(request, request_id)
        except (protocol.RequestError, UnauthenticatedError) as refusal:
            self.metrics.note_refusal(refusal.code, began)
            return protocol.refusal(refusal, request_id, headers, media_type)
        status = 400 if "data" not in content and media_type == protocol.GRAPHQL_JSON else 200
        response = protocol.answer(content, media_type, status=status, headers=headers)
        self.metrics.note(operation, content, began)
        return response

    async def _answer(self, request: Request, request_id: str) -> tuple[dict[str, Any], str | None]:
        """The answer's content, and the name of the operation that a viewer had run."""
        asked = await protocol.parse(request)
        viewer = await self.authenticator.viewer(request)
        context = Context(
            self._pool, viewer, request_id, cached=self.cached, vault=self._vault, now=self._clock()
        )
        try:
            result = await self._execute(asked, context, request.method)
        finally:
            await context.close()  # before encoding: nobody waits for a connection meanwhile
        content: dict[str, Any] = {}
        if result.errors:
            content["errors"] = presented(
                result.errors, request_id, before_execution=_before_execution(result)
            )
        if not _is_request_error(result):
            content["data"] = result.data
        if self._explain:
            content["extensions"] = {"statements": context.statements}
        return content, None if viewer is None else context.operation

    async def _execute(
        self, asked: protocol.GraphQLRequest, context: Context, method: str
    ) -> ExecutionResult:
        try:
            return await self._schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=ALLOWED[method],
            )
        except InvalidOperationTypeError as error:
            if method == "GET":
                raise protocol.RequestError(
                    405, "Only queries can be asked by GET: send this operation by POST.", {"allow": "POST"}
                ) from error
            raise protocol.RequestError(400, "This API has no operations of that kind over HTTP.") from error
        except CannotGetOperationTypeError as error:
            raise protocol.RequestError(
                400, f"The document has no operation {asked.operation_name!r}."
            ) from error


def _before_execution(result: ExecutionResult) -> bool:
    return isinstance(result, PreExecutionError)


def _is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was run: then the answer has no `data`, not even null."""
    return (
        bool(result.errors) and result.data is None and not any(error.path for error in result.errors or ())
    )


def presented(
    errors: Sequence[GraphQLError], request_id: str, *, before_execution: bool
) -> list[dict[str, Any]]:
    """The errors as a client may see them."""
    shown = [_presented(error, request_id, before_execution=before_execution) for error in errors]
    away = [error for error in errors if _is_outage(error)]
    if away:
        logger.warning("request %s: the database is away: %r", request_id, away[0].original_error)
    return shown


def _is_outage(error: GraphQLError) -> bool:
    """What a caller did wrong is none, whatever it was found out by: a file of a time zone that is not there, too."""
    failure = error.original_error
    return failure is not None and not isinstance(failure, CallerError) and is_lost(failure)


def _presented(error: GraphQLError, request_id: str, *, before_execution: bool) -> dict[str, Any]:
    code = _code(error, before_execution=before_execution)
    shown = dict(error.formatted)
    shown["extensions"] = {**(error.extensions or {}), "code": code, "requestId": request_id}
    if code == protocol.UnavailableError.code:
        shown["message"] = protocol.AWAY
    elif code in {protocol.TIMEOUT, "INTERNAL"}:
        logger.error(
            "request %s failed at %s", request_id, error.path, exc_info=error.original_error or error
        )
        ours = f"Something went wrong here. It was logged as request {request_id}."
        shown["message"] = protocol.SLOW if code == protocol.TIMEOUT else ours
        shown["extensions"] = {"code": code, "requestId": request_id}
    else:
        shown["message"] = _without_values(error)[:LARGEST_MESSAGE]
    return shown


def _without_values(error: GraphQLError) -> str:
    """The message, without the input that graphql-core repeats: credentials may stand in it, and programs log errors."""
    value = None if isinstance(error.original_error, CallerError) else _VALUE.search(error.message)
    if value is None:
        return error.message
    said = error.message[: value.start()]
    return said if said.endswith((".", "?")) else f"{said}."


def _code(error: GraphQLError, *, before_execution: bool) -> str:
    if isinstance(error.original_error, CallerError):
        return error.original_error.code
    if _is_outage(error):
        return protocol.UnavailableError.code
    if error.original_error is not None and is_too_slow(error.original_error):
        return protocol.TIMEOUT
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    if before_execution:
        # The parser and the rules of validation raise GraphQL errors; anything else there is ours.
        return "INTERNAL" if error.original_error else "GRAPHQL_VALIDATION_FAILED"
    # graphql-core refuses some arguments only when it comes to their field: a null for what must not be null.
    refused = error.path is None or error.message.startswith("Argument '")
    return "BAD_USER_INPUT" if refused else "INTERNAL"
