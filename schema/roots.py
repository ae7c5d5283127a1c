"""The roots of the schema: queries, and mutations, each of which runs in its own transaction."""

from typing import Annotated, Any

import strawberry

from db.statements.session import MOST_SHOWN
from resolvers import doctor as of_doctor
from resolvers import node as of_nodes
from resolvers import rate_limit as of_rate_limit
from resolvers import session as of_sessions
from resolvers import timeframe
from resolvers import user as of_users
from resolvers.entities import API_KEY, EXPORT, INTEGRATION, KEYWORD, LEAD, MENTION, USER, WEBHOOK
from resolvers.framework import relation
from resolvers.framework.entity import Entity
from schema.change import ChangeConnection, all_changes
from schema.doctor import DoctorReport
from schema.fields import NULL_IF_FAILED, resolved_by
from schema.lazy_types import (
    AnalyticsRef,
    ApiKeyRef,
    DashboardRef,
    ExportRef,
    IntegrationRef,
    KeywordRef,
    LeadConnectionRef,
    LeadRef,
    MentionConnectionRef,
    MentionRef,
    UserRef,
    WebhookRef,
)
from schema.list_size import Fixed, LengthOf
from schema.mutations.analysis import AnalysisMutation
from schema.mutations.api_key import ApiKeyMutation
from schema.mutations.bulk_leads import BulkLeadMutation
from schema.mutations.export import ExportMutation
from schema.mutations.ingest import IngestMutation
from schema.mutations.integration import IntegrationMutation
from schema.mutations.keyword import KeywordMutation
from schema.mutations.lead import LeadMutation
from schema.mutations.mention import MentionMutation
from schema.mutations.session import SessionMutation
from schema.mutations.user import UserMutation
from schema.mutations.webhook import WebhookMutation
from schema.node import Node
from schema.rate_limit import RateLimit
from schema.relay import Connection, list_of, stats_of
from schema.resolver_types import SetWiseResolver
from schema.session import Session
from schema.stats import LeadStats, MentionStats
from schema.timeframe import framed


def by_id(resolver: SetWiseResolver, thing: str) -> Any:
    id_ = Annotated[strawberry.ID, strawberry.argument(description=f"Global ID of the {thing}.")]
    description = f"The {thing} with the given ID. Null if no such {thing} is visible to the viewer."
    return resolved_by(resolver, description=description, arguments={"id": id_})


def row_of(entity: Entity[Any]) -> Any:
    return by_id(relation.by_id(entity.model), entity.typename.lower())


IDS = Annotated[
    list[strawberry.ID], strawberry.argument(description="Global IDs of objects of any type, at most 100.")
]


@strawberry.type(
    description="The query root. Keywords require the scope `read:keywords`, mentions and analyses `read:mentions`, "
    "leads and lead events `read:leads`, integrations and integration logs `read:integrations`, API keys `read:keys`, webhooks `read:webhooks`. An "
    "API key without any `read:` or `write:` scope has the first four of these scopes. A field of the root that fails is "
    "null, and the other fields are not affected."
)
class Query:
    viewer: UserRef | None = resolved_by(
        of_users.viewer, description="User authenticated by the request." + NULL_IF_FAILED
    )
    dashboard: DashboardRef | None = framed(
        timeframe.of_viewer,
        "Dashboard of the viewer, also for operators. Other users' dashboards are at `user(id:) { dashboard }`."
        + NULL_IF_FAILED,
    )
    analytics: AnalyticsRef | None = framed(
        timeframe.of_viewer,
        "Figures about the viewer's own mentions and leads, also for operators. Other users' figures are at "
        "`user(id:) { analytics }`." + NULL_IF_FAILED,
    )
    node: Node | None = by_id(of_nodes.node, "object")
    nodes: list[Node | None] | None = resolved_by(
        of_nodes.nodes,
        description="Objects with the given IDs, in the order of the IDs. Null for each ID without an object visible to "
        "the viewer. An invalid ID also gives an error for its own place.",
        arguments={"ids": IDS},
        size=LengthOf("ids"),
    )
    user: UserRef | None = row_of(USER)
    users: Connection[UserRef] | None = list_of(USER, "All users visible to the viewer." + NULL_IF_FAILED)
    keyword: KeywordRef | None = row_of(KEYWORD)
    keywords: Connection[KeywordRef] | None = list_of(
        KEYWORD, "All keywords visible to the viewer." + NULL_IF_FAILED, counter="keywords_count"
    )
    mention: MentionRef | None = row_of(MENTION)
    mentions: MentionConnectionRef | None = list_of(
        MENTION, "All mentions visible to the viewer." + NULL_IF_FAILED, counter="mentions_count"
    )
    lead: LeadRef | None = row_of(LEAD)
    leads: LeadConnectionRef | None = list_of(
        LEAD, "All leads visible to the viewer." + NULL_IF_FAILED, counter="leads_count"
    )
    lead_stats: LeadStats | None = stats_of(
        LEAD,
        "Figures over all leads visible to the viewer that match the filter." + NULL_IF_FAILED,
        counter="leads_count",
    )
    mention_stats: MentionStats | None = stats_of(
        MENTION,
        "Figures over all mentions visible to the viewer that match the filter." + NULL_IF_FAILED,
        counter="mentions_count",
    )
    integration: IntegrationRef | None = row_of(INTEGRATION)
    integrations: Connection[IntegrationRef] | None = list_of(
        INTEGRATION, "All integrations visible to the viewer." + NULL_IF_FAILED
    )
    export: ExportRef | None = row_of(EXPORT)
    exports: Connection[ExportRef] | None = list_of(
        EXPORT,
        "Exports created by the viewer. No other user can see the exports, not even an operator."
        + NULL_IF_FAILED,
    )
    api_key: ApiKeyRef | None = by_id(relation.by_id(API_KEY.model), "API key")
    api_keys: Connection[ApiKeyRef] | None = list_of(
        API_KEY,
        "API keys of the viewer, revoked and expired ones too. No other user can see the keys, not even an operator. "
        "Requires the scope `read:keys`." + NULL_IF_FAILED,
    )
    webhook: WebhookRef | None = row_of(WEBHOOK)
    webhooks: Connection[WebhookRef] | None = list_of(
        WEBHOOK,
        "Webhooks of the viewer. No other user can see them, not even an operator. Requires the scope `read:webhooks`."
        + NULL_IF_FAILED,
    )
    sessions: list[Session] | None = resolved_by(
        of_sessions.sessions,
        description=f"Sessions of the viewer, the newest first, at most {MOST_SHOWN}. Only a session sees them: the list is "
        "empty for an API key and for a browser token." + NULL_IF_FAILED,
        size=Fixed(MOST_SHOWN),
    )
    changes: ChangeConnection | None = all_changes()
    rate_limit: RateLimit | None = resolved_by(
        of_rate_limit.rate_limit,
        description="Rate limit of the viewer after this operation was charged. Null if the server limits no rates.",
    )
    doctor: DoctorReport | None = resolved_by(
        of_doctor.doctor,
        description="Problems of the database, its tables and its jobs, each with the command that mends it. The report "
        "is computed at each request and takes about a second. Null unless the viewer is an operator. Requires an API "
        "key with the scopes to read keywords, mentions, leads and integrations.",
    )


@strawberry.type(
    description="The mutation root. Each field is atomic. Fields run in the order of the document, and each payload "
    "reflects the writes of its own and all earlier fields."
)
class Mutation(
    KeywordMutation,
    MentionMutation,
    IngestMutation,
    AnalysisMutation,
    LeadMutation,
    BulkLeadMutation,
    IntegrationMutation,
    ExportMutation,
    UserMutation,
    ApiKeyMutation,
    SessionMutation,
    WebhookMutation,
):
    pass
