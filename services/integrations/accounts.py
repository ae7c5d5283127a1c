"""Connect, update, pause, resume and disconnect integrations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast

import orjson

from db.engine.writer import Writer
from db.models import Integration, IntegrationKind, IntegrationProvider, IntegrationStatus
from db.statements import write_rows
from db.statements.integration import connect_integration
from services.accounts.vault import Secret, Vault
from services.accounts.viewer import Viewer
from services.integrations import credentials
from services.integrations.health import refresh
from services.rules.json_values import DEEPEST_JSON, is_too_deep, problem_of
from services.rules.user_errors import UserErrorCode, require, user_error
from services.rules.user_locks import lock_for_new_rows, lock_for_rows
from services.rules.validation import Validation

LONGEST_NAME = 200
LONGEST_SECRET = 16_384
LARGEST_SETTINGS_BYTES = 8192
MOST_SCOPES = 50
LONGEST_INTERVAL_MINUTES = 7 * 24 * 60

DISCONNECTED = {
    "status": IntegrationStatus.DISCONNECTED,
    **dict.fromkeys((*credentials.COLUMNS, "next_sync_at", "sync_cursor")),
}
"""The columns of a disconnected integration."""

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
"""The default kind of each provider."""

_OF_HEALTH = frozenset({"credentials", "credentials_expires_at", "sync_interval_minutes"})
"""The values that health is computed from."""

Status = IntegrationStatus
_STOPPED = (Status.PENDING, Status.PAUSED, Status.ERROR)
TRANSITIONS: Mapping[Status, tuple[Status, ...]] = {
    Status.PAUSED: (Status.PENDING, Status.ACTIVE, Status.ERROR),
    Status.ACTIVE: _STOPPED,
    Status.DISCONNECTED: (*_STOPPED, Status.ACTIVE),
}
"""The statuses from which a user can reach each status. Only `connect` leaves DISCONNECTED."""


class IntegrationValues(TypedDict, total=False):
    """The editable fields of an integration. An omitted field keeps its value or gets its default."""

    name: str
    settings: dict[str, Any]
    scopes: list[str]
    sync_interval_minutes: int
    credentials: Secret | None
    credentials_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewIntegration:
    provider: IntegrationProvider
    kind: IntegrationKind
    external_account_id: str


def _checked(values: IntegrationValues) -> IntegrationValues:
    """Return the cleaned values. Raises `UserErrors` with all errors."""
    validation = Validation(values)
    validation.not_null("name", "settings", "scopes", "sync_interval_minutes")
    validation.text("name", longest=LONGEST_NAME)
    validation.texts("scopes", most=MOST_SCOPES, longest=LONGEST_NAME)
    _check_settings(validation, values.get("settings", {}))
    validation.between("sync_interval_minutes", 1, LONGEST_INTERVAL_MINUTES)
    validation.timestamps("credentials_expires_at")
    secret = values.get("credentials")
    if secret is not None and not 0 < len(secret.reveal()) <= LONGEST_SECRET:
        message = f"Must have 1 to {LONGEST_SECRET} characters."
        validation.add_error(UserErrorCode.INVALID, message, "credentials")
    return cast("IntegrationValues", validation.cleaned())


def _check_settings(validation: Validation, settings: object) -> None:
    if settings is None:
        return
    problem = None if isinstance(settings, dict) else "Must be a JSON object."
    if is_too_deep(settings):
        problem = problem or f"Must have at most {DEEPEST_JSON} levels of objects and lists."
    problem = problem or problem_of(settings)
    if problem is not None:
        validation.add_error(UserErrorCode.INVALID, problem, "settings")
    elif (size := len(orjson.dumps(settings))) > LARGEST_SETTINGS_BYTES:
        message = f"Must have at most {LARGEST_SETTINGS_BYTES} bytes of JSON, but has {size}."
        validation.add_error(UserErrorCode.TOO_LONG, message, "settings")


def _columns(vault: Vault, values: IntegrationValues, owner: str) -> dict[str, object]:
    """Return the values as columns. Raises `UserErrors` if credentials cannot be encrypted."""
    columns: dict[str, Any] = dict(values)
    if "sync_interval_minutes" in columns:
        columns["sync_interval"] = timedelta(minutes=columns.pop("sync_interval_minutes"))
    if "credentials" in values:
        columns |= credentials.columns_of(vault, values["credentials"], owner)
    return columns


async def connect(
    writer: Writer,
    viewer: Viewer,
    vault: Vault,
    new: NewIntegration,
    values: IntegrationValues,
    owner_id: int | None = None,
) -> Integration:
    """Return a new active integration, or the disconnected one of the same account, active again.

    Raises `UserErrors`.
    """
    account = Validation({"external_account_id": new.external_account_id})
    account.text("external_account_id", longest=LONGEST_NAME)
    account_id: str = account.cleaned()["external_account_id"]
    values = _checked(values)
    user_id = await lock_for_new_rows(writer, viewer, owner_id)
    columns = _columns(vault, values, credentials.owner_of(user_id, new.provider, account_id))
    connected = await connect_integration(
        writer,
        {
            **columns,
            "credentials_set_at": writer.moment if columns.get("credentials") is not None else None,
            "user_id": user_id,
            "provider": new.provider,
            "kind": new.kind,
            "external_account_id": account_id,
            "next_sync_at": due_at(new.kind, writer.moment),
        },
    )
    if connected is None:
        raise user_error(
            UserErrorCode.ALREADY_EXISTS,
            "This account is already connected. Update that integration, or disconnect it first.",
            "external_account_id",
        )
    if connected.created_at == writer.moment:
        return connected
    (refreshed,) = await refresh(writer, [connected.id], writer.moment)
    return refreshed


def due_at(kind: str, at: datetime) -> datetime | None:
    """Return when the integration runs next; None for a kind other than SOURCE, which never runs by schedule."""
    return at if kind == IntegrationKind.SOURCE else None


async def update(
    writer: Writer, viewer: Viewer, vault: Vault, integration_id: int, values: IntegrationValues
) -> Integration:
    """Update the integration and return it. Raises `UserErrors`."""
    values = _checked(values)
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    integration = await read(writer, viewer, integration_id)
    if not values:
        return integration
    if values.get("credentials") is not None and integration.status == Status.DISCONNECTED:
        message = "The integration is disconnected. Connect it again with the credentials."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, "credentials", integration=integration)
    columns = _columns(vault, values, credentials.owner_of_integration(integration))
    if values.get("credentials") is not None:
        columns |= _renewal(integration, columns, writer.moment)
    updated = await write_rows.update_one(writer, viewer.scope, Integration, integration_id, columns)
    if _OF_HEALTH.isdisjoint(values):
        return require(updated, "integration")
    (refreshed,) = await refresh(writer, [integration_id], writer.moment)
    return refreshed


def _renewal(integration: Integration, columns: Mapping[str, object], now: datetime) -> Mapping[str, object]:
    """Return the columns that new credentials set. A passed expiry was that of the old credentials."""
    expires_at = integration.credentials_expires_at
    if "credentials_expires_at" in columns or expires_at is None or expires_at > now:
        return {"credentials_set_at": now}
    return {"credentials_set_at": now, "credentials_expires_at": None}


async def pause(writer: Writer, viewer: Viewer, integration_id: int) -> Integration:
    """Pause the integration and return it. Raises `UserErrors`."""
    return await _change_status(writer, viewer, integration_id, Status.PAUSED, {"next_sync_at": None})


async def resume(writer: Writer, viewer: Viewer, integration_id: int) -> Integration:
    """Activate the integration, due at once, and return it. Raises `UserErrors`."""
    return await _change_status(writer, viewer, integration_id, Status.ACTIVE, {"consecutive_failures": 0})


async def disconnect(writer: Writer, viewer: Viewer, integration_id: int) -> Integration:
    """Delete the credentials, keep the integration for its history, and return it. Raises `UserErrors`."""
    return await _change_status(writer, viewer, integration_id, Status.DISCONNECTED, DISCONNECTED)


async def _change_status(
    writer: Writer, viewer: Viewer, integration_id: int, status: Status, values: Mapping[str, object]
) -> Integration:
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    integration = await read(writer, viewer, integration_id)
    if integration.status == status:
        return integration
    if integration.status not in TRANSITIONS[status]:
        message = "The integration is disconnected. Connect it again first."
        raise user_error(UserErrorCode.INVALID_TRANSITION, message, "id", integration=integration)
    now = writer.moment
    due = (
        {"next_sync_at": due_at(integration.kind, now), "resumed_at": now} if status == Status.ACTIVE else {}
    )
    changes = {**values, **due, "status": status}
    await write_rows.update_one(writer, viewer.scope, Integration, integration_id, changes)
    (refreshed,) = await refresh(writer, [integration_id], now)
    return refreshed


async def read(writer: Writer, viewer: Viewer, integration_id: int, field: str = "id") -> Integration:
    """Return the integration. Raises `UserErrors` at the field if the viewer cannot see the integration."""
    found = await write_rows.read(writer, viewer.scope, Integration, integration_id)
    return require(found, "integration", field)
