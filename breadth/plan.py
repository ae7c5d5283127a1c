"""Plans: what an operation asks of each object type, worked out once and kept.

A plan has one variant per combination of the conditions that `@skip` and `@include` look at. Within a
variant, selections are collected by graphql-core itself, once for each object type that turns up somewhere.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNamedOutputType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    assert_valid_schema,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
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
from breadth.fields import InstanceOf
from breadth.leaves import Leaf, leaf_of
from breadth.rows import Builders
from breadth.selection import Selection
from breadth.source import Source, source_of
from breadth.survey import StepAside, survey
from breadth.variables import Variables

FieldResolver: TypeAlias = Callable[..., Any]

LARGEST_VARIANTS: Final = 32


class Shape(Enum):
    LIST = auto()
    LEAF = auto()
    OBJECT = auto()
    ABSTRACT = auto()


class Level(NamedTuple):
    """One level of a field's type: the type itself, the items of its lists, and so on.

    `plain` are classes whose instances are taken for plain objects without a look at them.
    """

    shape: Shape
    nullable: bool
    of: GraphQLOutputType
    leaf: Leaf | None
    plain: tuple[type, ...]


class Field:
    """A field of a scope, with all nodes of the document that ask for it under one response key."""

    def __init__(
        self,
        variant: "Variant",
        parent: GraphQLObjectType,
        order: int,
        details: FieldDetailsList,
        definition: GraphQLField,
        key: str,
    ) -> None:
        self.key = key
        self.order = order
        self.parent = parent
        self.details = details
        self.definition = definition
        self.nodes: list[FieldNode] = [each.node for each in details]
        self.levels = _levels(definition.type)
        self.source: Source = source_of(
            parent, self.nodes[0].name.value, definition, variant.plan.field_resolver
        )
        self.is_column = self.levels[0].shape is Shape.LEAF and self.source.is_column
        self.plain_arguments = strawberry_field.plain_arguments(definition)
        self._variant = variant
        self._scopes: dict[GraphQLObjectType, Scope] = {}

    @property
    def name(self) -> str:
        return self.nodes[0].name.value

    @cached_property
    def conversions(self) -> Mapping[str, tuple[str, Callable[[Any], Any]]]:
        """How the arguments that are not plain are handed on, as far as that is known."""
        return strawberry_field.conversions(self.definition, self._variant.plan.schema)

    @property
    def null_message(self) -> str:
        return f"Cannot return null for non-nullable field {self.parent}.{self.name}."

    @cached_property
    def selection(self) -> Selection:
        return Selection((self,))

    def scopes(self) -> list["Scope"]:
        """What is asked of the field's objects, for each type that they may be of."""
        shape, of = self.levels[-1].shape, self.levels[-1].of
        if shape is Shape.ABSTRACT:
            return [self.scope(each) for each in self._variant.plan.schema.get_possible_types(of)]  # type: ignore[arg-type]
        return [self.scope(of)] if shape is Shape.OBJECT else []  # type: ignore[arg-type]

    def scope(self, object_type: GraphQLObjectType) -> "Scope":
        """What is asked of the field's objects of a type."""
        found = self._scopes.get(object_type)
        if found is None:
            found = self._scopes[object_type] = self._variant.scope_below(object_type, self.details)
        return found


class Scope:
    """What is asked of an object type at one place of a document.

    `columns` are the leaf fields that one compiled function writes for all rows, `others` the rest.
    """

    def __init__(self, object_type: GraphQLObjectType, fields: list[Field]) -> None:
        self.type = object_type
        self.fields = fields
        self.columns = [each for each in fields if each.is_column]
        self.others = [each for each in fields if not each.is_column]
        self.builders = Builders(fields)
        self.empty = dict.fromkeys(each.key for each in fields)


class Variant:
    """A plan under one outcome of its conditions."""

    def __init__(self, plan: "Plan", outcome: tuple[bool, ...]) -> None:
        self.plan = plan
        self._variables = VariableValues({}, dict(zip(plan.conditions, outcome, strict=True)))

    @cached_property
    def root(self) -> Scope:
        plan = self.plan
        collected = collect_fields(
            plan.schema, plan.fragments, self._variables, plan.root_type, plan.operation
        )
        return self._scope(plan.root_type, collected.grouped_field_set)

    def scope_below(self, object_type: GraphQLObjectType, details: FieldDetailsList) -> Scope:
        plan = self.plan
        collected = collect_subfields(
            plan.schema, plan.fragments, self._variables, plan.operation, object_type, details
        )
        return self._scope(object_type, collected.grouped_field_set)

    def _scope(self, object_type: GraphQLObjectType, grouped: GroupedFieldSet) -> Scope:
        fields: list[Field] = []
        for key, details in grouped.items():
            definition = self.plan.schema.get_field(object_type, details[0].node.name.value)
            if definition is not None:
                fields.append(Field(self, object_type, len(fields), details, definition, key))
        return Scope(object_type, fields)


class Plan:
    """How an operation of a document is run. Raises `StepAside` for one that is not run here."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation_name: str | None,
        field_resolver: FieldResolver,
    ) -> None:
        assert_valid_schema(schema)
        found = survey(schema, document, operation_name)
        self.schema = schema
        self.operation: OperationDefinitionNode = found.operation
        self.conditions = found.conditions
        self.fragment_definitions: Mapping[str, FragmentDefinitionNode] = found.fragments
        self.fragments = {name: FragmentDetails(each) for name, each in found.fragments.items()}
        self.field_resolver = field_resolver
        root_type = schema.get_root_type(found.operation.operation)
        assert root_type is not None  # noqa: S101 - the survey has looked
        self.root_type: GraphQLObjectType = root_type
        self.serial = found.operation.operation is OperationType.MUTATION
        self.variables = Variables(schema, found.operation.variable_definitions or ())
        self._variants: OrderedDict[tuple[bool, ...], Variant] = OrderedDict()

    def variant(self, variables: VariableValues) -> Variant:
        """Raises `StepAside` where a condition is no boolean: graphql-core knows the error that this is."""
        values = [variables.coerced.get(name) for name in self.conditions]
        if not all(isinstance(value, bool) for value in values):
            raise StepAside("a condition that is no boolean")
        outcome = tuple(map(bool, values))
        found = self._variants.get(outcome)
        if found is None:
            found = self._variants[outcome] = Variant(self, outcome)
            if len(self._variants) > LARGEST_VARIANTS:
                self._variants.popitem(last=False)
        return found


def _levels(type_: GraphQLOutputType) -> tuple[Level, ...]:
    levels: list[Level] = []
    while True:
        nullable = not is_non_null_type(type_)
        inner: Any = type_ if nullable else type_.of_type  # type: ignore[union-attr]
        levels.append(_level(inner, nullable=nullable))
        if not is_list_type(inner):
            return tuple(levels)
        type_ = inner.of_type


def _level(type_: GraphQLNamedOutputType, *, nullable: bool) -> Level:
    if is_list_type(type_):
        return Level(Shape.LIST, nullable, type_, None, ())
    if is_leaf_type(type_):
        return Level(Shape.LEAF, nullable, type_, leaf_of(type_), ())
    if is_abstract_type(type_):
        return Level(Shape.ABSTRACT, nullable, type_, None, ())
    test = getattr(type_, "is_type_of", None)
    return Level(Shape.OBJECT, nullable, type_, None, test.classes if isinstance(test, InstanceOf) else ())
