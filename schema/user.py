from datetime import datetime

import strawberry

from db import models
from resolvers import timeframe
from resolvers import user as resolve
from schema.connections import integration_list, keyword_list, lead_list, mention_list
from schema.enums import UserRole
from schema.fields import column
from schema.lazy_types import (
    AnalyticsRef,
    DashboardRef,
    IntegrationRef,
    KeywordRef,
    LeadConnectionRef,
    MentionConnectionRef,
)
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection
from schema.stats import Rate, rate
from schema.timeframe import framed
from services.figures.rates import RateBasis


@strawberry.type(description="A person who sells, and the totals of what is theirs.")
class User(Node):
    is_type_of = is_row_of(models.User)

    id: strawberry.ID = global_id(models.User)
    email: str = column("E-mail address.")
    name: str = column("Name, or an empty text.")
    role: UserRole = column("What the user may see.")
    time_zone: str = column("IANA name of the zone that the user's days begin and end in.")
    keywords_count: int = column("Number of keywords, whatever their status.")
    mentions_count: int = column("Number of mentions of all keywords.")
    leads_count: int = column("Number of leads, whatever their status.")
    new_leads_count: int = column("Number of leads that are NEW now.")
    contacted_leads_count: int = column("Number of leads that are CONTACTED now.")
    qualified_leads_count: int = column("Number of leads that are QUALIFIED now.")
    converted_leads_count: int = column("Number of leads that are CONVERTED now.")
    disqualified_leads_count: int = column("Number of leads that are DISQUALIFIED now.")
    created_at: datetime = column("When the user was created.")
    conversion_rate: Rate = rate("user_id", RateBasis.CONVERTED_PER_MENTION)
    dashboard: DashboardRef = framed(
        timeframe.of_users, "The user's dashboard: what they want to know first. Days are the viewer's."
    )
    analytics: AnalyticsRef = framed(
        timeframe.of_users, "What happened to the user's mentions and leads. Days are the viewer's."
    )
    keywords: Connection[KeywordRef] = keyword_list(resolve.keywords, "The user's keywords.")
    mentions: MentionConnectionRef = mention_list(resolve.mentions, "Mentions of the user's keywords.")
    leads: LeadConnectionRef = lead_list(resolve.leads, "The user's leads.")
    integrations: Connection[IntegrationRef] = integration_list(
        resolve.integrations, "The user's integrations."
    )
