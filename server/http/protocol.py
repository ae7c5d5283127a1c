"""GraphQL over HTTP, as its specification defines it: requests, media types and statuses of answers."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from resolvers.framework.errors import (
    INTERNAL,
    TIMEOUT,
    UNAVAILABLE,
    CallerError,
    ForbiddenError,
    UnauthenticatedError,
    code_of,
    refuses_writes,
)
from server.http import bounded_json, whole_answer
from services.rules.json_text import JsonTextError, parsed_exactly

logger = logging.getLogger("leadgraph")

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
HTML: Final = "text/html"
EVENT_STREAM: Final = "text/event-stream"
STREAM: Final = "STREAM"
"""Stands for the HTTP method of an operation that came over a WebSocket, or that asks for an event stream by POST."""
NEEDS_STREAM: Final = "A subscription and a query with @live need a WebSocket (`graphql-transport-ws`), or `Accept: text/event-stream`."

OPERATIONS: Final[Mapping[str, frozenset[OperationType]]] = {
    "GET": frozenset({OperationType.QUERY}),
    "HEAD": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
    "QUERY": frozenset({OperationType.QUERY}),
    STREAM: frozenset(OperationType),
    f"{STREAM} by GET": frozenset({OperationType.QUERY, OperationType.SUBSCRIPTION}),
}
"""The operations that each HTTP method allows."""
READING: Final = frozenset({"GET", "HEAD"})
BODIES: Final = frozenset({"POST", "QUERY"})
"""The methods whose request stands in the body. QUERY is the safe one of RFC 10008."""
ACCEPT_QUERY: Final = f'"{JSON}"'
"""The media types of a QUERY request, for the header `Accept-Query`."""

_STATUSES: Final[Mapping[type[CallerError], int]] = {UnauthenticatedError: 401, ForbiddenError: 403}
SAFE_HEADERS: Final[Mapping[str, str]] = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
"""Headers of all answers that set none of the same name."""
_REQUEST_ID: Final = re.compile(r"[!-~]{1,64}")
_ID_BYTES: Final = 16
_IDS_AT_ONCE: Final = 64
_REQUEST_ID_KEY: Final = "leadgraph.request_id"
_LONGEST_KEPT: Final = 200  # characters of a value of `Accept`
_WEIGHT: Final = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


class RequestError(Exception):
    """The request is malformed or not supported. `status` is the HTTP status of the answer."""

    code = "BAD_REQUEST"

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


class NeedsStreamError(RequestError):
    """The results of the operation need a WebSocket or an event stream."""

    def __init__(self) -> None:
        super().__init__(400, NEEDS_STREAM)


def internal_message(request_id: str) -> str:
    """Return the message of an error whose cause only the log tells."""
    return f"Internal error. The log describes it under the request ID {request_id}."


RETRY_SOON: Final = {"retry-after": "1"}
DATABASE_UNAVAILABLE: Final = (
    "The database is unavailable; retry later. A write may or may not have happened. Retry it with the same "
    "idempotency key."
)
READ_ONLY: Final = "The database accepts no writes now; retry later. Nothing was written. Reads work."
TIMED_OUT: Final = (
    "The statement exceeded the time limit and was rolled back. Request less data, or retry later."
)


class UnknownPathError(RequestError):
    """The path does not exist."""

    code = "NOT_FOUND"


class TooLargeError(RequestError):
    """The body of the request exceeds the limit of its path."""

    code = "TOO_LARGE"

    def __init__(self, largest_bytes: int, limited_because: str = "") -> None:
        super().__init__(413, f"The request's body exceeds {largest_bytes:,} bytes{limited_because}.")


class UnsupportedPersistedQueryError(RequestError):
    """The extension `persistedQuery` is of an unknown version. Clients then send whole documents."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"

    def __init__(self) -> None:
        super().__init__(400, "`extensions.persistedQuery` must be an object with `version: 1`.")


class InternalError(RequestError):
    """The server failed. The log describes the cause."""

    code = INTERNAL

    def __init__(self, request_id: str) -> None:
        super().__init__(500, internal_message(request_id))


class UnavailableError(RequestError):
    """The database is unavailable, so the request cannot be answered."""

    code = UNAVAILABLE

    def __init__(self, message: str = DATABASE_UNAVAILABLE) -> None:
        super().__init__(503, message, dict(RETRY_SOON))


class TimedOutError(RequestError):
    """A statement exceeded the time limit, so the request cannot be answered."""

    code = TIMEOUT

    def __init__(self) -> None:
        super().__init__(503, TIMED_OUT, dict(RETRY_SOON))


def unavailable_message(failure: BaseException | None) -> str:
    """Return the message of an error that an unavailable database causes."""
    return READ_ONLY if failure is not None and refuses_writes(failure) else DATABASE_UNAVAILABLE


@contextmanager
def asking_database() -> Iterator[None]:
    """Raise `UnavailableError` or `TimedOutError` for failures that the database causes."""
    try:
        yield
    except RequestError:
        raise
    except Exception as failure:
        refused = database_error(failure)
        if refused is None:
            raise
        logger.warning("the database is unavailable: %r", failure)
        raise refused from failure


def database_error(failure: BaseException) -> RequestError | None:
    """Return the answer to a request that failed because of the database, or None for other failures."""
    code = code_of(failure)
    if code == UNAVAILABLE:
        return UnavailableError(unavailable_message(failure))
    return TimedOutError() if code == TIMEOUT else None


def lacks_database(content: Mapping[str, Any]) -> bool:
    """Return whether an answer has no data, only because the database is unavailable."""
    errors = content.get("errors")
    if not errors or any(value is not None for value in (content.get("data") or {}).values()):
        return False
    return all(error["extensions"]["code"] == UNAVAILABLE for error in errors)


class GraphQLRequest(NamedTuple):
    """A GraphQL request, whichever way it was sent.

    `document_id` is the hash or the ID of the document. With it, `query` may be empty.
    """

    query: str
    variables: dict[str, Any]
    operation_name: str | None
    document_id: str | None = None


async def parse(request: Request) -> GraphQLRequest:
    """Return the GraphQL request. Raise `RequestError`."""
    if request.method in READING:
        parameters = {name: value for name, value in request.query_params.items() if value}
        return checked(parameters, from_url=True)
    _require_json(request.headers)
    return checked(_decoded(await request.body(), "The request's body"))


def _require_json(headers: Mapping[str, str]) -> None:
    """Raise `RequestError` for a body that is not JSON, or not UTF-8."""
    content_type = headers.get("content-type", "")
    media_type, _, options = (JSON, "", "") if content_type == JSON else content_type.partition(";")
    if media_type.strip().lower() != JSON:
        wrong = f"The request's Content-Type must be {JSON}."
        raise RequestError(415, wrong, {"accept-query": ACCEPT_QUERY})
    charset = options.strip().lower().replace(" ", "").replace('"', "")
    if charset not in {"", "charset=utf-8"} or "content-encoding" in headers:
        raise RequestError(415, "The request's body must be UTF-8 without a Content-Encoding.")


def _decoded(text: bytes | str, name: str) -> dict[str, Any]:
    try:
        value = parsed_exactly(text)
    except JsonTextError as error:
        place = f"line {error.line}, column {error.column}"
        raise RequestError(400, f"{name} is not JSON: {error} ({place}).") from error
    if not isinstance(value, dict):
        raise RequestError(400, f"{name} must be a JSON object.")
    return value


def checked(given: dict[str, Any], *, from_url: bool = False) -> GraphQLRequest:
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    extensions, document_id = given.get("extensions"), None
    if from_url and variables is not None:
        variables = _decoded(variables, "`variables`")
    if from_url and extensions is not None:
        extensions = _decoded(extensions, "`extensions`")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestError(400, "`extensions` must be a JSON object.")
    if extensions or "documentId" in given:
        document_id = _document_id(given.get("documentId"), (extensions or {}).get("persistedQuery"))
    if document_id is not None and (query is None or query == ""):
        query = ""
    elif not isinstance(query, str) or not query.strip():
        raise RequestError(400, "`query` must be a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise RequestError(400, "`variables` must be a JSON object.")
    if name is not None and not isinstance(name, str):
        raise RequestError(400, "`operationName` must be a string.")
    return GraphQLRequest(query, variables or {}, name or None, document_id)


def _document_id(given: object, persisted: object) -> str | None:
    """Return the hash or the ID of the document, without the prefix `sha256:`; None for a request without one."""
    if persisted is not None and given is None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise UnsupportedPersistedQueryError
        given = persisted.get("sha256Hash")
        if not isinstance(given, str):
            raise RequestError(400, "`extensions.persistedQuery.sha256Hash` must be a string.")
    if given is None:
        return None
    if not isinstance(given, str) or not given.removeprefix("sha256:"):
        raise RequestError(400, "`documentId` must be a string.")
    return given.removeprefix("sha256:")


def require_method(method: str, operation: OperationType | None) -> None:
    """Raise `RequestError` if the HTTP method does not allow operations of this type."""
    if operation is OperationType.SUBSCRIPTION and operation not in OPERATIONS[method]:
        raise NeedsStreamError
    if operation is not None and operation not in OPERATIONS[method]:
        raise RequestError(
            405, f"{method} allows queries only. Send this operation by POST.", {"allow": "POST"}
        )


def media_type_of(request: Request, *, html: bool = False) -> str:
    """Return the media type of the answer. With `html`, a browser's page is one of the choices.

    The type with the highest weight in `Accept` wins, and among equals the one that `Accept` names first. If none
    is acceptable, the answer is JSON.
    """
    accepted = request.headers.get("accept", "")
    return _media_type(accepted, html=html) if len(accepted) <= _LONGEST_KEPT else _best(accepted, html=html)


@lru_cache(100)
def _media_type(accepted: str, *, html: bool) -> str:
    """Return the media type for a value of `Accept`. Most clients send the same few."""
    return _best(accepted, html=html)


def stream_of(request: Request) -> Literal["preferred", "accepted"] | None:
    """Return whether the request accepts an event stream, and prefers it to JSON. None refuses a stream."""
    accept = request.headers.get("accept", "").lower()
    if EVENT_STREAM not in accept:
        return None
    weighed = weights(accept)
    if not weighed.get(EVENT_STREAM):
        return None
    named = [each for each in weighed if each in {EVENT_STREAM, JSON, GRAPHQL_JSON}]
    return "preferred" if max(named, key=weighed.__getitem__) == EVENT_STREAM else "accepted"


def _best(accepted: str, *, html: bool) -> str:
    offered = (JSON, GRAPHQL_JSON, HTML) if html else (JSON, GRAPHQL_JSON)
    weighed = weights(accepted)
    named = [each for each in weighed if each in offered]
    best = max((*named, *offered), key=lambda media_type: _weight_of(media_type, weighed))
    return best if _weight_of(best, weighed) else JSON


def weights(accept: str) -> dict[str, float]:
    """Return the weights of the media ranges or codings, in the order of the header."""
    found: dict[str, float] = {}
    for part in accept.lower().split(","):
        media_range, *parameters = map(str.strip, part.split(";"))
        texts = [each.removeprefix("q=") for each in parameters if each.startswith("q=")]
        weight = float(texts[0]) if texts and _WEIGHT.fullmatch(texts[0]) else 1.0
        found[media_range] = max(weight, found.get(media_range, 0))
    return found


def _weight_of(media_type: str, weighed: dict[str, float]) -> float:
    """Return the weight of the most specific range that matches a type."""
    of_all = weighed.get("*/*", 0.0)
    return weighed.get(media_type, weighed.get(f"{media_type.partition('/')[0]}/*", of_all))


_USUAL: Final = frozenset({"content-type", *SAFE_HEADERS})


@lru_cache(10)
def _usual(media_type: str) -> Sequence[tuple[bytes, bytes]]:
    """Return the headers of an answer of the media type that sets none of the same name."""
    headers = {"content-type": f"{media_type}; charset=utf-8", **SAFE_HEADERS}
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class Answer(Response):
    """A response that gets all of its headers at once."""

    def __init__(
        self, body: bytes, status: int, headers: Mapping[str, str], usual: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """Take the headers, and before them the `usual` ones, which are encoded already."""
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            (b"content-length", b"%d" % len(body)),
            *usual,
            *[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer: at once if the server can, and else by messages."""
        if not whole_answer.write(send, self.status_code, self.raw_headers, bytes(self.body)):
            await super().__call__(scope, receive, send)

    def with_body(self, body: bytes, headers: dict[str, str]) -> "Answer":
        """Return the answer with another body and more headers."""
        answer = Answer(body, self.status_code, headers)
        answer.raw_headers += self.raw_headers[1:]
        return answer


def answer(
    content: dict[str, Any],
    media_type: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    encode: bounded_json.Encode = bounded_json.encoded_at_once,
) -> Answer:
    body = encode(content)
    given = headers or {}
    if _USUAL.isdisjoint(given):
        return Answer(body, status, given, _usual(media_type))
    return Answer(body, status, {"content-type": f"{media_type}; charset=utf-8", **SAFE_HEADERS, **given})


def request_id(request: Request) -> tuple[str, dict[str, str]]:
    """Return the request's ID, and the header that repeats the ID in the answer.

    The sender's ID counts if it consists of 1 to 64 visible ASCII characters. It is written into the log, and any
    other character could end its line or control a terminal. A request keeps the first ID that this returns.
    """
    known: str | None = request.scope.get(_REQUEST_ID_KEY)
    if known is None:
        given = request.headers.get("x-request-id")
        known = _new_id() if given is None or not _REQUEST_ID.fullmatch(given) else given
        request.scope[_REQUEST_ID_KEY] = known
    return known, {"x-request-id": known}


def new_request_id() -> tuple[str, dict[str, str]]:
    new = _new_id()
    return new, {"x-request-id": new}


def _new_id() -> str:
    """Return random digits. The system is asked for many at once."""
    if not _random:
        digits = os.urandom(_ID_BYTES * _IDS_AT_ONCE).hex()
        _random.extend(
            digits[start : start + 2 * _ID_BYTES] for start in range(0, len(digits), 2 * _ID_BYTES)
        )
    return _random.pop()


_random: list[str] = []
os.register_at_fork(after_in_child=_random.clear)


def refusal(
    error: RequestError | CallerError, request_id: str, headers: dict[str, str], media_type: str = JSON
) -> Response:
    """Return the answer to a request of which nothing ran."""
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
