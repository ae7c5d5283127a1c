from datetime import datetime
from typing import Any

import strawberry

from db.models import Integration as Row
from resolvers import integration as resolve
from schema.enums import IntegrationKind, IntegrationLogKind, IntegrationLogStatus, IntegrationProvider
from schema.fields import SetWise, column
from schema.lazy_types import IntegrationLogRef, IntegrationRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.node import encoded
from schema.scalars import JSON
from schema.user_error import Payload, ReplayedPayload
from services.accounts.api_key import WRITE_INTEGRATIONS
from services.accounts.vault import Secret
from services.integrations.accounts import (
    LARGEST_SETTINGS_BYTES,
    LONGEST_CODE,
    LONGEST_CURSOR,
    LONGEST_INTERVAL_MINUTES,
    LONGEST_MESSAGE,
    LONGEST_NAME,
    LONGEST_SECRET,
    MOST_FAILURES,
    MOST_SCOPES,
)
from services.rules.large_deletes import MOST_AT_ONCE

_ID = "Id of the integration."
_NAME = f"Name given by the user, at most {LONGEST_NAME} characters."
_CREDENTIALS = (
    f"What opens the account: a token, or whatever the provider wants, 1 to {LONGEST_SECRET} characters. It is "
    "kept encrypted and never returned."
)
_EXPIRES = "When the credentials end."
_SCOPES = f"What the user has allowed it to do at the service, at most {MOST_SCOPES} words."
_SETTINGS = (
    f"Settings, a JSON object of at most {LARGEST_SETTINGS_BYTES} bytes. Everybody who sees the integration sees "
    "them: put no credentials here."
)
_INTERVAL = f"How long it waits between two looks, 1 to {LONGEST_INTERVAL_MINUTES} minutes."
_INTEGRATION = "The integration as it is now; null where nothing was written."


@strawberry.input(description="An account to be connected. It is in use at once.")
class ConnectIntegrationInput:
    provider: IntegrationProvider = required("The service.")
    kind: IntegrationKind | None = optional(
        "What it is for. By default CRM for HubSpot, Salesforce, Pipedrive and Zapier, NOTIFICATION for Slack, "
        "Discord, e-mail and web hooks, SOURCE for all others."
    )
    external_account_id: str | None = optional(
        f"The account at the service, at most {LONGEST_NAME} characters. An account is connected once; none by "
        "default."
    )
    name: str | None = optional(f"{_NAME} None by default.")
    credentials: Secret | None = optional(f"{_CREDENTIALS} None by default.")
    credentials_expires_at: datetime | None = optional(_EXPIRES)
    scopes: list[str] | None = optional(_SCOPES)
    settings: JSON | None = optional(_SETTINGS)
    sync_interval_minutes: int | None = optional(f"{_INTERVAL} 15 by default.")
    user_id: strawberry.ID | None = optional(
        "Whose integration it will be. The viewer's, by default; only operators may name others."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="What to change about an integration. What is left out stays.")
class UpdateIntegrationInput:
    id: strawberry.ID = required(_ID)
    name: str | None = optional(f"{_NAME} Cannot be null.")
    credentials: Secret | None = optional(f"{_CREDENTIALS} Null takes away those that it has.")
    credentials_expires_at: datetime | None = optional(f"{_EXPIRES} Null where that is not known.")
    scopes: list[str] | None = optional(f"{_SCOPES} Cannot be null.")
    settings: JSON | None = optional(f"{_SETTINGS} In place of those that were there; cannot be null.")
    sync_interval_minutes: int | None = optional(f"{_INTERVAL} Cannot be null.")


@strawberry.input(description="Which integration to pause.")
class PauseIntegrationInput:
    id: strawberry.ID = required(_ID)


@strawberry.input(description="Which integration to resume.")
class ResumeIntegrationInput:
    id: strawberry.ID = required(_ID)


@strawberry.input(description="Which integration to disconnect.")
class DisconnectIntegrationInput:
    id: strawberry.ID = required(_ID)


@strawberry.input(description="Which integration to delete.")
class DeleteIntegrationInput:
    id: strawberry.ID = required(_ID)


@strawberry.input(description="What a worker says of a run.")
class RecordIntegrationRunInput:
    integration_id: strawberry.ID = required(_ID)
    kind: IntegrationLogKind | None = optional("What it did. SYNC by default.")
    status: IntegrationLogStatus = required("How it ended.")
    started_at: datetime | None = optional("When it started.")
    finished_at: datetime | None = optional("When it ended; now, by default, as far as the integration goes.")
    items_found: int | None = optional("Number of items seen. 0 by default.")
    items_created: int | None = optional("Number of items that were new. 0 by default.")
    items_duplicate: int | None = optional("Number of items that were known. 0 by default.")
    items_failed: int | None = optional("Number of items that could not be used. 0 by default.")
    http_status: int | None = optional("Status of the service's answer, 100 to 599.")
    error_code: str | None = optional(f"Code of the failure, at most {LONGEST_CODE} characters.")
    message: str | None = optional(f"What happened, at most {LONGEST_MESSAGE} characters.")
    sync_cursor: str | None = optional(
        f"How far it came, at most {LONGEST_CURSOR} characters: the next run can go on from there. Kept of runs "
        "that went well."
    )
    next_sync_at: datetime | None = optional(
        "When the service wants to be asked again. By default after the interval, after failures later."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="What became of an account to be connected.")
class ConnectIntegrationPayload(ReplayedPayload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="What became of an integration's change.")
class UpdateIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="What became of an integration to be paused.")
class PauseIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="What became of an integration to be resumed.")
class ResumeIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="What became of an integration to be disconnected.")
class DisconnectIntegrationPayload(Payload):
    integration: IntegrationRef | None = column(_INTEGRATION)


@strawberry.type(description="What became of an integration to be deleted.")
class DeleteIntegrationPayload(Payload):
    deleted_integration_id: strawberry.ID | None = encoded(
        Row, "The id that the integration had; null where none was deleted.", name="deleted_id"
    )


@strawberry.type(description="What became of a run to be recorded.")
class RecordIntegrationRunPayload(ReplayedPayload):
    integration: IntegrationRef | None = column(_INTEGRATION)
    log: IntegrationLogRef | None = column("The log of the run; null where nothing was written.")


def _field(resolver: SetWise, given: type[Any], description: str) -> Any:
    return writes(resolver, given, scope=WRITE_INTEGRATIONS, description=description)


@strawberry.type
class IntegrationMutation:
    """Fields of the mutation root."""

    connect_integration: ConnectIntegrationPayload | None = _field(
        resolve.connect_integration,
        ConnectIntegrationInput,
        "Connects an account, or connects one again that was disconnected.",
    )
    update_integration: UpdateIntegrationPayload | None = _field(
        resolve.update_integration, UpdateIntegrationInput, "Changes an integration."
    )
    pause_integration: PauseIntegrationPayload | None = _field(
        resolve.pause_integration,
        PauseIntegrationInput,
        "Stops using an integration, for the time being. One that is paused stays so.",
    )
    resume_integration: ResumeIntegrationPayload | None = _field(
        resolve.resume_integration,
        ResumeIntegrationInput,
        "Uses an integration again that was paused or stopped by an error, and forgets its failures. One that is "
        "active stays so; one that is disconnected has to be connected again.",
    )
    disconnect_integration: DisconnectIntegrationPayload | None = _field(
        resolve.disconnect_integration,
        DisconnectIntegrationInput,
        "Ends an integration and destroys its credentials. It is kept for its history.",
    )
    delete_integration: DeleteIntegrationPayload | None = _field(
        resolve.delete_integration,
        DeleteIntegrationInput,
        "Deletes an integration with its logs. The mentions that it brought in stay. One with more than "
        f"{MOST_AT_ONCE} mentions or logs is disconnected first and loses them so many at a time: a call that breaks "
        "off leaves what is left of it, and another one goes on.",
    )
    record_integration_run: RecordIntegrationRunPayload | None = _field(
        resolve.record_integration_run,
        RecordIntegrationRunInput,
        "For workers: writes what a run did into the integration's log, and what follows. SUCCEEDED, PARTIAL and "
        f"SKIPPED end a row of failures; FAILED lengthens it, and a failed AUTH, or {MOST_FAILURES} failures in a "
        "row, stop the integration with the status ERROR. STARTED, and what is no SYNC, PUSH or AUTH, is only "
        "written into the log.",
    )
