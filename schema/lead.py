from datetime import datetime
from decimal import Decimal

import strawberry

from db import models
from db.models import LeadOrigin, LeadStatus
from resolvers import lead as resolve
from resolvers.entities import LEAD, LEAD_EVENT
from resolvers.framework.relation import related
from resolvers.lead import MOST_SAME_CONTACT
from schema.change import changes_of
from schema.fields import column, resolved_by
from schema.lazy_types import ChangeRef, KeywordRef, LeadEventRef, LeadRef, MentionRef, UserRef
from schema.list_size import Fixed
from schema.money import Money
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection, list_of
from services.analysis.lead_scoring import stored_breakdown
from services.lead import next_statuses


@strawberry.type(
    description="Parts of a lead's score, each rounded half up to two decimals. The score is the sum of the parts, "
    "rounded half up to an integer."
)
class LeadScore:
    relevance: float = column("Relevance of the mention to the keyword, from 0 to 40.")
    intent: float = column("Intent of the author, from 0 to 30. The intent BUYING scores 30.")
    sentiment: float = column("Fit of the sentiment to the intent, from 0 to 10.")
    recency: float = column(
        "Recency of the publication, from 0 to 10. Halves every three days after publication."
    )
    reach: float = column(
        "Reach of the mention, from 0 to 10: 2.5 times the decimal logarithm of 1 + likes + comments, at most 10."
    )
    scored_at: datetime = column("Time for which the recency was computed.")


@strawberry.type(
    description="A mention that may win a customer, with its status, contact and expected value."
)
class Lead(Node):
    is_type_of = is_row_of(models.Lead)

    id: strawberry.ID = global_id(models.Lead)
    status: LeadStatus = column("Current status of the lead.")
    next_statuses: list[LeadStatus] = column(
        "Statuses that `changeLeadStatus` allows next, without the current status.",
        name="status",
        of=next_statuses,
    )
    disqualify_reason: str | None = column(
        "Reason for the disqualification. Null if the lead is not disqualified, or was disqualified without a reason."
    )
    contacted_at: datetime | None = column(
        "Time when the lead first became CONTACTED, QUALIFIED or CONVERTED. Null if the lead never did."
    )
    qualified_at: datetime | None = column(
        "Time when the lead first became QUALIFIED or CONVERTED. Null if the lead never did."
    )
    converted_at: datetime | None = column(
        "Time when the lead first became CONVERTED. Null if the lead never did."
    )
    disqualified_at: datetime | None = column(
        "Time when the lead first became DISQUALIFIED. Null if the lead never did."
    )
    status_changed_at: datetime = column("Time when the status of the lead last changed.")
    score: int | None = column(
        "Score of the lead, from 0 to 100 (most promising). Null if the mention has no successful analysis."
    )
    score_version: str | None = column(
        "Version of the formula that computed the score. Null if the lead has no score."
    )
    score_breakdown: LeadScore | None = column(
        "Parts of the score. Null if the lead has no score.", name="score_breakdown", of=stored_breakdown
    )
    expected_value: Money | None = resolved_by(
        resolve.expected_value, description="Expected value of the lead. Null if not estimated."
    )
    value: Decimal | None = column(
        "Expected value in `currency`, with two decimals. Null if not estimated.",
        deprecated="Use `expectedValue { amount }`.",
    )
    currency: str | None = column(
        "ISO 4217 code of the currency of `value`. Null if `value` is null.",
        deprecated="Use `expectedValue { currency }`.",
    )
    contact_name: str | None = column("Name of the contact person. Null if unknown.")
    contact_handle: str | None = column("Name of the contact person on the platform. Null if unknown.")
    contact_email: str | None = column("Email address of the contact person. Null if unknown.")
    company: str | None = column("Company of the contact person. Null if unknown.")
    notes: str = column("Notes on the lead. Empty string if there are no notes.", long=True)
    tags: list[str] = column("Tags of the lead, without duplicates.")
    origin: LeadOrigin = column("Origin of the lead, such as a rule or a person.")
    external_reference: str | None = column("ID of the lead in a partner's system. Null if not set.")
    version: int = column(
        "Version number of the lead. Each change of the values or the status increases the number by 1."
    )
    created_at: datetime = column("Time when the lead was created.")
    updated_at: datetime = column(
        "Time when the lead was last changed. Its score is no such change, since it also decreases with time."
    )
    user: UserRef = resolved_by(related(LEAD, "user"), description="User who owns the lead.")
    assignee: UserRef | None = resolved_by(
        related(LEAD, "assignee"),
        description="User who works on the lead. Null if the lead is unassigned, or the viewer may not see the user.",
    )
    mention: MentionRef = resolved_by(
        related(LEAD, "mention"), description="Mention from which the lead was created."
    )
    keyword: KeywordRef = resolved_by(related(LEAD, "keyword"), description="Keyword of the lead's mention.")
    same_contact: list[LeadRef] = resolved_by(
        resolve.same_contact,
        description=f"Other leads of the lead's user with the same `contactEmail`, regardless of case: the newest "
        f"{MOST_SAME_CONTACT} leads, newest first. Empty if the lead has no email address.",
        size=Fixed(MOST_SAME_CONTACT),
    )
    events: Connection[LeadEventRef] = list_of(
        LEAD_EVENT, "Events in the history of the lead.", parent="lead_id"
    )
    changes: list[ChangeRef] = changes_of(LEAD)
