from typing import Any

import strawberry

from resolvers import export as resolve
from resolvers.framework.export_columns import columns_of, usual_columns
from schema import filters, orders
from schema.enums import ExportEntity, ExportFormat
from schema.fields import SetWise, column
from schema.lazy_types import ExportRef
from schema.mutations.field import idempotency_key, optional, required, writes
from schema.user_error import Payload, ReplayedPayload
from services.export.jobs import KEPT_FOR, MOST_UNFINISHED

_FILTER = "Which rows, as in the list. All that the viewer may see, by default."
_ORDER = "The order of the rows, as in the list. NEWEST by default."
_EXPORT = "The export as it is now; null where nothing was written."


def _columns(entity: ExportEntity) -> Any:
    usual = usual_columns(entity)
    others = [name for name in columns_of(entity) if name not in usual]
    also = f" There are also, for keys that may read these: {', '.join(others)}." if others else ""
    return optional(f"The columns, in this order. By default {', '.join(usual)}.{also}")


@strawberry.input(description="Keywords to be exported.")
class ExportKeywordsInput:
    filter: filters.KeywordFilter | None = optional(_FILTER)
    order_by: orders.KeywordOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.KEYWORDS)


@strawberry.input(description="Mentions to be exported.")
class ExportMentionsInput:
    filter: filters.MentionFilter | None = optional(_FILTER)
    order_by: orders.MentionOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.MENTIONS)


@strawberry.input(description="Leads to be exported.")
class ExportLeadsInput:
    filter: filters.LeadFilter | None = optional(_FILTER)
    order_by: orders.LeadOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.LEADS)


@strawberry.input(description="Integrations to be exported.")
class ExportIntegrationsInput:
    filter: filters.IntegrationFilter | None = optional(_FILTER)
    order_by: orders.IntegrationOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.INTEGRATIONS)


@strawberry.input(description="Logs of integrations to be exported.")
class ExportIntegrationLogsInput:
    filter: filters.IntegrationLogFilter | None = optional(_FILTER)
    order_by: orders.IntegrationLogOrder | None = optional(_ORDER)
    columns: list[str] | None = _columns(ExportEntity.INTEGRATION_LOGS)


@strawberry.input(description="What to export.", one_of=True)
class ExportListInput:
    keywords: ExportKeywordsInput | None = optional("Keywords. Needs the scope `read:keywords`.")
    mentions: ExportMentionsInput | None = optional("Mentions. Needs the scope `read:mentions`.")
    leads: ExportLeadsInput | None = optional("Leads. Needs the scope `read:leads`.")
    integrations: ExportIntegrationsInput | None = optional(
        "Integrations. Needs the scope `read:integrations`."
    )
    integration_logs: ExportIntegrationLogsInput | None = optional(
        "Logs of all integrations. Needs the scope `read:integrations`."
    )


@strawberry.input(description="A list to be written into a file.")
class CreateExportInput:
    list: ExportListInput = required("The list: exactly one.")
    format: ExportFormat = strawberry.field(
        default=ExportFormat.JSON_LINES, description="How its rows are written. The file is gzipped."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Which export to cancel.")
class CancelExportInput:
    id: strawberry.ID = required("Id of the export.")


@strawberry.type(description="What became of an export to be made.")
class CreateExportPayload(ReplayedPayload):
    export: ExportRef | None = column(_EXPORT)


@strawberry.type(description="What became of an export to be cancelled.")
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
        "Has a list written into a file, by a worker: ask for the export again to see how far it is. In the orders "
        "NEWEST and OLDEST, rows that are there from beginning to end are in the file exactly once; in the others "
        f"those whose place changes meanwhile may be missing, or come twice. The file is kept for {KEPT_FOR.days} "
        f"days. At most {MOST_UNFINISHED} exports of a user are under way. Needs the scopes that the list and the "
        "columns name.",
    )
    cancel_export: CancelExportPayload | None = _field(
        resolve.cancel_export,
        CancelExportInput,
        "Ends an export that is not finished. What was written is deleted.",
    )
