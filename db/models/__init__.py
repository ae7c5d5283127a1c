"""The tables. A row that a loader returns has the attributes and types of its model, read-only."""

from db.models.analysis_result import AnalysisResult, AnalysisStatus, Intent, Relevance, Sentiment
from db.models.api_key import ApiKey
from db.models.base import Base
from db.models.integration import Integration, IntegrationKind, IntegrationProvider, IntegrationStatus
from db.models.integration_log import IntegrationLog, IntegrationLogKind, IntegrationLogStatus
from db.models.keyword import Keyword, KeywordStatus, MatchType
from db.models.lead import Lead, LeadOrigin, LeadStatus
from db.models.mention import Mention, MentionKind, Platform
from db.models.user import User, UserRole, UserStatus

__all__ = [
    "AnalysisResult",
    "AnalysisStatus",
    "ApiKey",
    "Base",
    "Integration",
    "IntegrationKind",
    "IntegrationLog",
    "IntegrationLogKind",
    "IntegrationLogStatus",
    "IntegrationProvider",
    "IntegrationStatus",
    "Intent",
    "Keyword",
    "KeywordStatus",
    "Lead",
    "LeadOrigin",
    "LeadStatus",
    "MatchType",
    "Mention",
    "MentionKind",
    "Platform",
    "Relevance",
    "Sentiment",
    "User",
    "UserRole",
    "UserStatus",
]
