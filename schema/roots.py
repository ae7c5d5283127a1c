"""The roots of the schema: queries, and mutations, each of which runs in its own transaction."""

from typing import Annotated, Any

import strawberry

from resolvers import export as of_exports
from resolvers import integration as of_integrations
from resolvers import keyword as of_keywords
from resolvers import lead as of_leads
from resolvers import mention as of_mentions
from resolvers import node as of_nodes
from resolvers import timeframe
from resolvers import user as of_users
from resolvers.entities import EXPORT, INTEGRATION, KEYWORD, LEAD, MENTION, USER
from schema.connections import list_of
from schema.fields import resolved_by
from schema.lazy_types import (
    AnalyticsRef,
    DashboardRef,
    ExportRef,
    IntegrationRef,
    KeywordRef,
    LeadConnectionRef,
    LeadRef,
    MentionConnectionRef,
    MentionRef,
    UserRef,
)
from schema.list_size import LengthOf
from schema.mutations.analysis import AnalysisMutation
from schema.mutations.export import ExportMutation
from schema.mutations.ingest import IngestMutation
from schema.mutations.integration import IntegrationMutation
from schema.mutations.keyword import KeywordMutation
from schema.mutations.lead import LeadMutation
from schema.mutations.mention import MentionMutation
from schema.node import Node
from schema.relay import Connection
from schema.resolver_types import SetWise
from schema.timeframe import framed


def by_id(resolver: SetWise, thing: str) -> Any:
    id_ = Annotated[strawberry.ID, strawberry.argument(description=f"Global ID of the {thing}.")]
    description = f"The {thing} with the given ID. Null if no such {thing} is visible to the viewer."
    return resolved_by(resolver, description=description, arguments={"id": id_})


IDS = Annotated[
    list[strawberry.ID], strawberry.argument(description="Global IDs of objects of any type, at most 100.")
]


@strawberry.type(
    description="The query root. Keywords require the scope `read:keywords`, mentions and analyses `read:mentions`, "
    "leads and lead events `read:leads`, integrations and integration logs `read:integrations`. An API key without any "
    "`read:` or `write:` scope has all four scopes."
)
class Query:
    viewer: UserRef = resolved_by(of_users.viewer, description="User authenticated by the request.")
    dashboard: DashboardRef = framed(
        timeframe.of_viewer,
        "Dashboard of the viewer, also for operators. Other users' dashboards are at `user(id:) { dashboard }`.",
    )
    analytics: AnalyticsRef = framed(
        timeframe.of_viewer,
        "Figures about the viewer's own mentions and leads, also for operators. Other users' figures are at "
        "`user(id:) { analytics }`.",
    )
    node: Node | None = by_id(of_nodes.node, "object")
    nodes: list[Node | None] = resolved_by(
        of_nodes.nodes,
        description="Objects with the given IDs, in the order of the IDs. Null for each ID without an object visible to "
        "the viewer.",
        arguments={"ids": IDS},
        size=LengthOf("ids"),
    )
    user: UserRef | None = by_id(of_users.user, "user")
    users: Connection[UserRef] = list_of(USER, of_users.users, "All users visible to the viewer.")
    keyword: KeywordRef | None = by_id(of_keywords.keyword, "keyword")
    keywords: Connection[KeywordRef] = list_of(
        KEYWORD, of_keywords.keywords, "All keywords visible to the viewer."
    )
    mention: MentionRef | None = by_id(of_mentions.mention, "mention")
    mentions: MentionConnectionRef = list_of(
        MENTION, of_mentions.mentions, "All mentions visible to the viewer."
    )
    lead: LeadRef | None = by_id(of_leads.lead, "lead")
    leads: LeadConnectionRef = list_of(LEAD, of_leads.leads, "All leads visible to the viewer.")
    integration: IntegrationRef | None = by_id(of_integrations.integration, "integration")
    integrations: Connection[IntegrationRef] = list_of(
        INTEGRATION, of_integrations.integrations, "All integrations visible to the viewer."
    )
    export: ExportRef | None = by_id(of_exports.export, "export")
    exports: Connection[ExportRef] = list_of(
        EXPORT,
        of_exports.exports,
        "Exports created by the viewer. No other user can see the exports, not even an operator.",
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
    IntegrationMutation,
    ExportMutation,
):
    pass
