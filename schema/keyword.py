from datetime import datetime

import strawberry

from db import models
from db.models import KeywordStatus, MatchType, Platform
from resolvers import keyword_performance as of_performance
from resolvers.entities import KEYWORD, LEAD, MENTION
from resolvers.framework.relation import related
from resolvers.stats import rate_of
from schema.change import changes_of
from schema.fields import column, resolved_by
from schema.keyword_performance import EFFICIENCY_SCORE, PERFORMANCE_SCORE
from schema.lazy_types import (
    ChangeRef,
    KeywordPerformanceRef,
    LeadConnectionRef,
    MentionConnectionRef,
    UserRef,
)
from schema.node import Node, global_id, is_row_of
from schema.relay import list_of
from schema.stats import Rate, leads_rate_field, rate_field
from schema.timeframe import framed
from services.figures.rates import RateBasis

AUTO_LEAD_SCORE = (
    "Rule that makes leads of mentions: the least score of a lead, 0 to 100. When an analysis of a mention is recorded, "
    "the mention becomes a lead of origin AUTO if the lead's score would be at least this number. Applies to analyses "
    "that are recorded from then on, while the keyword is ACTIVE. Skips mentions that have a lead, that are dismissed, or "
    "whose lead was deleted. A lead needs an analysis with the status SUCCEEDED to have a score."
)
_RATE = rate_of("keyword_id", RateBasis.LEADS_PER_MENTION)


@strawberry.type(description="Words that a user watches for. Posts that contain the words become mentions.")
class Keyword(Node):
    is_type_of = is_row_of(models.Keyword)

    id: strawberry.ID = global_id(models.Keyword)
    keyword: str = column("Words to watch for, at most 200 characters.")
    match_type: MatchType = column("Rule by which a post must contain the words.")
    required_terms: list[str] = column("Terms that a post must all contain in addition to the words.")
    excluded_terms: list[str] = column("Terms that must not occur in a post.")
    platforms: list[Platform] = column("Platforms to watch. Empty for all platforms.")
    status: KeywordStatus = column(
        "Status of the keyword, which determines whether new posts are matched against the keyword."
    )
    auto_lead_score: int | None = column(f"{AUTO_LEAD_SCORE} Null if the rule is off.")
    mentions_count: int = column("Number of mentions of the keyword.")
    leads_count: int = column("Number of leads created from mentions of the keyword, with any status.")
    new_leads_count: int = column("Number of the keyword's leads whose current status is NEW.")
    contacted_leads_count: int = column("Number of the keyword's leads whose current status is CONTACTED.")
    qualified_leads_count: int = column("Number of the keyword's leads whose current status is QUALIFIED.")
    converted_leads_count: int = column("Number of the keyword's leads whose current status is CONVERTED.")
    disqualified_leads_count: int = column(
        "Number of the keyword's leads whose current status is DISQUALIFIED."
    )
    created_at: datetime = column("Time when the keyword was created.")
    updated_at: datetime = column("Time when the words or settings of the keyword were last changed.")
    archived_at: datetime | None = column(
        "Time when the keyword was archived. Null if the keyword is not archived."
    )
    rate: Rate = rate_field(_RATE, "over all time")
    conversion_rate: Rate = leads_rate_field(_RATE, "over all time")
    performance_score: int = resolved_by(
        of_performance.performance_of_keywords, description=PERFORMANCE_SCORE
    )
    efficiency_score: int | None = resolved_by(
        of_performance.efficiency_of_keywords, description=EFFICIENCY_SCORE
    )
    performance: KeywordPerformanceRef = framed(
        of_performance.of_keywords,
        "Performance of the keyword within a window of time, compared with the previous window.",
    )
    user: UserRef = resolved_by(related(KEYWORD, "user"), description="User who owns the keyword.")
    mentions: MentionConnectionRef = list_of(
        MENTION, "Mentions of the keyword.", parent="keyword_id", counter="mentions_count"
    )
    leads: LeadConnectionRef = list_of(
        LEAD, "Leads created from mentions of the keyword.", parent="keyword_id", counter="leads_count"
    )
    changes: list[ChangeRef] = changes_of(KEYWORD)
