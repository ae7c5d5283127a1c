"""The errors of a stream that does not begin, or that ends before its client ended it."""

import logging
from typing import Any

from resolvers.framework.errors import CallerError
from server.http import protocol
from server.http.protocol import RequestError
from server.live.frame import RefusedError
from server.live.limits import formatted

logger = logging.getLogger("leadgraph")


def errors_of(failure: Exception, request_id: str) -> list[dict[str, Any]]:
    """Return the errors of a failed operation as clients see them. Log a failure that is the server's fault."""
    if isinstance(failure, RefusedError):
        return failure.errors
    if isinstance(failure, (CallerError, RequestError)):
        return [formatted(failure, request_id)]
    logger.error("request %s failed", request_id, exc_info=failure)
    error = protocol.database_error(failure) or protocol.InternalError(request_id)
    return [formatted(error, request_id)]
