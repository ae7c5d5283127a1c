from datetime import datetime, timedelta
from functools import partial
from typing import Any

import strawberry

from db.models import Integration as Row
from db.models import IntegrationKind, IntegrationLogKind, IntegrationLogStatus, IntegrationProvider
from resolvers import integration as resolve
from schema.fields import column, resolved_by
from schema.lazy_types import IntegrationLogRef, IntegrationRef, UserRef
from schema.mutations.field import id_input, idempotency_key, nullable, optional, required, writes
from schema.node import encoded
from schema.scalars import JSON
from schema.user_error import Payload
from services.accounts.api_key import WRITE_INTEGRATIONS
from services.accounts.vault import Secret
from services.integrations.accounts import (
    LARGEST_SETTINGS_BYTES,
    LONGEST_INTERVAL_MINUTES,
    LONGEST_NAME,
    LONGEST_SECRET,
    MOST_SCOPES,
)
from services.integrations.runs import (
    FUTURE_TOLERANCE,
    LONGEST_CODE,
    LONGEST_CURSOR,
    LONGEST_MESSAGE,
    MOST_FAILURES,
)
from services.rules.large_deletes import MOST_AT_ONCE

_ID = "Global ID of the integration."
_NAME = f"Name of the integration, at most {LONGEST_NAME} characters."
_CREDENTIALS = (
    f"Credentials of the account in the format of the provider, such as a token, 1 to {LONGEST_SECRET:,} characters. "
    "Credentials are stored encrypted and never returned."
)
_EXPIRES = "Time when the credentials expire."
_SCOPES = f"Permissions of the integration at the service: at most {MOST_SCOPES} names of at most {LONGEST_NAME} characters."
_SETTINGS = (
    f"Settings of the integration, a JSON object of at most {LARGEST_SETTINGS_BYTES:,} bytes. Must not contain "
    "credentials, because all users who may see the integration see its settings."
)
_INTERVAL = f"Time between two runs in minutes, 1 to {LONGEST_INTERVAL_MINUTES:,}."
_NOT_LATER = (
    "Must not be in the future. A time up to "
    f"{FUTURE_TOLERANCE // timedelta(minutes=1)} minutes ahead of the server's clock is stored as now."
)
_INTEGRATION = "The integration after the mutation. Null if nothing was written."
_CHANGED = "The integration after the mutation. After INVALID_TRANSITION, the current integration. Null after any other error."


@strawberry.input(description="Input for connecting an account. The new integration is ACTIVE.")
class ConnectIntegrationInput:
    provider: IntegrationProvider = required("Service to which the integration connects.")
    kind: IntegrationKind | None = optional(
        "Purpose of the integration. Defaults to CRM for HubSpot, Salesforce, Pipedrive and Zapier, to NOTIFICATION for "
        "Slack, Discord, email and webhooks, and to SOURCE for all other providers."
    )
    external_account_id: str | None = optional(
        f"ID of the account at the service, at most {LONGEST_NAME} characters. An account can be connected only once. "
        "Defaults to an empty string."
    )
    name: str | None = optional(f"{_NAME} Defaults to an empty string.")
    credentials: Secret | None = optional(f"{_CREDENTIALS} By default, no credentials are stored.")
    credentials_expires_at: datetime | None = optional(f"{_EXPIRES} Unknown by default.")
    scopes: list[str] | None = optional(f"{_SCOPES} Defaults to an empty list.")
    settings: JSON | None = optional(f"{_SETTINGS} Defaults to an empty object.")
    sync_interval_minutes: int | None = optional(f"{_INTERVAL} Defaults to 15.")
    user_id: strawberry.ID | None = optional(
        "Global ID of the user who will own the integration. Defaults to the viewer. Only operators may name another "
        "user."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for changing an integration. Omitted fields stay unchanged.")
class UpdateIntegrationInput:
    id: strawberry.ID = required(_ID)
    name: str | None = nullable(f"{_NAME} Null is not allowed.")
    credentials: Secret | None = nullable(f"{_CREDENTIALS} Null deletes the credentials.")
    credentials_expires_at: datetime | None = nullable(
        f"{_EXPIRES} Null if unknown. New credentials without this field discard a time that has passed."
    )
    scopes: list[str] | None = nullable(f"{_SCOPES} Replaces all existing permissions. Null is not allowed.")
    settings: JSON | None = nullable(f"{_SETTINGS} Replaces all existing settings. Null is not allowed.")
    sync_interval_minutes: int | None = nullable(f"{_INTERVAL} Null is not allowed.")
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for recording a run of an integration.")
class RecordIntegrationRunInput:
    integration_id: strawberry.ID = required(_ID)
    kind: IntegrationLogKind | None = optional("Kind of run or event. Defaults to SYNC.")
    status: IntegrationLogStatus = required("Result of the run.")
    started_at: datetime | None = optional(f"Time when the run started. {_NOT_LATER}")
    finished_at: datetime | None = optional(
        f"Time when the run ended. {_NOT_LATER} If omitted, the log has no end, and the run counts as ended now."
    )
    items_found: int | None = optional("Number of items that the run found. Defaults to 0.")
    items_created: int | None = optional("Number of items that were new and stored. Defaults to 0.")
    items_duplicate: int | None = optional("Number of items skipped as duplicates. Defaults to 0.")
    items_failed: int | None = optional("Number of items that could not be processed. Defaults to 0.")
    http_status: int | None = optional("HTTP status of the service's response, 100 to 599.")
    error_code: str | None = optional(f"Code of the error, at most {LONGEST_CODE} characters.")
    message: str | None = optional(f"Message about the run, at most {LONGEST_MESSAGE:,} characters.")
    sync_cursor: str | None = optional(
        f"Position from which the next run can continue, at most {LONGEST_CURSOR:,} characters. Stored only for the "
        "latest run that ended with SUCCEEDED, PARTIAL or SKIPPED."
    )
    next_sync_at: datetime | None = optional(
        "Time when the next run is due, for example because of a rate limit. For a SOURCE, defaults to one sync interval "
        "after the run, doubled for each failure in a row up to one day. Ignored if a later run is recorded."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Result of connecting an account.")
class ConnectIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="Result of changing an integration.")
class UpdateIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_CHANGED)


@strawberry.type(description="Result of pausing an integration.")
class PauseIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_CHANGED)


@strawberry.type(description="Result of resuming an integration.")
class ResumeIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_CHANGED)


@strawberry.type(description="Result of disconnecting an integration.")
class DisconnectIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="Result of deleting an integration.")
class DeleteIntegrationPayload(Payload):
    deleted_integration_id: strawberry.ID | None = encoded(
        Row, "Global ID of the deleted integration. Null if nothing was deleted.", name="deleted_id"
    )
    user: UserRef | None = resolved_by(
        resolve.user_of_payload,
        description="User who owned the integration, with the counters after the mutation. Null if nothing was deleted.",
    )


@strawberry.type(description="Result of recording a run.")
class RecordIntegrationRunPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)
    log: IntegrationLogRef | None = column("Log of the run. Null if nothing was written.")


_field: Any = partial(writes, scope=WRITE_INTEGRATIONS)


@strawberry.type
class IntegrationMutation:
    """Fields of the mutation root."""

    connect_integration: ConnectIntegrationPayload | None = _field(
        resolve.connect_integration,
        ConnectIntegrationInput,
        "Connects an account. A disconnected integration of the same account is reconnected.",
    )
    update_integration: UpdateIntegrationPayload | None = _field(
        resolve.update_integration, UpdateIntegrationInput, "Changes the values of an integration."
    )
    pause_integration: PauseIntegrationPayload | None = _field(
        resolve.pause_integration,
        id_input("PauseIntegrationInput", "Input for pausing an integration.", _ID),
        "Pauses an integration. A paused integration stays paused. A disconnected integration cannot be paused.",
    )
    resume_integration: ResumeIntegrationPayload | None = _field(
        resolve.resume_integration,
        id_input("ResumeIntegrationInput", "Input for resuming an integration.", _ID),
        "Resumes an integration that is pending, paused or stopped by an error, and resets the number of failures. An "
        "active integration stays active. A disconnected integration must be connected again instead.",
    )
    disconnect_integration: DisconnectIntegrationPayload | None = _field(
        resolve.disconnect_integration,
        id_input("DisconnectIntegrationInput", "Input for disconnecting an integration.", _ID),
        "Disconnects an integration and deletes its credentials. The integration is kept for its history.",
    )
    delete_integration: DeleteIntegrationPayload | None = _field(
        resolve.delete_integration,
        id_input("DeleteIntegrationInput", "Input for deleting an integration.", _ID),
        "Deletes an integration with its logs. The mentions that the integration delivered are kept. An integration with "
        f"more than {MOST_AT_ONCE:,} mentions or logs is disconnected first and then emptied in batches. If the call is "
        "interrupted, the integration stays with the remaining mentions and logs, and another call continues.",
    )
    record_integration_run: RecordIntegrationRunPayload | None = _field(
        resolve.record_integration_run,
        RecordIntegrationRunInput,
        "Records a run in the log of an integration and updates the integration. For use by workers. SUCCEEDED, PARTIAL "
        f"and SKIPPED reset the number of failures in a row, and FAILED increases the number. A failed AUTH run, or "
        f"{MOST_FAILURES} failures in a row, set the status of the integration to ERROR. Runs with the status STARTED, and "
        "kinds other than SYNC, PUSH and AUTH, are only logged. Reports may arrive late and in any order: they never move "
        "a time, the cursor or the status back.",
    )
