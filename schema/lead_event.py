from datetime import datetime

import strawberry

from db import models
from resolvers import lead as resolve
from schema.enums import LeadEventType, LeadStatus
from schema.fields import column, resolved_by
from schema.lazy_types import LeadRef, UserRef
from schema.node import Node, global_id, is_row_of


@strawberry.type(description="A value of a lead before and after a change.")
class LeadChange:
    field: str = column("Name of the lead's field, as inputs call it.")
    old: str | None = column("The value before; null for none, and where the history does not tell it.")
    new: str | None = column("The value after; null for none, and where the history does not tell it.")


@strawberry.type(description="Something that happened to a lead. What is written here never changes.")
class LeadEvent(Node):
    is_type_of = is_row_of(models.LeadEvent)

    id: strawberry.ID = global_id(models.LeadEvent)
    type: LeadEventType = column("What happened.")
    from_status: LeadStatus | None = column("Its status before; null unless that changed.")
    to_status: LeadStatus | None = column("Its status after; null unless that changed.")
    changes: list[LeadChange] = column(
        "What else changed about it, for example the reason to give it up. Of notes only that they did.",
        name="data",
        of=resolve.changes_of,
    )
    created_at: datetime = column("When it happened.")
    actor: UserRef | None = resolved_by(
        resolve.actor_of_event,
        description="Who did it; null for the system, and for somebody that the viewer may not see.",
    )
    lead: LeadRef = resolved_by(resolve.lead_of_event, description="The lead that it happened to.")
