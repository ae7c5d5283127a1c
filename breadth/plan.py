"""Plans: the fields that an operation selects of each object type, collected once and kept.

A plan has one variant per combination of the conditions of `@skip` and `@include`. Within a variant, graphql-core
collects the fields once for each object type at each place of the document.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNamedOutputType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    assert_valid_schema,
    default_field_resolver,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from breadth import strawberry_field
from breadth.equal_fields import copies_among
from breadth.expressions import Entry, Nested
from breadth.field_source import AccessKind, FieldSource, ReadAttribute, SetWise, marker_of, source_of
from breadth.fields import FRAGMENT, InstanceOf
from breadth.layout_codegen import JoinedObject, LayoutEntry, LayoutWriters
from breadth.leaf_serialization import Leaf, leaf_of
from breadth.object_codegen import RowBuilders
from breadth.preflight import Unsupported, preflight
from breadth.runtime_types import runtime_type
from breadth.variables import ArgumentVariable, Variables, argument_variables

FieldResolver: TypeAlias = Callable[..., Any]

# Literals that hold no variables.
_LITERALS: Final = (
    IntValueNode,
    FloatValueNode,
    StringValueNode,
    BooleanValueNode,
    EnumValueNode,
    NullValueNode,
)

LARGEST_VARIANTS: Final = 32
LARGEST_CLASSES: Final = 64


class CompletionKind(Enum):
    """The way to complete a value of a type, apart from nulls."""

    LIST = auto()
    LEAF = auto()
    OBJECT = auto()
    ABSTRACT = auto()


class TypeLayer(NamedTuple):
    """One layer of a field's type: the type itself, the item type of its list, and so on.

    `plain_classes` are classes whose instances are plain objects by the type's own declaration.
    """

    kind: CompletionKind
    nullable: bool
    output_type: GraphQLOutputType
    leaf: Leaf | None
    plain_classes: tuple[type, ...]

    def declares(self, classes: set[type]) -> bool:
        """Return whether the type declares instances of the classes to be plain objects. Usually there is one class."""
        if not self.plain_classes or len(classes) != 1:
            return False
        (one,) = classes
        return issubclass(one, self.plain_classes)


class Field:
    """A field of a field set, with all nodes of the document that select it under one response key."""

    def __init__(
        self,
        collector: "Collector",
        parent: GraphQLObjectType,
        order: int,
        details: FieldDetailsList,
        definition: GraphQLField,
        path: tuple[str, ...],
    ) -> None:
        self.path = path
        self.key = path[-1]
        self.order = order
        self.parent = parent
        self.details = details
        self.definition = definition
        self.nodes: list[FieldNode] = [each.node for each in details]
        self.has_arguments = bool(definition.args)
        self.layers = _layers(definition.type)
        self.source: FieldSource = source_of(
            parent, self.nodes[0].name.value, definition, collector.field_resolver
        )
        self.is_column = self.layers[0].kind is CompletionKind.LEAF and self.source.is_column
        self.fragment_marker: Any = marker_of(definition, FRAGMENT)
        self.canonical: tuple[str, tuple[str, ...]] | None = None
        """A hash of the selection and the names of its variables, once `breadth.fragments` has made them."""
        self.kept_arguments: dict[str, Any] | None = None
        self._collector = collector
        self._types_by_class: dict[type, GraphQLObjectType | None] = {}
        self._conversions: dict[str, strawberry_field.Conversion | None] = {}
        self._subfields: dict[GraphQLObjectType, FieldSet] = {}

    @property
    def name(self) -> str:
        return self.nodes[0].name.value

    def conversion(self, name: str) -> strawberry_field.Conversion | None:
        """Return the Python name and the conversion of an argument, made once; None if breadth cannot convert it."""
        if name not in self._conversions:
            schema = self._collector.schema
            self._conversions[name] = strawberry_field.conversion(self.definition, name, schema)
        return self._conversions[name]

    @cached_property
    def has_pure_arguments(self) -> bool:
        """Whether all requests give the field equal arguments: literals of built-in scalars and enums."""
        return all(map(self._is_pure, self.nodes[0].arguments or ()))

    def _is_pure(self, given: ArgumentNode) -> bool:
        argument = self.definition.args.get(given.name.value)
        if argument is None or not isinstance(given.value, _LITERALS):
            return False
        named = get_named_type(argument.type)
        return isinstance(named, GraphQLEnumType) or is_specified_scalar_type(named)

    @property
    def may_be_copied(self) -> bool:
        """Whether an equal field has an equal value: the resolver does not know its place, and no fragment answers."""
        source = self.source
        return isinstance(source, SetWise) and source.resolver.of_context and self.fragment_marker is None

    @cached_property
    def coordinate(self) -> str:
        """The field's name in the schema, such as `Query.viewer`."""
        return f"{self.parent.name}.{self.name}"

    @cached_property
    def argument_variables(self) -> tuple[ArgumentVariable, ...] | None:
        """The variables that are the field's arguments; None if it has other arguments, or defaults."""
        return argument_variables(self.definition, self.nodes[0])

    @property
    def null_message(self) -> str:
        return f"Cannot return null for non-nullable field {self.parent}.{self.name}."

    @cached_property
    def selected(self) -> frozenset[str]:
        """The names of the fields that are selected of the field's objects, for set resolvers.

        A field of an object that is its own parent adds the names below it, such as `pageInfo.endCursor`.
        """
        fields = [field for subfields in self.possible_subfields() for field in subfields.fields]
        below = [f"{field.name}.{name}" for field in fields if field.is_view for name in field.selected]
        return frozenset([*(field.name for field in fields), *below])

    @property
    def is_view(self) -> bool:
        """Whether the field's object is its parent."""
        source, kind = self.source, self.layers[0].kind
        is_parent = isinstance(source, ReadAttribute) and source.access is AccessKind.PARENT
        return is_parent and kind is CompletionKind.OBJECT

    @property
    def entry(self) -> Entry:
        source: Any = self.source if self.is_column else None
        nested = None if self.is_column else self._nested()
        return Entry(self.key, source, self.layers[0].leaf, self.layers[0].nullable, nested)

    def _nested(self) -> Nested | None:
        """Return the description of objects or lists that are read from the parent."""
        source, (value, *inner) = self.source, self.layers
        if not isinstance(source, ReadAttribute) or source.has_arguments or self.fragment_marker is not None:
            return None
        in_list = value.kind is CompletionKind.LIST
        item = inner[0] if in_list else value
        if item.kind not in {CompletionKind.OBJECT, *((CompletionKind.LEAF,) if in_list else ())}:
            return None
        test = getattr(item.output_type, "is_type_of", None)
        if not (test is None or isinstance(test, InstanceOf)):
            return None

        def entries() -> list[Entry]:
            return [each.entry for each in self.subfields(item.output_type).fields]  # type: ignore[arg-type]

        classes = None if test is None else test.classes
        return Nested(source, value.nullable, in_list, item.nullable, item.leaf, classes, entries)

    @property
    def shapes(self) -> Counter[str]:
        """The number of field sets of the plan by their shape."""
        return self._collector.shapes

    @property
    def layout_entry(self) -> LayoutEntry:
        """The field's entry for parents with a layout, which may hold the field's objects."""
        return LayoutEntry(self.entry, self._joined_object())

    def _joined_object(self) -> JoinedObject | None:
        source, layer = self.source, self.layers[0]
        if not isinstance(source, SetWise) or source.resolver.joined is None or self.definition.args:
            return None
        if self.fragment_marker is not None:
            return None
        object_type: Any = layer.output_type
        test = getattr(object_type, "is_type_of", None)
        if layer.kind is not CompletionKind.OBJECT or not (test is None or isinstance(test, InstanceOf)):
            return None
        classes = (object,) if test is None else test.classes

        def entries() -> list[LayoutEntry]:
            return [each.layout_entry for each in self.subfields(object_type).fields]

        return JoinedObject(source.resolver.joined, source.resolver.may_join, classes, entries)

    def runtime_type(self, class_: type) -> GraphQLObjectType | None:
        """Return the type of all instances of a class, for an abstract type; None if each instance must be asked."""
        if class_ not in self._types_by_class:
            if len(self._types_by_class) >= LARGEST_CLASSES:
                self._types_by_class.clear()
            self._types_by_class[class_] = runtime_type(
                self._collector.schema, self.layers[-1].output_type, class_
            )
        return self._types_by_class[class_]

    def possible_subfields(self) -> list["FieldSet"]:
        """Return the subfields for each object type that the field's objects can have."""
        kind, type_ = self.layers[-1].kind, self.layers[-1].output_type
        if kind is CompletionKind.ABSTRACT:
            possible = self._collector.schema.get_possible_types(type_)  # type: ignore[arg-type]
            return [self.subfields(each) for each in possible]
        return [self.subfields(type_)] if kind is CompletionKind.OBJECT else []  # type: ignore[arg-type]

    def subfields(self, object_type: GraphQLObjectType) -> "FieldSet":
        """Return the fields that are selected of the field's objects of a type."""
        found = self._subfields.get(object_type)
        if found is None:
            found = self._subfields[object_type] = self._collector.subfields(
                object_type, self.details, self.path
            )
        return found


class FieldSet:
    """The fields that are selected of one object type at one place of a document.

    Generated code writes `columns`, which are leaf fields, for all rows at once. `others` are all other fields. `copies`
    are those that are equal to another one.
    """

    def __init__(self, object_type: GraphQLObjectType, fields: list[Field]) -> None:
        self.type = object_type
        self.fields = fields
        self.columns = [each for each in fields if each.is_column]
        self.others = [each for each in fields if not each.is_column]
        self.builders = RowBuilders([each.entry for each in fields])
        self.layout_writers = self._layout_writers()
        self.empty_row = dict.fromkeys(each.key for each in fields)
        self.copies = copies_among((each, each.nodes) for each in self.others if each.may_be_copied)

    @cached_property
    def shape(self) -> str | None:
        """A text that is equal for field sets of one plan that make equal objects of equal parents.

        It is None if a field needs more than its parent, or if there are no fields.
        """
        parts: list[str | None] = [_shape_of(field) for field in self.fields]
        if None in parts or not parts:
            return None
        shape = f"{self.type.name}{{{' '.join(map(str, parts))}}}"
        self.fields[0].shapes[shape] += 1
        return shape

    @property
    def has_twin(self) -> bool:
        """Whether a field set at another place of the plan is known to make equal objects."""
        return self.shape is not None and self.fields[0].shapes[self.shape] > 1

    def _layout_writers(self) -> LayoutWriters | None:
        test = self.type.is_type_of
        if not isinstance(test, InstanceOf) or test.layout_of is None:
            return None
        fields = self.fields
        return LayoutWriters(test.layout_of, lambda: [each.layout_entry for each in fields])


def _shape_of(field: Field) -> str | None:
    """Return the part of a field in the shape of its field set."""
    if field.is_column:
        return f"{field.key}:{field.name}"
    if field.entry.nested is None:
        return None
    below = [each.shape for each in field.possible_subfields()]
    return None if None in below else f"{field.key}:{field.name}{below}"


@dataclass(frozen=True, slots=True, eq=False)
class Collector:
    """Collects the fields of a plan's variant. `shapes` counts the field sets by their shape.

    Fields refer to the collector and the collector to no field, so that a plan is freed with its last reference.
    """

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    field_resolver: FieldResolver
    conditions: VariableValues
    shapes: Counter[str] = field(default_factory=Counter)

    def root(self, root_type: GraphQLObjectType) -> FieldSet:
        """Return the fields that are selected of the root."""
        collected = collect_fields(self.schema, self.fragments, self.conditions, root_type, self.operation)
        return self._field_set(root_type, collected.grouped_field_set, ())

    def subfields(
        self, object_type: GraphQLObjectType, details: FieldDetailsList, path: tuple[str, ...]
    ) -> FieldSet:
        """Return the fields that are selected of an object type below the field at the path."""
        collected = collect_subfields(
            self.schema, self.fragments, self.conditions, self.operation, object_type, details
        )
        return self._field_set(object_type, collected.grouped_field_set, path)

    def _field_set(
        self, object_type: GraphQLObjectType, grouped: GroupedFieldSet, path: tuple[str, ...]
    ) -> FieldSet:
        fields: list[Field] = []
        for key, details in grouped.items():
            definition = self.schema.get_field(object_type, details[0].node.name.value)
            if definition is not None:
                fields.append(Field(self, object_type, len(fields), details, definition, (*path, key)))
        return FieldSet(object_type, fields)


class Plan:
    """The plan of an operation of a document. Raises `Unsupported` for an operation that breadth does not run.

    A plan `of_events` runs a subscription for each of its events, whose payload is the root.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation_name: str | None = None,
        field_resolver: FieldResolver = default_field_resolver,
        *,
        of_events: bool = False,
    ) -> None:
        assert_valid_schema(schema)
        found = preflight(schema, document, operation_name, of_events=of_events)
        self.schema = schema
        self.operation: OperationDefinitionNode = found.operation
        self.conditions = found.conditions
        self.fragment_definitions: Mapping[str, FragmentDefinitionNode] = found.fragments
        self.fragments = {name: FragmentDetails(each) for name, each in found.fragments.items()}
        self.field_resolver = field_resolver
        root_type = schema.get_root_type(found.operation.operation)
        assert root_type is not None  # noqa: S101 - preflight has checked it
        self.root_type: GraphQLObjectType = root_type
        self.is_serial = found.operation.operation is OperationType.MUTATION
        self.variables = Variables(schema, found.operation.variable_definitions or ())
        self.direct: tuple[Any] | None = None
        """The direct way of the query (`breadth.direct`) or None in it, once `execute_plan` has looked for it."""
        self._variants: OrderedDict[tuple[bool, ...], FieldSet] = OrderedDict()

    def root(self, variables: VariableValues) -> FieldSet:
        """Return the fields of the root in the variant for a request's variables.

        Raise `Unsupported` if a condition is not a boolean: graphql-core reports the error.
        """
        return self.variant(self._outcome(variables) if self.conditions else ())

    def variant(self, outcome: tuple[bool, ...]) -> FieldSet:
        """Return the fields of the root in the variant for the values of the conditions."""
        found = self._variants.get(outcome)
        if found is None:
            conditions = VariableValues({}, dict(zip(self.conditions, outcome, strict=True)))
            collector = Collector(
                self.schema, self.operation, self.fragments, self.field_resolver, conditions
            )
            found = self._variants[outcome] = collector.root(self.root_type)
            if len(self._variants) > LARGEST_VARIANTS:
                self._variants.popitem(last=False)
        return found

    def _outcome(self, variables: VariableValues) -> tuple[bool, ...]:
        """Return the values of the conditions."""
        values = [variables.coerced.get(name) for name in self.conditions]
        if not all(isinstance(value, bool) for value in values):
            raise Unsupported("a condition that is not a boolean")
        return tuple(map(bool, values))


def _layers(type_: GraphQLOutputType) -> tuple[TypeLayer, ...]:
    layers: list[TypeLayer] = []
    while True:
        nullable = not is_non_null_type(type_)
        inner: Any = type_ if nullable else type_.of_type  # type: ignore[union-attr]
        layers.append(_layer(inner, nullable=nullable))
        if not is_list_type(inner):
            return tuple(layers)
        type_ = inner.of_type


def _layer(type_: GraphQLNamedOutputType, *, nullable: bool) -> TypeLayer:
    if is_list_type(type_):
        return TypeLayer(CompletionKind.LIST, nullable, type_, None, ())
    if is_leaf_type(type_):
        return TypeLayer(CompletionKind.LEAF, nullable, type_, leaf_of(type_), ())
    if is_abstract_type(type_):
        return TypeLayer(CompletionKind.ABSTRACT, nullable, type_, None, ())
    test = getattr(type_, "is_type_of", None)
    classes = test.classes if isinstance(test, InstanceOf) else ()
    return TypeLayer(CompletionKind.OBJECT, nullable, type_, None, classes)
