from datetime import datetime

import strawberry

from db import models
from resolvers import integration as resolve
from schema.enums import IntegrationLogKind, IntegrationLogStatus
from schema.fields import column, resolved_by
from schema.lazy_types import IntegrationRef
from schema.node import Node, global_id, is_row_of


@strawberry.type(description="One run or event of an integration.")
class IntegrationLog(Node):
    is_type_of = is_row_of(models.IntegrationLog)

    id: strawberry.ID = global_id(models.IntegrationLog)
    kind: IntegrationLogKind = column("What it did.")
    status: IntegrationLogStatus = column("How it ended.")
    started_at: datetime | None = column("When it started; null for an event without duration.")
    finished_at: datetime | None = column("When it ended; null while it has not.")
    duration_ms: int | None = column("How long it took, in milliseconds; null while it has not ended.")
    items_found: int = column("Number of items seen.")
    items_created: int = column("Number of items that were new.")
    items_duplicate: int = column("Number of items that were known.")
    items_failed: int = column("Number of items that could not be used.")
    http_status: int | None = column("Status of the service's answer; null where there was none.")
    error_code: str | None = column("Code of the failure; null without one.")
    message: str = column("What happened, or an empty text.")
    created_at: datetime = column("When it was recorded.")
    integration: IntegrationRef = resolved_by(
        resolve.integration_of_log, description="The integration that did it."
    )
