"""Look-ahead: the cost of an operation and its reads, known from the document before it runs.

One walk over the document finds both. It visits a fragment once for each type and position, so that documents
whose fragments spread each other many times stay cheap. A plan of breadth cannot give this: it has a field set for
each place of the document, and the places of such a document are exponentially many.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from graphql import (
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_list_type,
)
from graphql.pyutils import UndefinedType

from breadth.equal_fields import copies_among
from breadth.fields import KEY, Column
from breadth.strawberry_field import definition_of
from db.language.projection import Projection, Selected
from db.language.shape import ToOne
from db.models import Base
from resolvers.entities import OF_TYPENAME
from resolvers.framework.mutation import STATEMENTS
from resolvers.framework.paging import LARGEST_BULK_SIZE, PARTS_OF_PAGE
from resolvers.framework.requires import (
    ALL_JOINS,
    COUNTED_WITH_PAGE,
    EVERY_READ,
    LOADS,
    Bound,
    Joins,
    OperationReads,
    Requirements,
    requirements_of,
)
from schema.fields import LONG, SET_RESOLVER
from schema.list_size import (
    SIZE,
    Fixed,
    GivenBy,
    LengthOf,
    ListSize,
    OfPage,
    TimeBuckets,
    ValuesOf,
    WindowEnds,
)
from schema.prepared.cost import Cost, Statements
from schema.prepared.introspection import META_FIELDS, list_sizes

VALUES_OF_LONG_TEXT = 30
OTHER_LISTS = 30
"""The size that counts for a list that states none, and for time buckets of a window without ends."""

_BEYOND_THE_STACK = 300
"""The depth of an operation that exhausts the stack. It is less than the real one, and more than any limit."""
_POSITIONS = frozenset({"after", "before"})
_MOST_DIGITS = 20  # a longer integer is no page size, and Python refuses to read a very long one

Path: TypeAlias = tuple[type[Base], ...]


@dataclass(frozen=True, slots=True)
class Lookahead:
    """`sizes` are the variables that the cost depends on, each with whether all values in it count."""

    cost: Cost
    reads: OperationReads
    sizes: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Position:
    """The facts that a selection set inherits from the fields above it.

    `path` are the models that one statement joins to reach its rows, the last one its own. `joins` are the relations
    that the statement brings. `has_ends` says that the ends of a window are given. `facts` are those of `Bound`.
    """

    path: Path = ()
    has_ends: bool = False
    joins: Joins = ALL_JOINS
    facts: frozenset[str] = frozenset()


@dataclass(slots=True)
class Total:
    """The sums over a selection set.

    `objects_per_row` and `values_per_row` count for each row of the page that its parent is. `loads` counts only
    reads that no statement above joins. `names` are the selected fields. `unjoined` is the bound of the statements if
    no relation is joined and no read is shared, `unshared` if no read is shared, and `statements` the bound otherwise,
    without the reads in `shared`.
    """

    objects: int = 0
    objects_per_row: int = 0
    values: int = 0
    values_per_row: int = 0
    fields: int = 0
    depth: int = 0
    reads: int = 0
    loads: int = 0
    unjoined: int = 0
    unshared: int = 0
    statements: int = 0
    viewer_row: bool = False
    owner_rows: int = 0
    computations: int = 0
    shared: frozenset[str] = frozenset()
    names: set[str] = field(default_factory=set)

    def add(self, other: "Total") -> None:
        self.objects += other.objects
        self.objects_per_row += other.objects_per_row
        self.values += other.values
        self.values_per_row += other.values_per_row
        self.fields += other.fields
        self.depth = max(self.depth, other.depth)
        self.reads += other.reads
        self.loads += other.loads
        self.add_bound(other)
        self.names |= other.names

    def add_bound(self, other: "Total") -> None:
        self.unjoined += other.unjoined
        self.unshared += other.unshared
        self.statements += other.statements
        self.viewer_row |= other.viewer_row
        self.owner_rows += other.owner_rows
        self.computations += other.computations
        self.shared |= other.shared


def look_ahead(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    *,
    copies: bool = False,
) -> Lookahead:
    """Return the cost and the reads of a valid operation.

    With `copies`, the executor resolves only one of several equal fields.

    Conditions count as met: an operation may read columns in vain, but never lacks one. An operation with a field
    that does not state its requirements reads all columns.
    """
    walk = Walk(schema, fragments, operation, variables)
    root = schema.get_root_type(operation.operation)
    try:
        total = walk.root(operation.selection_set, root, copies=copies)
    except RecursionError:  # only fields that nest far deeper than the limit lead here
        return Lookahead(Cost(0, _BEYOND_THE_STACK, 0), EVERY_READ, {})
    bound = walk.bound(total)
    cost = Cost(total.objects, total.depth, total.reads, total.values, total.fields, bound)
    return Lookahead(cost, walk.operation_reads(total), walk.sizes)


class Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self.sizes: dict[str, bool] = {}
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._defaults = {
            each.variable.name.value: each.default_value for each in operation.variable_definitions or ()
        }
        self._columns: defaultdict[type[Base], set[str]] = defaultdict(set)
        self._relations: defaultdict[type[Base], set[ToOne]] = defaultdict(set)
        self._unstated: set[str] = set()
        self._is_query = operation.operation is OperationType.QUERY
        self._visited: dict[tuple[str, Position], Total] = {}

    def operation_reads(self, total: Total) -> OperationReads:
        if self._unstated:
            return EVERY_READ if not self._is_query else OperationReads(unstated=frozenset(self._unstated))
        selected = {
            model: Selected(frozenset(names), frozenset(self._relations[model]))
            for model, names in self._columns.items()
        }
        # Loads share a read only in a snapshot: without one, each sends a statement at once.
        most = total.unshared if self._is_query and not total.computations else None
        single = total.loads <= 1 or (most is not None and most <= 1)
        return OperationReads(Projection(selected), single=single, most=most)

    def bound(self, total: Total) -> Statements:
        if self._unstated:
            return Statements(total.unjoined, computations=total.computations)
        own = total.statements + len(total.shared)
        return Statements(own, total.viewer_row, total.owner_rows, total.computations)

    def selection_set(self, selected: SelectionSetNode, type_: Any, position: Position) -> Total:
        total = Total()
        for node in selected.selections:
            total.add(self._selection(node, type_, position))
        return total

    def root(self, selected: SelectionSetNode, type_: Any, *, copies: bool) -> Total:
        """Return the sums over the root. With `copies`, equal fields count once in `unshared`.

        Below the root and with fragments, fields of one key may be merged, so that they are no longer equal.
        """
        fields = [node for node in selected.selections if isinstance(node, FieldNode)]
        keys = {(node.alias or node.name).value for node in fields}
        total, known = Total(), dict[int, int]()
        if copies and len(keys) == len(selected.selections):
            known = copies_among((id(node), [node]) for node in fields)
        for node in selected.selections:
            before = total.unshared
            total.add(self._selection(node, type_, Position()))
            if id(node) in known:
                total.unshared = before
        return total

    def _selection(self, node: SelectionNode, type_: Any, position: Position) -> Total:
        match node:
            case FieldNode():
                return self._field(node, type_, position)
            case FragmentSpreadNode():
                return self._spread(self._fragments[node.name.value], position)
            case InlineFragmentNode():
                condition = node.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else type_
                return self.selection_set(node.selection_set, inner, position)
        raise TypeError(node)

    def _spread(self, fragment: FragmentDefinitionNode, position: Position) -> Total:
        key = (fragment.name.value, position)
        found = self._visited.get(key)
        if found is None:
            type_ = self._schema.get_type(fragment.type_condition.name.value)
            found = self._visited[key] = self.selection_set(fragment.selection_set, type_, position)
        return found

    def _field(self, node: FieldNode, parent: Any, position: Position) -> Total:
        name = node.name.value
        known: GraphQLField | None = META_FIELDS.get(name) or getattr(parent, "fields", {}).get(name)
        if known is None:  # `__typename`
            return Total(depth=1, fields=1, values=1, names={name})
        entity = OF_TYPENAME.get(parent.name)
        rows = None if entity is None else entity.model
        requirements, size = self._introspected(parent, name) or _stated(known, rows)
        path = position.path if rows is None or position.path[-1:] == (rows,) else (*position.path, rows)
        is_joined = _is_joined(requirements, rows, path)
        arguments = {each.name.value: each.value for each in node.arguments or ()}
        has_ends = position.has_ends or (
            isinstance(size, (TimeBuckets, WindowEnds)) and any(name in arguments for name in size.ends)
        )
        keeps_path = is_joined or (requirements is not None and requirements.loads == 0)
        bound = LOADS if requirements is None else requirements.bound
        facts = self._facts(bound, arguments, position.facts)
        inner = Total()
        if node.selection_set is not None:
            joins = position.joins if keeps_path or requirements is None else requirements.joins
            if bound.of_arguments and not facts & _POSITIONS and self._selects_page(node.selection_set):
                facts |= {COUNTED_WITH_PAGE}
            below = Position(path if keeps_path else (), has_ends, joins, facts)
            inner = self.selection_set(node.selection_set, get_named_type(known.type), below)
        values = VALUES_OF_LONG_TEXT if _is_long(known) else 1
        total = Total(depth=1 + inner.depth, fields=1 + inner.fields, values=values, names={name})
        if node.selection_set is not None:
            items = partial(self._items, size, arguments, has_ends=has_ends)
            of_page = isinstance(size, OfPage)
            total.objects, total.objects_per_row = _multiplied(
                known, inner.objects, inner.objects_per_row, items, of_page=of_page
            )
            total.values, total.values_per_row = _multiplied(
                known, inner.values, inner.values_per_row, items, of_page=of_page
            )
        reads, loads = self._require(
            requirements, rows, inner.names, f"{parent.name}.{name}", is_joined=is_joined
        )
        total.reads, total.loads = inner.reads + reads, inner.loads + loads
        total.add_bound(inner)
        if bound.opens_scope:
            total.statements, total.shared = total.statements + len(total.shared), frozenset()
        if reads and not _is_unread(requirements, inner.names):
            number = _written(known) if requirements is None else bound.most or reads
            if isinstance(size, LengthOf) and size.argument in arguments:
                number = min(number, self._length(arguments[size.argument]))
            comes = is_joined and _comes_with(position.joins, requirements)
            self._bind(total, bound, number, position.facts, arguments, comes=comes)
        return total

    def _facts(
        self, bound: Bound, arguments: Mapping[str, ValueNode], above: frozenset[str]
    ) -> frozenset[str]:
        if bound.facts is None:
            return above
        given = {name for name, node in arguments.items() if bound.of_arguments and self._is_given(node)}
        if "filter" in given:
            given.add("uncounted")
        return bound.facts | given

    def _bind(
        self,
        total: Total,
        bound: Bound,
        number: int,
        facts: frozenset[str],
        arguments: Mapping[str, ValueNode],
        *,
        comes: bool,
    ) -> None:
        """Add the statements of one field, at most `number`. `comes` says that a statement above brings its rows."""
        if (
            not bound.when <= facts
            or bound.unless & facts
            or (bound.only_for and not self._may_be(arguments, *bound.only_for))
        ):
            return
        total.unjoined += number
        total.computations += bound.owner_rows
        if comes:
            return
        total.unshared += number
        total.viewer_row |= bound.viewer_row
        total.owner_rows += bound.owner_rows
        number -= bound.viewer_row + bound.owner_rows
        if bound.shared and self._shares(bound, arguments):
            total.shared |= {bound.shared}
        else:
            total.statements += number

    def _selects_page(self, selected: SelectionSetNode) -> bool:
        """Return whether a connection's selection needs its page."""
        remaining: list[SelectionNode] = list(selected.selections)
        while remaining:
            node = remaining.pop()
            if isinstance(node, FieldNode):
                if node.name.value in PARTS_OF_PAGE:
                    return True
            elif isinstance(node, FragmentSpreadNode):
                remaining += self._fragments[node.name.value].selection_set.selections
            elif isinstance(node, InlineFragmentNode):
                remaining += node.selection_set.selections
        return False

    def _shares(self, bound: Bound, arguments: Mapping[str, ValueNode]) -> bool:
        if bound.shared_up_to is None or "first" not in arguments:
            return True
        return (self._number(arguments["first"]) or 0) <= bound.shared_up_to

    def _is_given(self, node: ValueNode) -> bool:
        value = self._value(node)
        return value is not None and not isinstance(value, (UndefinedType, NullValueNode))

    def _may_be(self, arguments: Mapping[str, ValueNode], name: str, value: str) -> bool:
        """Return whether an argument of an enum has the value, or is a variable."""
        node = arguments.get(name)
        return isinstance(node, VariableNode) or (isinstance(node, EnumValueNode) and node.value == value)

    def _introspected(self, parent: Any, name: str) -> tuple[Requirements, ListSize | None] | None:
        """Return what a field of introspection states; None for a field of the schema's own types."""
        if name not in META_FIELDS and not is_introspection_type(parent):
            return None
        items = list_sizes(self._schema).get((parent.name, name))
        return Requirements(loads=0), None if items is None else Fixed(items)

    def _require(
        self,
        requirements: Requirements | None,
        rows: type[Base] | None,
        names: set[str],
        coordinate: str,
        *,
        is_joined: bool,
    ) -> tuple[int, int]:
        """Note what a field requires of its parents' rows and of others. `names` are selected of its objects.

        Return how often the field reads, and how often no statement above joins what it reads.
        """
        if requirements is None:
            self._unstated.add(coordinate)
            return 1, 1
        if rows is not None:
            self._columns[rows].update(requirements.own)
        for model, columns in requirements.others.items():
            self._columns[model].update(columns)
        if _is_unread(requirements, names):
            return requirements.loads, 0
        if requirements.relation is not None and rows is not None:
            self._relations[rows].add(requirements.relation)
        return requirements.loads, 0 if is_joined else requirements.loads

    def _items(self, size: ListSize | None, arguments: Mapping[str, ValueNode], *, has_ends: bool) -> int:
        match size:
            case Fixed(items):
                return items
            case GivenBy(names, default):
                given = [self._number(arguments[name]) for name in names if name in arguments]
                return max((number for number in given if number is not None), default=default)
            case LengthOf(name) if name in arguments:
                return self._length(arguments[name])
            case ValuesOf(name) if name in arguments:
                return self._values_in(arguments[name])
            case TimeBuckets(items) if has_ends:
                return items
        return OTHER_LISTS

    def _number(self, node: ValueNode | None) -> int | None:
        value = self._value(node)
        if isinstance(value, IntValueNode):
            return LARGEST_BULK_SIZE if len(value.value) > _MOST_DIGITS else _page_size(int(value.value))
        if isinstance(value, float) and value.is_integer():  # GraphQL takes 100.0 as an Int
            return _page_size(int(value))
        return _page_size(value) if isinstance(value, int) else None

    def _length(self, node: ValueNode) -> int:
        value = self._value(node)
        if isinstance(value, ListValueNode):
            return len(value.values)
        return len(value) if isinstance(value, list) else 1

    def _values_in(self, argument: ValueNode) -> int:
        """Return the number of values in an argument. Each object and each list counts as one more."""
        number, remaining = 0, [argument]
        while remaining:
            node = remaining.pop()
            value = self._value(node)
            if isinstance(node, VariableNode):
                self.sizes[node.name.value] = True
            number += 1
            if isinstance(value, ObjectValueNode):
                remaining += [each.value for each in value.fields]
            elif isinstance(value, ListValueNode):
                remaining += value.values
            elif isinstance(value, (dict, list)):
                number += values_in(value) - 1
        return number

    def _value(self, node: ValueNode | None) -> Any:
        """Return the value that a request gives for a variable, its default, or the literal itself."""
        if not isinstance(node, VariableNode):
            return node
        name = node.name.value
        self.sizes.setdefault(name, False)
        return self._variables.get(name, self._defaults.get(name))


def values_in(variable: Any) -> int:
    """Return the number of values in a variable. Each object and each list counts as one more."""
    number, remaining = 0, [variable]
    while remaining:
        value = remaining.pop()
        number += 1
        if isinstance(value, (dict, list)):
            remaining += value.values() if isinstance(value, dict) else value
    return number


def _page_size(number: int) -> int:
    return min(max(number, 0), LARGEST_BULK_SIZE)


def _is_unread(requirements: Requirements | None, names: set[str]) -> bool:
    """Return whether the resolver loads nothing, because none of the fields for which it loads is selected."""
    loads_for = frozenset() if requirements is None else requirements.loads_for
    return bool(loads_for) and loads_for.isdisjoint(names)


def _written(known: GraphQLField) -> int:
    """Return the largest number of statements of a field that states no requirements, such as a mutation."""
    definition = definition_of(known)
    resolver = None if definition is None else definition.metadata.get(SET_RESOLVER)
    return getattr(resolver, STATEMENTS, 1)


def _comes_with(joins: Joins, requirements: Requirements | None) -> bool:
    """Return whether a statement with these joins brings the row that a field refers to."""
    relation = None if requirements is None else requirements.relation
    if relation is None:
        return False
    if joins.models is not None:
        return relation.model in joins.models
    return joins.shared or not relation.shared


def _is_long(known: GraphQLField) -> bool:
    definition = definition_of(known)
    return definition is not None and bool(definition.metadata.get(LONG))


def _stated(known: GraphQLField, rows: type[Base] | None) -> tuple[Requirements | None, ListSize | None]:
    """Return what a field of a type, which shows rows or not, states about its reads and its size."""
    definition = definition_of(known)
    metadata: Mapping[Any, Any] = definition.metadata if definition else {}
    column, resolver = metadata.get(KEY), metadata.get(SET_RESOLVER)
    requirements = None if resolver is None else requirements_of(resolver)
    if isinstance(column, Column) and not column.whole:
        requirements = Requirements((column.name or definition.python_name,), loads=0)  # type: ignore[union-attr]
    elif isinstance(column, Column) and rows is None:
        requirements = Requirements(loads=0)
    return requirements, metadata.get(SIZE)


def _is_joined(requirements: Requirements | None, rows: type[Base] | None, path: Path) -> bool:
    """Return whether the statement that reads the parents also reads the row that the field refers to."""
    relation = None if requirements is None else requirements.relation
    return relation is not None and rows is not None and relation.model not in path


def _multiplied(
    known: GraphQLField, inner: int, per_row: int, items: Callable[[], int], *, of_page: bool
) -> tuple[int, int]:
    """Return the number of objects or values of a field for one parent, and for each row of the page that its parent is.

    `inner` and `per_row` are the same numbers for one object of the field.
    """
    if not is_list_type(get_nullable_type(known.type)):
        return 1 + inner + (per_row and per_row * items()), 0
    each = 1 + inner + per_row
    return (0, each) if of_page else (each * items(), 0)
