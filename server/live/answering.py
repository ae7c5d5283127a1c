"""The requests of streams, and their way to the GraphQL endpoint, which prepares and answers them like all others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLError
from starlette.requests import Request
from starlette.types import Receive

from resolvers.framework.errors import UnauthenticatedError
from schema.prepared.operation import PreparedOperation
from server.http import bounded_json, protocol
from server.http.auth import Authenticator
from server.http.contents import too_large
from server.http.endpoint import GraphQLEndpoint, NewCondition, Prepared
from server.http.errors import presented
from server.http.fast_request import FastRequest
from server.http.protocol import GraphQLRequest
from server.http.rate_headers import RateLimitedError
from server.http.schema_access import SchemaAccess, without_suggestions
from server.runtime.observation import Observation, Observer
from services.accounts.rate_limit import RateLimits, points_of
from services.accounts.viewer import Viewer

NO_COOKIES: Final = "A WebSocket and an event stream cannot set cookies. Send this operation by POST."


@dataclass(slots=True)
class StreamRequest:
    """One operation of a connection: its viewer, and a request as the endpoint takes it.

    The method of the request is `protocol.STREAM`, so that all kinds of operation may come, or a method for reading.
    """

    viewer: Viewer | None
    request: FastRequest
    request_id: str
    observation: Observation = field(default_factory=lambda: Observation("graphql"))

    def __post_init__(self) -> None:
        self.observation.begin(self.request.method, self.request_id, None)
        self.observation.user_id = None if self.viewer is None else self.viewer.user_id


async def no_body() -> Any:
    """Return the end of a request whose operation has come another way."""
    return {"type": "http.disconnect"}


def request_of(request: Request, method: str = protocol.STREAM, receive: Receive = no_body) -> FastRequest:
    """Return a request for one operation, with the headers and the client of a request for a connection."""
    scope = {**request.scope, "type": "http", "method": method}
    for key in ("leadgraph.request_id", "leadgraph.exchange", "leadgraph.interruption"):
        scope.pop(key, None)
    return FastRequest(scope, receive, largest_body_bytes=0)


class Answering:
    """Answers the operations of streams by the endpoint."""

    def __init__(
        self,
        endpoint: GraphQLEndpoint,
        authenticator: Authenticator,
        new_condition: NewCondition,
        observers: Sequence[Observer],
        rate_limits: RateLimits | None,
        access: SchemaAccess,
    ) -> None:
        self._endpoint = endpoint
        self._authenticator = authenticator
        self._new_condition = new_condition
        self._observers = observers
        self._rate_limits = rate_limits
        self._access = access

    async def prepared(self, parsed: GraphQLRequest, stream: StreamRequest) -> Prepared:
        """Return the operation, and the errors for which it does not run. Raise like the endpoint."""
        method = stream.request.method
        allowed = method if method == protocol.STREAM else f"{protocol.STREAM} by GET"
        return await self._endpoint.prepared(parsed, stream.viewer, allowed, stream.observation)

    def refused(self, refusal: Sequence[GraphQLError], stream: StreamRequest) -> list[dict[str, Any]]:
        """Return the errors as the client may see them."""
        errors = presented(refusal, stream.request_id, before_execution=True)
        content: dict[str, Any] = {"errors": errors}
        if not self._access.shows(stream.viewer):
            content = without_suggestions(content)
        stream.observation.note_content(content)
        self._tell(stream)
        shown: list[dict[str, Any]] = content["errors"]
        return shown

    async def answer(self, parsed: GraphQLRequest, stream: StreamRequest) -> bytes:
        """Return the answer to a query or a mutation as JSON."""
        request, observation = stream.request, stream.observation
        self._authenticator.without_cookies(request, NO_COOKIES)
        condition = self._new_condition(request, protocol.JSON)
        try:
            content, encode = await self._endpoint.answer(
                parsed, stream.viewer, request, observation, condition
            )
            if not self._access.shows(stream.viewer):
                content = without_suggestions(content)
            try:
                body = encode(content)
            except bounded_json.ResponseTooLargeError:
                content = too_large(stream.request_id, None)
                body = bounded_json.encoded_at_once(content)
            observation.note_content(content)
        finally:
            self._tell(stream)
        return body

    def charge(self, operation: PreparedOperation, parsed: GraphQLRequest, stream: StreamRequest) -> Viewer:
        """Charge the beginning of a stream like one operation of its cost, and return its viewer.

        Raise `UnauthenticatedError` without one, and `RateLimitedError`.
        """
        viewer = stream.viewer
        if viewer is None:
            raise UnauthenticatedError
        stream.observation.cost = cost = operation.cost(parsed.variables)
        stream.observation.operation, stream.observation.operation_type = operation.name, operation.type
        try:
            if self._rate_limits is not None:
                state = self._rate_limits.charge(viewer, points_of(cost.objects))
                if state.refused:
                    stream.observation.note_code(RateLimitedError.code)
                    raise RateLimitedError(state)
        finally:
            self._tell(stream)
        return viewer

    def _tell(self, stream: StreamRequest) -> None:
        stream.observation.end(200)
        stream.observation.tell(self._observers)
