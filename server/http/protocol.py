"""GraphQL over HTTP, as its specification says: what a request may look like, and how answers are labelled."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from db.engine.outage import is_lost
from resolvers.framework.errors import CallerError, ForbiddenError, UnauthenticatedError

logger = logging.getLogger("leadgraph")

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


_STATUSES: dict[type[CallerError], int] = {UnauthenticatedError: 401, ForbiddenError: 403}


class RequestError(Exception):
    """A request that cannot be read or answered as it stands. `status` is the answer's."""

    code = "BAD_REQUEST"

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


AWAY = (
    "The database does not answer now: try again soon. Whether something was written is not known; with an "
    "idempotency key it is safe to repeat."
)
TIMEOUT = "TIMEOUT"
SLOW = (
    "This took longer than the database may take, and was ended: nothing of it was written. Ask for less at once, "
    "or try again when others write less."
)


class UnavailableError(RequestError):
    """The database is away, and the request could not be answered for that."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(503, AWAY, {"retry-after": "1"})


@contextmanager
def asking_database() -> Iterator[None]:
    """Turns what goes wrong inside into `UnavailableError` where the database is away."""
    try:
        yield
    except Exception as failure:
        if not is_lost(failure):
            raise
        logger.warning("the database is away: %r", failure)
        raise UnavailableError from failure


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


async def parse(request: Request) -> GraphQLRequest:
    """What the request asks for. Raises `RequestError`."""
    if request.method == "GET":
        return _checked({name: value for name, value in request.query_params.items() if value}, from_url=True)
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != JSON:
        raise RequestError(415, f"The request's Content-Type has to be {JSON}.")
    charset = parameters.strip().lower().replace(" ", "").replace('"', "")
    if charset not in {"", "charset=utf-8"} or "content-encoding" in request.headers:
        raise RequestError(415, "The request's body has to be plain UTF-8.")
    return _checked(_decoded(await request.body(), "The request's body"))


def _decoded(text: bytes | str, what: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"{what} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise RequestError(400, f"{what} has to be a JSON object.")
    return value


def _checked(given: dict[str, Any], *, from_url: bool = False) -> GraphQLRequest:
    query, variables, name = (given.get(key) for key in ("query", "variables", "operationName"))
    if from_url and variables is not None:
        variables = _decoded(variables, "`variables`")
    if not isinstance(query, str) or not query.strip():
        raise RequestError(400, "`query` has to hold a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestError(400, "`variables` has to be a JSON object.")
    if name is not None and not isinstance(name, str):
        raise RequestError(400, "`operationName` has to be a text.")
    if given.get("extensions") is not None and not from_url and not isinstance(given["extensions"], dict):
        raise RequestError(400, "`extensions` has to be a JSON object.")
    return GraphQLRequest(query, variables, name or None)


def wants(request: Request, *, html: bool = False) -> str:
    """The media type of the answer. With `html`, the page of a browser is one of the choices."""
    accepted = [
        part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")
    ]
    for media_type in accepted:
        if media_type == "text/html" and html:
            return media_type
        if media_type in {JSON, GRAPHQL_JSON}:
            return media_type
    return JSON


class Answer(Response):
    """A response whose headers are all given: nothing has to be looked for among them."""

    def __init__(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
        ]


def answer(
    content: dict[str, Any], media_type: str, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    body = orjson.dumps(content, option=orjson.OPT_PASSTHROUGH_SUBCLASS, default=str)
    return Answer(body, status, {"content-type": f"{media_type}; charset=utf-8", **(headers or {})})


def request_id(request: Request) -> tuple[str, dict[str, str]]:
    """The request's id, its sender's or a new one, and the header that repeats it in the answer."""
    given = request.headers.get("x-request-id", "")[:64] or uuid.uuid4().hex
    return given, {"x-request-id": given} if given.isprintable() and given.isascii() else {}


def refusal(
    error: RequestError | CallerError, request_id: str, headers: dict[str, str], media_type: str = JSON
) -> Response:
    """The answer to a request of which nothing was done."""
    content = {
        "errors": [
            {"message": str(error), "extensions": {"code": error.code, "requestId": request_id}},
        ]
    }
    if isinstance(error, RequestError):
        return answer(content, media_type, status=error.status, headers=headers | error.headers)
    headers = headers | ({"www-authenticate": "Bearer"} if isinstance(error, UnauthenticatedError) else {})
    return answer(content, media_type, status=status_of(error), headers=headers)


def status_of(error: CallerError) -> int:
    return _STATUSES.get(type(error), 400)
