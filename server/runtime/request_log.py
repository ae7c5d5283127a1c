"""The lines of the log about requests: one for each request, and one more for each slow operation.

Neither has values of a request. The document of a slow operation is logged without its literals.
"""

import logging
from collections.abc import Iterable
from typing import Any, Final

from db.engine.activity import Activity, StatementRun
from schema.prepared.document_text import without_values
from server.runtime.job_run import JobRun
from server.runtime.logs import LOGGER, log_info
from server.runtime.observation import Observation

logger = logging.getLogger(LOGGER)

LONGEST_NAME: Final = 100
MOST_STATEMENTS: Final = 100


def log_request(request: Observation) -> None:
    """Log a finished request."""
    if logger.isEnabledFor(logging.INFO):
        log_info("request", fields_of(request))


def log_job(run: JobRun) -> None:
    """Log a finished turn of a job."""
    if logger.isEnabledFor(logging.INFO):
        fields = {"job": run.job, "outcome": run.outcome, "milliseconds": _milliseconds(run.seconds)}
        log_info("job", fields | _activity_fields(run.activity))


class SlowLog:
    """An observer that logs operations of at least `milliseconds`."""

    def __init__(self, milliseconds: int) -> None:
        self._seconds = milliseconds / 1000

    def __call__(self, request: Observation) -> None:
        if request.route == "graphql" and request.seconds >= self._seconds:
            logger.warning("slow operation", extra=slow_fields_of(request))


def fields_of(request: Observation) -> dict[str, Any]:
    """Return the fields of a request's line."""
    return {
        "request_id": request.request_id,
        "trace_id": request.trace_id,
        "span_id": request.span_id,
        "route": request.route,
        "operation": None if request.operation is None else request.operation[:LONGEST_NAME],
        "operation_type": None if request.operation_type is None else request.operation_type.value,
        "user_id": request.user_id,
        "outcome": request.outcome,
        "code": request.code,
        "status": request.status,
        "milliseconds": _milliseconds(request.seconds),
        **_activity_fields(request.activity),
    }


def _activity_fields(activity: Activity) -> dict[str, Any]:
    number, rows, seconds = len(activity.runs), 0, 0.0
    for run in activity.runs:
        rows += run.rows
        seconds += run.seconds
    for unlisted in activity.unlisted.values():
        number += unlisted.runs
        rows += unlisted.rows
        seconds += unlisted.seconds
    return {
        "statements": number,
        "rows": rows,
        "database_milliseconds": _milliseconds(seconds),
        "pool_wait_milliseconds": _milliseconds(sum(activity.pool_waits)),
    }


def slow_fields_of(request: Observation) -> dict[str, Any]:
    """Return the fields of a slow operation's line."""
    document = request.document
    return {
        **fields_of(request),
        "document": None if document is None else without_values(document),
        "document_characters": None if document is None else len(document),
        "statement_runs": _by_statement(request.activity.runs),
    }


def _by_statement(runs: Iterable[StatementRun]) -> list[dict[str, Any]]:
    """Return the runs of each statement in sum, the slowest statements first."""
    sums: dict[str, tuple[int, float, int]] = {}
    for run in runs:
        number, seconds, rows = sums.get(run.name, (0, 0.0, 0))
        sums[run.name] = number + 1, seconds + run.seconds, rows + run.rows
    slowest = sorted(sums.items(), key=lambda entry: -entry[1][1])[:MOST_STATEMENTS]
    return [
        {"statement": name, "runs": number, "milliseconds": _milliseconds(seconds), "rows": rows}
        for name, (number, seconds, rows) in slowest
    ]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
