from datetime import datetime

import strawberry

from db import models
from db.models import UserRole, UserStatus, Weekday
from resolvers import timeframe
from resolvers.entities import INTEGRATION, KEYWORD, LEAD, MENTION
from resolvers.stats import rate_of
from schema.fields import NULL_IF_FAILED, column
from schema.lazy_types import (
    AnalyticsRef,
    DashboardRef,
    IntegrationRef,
    KeywordRef,
    LeadConnectionRef,
    MentionConnectionRef,
)
from schema.node import Node, global_id, is_row_of
from schema.relay import Connection, list_of
from schema.stats import Rate, conversion_rate_field, rate_field
from schema.timeframe import framed
from services.figures.rates import RateBasis

_RATE = rate_of("user_id", RateBasis.CONVERTED_PER_MENTION)


@strawberry.type(description="A user, with the totals of the user's keywords, mentions and leads.")
class User(Node):
    is_type_of = is_row_of(models.User)

    id: strawberry.ID = global_id(models.User)
    email: str = column("Email address of the user.")
    name: str = column("Name of the user. Empty string if not set.")
    role: UserRole = column("Role of the user, which determines the rows that the user may see.")
    status: UserStatus = column("Status of the user, which determines whether the user's API keys work.")
    time_zone: str = column("IANA name of the time zone in which the user's days begin and end.")
    week_start: Weekday = column(
        "First day of the user's weeks. Figures by week begin their weeks on the viewer's day.",
        name="week_start",
        of=Weekday,
    )
    keywords_count: int = column("Number of the user's keywords, with any status.")
    mentions_count: int = column("Number of mentions of all the user's keywords.")
    leads_count: int = column("Number of the user's leads, with any status.")
    new_leads_count: int = column("Number of the user's leads whose current status is NEW.")
    contacted_leads_count: int = column("Number of the user's leads whose current status is CONTACTED.")
    qualified_leads_count: int = column("Number of the user's leads whose current status is QUALIFIED.")
    converted_leads_count: int = column("Number of the user's leads whose current status is CONVERTED.")
    disqualified_leads_count: int = column("Number of the user's leads whose current status is DISQUALIFIED.")
    created_at: datetime = column("Time when the user was created.")
    updated_at: datetime = column(
        "Time when the status or the settings of the user were last changed. Totals are no such change."
    )
    rate: Rate = rate_field(_RATE, "over all time")
    conversion_rate: Rate = conversion_rate_field(_RATE, "over all time")
    dashboard: DashboardRef | None = framed(
        timeframe.of_users,
        "Dashboard of the user for one window of time. Days are those of the viewer's time zone by default."
        + NULL_IF_FAILED,
    )
    analytics: AnalyticsRef | None = framed(
        timeframe.of_users,
        "Figures about the user's mentions and leads for one window of time. Days are those of the viewer's "
        "time zone by default." + NULL_IF_FAILED,
    )
    keywords: Connection[KeywordRef] = list_of(
        KEYWORD, "Keywords of the user.", parent="user_id", counter="keywords_count"
    )
    mentions: MentionConnectionRef = list_of(
        MENTION, "Mentions of the user's keywords.", parent="user_id", counter="mentions_count"
    )
    leads: LeadConnectionRef = list_of(LEAD, "Leads of the user.", parent="user_id", counter="leads_count")
    integrations: Connection[IntegrationRef] = list_of(
        INTEGRATION, "Integrations of the user.", parent="user_id"
    )
