"""The contents of answers: data, errors and extensions."""

import logging
from collections.abc import Sequence
from typing import Any, TypeAlias

from graphql import ExecutionResult, GraphQLError

from resolvers.framework.errors import INTERNAL, CallerError
from resolvers.framework.requires import OperationReads
from schema.prepared.cost import Cost
from schema.prepared.guard import GuardMode, examine
from schema.prepared.limits import CostLimitError
from server.http import bounded_json
from server.http.errors import presented
from server.runtime.observation import Observation

logger = logging.getLogger("leadgraph")

Content: TypeAlias = dict[str, Any]


def content_of(
    result: ExecutionResult, request_id: str, statements: Sequence[str] | None, *, ran: bool
) -> Content:
    """Return the content for a result. `statements` are the names of the SQL statements, if the answer shows them."""
    content: Content = {}
    if result.errors:
        content["errors"] = presented(result.errors, request_id, before_execution=not ran)
    if not _is_request_error(result):
        content["data"] = result.data
    if statements is not None:
        content["extensions"] = {"statements": statements}
    return content


def caused_by(cause: CallerError) -> GraphQLError:
    """Return the error of an answer for an error of the caller."""
    return GraphQLError(str(cause), original_error=cause)


def too_large(request_id: str, statements: Sequence[str] | None) -> Content:
    """Return the content instead of a response that is too large."""
    message = (
        f"The response would have more than {bounded_json.MOST_BYTES:,} bytes. Request smaller pages (`first`) or "
        "fewer texts."
    )
    error = caused_by(CostLimitError(message, "responseBytes", None, bounded_json.MOST_BYTES))
    return content_of(ExecutionResult(None, [error]), request_id, statements, ran=True)


def guarded(
    content: Content, guard: GuardMode, observation: Observation, reads: OperationReads, cost: Cost
) -> Content:
    """Return the content with the guard's warnings, or an error instead of it in the mode `fail`."""
    if observation.activity.watched_rows is None:
        return content
    warnings = examine(observation.activity, reads, cost, observation.excess, failed="errors" in content)
    observation.activity.forget_rows()
    if not warnings:
        return content
    for warning in warnings:
        logger.warning("guard: %s (request %s)", warning, observation.request_id)
    extensions = content.get("extensions", {}) | {"warnings": [warning.shown() for warning in warnings]}
    if guard == "fail":
        message = f"LEADGRAPH_GUARD=fail refuses wasteful reads. {'; '.join(map(str, warnings))}"
        codes = {"code": INTERNAL, "requestId": observation.request_id}
        return {"errors": [{"message": message, "extensions": codes}], "extensions": extensions}
    return content | {"extensions": extensions}


def _is_request_error(result: ExecutionResult) -> bool:
    """Return whether nothing ran. The answer then lacks `data`, which is not even null."""
    return (
        bool(result.errors) and result.data is None and not any(error.path for error in result.errors or ())
    )
