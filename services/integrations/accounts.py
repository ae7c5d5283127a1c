"""Integrations: how they are connected, rest and end, and what their runs do to them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypedDict, cast

import orjson

from db.engine.writer import Writer
from db.models import (
    Integration,
    IntegrationKind,
    IntegrationLog,
    IntegrationLogKind,
    IntegrationLogStatus,
    IntegrationProvider,
    IntegrationStatus,
    Mention,
)
from db.statements import write_rows
from db.statements.chunked_delete import DeleteCursor, Dependent, delete_small, delete_some, detach_some
from db.statements.integration import connect_integration, seal, sealed_by_others
from services.accounts.vault import Sealed, Secret, Vault
from services.accounts.viewer import Viewer
from services.integrations.health import count_days, refresh
from services.rules.large_deletes import MOST_AT_ONCE, TooMuchError
from services.rules.user_errors import UserErrorCode, not_found, refused
from services.rules.user_locks import lock_for_new_rows, lock_for_rows
from services.rules.validation import Validation

LONGEST_NAME = 200
LONGEST_SECRET = 16_384
LONGEST_CODE = 100
LONGEST_MESSAGE = 2000
LONGEST_CURSOR = 2000
LARGEST_SETTINGS_BYTES = 8192
MOST_SCOPES = 50
LONGEST_INTERVAL_MINUTES = 7 * 24 * 60
LONGEST_WAIT = timedelta(days=1)
MOST_FAILURES = 10
_LARGEST_COUNT = 2**31 - 1
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it; behind another backslash it is a text
_CREDENTIALS = ("credentials", "credentials_key_id", "credentials_expires_at")

_GONE = {
    "status": IntegrationStatus.DISCONNECTED,
    **dict.fromkeys((*_CREDENTIALS, "next_sync_at", "sync_cursor")),
}
_HANGING: Sequence[Dependent] = ((Mention, "integration_id"), (IntegrationLog, "integration_id"))

KIND_OF = {
    **dict.fromkeys(IntegrationProvider, IntegrationKind.SOURCE),
    IntegrationProvider.HUBSPOT: IntegrationKind.CRM,
    IntegrationProvider.SALESFORCE: IntegrationKind.CRM,
    IntegrationProvider.PIPEDRIVE: IntegrationKind.CRM,
    IntegrationProvider.ZAPIER: IntegrationKind.CRM,
    IntegrationProvider.SLACK: IntegrationKind.NOTIFICATION,
    IntegrationProvider.DISCORD: IntegrationKind.NOTIFICATION,
    IntegrationProvider.EMAIL: IntegrationKind.NOTIFICATION,
    IntegrationProvider.WEBHOOK: IntegrationKind.NOTIFICATION,
}
"""What a provider is for, unless somebody says otherwise."""

Status = IntegrationStatus
_STOPPED = (Status.PENDING, Status.PAUSED, Status.ERROR)
TRANSITIONS: Mapping[Status, tuple[Status, ...]] = {
    Status.PAUSED: (Status.PENDING, Status.ACTIVE, Status.ERROR),
    Status.ACTIVE: _STOPPED,
    Status.DISCONNECTED: (*_STOPPED, Status.ACTIVE),
}
"""From which status people can bring an integration to each; it comes back from DISCONNECTED by connecting it."""


class IntegrationValues(TypedDict, total=False):
    """What can be said about an integration; what is absent stays as it is, or gets its default."""

    name: str
    settings: dict[str, Any]
    scopes: list[str]
    sync_interval_minutes: int
    credentials: Secret | None
    credentials_expires_at: datetime | None


class RunValues(TypedDict, total=False):
    """What a worker says of a run; the columns of a log, and what follows for the integration."""

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


@dataclass(frozen=True, slots=True)
class NewIntegration:
    provider: IntegrationProvider
    kind: IntegrationKind
    external_account_id: str


def owner_of(user_id: int, provider: str, external_account_id: str) -> str:
    """What credentials are sealed for: these three never change."""
    return f"{user_id}:{provider}:{external_account_id}"


def _checked(values: IntegrationValues) -> IntegrationValues:
    """Raises `RefusedError` with all that is wrong with the values."""
    wrong = Validation(values)
    wrong.not_null("name", "settings", "scopes", "sync_interval_minutes")
    wrong.text("name", longest=LONGEST_NAME)
    wrong.texts("scopes", most=MOST_SCOPES, longest=LONGEST_NAME)
    _check_settings(wrong, values.get("settings", {}))
    wrong.between("sync_interval_minutes", 1, LONGEST_INTERVAL_MINUTES)
    wrong.moments("credentials_expires_at")
    secret = values.get("credentials")
    if secret is not None and not 0 < len(secret.reveal()) <= LONGEST_SECRET:
        message = f"Credentials have 1 to {LONGEST_SECRET} characters."
        wrong.refuse(UserErrorCode.INVALID, message, "credentials")
    return cast("IntegrationValues", wrong.tidied())


def _check_settings(wrong: Validation, settings: object) -> None:
    if settings is None:
        return
    try:
        written: bytes | None = orjson.dumps(settings)
    except TypeError:
        written = None
    if not isinstance(settings, dict) or written is None:
        wrong.refuse(UserErrorCode.INVALID, "Settings are a JSON object of texts and numbers.", "settings")
    elif _NUL.search(written):
        message = "This contains a character that no text here can contain."
        wrong.refuse(UserErrorCode.INVALID, message, "settings")
    elif len(written) > LARGEST_SETTINGS_BYTES:
        message = f"At most {LARGEST_SETTINGS_BYTES} bytes of JSON are possible; this has {len(written)}."
        wrong.refuse(UserErrorCode.TOO_LONG, message, "settings")


def _columns(vault: Vault, values: IntegrationValues, owner: str) -> dict[str, object]:
    """The values as columns. Raises `RefusedError` where there is no key to seal credentials with."""
    columns: dict[str, Any] = dict(values)
    if "sync_interval_minutes" in columns:
        columns["sync_interval"] = timedelta(minutes=columns.pop("sync_interval_minutes"))
    if "credentials" not in values:
        return columns
    secret = values["credentials"]
    if secret is None:
        return columns | dict.fromkeys(_CREDENTIALS)
    if not vault:
        raise refused(
            UserErrorCode.INVALID, "This server has no key to keep credentials with.", "credentials"
        )
    sealed = vault.seal(secret, owner)
    return {**columns, "credentials": sealed.token, "credentials_key_id": sealed.key_id}


async def connect(
    writer: Writer,
    viewer: Viewer,
    vault: Vault,
    new: NewIntegration,
    values: IntegrationValues,
    owner_id: int | None = None,
) -> Integration:
    """The integration, active: a new one, or one of the same account that was disconnected. Raises
    `RefusedError`.
    """
    account = Validation({"external_account_id": new.external_account_id})
    account.text("external_account_id", longest=LONGEST_NAME)
    account_id: str = account.tidied()["external_account_id"]
    values = _checked(values)
    user_id = await lock_for_new_rows(writer, viewer, owner_id)
    columns = _columns(vault, values, owner_of(user_id, new.provider, account_id))
    made = await connect_integration(
        writer,
        {
            **columns,
            "user_id": user_id,
            "provider": new.provider,
            "kind": new.kind,
            "external_account_id": account_id,
            "next_sync_at": _due(new.kind, datetime.now(UTC)),
        },
    )
    if made is None:
        raise refused(
            UserErrorCode.ALREADY_EXISTS,
            "This account is connected already: update that integration, or disconnect it first.",
            "external_account_id",
        )
    return made


def _due(kind: str, at: datetime) -> datetime | None:
    """Sources are looked at when they are due; where things are sent to, there is nothing to look for."""
    return at if kind == IntegrationKind.SOURCE else None


async def update(
    writer: Writer, viewer: Viewer, vault: Vault, integration_id: int, values: IntegrationValues
) -> Integration:
    """The integration with the values. Raises `RefusedError`."""
    values = _checked(values)
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    integration = await _read(writer, viewer, integration_id)
    if not values:
        return integration
    if values.get("credentials") is not None and integration.status == Status.DISCONNECTED:
        raise refused(
            UserErrorCode.INVALID_TRANSITION, "It is disconnected: connect it again.", "credentials"
        )
    owner = owner_of(integration.user_id, integration.provider, integration.external_account_id)
    columns = _columns(vault, values, owner)
    return _found(await write_rows.update_one(writer, viewer.scope, Integration, integration_id, columns))


async def pause(writer: Writer, viewer: Viewer, integration_id: int) -> Integration:
    """Raises `RefusedError`."""
    return await _change_status(writer, viewer, integration_id, Status.PAUSED, {"next_sync_at": None})


async def resume(writer: Writer, viewer: Viewer, integration_id: int) -> Integration:
    """The integration, active and due at once. Raises `RefusedError`."""
    again = {"consecutive_failures": 0}
    return await _change_status(writer, viewer, integration_id, Status.ACTIVE, again)


async def disconnect(writer: Writer, viewer: Viewer, integration_id: int) -> Integration:
    """The integration, kept for its history, without its credentials. Raises `RefusedError`."""
    return await _change_status(writer, viewer, integration_id, Status.DISCONNECTED, _GONE)


async def _change_status(
    writer: Writer, viewer: Viewer, integration_id: int, status: Status, values: Mapping[str, object]
) -> Integration:
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    integration = await _read(writer, viewer, integration_id)
    if integration.status == status:
        return integration
    if integration.status not in TRANSITIONS[status]:
        message = "A disconnected integration has to be connected again first."
        raise refused(UserErrorCode.INVALID_TRANSITION, message, "id")
    now = datetime.now(UTC)
    due = {"next_sync_at": _due(integration.kind, now)} if status == Status.ACTIVE else {}
    changed = {**values, **due, "status": status}
    await write_rows.update_one(writer, viewer.scope, Integration, integration_id, changed)
    (changed_now,) = await refresh(writer, [integration_id], now)
    return changed_now


async def delete(writer: Writer, viewer: Viewer, integration_id: int) -> int:
    """Deletes the integration with its logs; the mentions that it brought in stay. Raises `RefusedError`,
    and `TooMuchError` for one with very many of them.
    """
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    if not await delete_small(
        writer, viewer.scope, Integration, integration_id, *_HANGING, most=MOST_AT_ONCE
    ):
        await _read(writer, viewer, integration_id)
        walks = DeleteCursor(), DeleteCursor()
        raise TooMuchError(partial(_take_some, viewer=viewer, integration_id=integration_id, walks=walks))
    return integration_id


async def _take_some(
    writer: Writer, *, viewer: Viewer, integration_id: int, walks: tuple[DeleteCursor, DeleteCursor]
) -> bool:
    """Takes some mentions and logs off an integration that is about to go, and is of no use from then on; whether
    there may be more.
    """
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    if await write_rows.update_one(writer, viewer.scope, Integration, integration_id, _GONE) is None:
        return False
    of_it = {"key": integration_id, "most": MOST_AT_ONCE}
    taken = await detach_some(writer, viewer.scope, Mention, "integration_id", walks[0], **of_it)
    if taken < MOST_AT_ONCE:
        taken = await delete_some(writer, viewer.scope, IntegrationLog, "integration_id", walks[1], **of_it)
    return taken == MOST_AT_ONCE


async def record_run(
    writer: Writer, viewer: Viewer, integration_id: int, run: RunValues
) -> tuple[Integration, IntegrationLog]:
    """Writes what a worker says of a run, and what follows from it for the integration. Raises `RefusedError`."""
    run = _checked_run(run)
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    integration = await _read(writer, viewer, integration_id, "integration_id")
    about_log = {name: value for name, value in run.items() if name not in {"sync_cursor", "next_sync_at"}}
    log = await write_rows.insert_one(
        writer,
        IntegrationLog,
        {
            "kind": IntegrationLogKind.SYNC,
            **about_log,
            "duration_ms": _duration_ms(run),
            "user_id": integration.user_id,
            "integration_id": integration_id,
        },
    )
    now = datetime.now(UTC)
    changes = after_run(integration, run, now)
    if not changes:
        return integration, log
    await write_rows.update_one(writer, viewer.scope, Integration, integration_id, changes)
    await count_days(writer, [integration_id], now)
    (changed,) = await refresh(writer, [integration_id], now)
    return changed, log


def _checked_run(run: RunValues) -> RunValues:
    """Raises `RefusedError` with all that is wrong with what a worker says."""
    counts = ("items_found", "items_created", "items_duplicate", "items_failed")
    wrong = Validation(run)
    wrong.not_null("kind", "message", *counts)
    wrong.names("error_code", longest=LONGEST_CODE)
    wrong.names("sync_cursor", longest=LONGEST_CURSOR)
    wrong.text("message", longest=LONGEST_MESSAGE)
    for name in counts:
        wrong.between(name, 0, _LARGEST_COUNT)
    wrong.between("http_status", 100, 599)
    wrong.moments("started_at", "finished_at", "next_sync_at")
    started, finished = run.get("started_at"), run.get("finished_at")
    if started and finished and finished < started:
        wrong.refuse(UserErrorCode.INVALID, "It cannot end before it started.", "finished_at")
    return cast("RunValues", wrong.tidied())


def _duration_ms(run: RunValues) -> int | None:
    started, finished = run.get("started_at"), run.get("finished_at")
    if started is None or finished is None:
        return None
    return min((finished - started) // timedelta(milliseconds=1), _LARGEST_COUNT)


_WELL = frozenset(
    {IntegrationLogStatus.SUCCEEDED, IntegrationLogStatus.PARTIAL, IntegrationLogStatus.SKIPPED}
)
_RUNS = frozenset({IntegrationLogKind.SYNC, IntegrationLogKind.PUSH, IntegrationLogKind.AUTH})


def after_run(integration: Integration, run: RunValues, now: datetime) -> dict[str, object]:
    """What a run changes about its integration: nothing while it goes on, and where it was none of ours.

    A success forgets the failures before it. A failure of authentication, and the tenth failure in a row, stop
    the integration until its user sees to it; until then each failure doubles the wait, up to a day. One that
    is paused or disconnected remembers how it went and stays as it is.
    """
    kind, status = run.get("kind", IntegrationLogKind.SYNC), run["status"]
    if kind not in _RUNS or status == IntegrationLogStatus.STARTED:
        return {}
    at = run.get("finished_at") or now
    changes: dict[str, object] = {"last_searched_at": at}
    failures = 0 if status in _WELL else integration.consecutive_failures
    if status in _WELL:
        changes |= {"last_success_at": at}
    elif status == IntegrationLogStatus.FAILED:
        failures += 1
        changes |= {"last_error_at": at, "last_error_code": run.get("error_code") or "UNKNOWN"}
    if run.get("sync_cursor") is not None and status in _WELL:
        changes["sync_cursor"] = run["sync_cursor"]
    changes["consecutive_failures"] = failures
    state = _state_after(IntegrationStatus(integration.status), kind, status, failures)
    longer = integration.sync_interval * 2 ** min(failures, MOST_FAILURES)
    wait = max(integration.sync_interval, min(longer, LONGEST_WAIT))
    due = run.get("next_sync_at") or _due(integration.kind, at + wait)
    return {**changes, "status": state, "next_sync_at": due if state == Status.ACTIVE else None}


def _state_after(
    state: Status, kind: IntegrationLogKind, status: IntegrationLogStatus, failures: int
) -> Status:
    if state in {Status.PAUSED, Status.DISCONNECTED}:
        return state
    if status in _WELL:
        return Status.ACTIVE
    if status == IntegrationLogStatus.FAILED and (
        kind == IntegrationLogKind.AUTH or failures >= MOST_FAILURES
    ):
        return Status.ERROR
    return state


async def _read(writer: Writer, viewer: Viewer, integration_id: int, place: str = "id") -> Integration:
    found = await write_rows.read(writer, viewer.scope, Integration, integration_id)
    if found is None:
        raise not_found("integration", place)
    return found


def _found(integration: Integration | None) -> Integration:
    if integration is None:
        raise not_found("integration", "id")
    return integration


async def seal_again(writer: Writer, vault: Vault, most: int) -> int:
    """Seals up to so many credentials by the first key that were sealed by another, and returns how many they
    were. Raises `SealedError` for any that no key opens.
    """
    found = await sealed_by_others(writer, vault.key_id, most)
    for one in found:
        owner = owner_of(one.user_id, one.provider, one.external_account_id)
        secret = vault.open(Sealed(one.key_id, one.token), owner)
        sealed = vault.seal(secret, owner)
        await seal(writer, one.integration_id, sealed.key_id, sealed.token)
    return len(found)
