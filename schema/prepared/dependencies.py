"""The dependencies of an operation's answer: whether a change of it can be noticed without running the operation."""

from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    visit,
)

_CONNECTIONS: Final = ("Integration", "IntegrationLog", "Keyword", "Lead", "LeadEvent", "Mention", "User")
_OF_DATA: Final = frozenset(
    {
        "Analysis",
        "Analytics",
        "ConversionAnalytics",
        "ConversionMetrics",
        "Dashboard",
        "FunnelStage",
        "IntegrationHealth",
        "IntentCount",
        "KeywordCount",
        "KeywordPerformance",
        "LeadAnalytics",
        "LeadChange",
        "LeadRule",
        "LeadScore",
        "LeadStats",
        "LeadStatusCount",
        "MentionStats",
        "Money",
        "Node",
        "PageInfo",
        "PlatformCount",
        "Point",
        "Query",
        "Rate",
        "RateTrend",
        "SentimentCount",
        "Series",
        "TimeCount",
        "Trend",
        "UptimeDay",
        "Window",
        *(f"{name}{part}" for name in _CONNECTIONS for part in ("", "Connection", "Edge")),
    }
)
"""The types whose objects depend only on rows that the transactions of their owner write, and on windows of time.

Objects of other types can change without such a transaction: workers write exports, for example. A new type belongs
here only if each of its fields meets this.
"""
_CHANGES_ALONE: Final = "asOf"
"""The name of fields that tell when a figure was computed. They change although the data does not."""


def depends_on_viewer_alone(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> bool:
    """Return whether the answer to a member depends only on the request, the member's data, and the time.

    False for anything else, and where this is not known.
    """
    if operation.operation is not OperationType.QUERY:
        return False
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    found = _Fields(TypeInfo(schema))
    for node in (operation, *fragments):
        visit(node, TypeInfoVisitor(found.types, found))
    return found.are_known


class _Fields(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.are_known = True

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, own = self.types.get_parent_type(), get_named_type(self.types.get_type())
        name = node.name.value
        if name == "__typename":
            return
        is_known = (
            parent is not None
            and own is not None
            and parent.name in _OF_DATA
            and name != _CHANGES_ALONE
            and (parent.name != "Query" if is_leaf_type(own) else own.name in _OF_DATA)
        )
        self.are_known &= is_known
