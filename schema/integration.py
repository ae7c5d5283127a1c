from datetime import datetime, timedelta

import strawberry

from db import models
from resolvers import integration as resolve
from resolvers import integration_health as of_health
from schema.connections import log_list, mention_list
from schema.enums import IntegrationKind, IntegrationProvider, IntegrationStatus
from schema.fields import column, resolved_by
from schema.lazy_types import IntegrationHealthRef, IntegrationLogRef, MentionConnectionRef, UserRef
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection
from schema.scalars import JSON
from schema.timeframe import MAX_AGE


@strawberry.type(description="A connected source, CRM or notification channel.")
class Integration(Node):
    is_type_of = is_row_of(models.Integration)

    id: strawberry.ID = global_id(models.Integration)
    provider: IntegrationProvider = column("The service that it connects to.")
    kind: IntegrationKind = column("What it is for.")
    name: str = column("Name given by the user, or an empty text.")
    external_account_id: str = column("The account at the service, or an empty text.")
    status: IntegrationStatus = column("Its state.")
    last_synced_at: datetime | None = column(
        "When it last looked for mentions, or sent something; null if never.", name="last_searched_at"
    )
    last_success_at: datetime | None = column("When it last succeeded; null if never.")
    last_error_at: datetime | None = column("When it last failed; null if never.")
    last_error_code: str | None = column("Code of the last failure; null if it never failed.")
    consecutive_failures: int = column("Failures since the last success.")
    sync_interval_minutes: int = column(
        "How long it waits between two looks, in whole minutes.",
        name="sync_interval",
        of=lambda interval: interval // timedelta(minutes=1),
    )
    sync_cursor: str | None = column(
        "How far its last run came, in its own words; null where it did not say."
    )
    next_sync_at: datetime | None = column("When it is due again; null while it is not scheduled.")
    health_score: int | None = column("0 (broken) to 100 (well); null while it is not known.")
    settings: JSON = column("Its settings, a JSON object. No credentials stand here.")
    scopes: list[str] = column("What its user has allowed it to do at the service.")
    has_credentials: bool = resolved_by(
        resolve.has_credentials, description="Whether it has credentials. They themselves are never returned."
    )
    credentials_expires_at: datetime | None = column("When its credentials end; null if that is not known.")
    created_at: datetime = column("When it was connected.")
    updated_at: datetime = column("When it was last changed, by its user or by a run.")
    health: IntegrationHealthRef = resolved_by(
        of_health.of_integrations,
        description="How well it works: its score, its problems, its days.",
        arguments=MAX_AGE,
    )
    user: UserRef = resolved_by(resolve.user, description="The user whose integration it is.")
    mentions: MentionConnectionRef = mention_list(resolve.mentions, "The mentions that it brought in.")
    logs: Connection[IntegrationLogRef] = log_list(resolve.logs, "What it did.")
