from datetime import datetime
from decimal import Decimal

import strawberry

from db import models
from resolvers import lead as resolve
from schema.connections import lead_event_list
from schema.enums import LeadOrigin, LeadStatus
from schema.fields import column, resolved_by
from schema.lazy_types import KeywordRef, LeadEventRef, MentionRef, UserRef
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection
from services.analysis.lead_scoring import stored_breakdown


@strawberry.type(description="What a score is made of: parts that add up to it, each two decimals.")
class LeadScore:
    relevance: float = column("0 to 40: how well the mention fits the keyword.")
    intent: float = column("0 to 30: what its author is after; 30 for buying.")
    sentiment: float = column("0 to 10: how well the mood goes with that.")
    recency: float = column("0 to 10: halved every three days from publication.")
    reach: float = column("0 to 10: by its likes and comments, 10 from ten thousand on.")
    scored_at: datetime = column("Moment that the recency is of.")


@strawberry.type(description="A promising mention on its way to a customer.")
class Lead(Node):
    is_type_of = is_row_of(models.Lead)

    id: strawberry.ID = global_id(models.Lead)
    status: LeadStatus = column("Where it stands now.")
    disqualify_reason: str | None = column("Why it was given up; null where nobody said.")
    contacted_at: datetime | None = column("When it was first CONTACTED, or further on; null if never.")
    qualified_at: datetime | None = column("When it was first QUALIFIED, or further on; null if never.")
    converted_at: datetime | None = column("When it was first CONVERTED; null if never.")
    disqualified_at: datetime | None = column("When it was first DISQUALIFIED; null if never.")
    status_changed_at: datetime = column("When its status last changed.")
    score: int | None = column("How promising it is, 0 to 100; null while its mention has not been analysed.")
    score_version: str | None = column(
        "Version of the formula of the score; null while it has not been scored."
    )
    score_breakdown: LeadScore | None = column(
        "What the score is made of; null without one.", name="score_breakdown", of=stored_breakdown
    )
    value: Decimal | None = column("Expected worth in `currency`, two decimals; null where not estimated.")
    currency: str | None = column("ISO 4217 code of the currency of `value`; null with it.")
    contact_name: str | None = column("Name of the person to talk to; null where not known.")
    contact_handle: str | None = column("Their name on the platform; null where not known.")
    contact_email: str | None = column("Their e-mail address; null where not known.")
    company: str | None = column("Their company; null where not known.")
    notes: str = column("Notes, or an empty text.")
    tags: list[str] = column("Tags.")
    origin: LeadOrigin = column("What made the lead.")
    external_reference: str | None = column("The lead's id in a partner's system; null without one.")
    version: int = column("Grows with every change.")
    created_at: datetime = column("When the lead was made.")
    updated_at: datetime = column("When it was last changed.")
    user: UserRef = resolved_by(resolve.user, description="The user whose lead it is.")
    assignee: UserRef | None = resolved_by(
        resolve.assignee, description="Who works on it; null while nobody does, or nobody the viewer may see."
    )
    mention: MentionRef = resolved_by(resolve.mention, description="The mention that it was made of.")
    keyword: KeywordRef = resolved_by(resolve.keyword, description="The keyword of that mention.")
    events: Connection[LeadEventRef] = lead_event_list(resolve.events, "What happened to it.")
