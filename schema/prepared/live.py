"""Operations that stay open: the source of a subscription, and the entities that a live query depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_argument_values,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_variable_values

from breadth.strawberry_field import definition_of
from resolvers.entities import OF_MODEL, OF_TYPENAME
from resolvers.framework.following import Follows, follows_of
from resolvers.framework.requires import requirements_of
from schema.fields import SET_RESOLVER

LIVE: Final = "live"
"""The directive of a query that is sent again when its answer changes."""
ANY: Final[frozenset[str]] = frozenset()
"""The entities of an operation that can depend on any of them."""
_COUNTED: Final[Mapping[str, frozenset[str]]] = {
    "Keyword": frozenset({"Mention", "Lead"}),
    "Mention": frozenset({"Lead"}),
    "Lead": frozenset({"Mention"}),
    "LeadEvent": frozenset({"Lead"}),
    "Integration": frozenset({"Mention"}),
}
"""The entities whose changes change counters and derived columns of an entity, which are no changes of their own."""
_PLAIN: Final = ("Connection", "Edge")
_DERIVED: Final = frozenset({"Node", "Dashboard", "Analytics", "LeadStats", "MentionStats", "Change"})
"""The types of the query root's fields, besides entities, whose values the change feed tells of."""


def is_live(node: OperationDefinitionNode) -> bool:
    return any(each.name.value == LIVE for each in node.directives or ())


def without_live(document: DocumentNode) -> DocumentNode:
    """Return a document whose operations lack the directive, which tells the executors nothing."""
    if not any(
        isinstance(each, OperationDefinitionNode) and each.directives for each in document.definitions
    ):
        return document
    return DocumentNode(definitions=tuple(map(_without, document.definitions)), loc=document.loc)


def _without(definition: Any) -> Any:
    if not isinstance(definition, OperationDefinitionNode) or not is_live(definition):
        return definition
    return OperationDefinitionNode(
        operation=definition.operation,
        name=definition.name,
        variable_definitions=definition.variable_definitions,
        directives=tuple(each for each in definition.directives or () if each.name.value != LIVE),
        selection_set=definition.selection_set,
        loc=definition.loc,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """The events of a subscription: its field in the response, the changes that it follows, and where it resumes.

    `variable` is the name of the variable that gives the cursor `after`.
    """

    key: str
    follows: Follows
    after: str | None
    variable: str | None = None


def source_of(
    schema: GraphQLSchema,
    node: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> Source | list[GraphQLError]:
    """Return the source of a valid subscription, or the errors of its variables."""
    values = get_variable_values(schema, node.variable_definitions or (), dict(variables))
    if not isinstance(values, VariableValues):
        return list(values)
    field = _only_field(node.selection_set, fragments)
    root = schema.subscription_type
    assert root is not None  # noqa: S101 - the document is valid
    known: GraphQLField = root.fields[field.name.value]
    try:
        arguments = get_argument_values(known, field, values)
    except GraphQLError as error:
        return [error]
    key = field.alias.value if field.alias else field.name.value
    given = {each.name.value: each.value for each in field.arguments or ()}.get("after")
    variable = given.name.value if isinstance(given, VariableNode) else None
    return Source(key, follows_of(_resolver_of(known)), arguments.get("after"), variable)


def _only_field(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> FieldNode:
    """Return the only field of a subscription's root. Validation has checked that there is one."""
    node = selected.selections[0]
    while not isinstance(node, FieldNode):
        inner = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        assert isinstance(inner, (FragmentDefinitionNode, InlineFragmentNode))  # noqa: S101 - as above
        node = inner.selection_set.selections[0]
    return node


def _resolver_of(known: GraphQLField) -> Any:
    definition = definition_of(known)
    return None if definition is None else definition.metadata.get(SET_RESOLVER)


@dataclass(frozen=True, slots=True)
class LiveReads:
    """The dependencies of a query.

    `entities` are those whose changes can change its answer; `ANY` stands for all of them. Only rows and pages of rows
    depend on few entities. A query with any other object can depend on all. `untold` are the types that the query selects
    although the change feed does not tell of their changes, sorted.
    """

    entities: frozenset[str]
    untold: list[str]


def live_reads_of(
    schema: GraphQLSchema,
    node: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> LiveReads:
    """Return the dependencies of a query."""
    walk = _Walk(schema, fragments)
    walk.selection_set(node.selection_set, schema.query_type)
    entities = ANY
    if walk.found and not walk.is_open:
        entities = walk.found.union(*(_COUNTED.get(each, frozenset()) for each in walk.found))
    return LiveReads(entities, sorted(walk.untold))


class _Walk:
    """One walk over a query, which collects the entities of rows and of the models that resolvers read."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.found: frozenset[str] = frozenset()
        self.is_open = False
        self.untold: set[str] = set()
        self._schema, self._fragments = schema, fragments
        self._visited: set[str] = set()

    def selection_set(self, selected: SelectionSetNode | None, type_: Any) -> None:
        for node in () if selected is None else selected.selections:
            if isinstance(node, FieldNode):
                self._field(node, type_)
            elif isinstance(node, FragmentSpreadNode):
                if node.name.value not in self._visited:
                    self._visited.add(node.name.value)
                    fragment = self._fragments[node.name.value]
                    self.selection_set(
                        fragment.selection_set, self._named(fragment.type_condition.name.value)
                    )
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self.selection_set(
                    node.selection_set, self._named(condition.name.value) if condition else type_
                )

    def _named(self, name: str) -> Any:
        self._note_untold(name)
        return self._schema.get_type(name)

    def _field(self, node: FieldNode, parent: Any) -> None:
        known = getattr(parent, "fields", {}).get(node.name.value)
        if known is None:
            return
        own = get_named_type(known.type)
        self._note_untold(
            own.name, is_root=parent is self._schema.query_type and node.selection_set is not None
        )
        if node.selection_set is not None:
            self._add(own.name)
        resolver = _resolver_of(known)
        requirements = None if resolver is None else requirements_of(resolver)
        for model in () if requirements is None else (*requirements.models, *requirements.others):
            entity = OF_MODEL.get(model)
            self._add("" if entity is None else entity.typename)
        self.selection_set(node.selection_set, own)

    def _note_untold(self, typename: str, *, is_root: bool = False) -> None:
        """Note a type of whose changes the feed does not tell. Values inside of a row change with the row."""
        plain = _plain(typename)
        entity = OF_TYPENAME.get(plain)
        is_told = not is_root or plain in _DERIVED
        if entity is not None:
            is_told = entity.model.__feed__ is not None or plain in _COUNTED
        if not is_told:
            self.untold.add(plain)

    def _add(self, typename: str) -> None:
        """Add the entity of a type. A type of values, which is no row, can depend on all entities."""
        typename = _plain(typename)
        if typename == "PageInfo":
            return
        if typename == "Analysis":
            typename = "Mention"
        if typename == "User" or typename not in OF_TYPENAME:
            self.is_open = True
        else:
            self.found |= {typename}


def _plain(typename: str) -> str:
    """Return the type of the rows of a connection or an edge."""
    for part in _PLAIN:
        typename = typename.removesuffix(part)
    return typename


def reads_changed(entities: frozenset[str], changed: Sequence[str]) -> bool:
    """Return whether changes of these entities can change the answer of a query that reads others."""
    return not entities or not entities.isdisjoint(changed)
