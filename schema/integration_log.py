from datetime import datetime

import strawberry

from db import models
from db.models import IntegrationLogKind, IntegrationLogStatus
from resolvers.entities import INTEGRATION_LOG
from resolvers.framework.relation import related
from schema.fields import column, resolved_by
from schema.lazy_types import IntegrationRef
from schema.node import Node, global_id, is_row_of


@strawberry.type(
    description="A run or an event of an integration. Logs never change, so `createdAt` also is the time of the last update."
)
class IntegrationLog(Node):
    is_type_of = is_row_of(models.IntegrationLog)

    id: strawberry.ID = global_id(models.IntegrationLog)
    kind: IntegrationLogKind = column("Kind of run or event.")
    status: IntegrationLogStatus = column("Result of the run. STARTED if the run has not ended.")
    started_at: datetime | None = column(
        "Time when the run started. Null if not recorded, as for events without duration."
    )
    finished_at: datetime | None = column(
        "Time when the run ended. Null if the run has not ended, or its end was not recorded."
    )
    duration_ms: int | None = column(
        "Duration of the run in milliseconds. Null if its start or its end was not recorded."
    )
    items_found: int = column("Number of items that the run found.")
    items_created: int = column("Number of items that were new and stored.")
    items_duplicate: int = column("Number of items skipped as duplicates.")
    items_failed: int = column("Number of items that could not be processed.")
    http_status: int | None = column(
        "HTTP status of the service's response. Null if no response was recorded."
    )
    error_code: str | None = column("Code of the error. Null if no error was recorded.")
    message: str = column("Message about the run, for a person. Empty string if there is no message.")
    created_at: datetime = column("Time when the log was recorded.")
    integration: IntegrationRef = resolved_by(
        related(INTEGRATION_LOG, "integration"), description="Integration to which the log belongs."
    )
