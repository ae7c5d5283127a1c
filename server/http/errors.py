"""GraphQL errors as clients see them."""

import logging
import re
from collections.abc import Sequence
from typing import Any, Final

from graphql import GraphQLError, GraphQLSyntaxError
from starlette.requests import Request
from starlette.responses import Response

from resolvers.framework.errors import INTERNAL, TIMEOUT, UNAVAILABLE, CallerError, code_of
from server.http import protocol

logger = logging.getLogger("leadgraph")

LARGEST_MESSAGE: Final = 1000

_VALUE: Final = re.compile(r"[,;]? [Ff]ound: .*\Z", re.DOTALL)


def presented(
    errors: Sequence[GraphQLError], request_id: str, *, before_execution: bool
) -> list[dict[str, Any]]:
    """Return the errors as clients may see them. Log those that callers do not cause."""
    codes = [_code(error, before_execution=before_execution) for error in errors]
    if UNAVAILABLE in codes:
        cause = errors[codes.index(UNAVAILABLE)].original_error
        logger.warning("request %s: the database is unavailable: %r", request_id, cause)
    return [_presented(error, code, request_id) for error, code in zip(errors, codes, strict=True)]


def failed(request: Request, failure: Exception) -> Response:
    """Return the response to a request that failed as a whole. Log the failure."""
    request_id, headers = protocol.request_id(request)
    error = protocol.database_error(failure)
    if error is None:
        logger.error("request %s failed", request_id, exc_info=failure)
        error = protocol.InternalError(request_id)
    else:
        logger.warning("request %s: the database is unavailable: %r", request_id, failure)
    return protocol.refusal(error, request_id, headers, protocol.media_type_of(request))


def _presented(error: GraphQLError, code: str, request_id: str) -> dict[str, Any]:
    shown = dict(error.formatted)
    shown["extensions"] = {**(error.extensions or {}), "code": code, "requestId": request_id}
    if code == UNAVAILABLE:
        shown["message"] = protocol.unavailable_message(error.original_error)
    elif code in {TIMEOUT, INTERNAL}:
        cause = error.original_error or error
        logger.error("request %s failed at %s", request_id, error.path, exc_info=cause)
        shown["message"] = protocol.TIMED_OUT if code == TIMEOUT else protocol.internal_message(request_id)
        shown["extensions"] = {"code": code, "requestId": request_id}
    else:
        shown["message"] = _without_values(error)[:LARGEST_MESSAGE]
    return shown


def _without_values(error: GraphQLError) -> str:
    """Return the message without the input that graphql-core repeats.

    The input may hold credentials, and programs log errors.
    """
    value = None if isinstance(error.original_error, CallerError) else _VALUE.search(error.message)
    if value is None:
        return error.message
    message = error.message[: value.start()]
    return message if message.endswith((".", "?")) else f"{message}."


def _code(error: GraphQLError, *, before_execution: bool) -> str:
    cause = error.original_error
    if cause is not None and (code := code_of(cause)) != INTERNAL:
        return code
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    if before_execution:
        # The parser and the validation rules raise GraphQL errors. Any other exception is the server's fault.
        return "GRAPHQL_VALIDATION_FAILED" if cause is None else INTERNAL
    # graphql-core checks some arguments only when it resolves their field, such as null for a required argument.
    is_input = error.path is None or error.message.startswith("Argument '")
    return "BAD_USER_INPUT" if is_input else INTERNAL
