"""The roots."""

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
from schema.connections import export_list, integration_list, keyword_list, lead_list, mention_list, user_list
from schema.fields import SetWise, resolved_by
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
from schema.node import Node
from schema.relay import Connection
from schema.timeframe import framed


def by_id(resolver: SetWise, thing: str) -> Any:
    id_ = Annotated[strawberry.ID, strawberry.argument(description=f"Id of the {thing}.")]
    description = f"A {thing} by its id; null where there is none that the viewer may see."
    return resolved_by(resolver, description=description, arguments={"id": id_})


IDS = Annotated[
    list[strawberry.ID], strawberry.argument(description="Ids of things of any types, at most 100.")
]


@strawberry.type(
    description="What can be read. Keywords, mentions with their analyses, leads with their history, and integrations "
    "with their logs need the scopes `read:keywords`, `read:mentions`, `read:leads` and `read:integrations`. A key that "
    "names no `read:` or `write:` scope has all four."
)
class Query:
    viewer: UserRef = resolved_by(
        of_users.viewer, description="The user whose credential the request carries."
    )
    dashboard: DashboardRef = framed(
        timeframe.of_viewer,
        "The viewer's own dashboard, also an operator's: that of others is at `user(id:) { dashboard }`.",
    )
    analytics: AnalyticsRef = framed(
        timeframe.of_viewer, "What happened to the viewer's own mentions and leads, also to an operator's."
    )
    node: Node | None = by_id(of_nodes.node, "thing")
    nodes: list[Node | None] = resolved_by(
        of_nodes.nodes,
        description="Things by their ids, in the order of the ids; null where there is none that the viewer may see.",
        arguments={"ids": IDS},
    )
    user: UserRef | None = by_id(of_users.user, "user")
    users: Connection[UserRef] = user_list(of_users.users, "All users that the viewer may see.")
    keyword: KeywordRef | None = by_id(of_keywords.keyword, "keyword")
    keywords: Connection[KeywordRef] = keyword_list(
        of_keywords.keywords, "All keywords that the viewer may see."
    )
    mention: MentionRef | None = by_id(of_mentions.mention, "mention")
    mentions: MentionConnectionRef = mention_list(
        of_mentions.mentions, "All mentions that the viewer may see."
    )
    lead: LeadRef | None = by_id(of_leads.lead, "lead")
    leads: LeadConnectionRef = lead_list(of_leads.leads, "All leads that the viewer may see.")
    integration: IntegrationRef | None = by_id(of_integrations.integration, "integration")
    integrations: Connection[IntegrationRef] = integration_list(
        of_integrations.integrations, "All integrations that the viewer may see."
    )
    export: ExportRef | None = by_id(of_exports.export, "export")
    exports: Connection[ExportRef] = export_list(
        of_exports.exports, "The exports that the viewer has asked for; nobody else sees them."
    )
