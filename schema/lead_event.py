from datetime import datetime

import strawberry

from db import models
from db.models import LeadEventType, LeadStatus
from resolvers import lead as resolve
from resolvers.entities import LEAD_EVENT
from resolvers.framework.relation import related
from schema.fields import column, resolved_by
from schema.lazy_types import LeadRef, UserRef
from schema.node import Node, global_id, is_row_of


@strawberry.type(description="A changed field of a lead, with the values before and after the change.")
class LeadChange:
    field: str = column("Name of the changed field, spelled as in input types, such as `assigneeId`.")
    old: str | None = column(
        "Value before the change. Null if the field had no value, the history does not record the value, or the value "
        "is a user whom the viewer may not see."
    )
    new: str | None = column(
        "Value after the change. Null if the field has no value, the history does not record the value, or the value is "
        "a user whom the viewer may not see."
    )


@strawberry.type(description="The rule of a keyword that created a lead, with the values at that time.")
class LeadRule:
    auto_lead_score: int = column("Value of the keyword's `autoLeadScore`.")
    score: int = column("Score of the lead, at least `autoLeadScore`.")


@strawberry.type(
    description="An event in the history of a lead. Events never change, so `createdAt` also is the time of the last update."
)
class LeadEvent(Node):
    is_type_of = is_row_of(models.LeadEvent)

    id: strawberry.ID = global_id(models.LeadEvent)
    type: LeadEventType = column("Type of the event.")
    from_status: LeadStatus | None = column(
        "Status of the lead before the event. Null if the event did not change the status."
    )
    to_status: LeadStatus | None = column(
        "Status of the lead after the event. Null if the event did not set the status."
    )
    changes: list[LeadChange] = resolved_by(
        resolve.changes,
        description="Fields other than the status that the event changed. Values of notes are not recorded.",
    )
    rule: LeadRule | None = resolved_by(
        resolve.rules_of,
        description="Rule that created the lead. Null if the event is not the creation of a lead by the rule of a keyword.",
    )
    created_at: datetime = column("Time when the event happened.")
    actor: UserRef | None = resolved_by(
        related(LEAD_EVENT, "actor"),
        description="User who caused the event. Null if the system did, or the viewer may not see the user.",
    )
    lead: LeadRef = resolved_by(related(LEAD_EVENT, "lead"), description="Lead to which the event belongs.")
