"""Record the runs of integrations."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, cast

from db.engine.writer import Writer
from db.models import Integration, IntegrationLog, IntegrationLogKind, IntegrationLogStatus, IntegrationStatus
from db.statements import write_rows
from db.statements.integration_runs import FAILED, RUN_KINDS, SUCCEEDED, failures_after
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

FUTURE_TOLERANCE = timedelta(minutes=5)
"""A time up to this far in the future is stored as now, because the clocks of workers differ a little."""
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
    run = _up_to(run, writer.moment)
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
    if log.kind not in RUN_KINDS or log.status not in (*SUCCEEDED, *FAILED):
        return integration, log
    at = log.finished_at or writer.moment
    standing = await _standing_after(writer, integration, run, at)
    changes = _changes_after(integration, run, at, writer.moment, standing)
    if changes:
        await write_rows.update_one(writer, viewer.scope, Integration, integration_id, changes)
    await count_days(writer, [integration_id], at, at)
    (refreshed,) = await refresh(writer, [integration_id], writer.moment)
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


def _up_to(run: RunValues, now: datetime) -> RunValues:
    """Return the run with its times limited to now. Raises `UserErrors` for times further in the future.

    `now` is of the database's clock. The tolerance allows for the clock of the worker.
    """
    validation = Validation(run)
    ends = {"started_at": run.get("started_at"), "finished_at": run.get("finished_at")}
    given = {name: at for name, at in ends.items() if at is not None}
    for name, at in given.items():
        if at > now + FUTURE_TOLERANCE:
            message = f"Must not be in the future. The time of the server is {now.isoformat()}."
            validation.add_error(UserErrorCode.INVALID, message, name)
    validation.cleaned()
    return cast("RunValues", {**run, **{name: min(at, now) for name, at in given.items()}})


def _duration_ms(run: RunValues) -> int | None:
    started, finished = run.get("started_at"), run.get("finished_at")
    if started is None or finished is None:
        return None
    return min((finished - started) // timedelta(milliseconds=1), _LARGEST_INTEGER)


@dataclass(frozen=True, slots=True)
class _Standing:
    """The number of failures in a row, and whether they stop the integration."""

    failures: int
    stopped: bool


async def _standing_after(
    writer: Writer, integration: Integration, run: RunValues, at: datetime
) -> _Standing | None:
    """Return the standing of the integration after the run. Return None if the run does not change it.

    A failure counts if it ended after the last success and after the last resumption. A failed authentication stops
    the integration only if it used the current credentials. A success ends the failures before it. If failures after
    the success are already recorded, they are counted in the log.
    """
    now, kind = writer.moment, run.get("kind", IntegrationLogKind.SYNC)
    if run["status"] == IntegrationLogStatus.FAILED:
        if _is_late(at, integration.last_success_at, now) or _is_late(at, integration.resumed_at, now):
            return None
        failures = integration.consecutive_failures + 1
        is_refused = kind == IntegrationLogKind.AUTH and not _is_late(at, integration.credentials_set_at, now)
        return _Standing(failures, is_refused or failures >= MOST_FAILURES)
    if run["status"] not in SUCCEEDED or _is_late(at, integration.last_success_at, now):
        return None
    if not _is_late(at, integration.last_error_at, now):
        return _Standing(0, stopped=False)
    after = max(at, integration.resumed_at or at)
    later = await failures_after(writer, integration.id, after, integration.credentials_set_at or after)
    return _Standing(later.failures, later.authentications > 0 or later.failures >= MOST_FAILURES)


def _is_late(at: datetime, recorded: datetime | None, now: datetime) -> bool:
    """Return whether the run ended before a recorded time. A recorded time in the future is wrong and ignored."""
    return recorded is not None and at < recorded <= now


def _changes_after(
    integration: Integration, run: RunValues, at: datetime, now: datetime, standing: _Standing | None
) -> dict[str, object]:
    """Return the changes to the integration after a run that ended at `at` and is recorded at `now`.

    A success resets the count of failures. Each failure doubles the wait before the next run, up to a day. A failed
    authentication or the tenth failure in a row stops the integration until its user resumes it. A paused or
    disconnected integration records the outcome and keeps its status.

    Reports can come late, in any order, and no report moves a time back. The latest success gives the cursor, and the
    latest run the time of the next one. A disconnection deletes the cursor, and no report of a run before it brings
    the cursor back.
    """
    changes = _times_after(integration, run, at, now)
    status = old = IntegrationStatus(integration.status)
    failures = integration.consecutive_failures
    if standing is not None:
        failures, status = standing.failures, _status_after(old, run, standing)
        changes |= {"consecutive_failures": failures, "status": status}
    is_latest = "last_searched_at" in changes and not _is_late(at, integration.resumed_at, now)
    if is_latest or status != old:
        latest = at if is_latest else integration.last_searched_at or at
        asked = run.get("next_sync_at") if is_latest else None
        due = asked or due_at(integration.kind, latest + _wait(integration.sync_interval, failures))
        changes["next_sync_at"] = due if status == IntegrationStatus.ACTIVE else None
    return changes


def _times_after(integration: Integration, run: RunValues, at: datetime, now: datetime) -> dict[str, object]:
    """Return the times and the cursor that the run moves forward."""
    changes: dict[str, object] = {}
    if not _is_late(at, integration.last_searched_at, now):
        changes["last_searched_at"] = at
    if run["status"] in SUCCEEDED and not _is_late(at, integration.last_success_at, now):
        changes["last_success_at"] = at
        if run.get("sync_cursor") is not None and not _is_of_earlier_connection(integration, at, now):
            changes["sync_cursor"] = run["sync_cursor"]
    if run["status"] == IntegrationLogStatus.FAILED and not _is_late(at, integration.last_error_at, now):
        changes |= {"last_error_at": at, "last_error_code": run.get("error_code") or "UNKNOWN"}
    return changes


def _is_of_earlier_connection(integration: Integration, at: datetime, now: datetime) -> bool:
    """Return whether the integration may have been disconnected since the run: it has no cursor from before it."""
    if integration.status == IntegrationStatus.DISCONNECTED:
        return True
    return integration.sync_cursor is None and _is_late(at, integration.resumed_at, now)


def _wait(interval: timedelta, failures: int) -> timedelta:
    """Return the wait before the next run: the interval, doubled for each failure, up to a day."""
    doublings: int = 2 ** min(failures, MOST_FAILURES)
    return max(interval, min(interval * doublings, LONGEST_WAIT))


def _status_after(current: IntegrationStatus, run: RunValues, standing: _Standing) -> IntegrationStatus:
    if current in {IntegrationStatus.PAUSED, IntegrationStatus.DISCONNECTED}:
        return current
    if standing.stopped:
        return IntegrationStatus.ERROR
    return IntegrationStatus.ACTIVE if run["status"] in SUCCEEDED else current
