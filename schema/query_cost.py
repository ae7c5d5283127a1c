"""How much one operation may ask for: counted before it runs, from the document and the sizes of its pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_composite_type,
    is_list_type,
    visit,
)
from graphql.type import GraphQLNonNull

from breadth.strawberry_field import definition_of
from resolvers import stats, timeframe
from resolvers.framework.errors import CallerError
from resolvers.framework.paging import DEFAULT_SIZE, LARGEST_BULK_SIZE
from resolvers.framework.requires import requirements_of
from schema.fields import SET_RESOLVER

MOST_OBJECTS = 200_000
MOST_READS = 1000
DEEPEST = 20
OTHER_LISTS = 30  # what a list that is no page is counted as
UNITS_OF_TIME: Mapping[str, int] = {"Point": timeframe.MOST_WINDOWS, "TimeCount": stats.MOST_WINDOWS}
"""The most of what is listed by days, weeks or months. Without ends, windows have hardly more than other lists."""
ENDS = {"from", "to"}


class CostLimitError(CallerError):
    """The operation could return more than one answer may hold."""

    code = "COST_LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Cost:
    """The most objects that a selection can return, how deep it nests, and how often it may read: each of its
    places once, whatever the number of objects.
    """

    objects: int
    depth: int
    reads: int


class Costs:
    """The cost of one operation. A fragment is measured once for each type and page that it is spread on."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[tuple[str, str, int], Cost] = {}
        self._with_ends = _names_ends(document)

    def of_operation(self, operation: OperationDefinitionNode) -> Cost:
        defaults = {
            node.variable.name.value: node.default_value for node in operation.variable_definitions or ()
        }
        given = {name: self._variables.get(name, default) for name, default in defaults.items()}
        self._variables = given
        root = self._schema.get_root_type(operation.operation)
        return self._of(operation.selection_set, root, page=1) if root else Cost(0, 0, 0)

    def _of(self, selected: SelectionSetNode, type_: GraphQLNamedType, *, page: int) -> Cost:
        """`page` is the size of the page that `type_` is, if it is a connection."""
        objects = depth = reads = 0
        for node in selected.selections:
            match node:
                case FieldNode():
                    cost = self._of_field(node, type_, page)
                case FragmentSpreadNode():
                    cost = self._of_fragment(node.name.value, type_, page)
                case InlineFragmentNode():
                    named = node.type_condition
                    inner = self._schema.get_type(named.name.value) if named else type_
                    cost = self._of(node.selection_set, inner or type_, page=page)
                case _:
                    continue
            objects, depth, reads = objects + cost.objects, max(depth, cost.depth), reads + cost.reads
        return Cost(objects, depth, reads)

    def _of_fragment(self, name: str, type_: GraphQLNamedType, page: int) -> Cost:
        fragment = self._fragments[name]
        key = (name, type_.name, page)
        if key not in self._measured:
            inner = self._schema.get_type(fragment.type_condition.name.value)
            self._measured[key] = self._of(fragment.selection_set, inner or type_, page=page)
        return self._measured[key]

    def _of_field(self, node: FieldNode, parent: GraphQLNamedType, page: int) -> Cost:
        field: GraphQLField | None = getattr(parent, "fields", {}).get(node.name.value)
        type_ = get_named_type(field.type) if field else None
        reads = _reads(field) if field else 0
        if field is None or type_ is None or node.selection_set is None or not is_composite_type(type_):
            return Cost(0, 1, reads)
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        inner = self._of(node.selection_set, type_, page=self._page(arguments))
        times = self._times(field, parent, arguments, page)
        return Cost(times * (1 + inner.objects), 1 + inner.depth, reads + inner.reads)

    def _page(self, arguments: Mapping[str, ValueNode]) -> int:
        sizes = [self._number(arguments[name]) for name in ("first", "last") if name in arguments]
        return max((size for size in sizes if size is not None), default=DEFAULT_SIZE)

    def _times(
        self, field: GraphQLField, parent: GraphQLNamedType, arguments: Mapping[str, ValueNode], page: int
    ) -> int:
        """How many objects the field can return for one parent."""
        if not _is_list(field.type):
            return 1
        if parent.name.endswith("Connection"):
            return page
        if parent.name.endswith("Payload"):
            return LARGEST_BULK_SIZE
        if "ids" in arguments:
            return self._length(arguments["ids"])
        if "first" in arguments:  # a list that is bounded, and no page
            return self._page(arguments)
        units = UNITS_OF_TIME.get(get_named_type(field.type).name) if self._with_ends else None
        return units or OTHER_LISTS

    def _number(self, value: ValueNode) -> int | None:
        if isinstance(value, IntValueNode):
            return min(max(int(value.value), 0), LARGEST_BULK_SIZE)
        given: Any = self._variables.get(value.name.value) if isinstance(value, VariableNode) else None
        if isinstance(given, IntValueNode):
            return self._number(given)
        return min(max(given, 0), LARGEST_BULK_SIZE) if isinstance(given, int) else None

    def _length(self, value: ValueNode) -> int:
        given: Any = self._variables.get(value.name.value) if isinstance(value, VariableNode) else value
        if isinstance(given, ListValueNode):
            return len(given.values)
        return len(given) if isinstance(given, list) else 1


def _names_ends(document: DocumentNode) -> bool:
    """Whether any field is asked with the ends of a window, which can be years apart."""
    found = False

    class Finder(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            nonlocal found
            found = found or node.name.value in ENDS

    visit(document, Finder())
    return found


def _is_list(type_: Any) -> bool:
    return is_list_type(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)


def _reads(field: GraphQLField) -> int:
    """How often a field may read, for all of its parents together."""
    definition = definition_of(field)
    resolver = definition.metadata.get(SET_RESOLVER) if definition else None
    if resolver is None:
        return 0
    stated = requirements_of(resolver)
    return 1 if stated is None else stated.loads


def refusal(cost: Cost) -> GraphQLError | None:
    """Why an operation of this cost is not run; None where it is."""
    if cost.objects > MOST_OBJECTS:
        problem = (
            f"This could return {cost.objects:,} objects, and one answer may hold {MOST_OBJECTS:,}: ask for "
            "smaller pages (`first`) where lists are nested."
        )
    elif cost.reads > MOST_READS:
        problem = (
            f"This could read {cost.reads:,} times, and one answer may take {MOST_READS:,}: ask for fewer lists, "
            "counts and figures at a time."
        )
    elif cost.depth > DEEPEST:
        problem = f"This nests {cost.depth} levels deep; at most {DEEPEST} are possible."
    else:
        return None
    return GraphQLError(problem, original_error=CostLimitError(problem))
