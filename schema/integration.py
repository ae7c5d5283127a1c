from datetime import datetime, timedelta

import strawberry

from db import models
from db.models import IntegrationKind, IntegrationProvider, IntegrationStatus
from resolvers import integration as resolve
from resolvers import integration_health as of_health
from resolvers.entities import INTEGRATION, INTEGRATION_LOG, MENTION
from resolvers.framework.relation import related
from schema.change import changes_of
from schema.fields import column, resolved_by
from schema.lazy_types import (
    ChangeRef,
    IntegrationHealthRef,
    IntegrationLogRef,
    MentionConnectionRef,
    UserRef,
)
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection, list_of
from schema.scalars import JSON
from schema.timeframe import MAX_AGE


@strawberry.type(description="A connected source, CRM or notification channel.")
class Integration(Node):
    is_type_of = is_row_of(models.Integration)

    id: strawberry.ID = global_id(models.Integration)
    provider: IntegrationProvider = column("Service to which the integration connects.")
    kind: IntegrationKind = column("Purpose of the integration.")
    name: str = column("Name given by the user. Empty string if not set.")
    external_account_id: str = column("ID of the account at the service. Empty string if not set.")
    status: IntegrationStatus = column("Current status of the integration.")
    last_synced_at: datetime | None = column(
        "Time when the latest SYNC, PUSH or AUTH run ended. Null if no run has ended.",
        name="last_searched_at",
    )
    last_success_at: datetime | None = column(
        "Time when the latest run that succeeded (SUCCEEDED, PARTIAL or SKIPPED) ended. Null if no run has succeeded."
    )
    last_error_at: datetime | None = column(
        "Time when the latest run that FAILED ended. Null if no run has failed."
    )
    last_error_code: str | None = column(
        "Error code of the latest run that FAILED. Null if no run has failed."
    )
    consecutive_failures: int = column(
        "Number of failed runs since the last successful run. Reset when the integration is resumed."
    )
    sync_interval_minutes: int = column(
        "Time between two runs, in whole minutes.",
        name="sync_interval",
        of=lambda interval: interval // timedelta(minutes=1),
    )
    sync_cursor: str | None = column(
        "Position from which the next run can continue, in the worker's own format, as set by the latest successful run. "
        "Null if no run has set a position."
    )
    next_sync_at: datetime | None = column("Time when the next run is due. Null if no run is scheduled.")
    health_score: int | None = column(
        "Health of the integration, from 0 (broken) to 100 (healthy). Null if unknown, and for a PAUSED or DISCONNECTED "
        "integration."
    )
    settings: JSON = column("Settings of the integration, as a JSON object without credentials.", long=True)
    scopes: list[str] = column("Permissions of the integration at the service, as granted by the user.")
    has_credentials: bool = resolved_by(
        resolve.has_credentials, description="Whether credentials are stored. Credentials are never returned."
    )
    credentials_expires_at: datetime | None = column("Time when the credentials expire. Null if unknown.")
    created_at: datetime = column("Time when the integration was created.")
    updated_at: datetime = column(
        "Time when the integration was last changed, by the user or by a run. Its health is no such change."
    )
    health: IntegrationHealthRef = resolved_by(
        of_health.of_integrations,
        description="Health of the integration: score, problems and uptime.",
        arguments=MAX_AGE,
    )
    user: UserRef = resolved_by(related(INTEGRATION, "user"), description="User who owns the integration.")
    mentions: MentionConnectionRef = list_of(
        MENTION, "Mentions that the integration delivered.", parent="integration_id"
    )
    logs: Connection[IntegrationLogRef] = list_of(
        INTEGRATION_LOG, "Logs of the integration's runs and events.", parent="integration_id"
    )
    changes: list[ChangeRef] = changes_of(INTEGRATION)
