"""The tables. Rows that loaders return have the attributes and types of their model, read-only."""

from importlib import import_module
from pkgutil import iter_modules

from db.models.analysis_result import AnalysisResult, AnalysisStatus, Intent, Relevance, Sentiment
from db.models.api_key import ApiKey
from db.models.backfill import Backfill
from db.models.background_task import BackgroundTask
from db.models.base import Base
from db.models.browser_token import BrowserToken
from db.models.change import ChangeFeed, ChangeKind, RowChange
from db.models.export import Export, ExportEntity, ExportFormat, ExportPart, ExportStatus
from db.models.idempotency_key import IdempotencyKey
from db.models.integration import Integration, IntegrationKind, IntegrationProvider, IntegrationStatus
from db.models.integration_day import IntegrationDay
from db.models.integration_log import IntegrationLog, IntegrationLogKind, IntegrationLogStatus
from db.models.keyword import Keyword, KeywordStatus, MatchType
from db.models.known_device import KnownDevice
from db.models.lead import Lead, LeadOrigin, LeadStatus
from db.models.lead_event import LeadEvent, LeadEventType
from db.models.mention import DismissReason, Mention, MentionKind, Platform
from db.models.password import Password
from db.models.schema_support import SchemaSupport
from db.models.slot_stats import DayStats, SlotStats, UserDayStats, UserSlotStats
from db.models.user import User, UserRole, UserStatus, Weekday
from db.models.user_session import UserSession
from db.models.webhook import (
    Webhook,
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookDisabledReason,
    WebhookEventType,
    WebhookSecret,
    WebhookSignature,
    WebhookStatus,
)

__all__ = [
    "AnalysisResult",
    "AnalysisStatus",
    "ApiKey",
    "Backfill",
    "BackgroundTask",
    "Base",
    "BrowserToken",
    "ChangeFeed",
    "ChangeKind",
    "DayStats",
    "DismissReason",
    "Export",
    "ExportEntity",
    "ExportFormat",
    "ExportPart",
    "ExportStatus",
    "IdempotencyKey",
    "Integration",
    "IntegrationDay",
    "IntegrationKind",
    "IntegrationLog",
    "IntegrationLogKind",
    "IntegrationLogStatus",
    "IntegrationProvider",
    "IntegrationStatus",
    "Intent",
    "Keyword",
    "KeywordStatus",
    "KnownDevice",
    "Lead",
    "LeadEvent",
    "LeadEventType",
    "LeadOrigin",
    "LeadStatus",
    "MatchType",
    "Mention",
    "MentionKind",
    "Password",
    "Platform",
    "Relevance",
    "RowChange",
    "SchemaSupport",
    "Sentiment",
    "SlotStats",
    "User",
    "UserDayStats",
    "UserRole",
    "UserSession",
    "UserSlotStats",
    "UserStatus",
    "Webhook",
    "WebhookDelivery",
    "WebhookDeliveryStatus",
    "WebhookDisabledReason",
    "WebhookEventType",
    "WebhookSecret",
    "WebhookSignature",
    "WebhookStatus",
    "Weekday",
]

# The metadata knows every table, also those of modules that are not named above.
for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
