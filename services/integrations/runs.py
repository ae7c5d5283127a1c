"""Record the runs of integrations."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict, cast

from db.engine.writer import Writer
from db.models import Integration, IntegrationLog, IntegrationLogKind, IntegrationLogStatus, IntegrationStatus
from db.statements import write_rows
from services.accounts.viewer import Viewer
from services.integrations.accounts import due_at, read
from services.integrations.health import count_days, refresh
from services.rules.user_errors import UserErrorCode
from services.rules.user_locks import lock_for_rows
from services.rules.validation import Validation

LONGEST_CODE = 100
LONGEST_MESSAGE = 2000
LONGEST_CURSOR = 2000
LONGEST_WAIT = timedelta(days=1)
MOST_FAILURES = 10
_LARGEST_INTEGER = 2**31 - 1

_WITHOUT_FAILURE = frozenset(
    {IntegrationLogStatus.SUCCEEDED, IntegrationLogStatus.PARTIAL, IntegrationLogStatus.SKIPPED}
)
_SCHEDULED = frozenset({IntegrationLogKind.SYNC, IntegrationLogKind.PUSH, IntegrationLogKind.AUTH})
_OF_INTEGRATION = ("sync_cursor", "next_sync_at")


class RunValues(TypedDict, total=False):
    """The fields of a run: the columns of its log, and two columns of the integration."""

    kind: IntegrationLogKind
    status: IntegrationLogStatus
    started_at: datetime | None
    finished_at: datetime | None
    items_found: int
    items_created: int
    items_duplicate: int
    items_failed: int
    http_status: int | None
    error_code: str | None
    message: str
    sync_cursor: str | None
    next_sync_at: datetime | None


async def record_run(
    writer: Writer, viewer: Viewer, integration_id: int, run: RunValues
) -> tuple[Integration, IntegrationLog]:
    """Write the log of a run, and update the integration by the run's outcome. Raises `UserErrors`."""
    run = _checked(run)
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    integration = await read(writer, viewer, integration_id, "integration_id")
    log = await write_rows.insert_one(
        writer,
        IntegrationLog,
        {
            "kind": IntegrationLogKind.SYNC,
            **{name: value for name, value in run.items() if name not in _OF_INTEGRATION},
            "duration_ms": _duration_ms(run),
            "user_id": integration.user_id,
            "integration_id": integration_id,
        },
    )
    now = datetime.now(UTC)
    changes = changes_after(integration, run, now)
    if not changes:
        return integration, log
    await write_rows.update_one(writer, viewer.scope, Integration, integration_id, changes)
    await count_days(writer, [integration_id], now)
    (refreshed,) = await refresh(writer, [integration_id], now)
    return refreshed, log


def _checked(run: RunValues) -> RunValues:
    """Return the cleaned values. Raises `UserErrors` with all errors."""
    counts = ("items_found", "items_created", "items_duplicate", "items_failed")
    validation = Validation(run)
    validation.not_null("kind", "message", *counts)
    validation.short_texts("error_code", longest=LONGEST_CODE)
    validation.short_texts("sync_cursor", longest=LONGEST_CURSOR)
    validation.text("message", longest=LONGEST_MESSAGE)
    for name in counts:
        validation.between(name, 0, _LARGEST_INTEGER)
    validation.between("http_status", 100, 599)
    validation.timestamps("started_at", "finished_at", "next_sync_at")
    started, finished = run.get("started_at"), run.get("finished_at")
    if started and finished and finished < started:
        validation.add_error(UserErrorCode.INVALID, "Must not be before `startedAt`.", "finished_at")
    return cast("RunValues", validation.cleaned())


def _duration_ms(run: RunValues) -> int | None:
    started, finished = run.get("started_at"), run.get("finished_at")
    if started is None or finished is None:
        return None
    return min((finished - started) // timedelta(milliseconds=1), _LARGEST_INTEGER)


def changes_after(integration: Integration, run: RunValues, now: datetime) -> dict[str, object]:
    """Return the changes to the integration after a run. A started run and an unscheduled one change nothing.

    A success resets the count of failures. Each failure doubles the wait before the next run, up to a day. A failed
    authentication or the tenth failure in a row stops the integration until its user resumes it. A paused or
    disconnected integration records the outcome and keeps its status.
    """
    kind, status = run.get("kind", IntegrationLogKind.SYNC), run["status"]
    if kind not in _SCHEDULED or status == IntegrationLogStatus.STARTED:
        return {}
    at = run.get("finished_at") or now
    changes: dict[str, object] = {"last_searched_at": at}
    failures = 0 if status in _WITHOUT_FAILURE else integration.consecutive_failures
    if status in _WITHOUT_FAILURE:
        changes |= {"last_success_at": at}
    elif status == IntegrationLogStatus.FAILED:
        failures += 1
        changes |= {"last_error_at": at, "last_error_code": run.get("error_code") or "UNKNOWN"}
    if run.get("sync_cursor") is not None and status in _WITHOUT_FAILURE:
        changes["sync_cursor"] = run["sync_cursor"]
    changes["consecutive_failures"] = failures
    new_status = _status_after(IntegrationStatus(integration.status), kind, status, failures)
    backoff = integration.sync_interval * 2 ** min(failures, MOST_FAILURES)
    wait = max(integration.sync_interval, min(backoff, LONGEST_WAIT))
    due = run.get("next_sync_at") or due_at(integration.kind, at + wait)
    next_sync_at = due if new_status == IntegrationStatus.ACTIVE else None
    return {**changes, "status": new_status, "next_sync_at": next_sync_at}


def _status_after(
    current: IntegrationStatus, kind: IntegrationLogKind, outcome: IntegrationLogStatus, failures: int
) -> IntegrationStatus:
    if current in {IntegrationStatus.PAUSED, IntegrationStatus.DISCONNECTED}:
        return current
    if outcome in _WITHOUT_FAILURE:
        return IntegrationStatus.ACTIVE
    if outcome == IntegrationLogStatus.FAILED and (
        kind == IntegrationLogKind.AUTH or failures >= MOST_FAILURES
    ):
        return IntegrationStatus.ERROR
    return current
