"""Lazy references to types by name, so that the modules of types never import one another."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from schema.analysis import Analysis
    from schema.analytics import Analytics
    from schema.api_key import ApiKey
    from schema.change import Change
    from schema.dashboard import Dashboard
    from schema.export import Export
    from schema.integration import Integration
    from schema.integration_health import IntegrationHealth
    from schema.integration_log import IntegrationLog
    from schema.keyword import Keyword
    from schema.keyword_performance import KeywordPerformance
    from schema.lead import Lead
    from schema.lead_event import LeadEvent
    from schema.mention import Mention
    from schema.relay import LeadConnection, MentionConnection
    from schema.user import User
    from schema.webhook import Webhook, WebhookDelivery

AnalysisRef = Annotated["Analysis", strawberry.lazy("schema.analysis")]
ApiKeyRef = Annotated["ApiKey", strawberry.lazy("schema.api_key")]
ChangeRef = Annotated["Change", strawberry.lazy("schema.change")]
ExportRef = Annotated["Export", strawberry.lazy("schema.export")]
IntegrationLogRef = Annotated["IntegrationLog", strawberry.lazy("schema.integration_log")]
IntegrationRef = Annotated["Integration", strawberry.lazy("schema.integration")]
KeywordRef = Annotated["Keyword", strawberry.lazy("schema.keyword")]
LeadEventRef = Annotated["LeadEvent", strawberry.lazy("schema.lead_event")]
LeadRef = Annotated["Lead", strawberry.lazy("schema.lead")]
MentionRef = Annotated["Mention", strawberry.lazy("schema.mention")]
WebhookRef = Annotated["Webhook", strawberry.lazy("schema.webhook")]
WebhookDeliveryRef = Annotated["WebhookDelivery", strawberry.lazy("schema.webhook")]
UserRef = Annotated["User", strawberry.lazy("schema.user")]
LeadConnectionRef = Annotated["LeadConnection", strawberry.lazy("schema.relay")]
MentionConnectionRef = Annotated["MentionConnection", strawberry.lazy("schema.relay")]
DashboardRef = Annotated["Dashboard", strawberry.lazy("schema.dashboard")]
AnalyticsRef = Annotated["Analytics", strawberry.lazy("schema.analytics")]
KeywordPerformanceRef = Annotated["KeywordPerformance", strawberry.lazy("schema.keyword_performance")]
IntegrationHealthRef = Annotated["IntegrationHealth", strawberry.lazy("schema.integration_health")]
