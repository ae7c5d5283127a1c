from typing import Any

import strawberry

from resolvers import export as resolve
from resolvers.framework.export_columns import columns_of, usual_columns
from schema import filters, orders
from schema.enums import ExportEntity, ExportFormat
from schema.fields import column
from schema.lazy_types import ExportRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.resolver_types import SetWise
from schema.user_error import Payload, ReplayedPayload
from services.export.jobs import KEPT_FOR, MOST_UNFINISHED

_FILTER = "Filter of the rows, as in the list. By default, all rows visible to the viewer."
_ORDER = "Order of the rows, as in the list. Defaults to NEWEST."
_EXPORT = "The export after the mutation. Null if nothing was written."


def _columns(entity: ExportEntity) -> Any:
    usual = usual_columns(entity)
    others = [name for name in columns_of(entity) if name not in usual]
    also = f" API keys that may read related rows can add {', '.join(others)}." if others else ""
    return optional(f"Columns of each row, in the given order. Defaults to {', '.join(usual)}.{also}")


@strawberry.input(description="Filter, order and columns of an export of keywords.")
class ExportKeywordsInput:
    filter: filters.KeywordFilter | None = optional(_FILTER)
    order_by: orders.KeywordOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.KEYWORDS)


@strawberry.input(description="Filter, order and columns of an export of mentions.")
class ExportMentionsInput:
    filter: filters.MentionFilter | None = optional(_FILTER)
    order_by: orders.MentionOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.MENTIONS)


@strawberry.input(description="Filter, order and columns of an export of leads.")
class ExportLeadsInput:
    filter: filters.LeadFilter | None = optional(_FILTER)
    order_by: orders.LeadOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.LEADS)


@strawberry.input(description="Filter, order and columns of an export of integrations.")
class ExportIntegrationsInput:
    filter: filters.IntegrationFilter | None = optional(_FILTER)
    order_by: orders.IntegrationOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.INTEGRATIONS)


@strawberry.input(description="Filter, order and columns of an export of logs of integrations.")
class ExportIntegrationLogsInput:
    filter: filters.IntegrationLogFilter | None = optional(_FILTER)
    order_by: orders.IntegrationLogOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.INTEGRATION_LOGS)


@strawberry.input(description="List to export. Exactly one field must be given.", one_of=True)
class ExportListInput:
    keywords: ExportKeywordsInput | None = optional("Exports keywords. Requires the scope `read:keywords`.")
    mentions: ExportMentionsInput | None = optional("Exports mentions. Requires the scope `read:mentions`.")
    leads: ExportLeadsInput | None = optional("Exports leads. Requires the scope `read:leads`.")
    integrations: ExportIntegrationsInput | None = optional(
        "Exports integrations. Requires the scope `read:integrations`."
    )
    integration_logs: ExportIntegrationLogsInput | None = optional(
        "Exports logs of integrations. Requires the scope `read:integrations`."
    )


@strawberry.input(description="Input for creating an export.")
class CreateExportInput:
    list: ExportListInput = required("List to export. Exactly one list must be given.")
    format: ExportFormat = strawberry.field(
        default=ExportFormat.JSON_LINES,
        description="Format of the rows in the file. The file is compressed with gzip.",
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input for cancelling an export.")
class CancelExportInput:
    id: strawberry.ID = required("Global ID of the export.")


@strawberry.type(description="Result of creating an export.")
class CreateExportPayload(ReplayedPayload):
    export: ExportRef | None = column(_EXPORT)


@strawberry.type(description="Result of cancelling an export.")
class CancelExportPayload(Payload):
    export: ExportRef | None = column(_EXPORT)


def _field(resolver: SetWise, given: type[Any], description: str) -> Any:
    return writes(resolver, given, scope=None, description=description)


@strawberry.type
class ExportMutation:
    """Fields of the mutation root."""

    create_export: CreateExportPayload | None = _field(
        resolve.create_export,
        CreateExportInput,
        "Creates an export, which a worker writes to a file. Query the export again to follow its progress. In the orders "
        "NEWEST and OLDEST, every row that exists throughout the export is in the file exactly once. In other orders, a "
        f"row whose position changes during the export may be missing or duplicated. The file expires {KEPT_FOR.days} "
        f"days after completion. A user can have at most {MOST_UNFINISHED} unfinished exports. Requires the scopes to "
        "read the list and the columns.",
    )
    cancel_export: CancelExportPayload | None = _field(
        resolve.cancel_export,
        CancelExportInput,
        "Cancels an unfinished export and deletes the rows written so far. Requires no scope.",
    )
