"""The subscription root, and the directive of live queries."""

from typing import Annotated, Any

import strawberry
from strawberry.directive import DirectiveLocation

from db import models
from db.models import Base, ChangeKind
from resolvers import subscription as resolve
from resolvers import timeframe
from resolvers.entities import INTEGRATION, LEAD, MENTION
from resolvers.framework.entity import Entity
from resolvers.framework.filter_input import DEEPEST, MOST_CONDITIONS
from resolvers.framework.following import MOST_ROWS
from resolvers.framework.global_id import encoder_of
from schema.fields import NULL_IF_FAILED, column, resolved_by
from schema.filters import FILTERS
from schema.lazy_types import AnalyticsRef, DashboardRef, ExportRef, IntegrationRef, LeadRef, MentionRef
from schema.list_size import Fixed
from schema.timeframe import framed

_AFTER = Annotated[
    str | None,
    strawberry.argument(
        description="Resumes after this `cursor`, or after the `changesAfter` of a list, without loss. By default, only "
        "changes from now on are told. An error with the code EXPIRED_CURSOR says that the changes are no longer kept."
    ),
]
_CURSOR = "Cursor of the event. `after` resumes behind it."
_OF_ROWS = Fixed(MOST_ROWS)


@strawberry.directive(
    locations=[DirectiveLocation.QUERY],
    name="live",
    description="Keeps the query open and sends its answer again when a change of the data has changed the answer. "
    "Requires a WebSocket (`graphql-transport-ws`) or an event stream (`Accept: text/event-stream`). The passing of time "
    "alone sends nothing. Figures may be as old as in other queries: if one is older than the data, the query runs again "
    "half a minute later.",
)
def live() -> None: ...


def _row_id(model: type[Base], description: str) -> Any:
    return column(description, name="row_id", of=encoder_of(model))


_KIND = "Kind of the change. An object that was created and updated since the last event is CREATED."


@strawberry.type(description="Mentions that were created, at most one hundred of one transaction.")
class MentionsAdded:
    mentions: list[MentionRef] = column(
        "New mentions that match the filter, in the order of their creation.", name="rows", size=_OF_ROWS
    )
    cursor: str = column(_CURSOR)


@strawberry.type(description="The change of a lead.")
class ChangedLead:
    kind: ChangeKind = column(_KIND)
    lead_id: strawberry.ID = _row_id(models.Lead, "Global ID of the lead.")
    lead: LeadRef | None = column(
        "Lead after the change. Null if the lead was deleted, or does not match the filter any more.",
        name="row",
    )


@strawberry.type(description="Leads that were changed, at most one hundred of one transaction.")
class LeadsChanged:
    changes: list[ChangedLead] = column("Changed leads, in the order of their last changes.", size=_OF_ROWS)
    cursor: str = column(_CURSOR)


@strawberry.type(description="The change of an integration.")
class ChangedIntegration:
    kind: ChangeKind = column(_KIND)
    integration_id: strawberry.ID = _row_id(models.Integration, "Global ID of the integration.")
    integration: IntegrationRef | None = column(
        "Integration after the change. Null if the integration was deleted, or does not match the filter any more.",
        name="row",
    )


@strawberry.type(description="Integrations that were changed, at most one hundred of one transaction.")
class IntegrationsChanged:
    changes: list[ChangedIntegration] = column(
        "Changed integrations, in the order of their last changes.", size=_OF_ROWS
    )
    cursor: str = column(_CURSOR)


@strawberry.type(description="The change of an export.")
class ChangedExport:
    kind: ChangeKind = column(_KIND)
    export_id: strawberry.ID = _row_id(models.Export, "Global ID of the export.")
    export: ExportRef | None = column("Export after the change. Null if the export was deleted.", name="row")


@strawberry.type(description="Exports that were changed, at most one hundred of one transaction.")
class ExportsChanged:
    changes: list[ChangedExport] = column(
        "Changed exports, in the order of their last changes.", size=_OF_ROWS
    )
    cursor: str = column(_CURSOR)


@strawberry.type(description="Figures of the viewer, computed from the data after a change.")
class FiguresChanged:
    dashboard: DashboardRef | None = framed(
        timeframe.of_viewer, "Dashboard of the viewer after the change." + NULL_IF_FAILED
    )
    analytics: AnalyticsRef | None = framed(
        timeframe.of_viewer,
        "Figures about the viewer's own mentions and leads after the change." + NULL_IF_FAILED,
    )
    cursor: str = column(_CURSOR)


def _arguments(entity: Entity[Any] | None = None) -> dict[str, Any]:
    if entity is None:
        return {"after": _AFTER}
    of_entity: Any = FILTERS[entity.model]
    filter_ = Annotated[
        of_entity | None,
        strawberry.argument(
            description=f"Filter as of the list, with at most {MOST_CONDITIONS} conditions and {DEEPEST} levels. By "
            "default, all rows."
        ),
    ]
    return {"filter": filter_, "after": _AFTER}


_LEAVES = (
    " An update after which a row does not match the filter is told without the row, because the row may have matched "
    "before. A deletion is always told, by the ID."
)


@strawberry.type(
    description="The subscription root. Each event shows the rows as they are when the event is told, which can be after "
    "later changes: a row that changes twice in a moment can look the same in both events. Changes of one user are told in the order of their commits. Requires a WebSocket "
    "(`graphql-transport-ws`) or an event stream (`Accept: text/event-stream`), and the scopes of the rows."
)
class Subscription:
    mention_added: MentionsAdded | None = resolved_by(
        resolve.mention_added,
        description="Tells of new mentions that match the filter." + NULL_IF_FAILED,
        arguments=_arguments(MENTION),
    )
    lead_changed: LeadsChanged | None = resolved_by(
        resolve.lead_changed,
        description="Tells of leads that were created, updated or deleted." + _LEAVES + NULL_IF_FAILED,
        arguments=_arguments(LEAD),
    )
    integration_changed: IntegrationsChanged | None = resolved_by(
        resolve.integration_changed,
        description="Tells of integrations that were created, updated or deleted." + _LEAVES + NULL_IF_FAILED,
        arguments=_arguments(INTEGRATION),
    )
    export_changed: ExportsChanged | None = resolved_by(
        resolve.export_changed,
        description="Tells of the viewer's own exports that were created, updated or deleted."
        + NULL_IF_FAILED,
        arguments=_arguments(),
    )
    figures_changed: FiguresChanged | None = resolved_by(
        resolve.figures_changed,
        description="Tells that figures can have changed, with the figures. Changes in quick succession are told once, and "
        "with `after`, all missed changes are told once." + NULL_IF_FAILED,
        arguments=_arguments(),
    )
