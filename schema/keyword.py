from datetime import datetime

import strawberry

from db import models
from resolvers import keyword as resolve
from resolvers import keyword_performance as of_performance
from schema.connections import lead_list, mention_list
from schema.enums import KeywordStatus, MatchType, Platform
from schema.fields import column, resolved_by
from schema.keyword_performance import EFFICIENCY_SCORE, PERFORMANCE_SCORE
from schema.lazy_types import KeywordPerformanceRef, LeadConnectionRef, MentionConnectionRef, UserRef
from schema.node import Node, global_id, is_row_of
from schema.stats import Rate, rate
from schema.timeframe import framed
from services.figures.rates import RateBasis


@strawberry.type(description="Words that a user watches the web for.")
class Keyword(Node):
    is_type_of = is_row_of(models.Keyword)

    id: strawberry.ID = global_id(models.Keyword)
    keyword: str = column("The words, at most 200 characters.")
    match_type: MatchType = column("How a post has to contain the words.")
    required_terms: list[str] = column("Terms that a post has to contain as well.")
    excluded_terms: list[str] = column("Terms that a post must not contain.")
    platforms: list[Platform] = column("Where to watch; empty for everywhere.")
    status: KeywordStatus = column("Whether posts are matched against it.")
    mentions_count: int = column("Number of mentions.")
    leads_count: int = column("Number of leads made of its mentions, whatever their status.")
    new_leads_count: int = column("Number of its leads that are NEW now.")
    contacted_leads_count: int = column("Number of its leads that are CONTACTED now.")
    qualified_leads_count: int = column("Number of its leads that are QUALIFIED now.")
    converted_leads_count: int = column("Number of its leads that are CONVERTED now.")
    disqualified_leads_count: int = column("Number of its leads that are DISQUALIFIED now.")
    created_at: datetime = column("When the keyword was created.")
    updated_at: datetime = column("When its words or settings were last changed.")
    archived_at: datetime | None = column("When it was archived; null while it is not.")
    conversion_rate: Rate = rate("keyword_id", RateBasis.LEADS_PER_MENTION)
    performance_score: int = resolved_by(
        of_performance.performance_of_keywords, description=PERFORMANCE_SCORE
    )
    efficiency_score: int | None = resolved_by(
        of_performance.efficiency_of_keywords, description=EFFICIENCY_SCORE
    )
    performance: KeywordPerformanceRef = framed(
        of_performance.of_keywords, "How it does within a window of time and the one before."
    )
    user: UserRef = resolved_by(resolve.user, description="The user who watches for it.")
    mentions: MentionConnectionRef = mention_list(resolve.mentions, "Its mentions.")
    leads: LeadConnectionRef = lead_list(resolve.leads, "The leads made of its mentions.")
