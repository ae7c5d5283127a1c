"""Coercion of variables as by graphql-core, and conversion of arguments as by Strawberry."""

from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLField, GraphQLInputObjectType, Undefined, build_schema
from graphql.language import VariableDefinitionNode, parse
from graphql.utilities import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st
from strawberry import relay
from strawberry.types.arguments import convert_arguments

from breadth import strawberry_field
from breadth.coercion import RecursiveTypeError, coercion
from breadth.variables import Variables

SCHEMA = build_schema("""
    type Query { a: Int }
    enum Colour { RED GREEN }
    input Inner { required: Int! text: String list: [Float!] defaulted: Colour! = RED }
    input OneOf @oneOf { a: Int b: Inner }
    input Outer {
        id: ID! flag: Boolean matrix: [[Int]!] inner: Inner! inners: [Inner!]! = [{required: 1}]
        choice: OneOf nothing: Inner = null
    }
    input Recursive { and: [Recursive!] value: Int }
""")
TYPES = ["Outer!", "[Outer]", "Inner", "[[Inner!]]!", "OneOf", "Colour", "[Int!]!", "Float", "ID", "Boolean!"]

scalars: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**33), 2**33)
    | st.floats()
    | st.sampled_from(["RED", "GREEN", "", "x"])
)
inners = st.fixed_dictionaries(
    {},
    optional={
        "required": st.integers(0, 3) | scalars,
        "text": st.just("t") | scalars,
        "list": st.lists(st.floats() | scalars, max_size=2) | scalars,
        "defaulted": st.just("GREEN") | scalars,
        "unknown": scalars,
    },
)
outers = st.fixed_dictionaries(
    {"id": st.just("1") | scalars, "inner": inners},
    optional={
        "flag": scalars,
        "matrix": st.lists(st.lists(scalars, max_size=2) | scalars, max_size=2) | scalars,
        "inners": st.lists(inners, max_size=2) | inners,
        "choice": st.fixed_dictionaries({}, optional={"a": scalars, "b": inners}),
        "nothing": inners | scalars,
    },
)
values = (
    scalars | inners | outers | st.lists(scalars | inners | outers | st.lists(inners, max_size=2), max_size=3)
)


def definitions(*types: str) -> list[VariableDefinitionNode]:
    declared = ", ".join(f"$v{place}: {type_}" for place, type_ in enumerate(types))
    (operation,) = parse(f"query ({declared}) {{ a }}").definitions
    return list(operation.variable_definitions)  # type: ignore[attr-defined]


def type_of(text: str) -> Any:
    (variable,) = Variables(SCHEMA, definitions(text))._known
    assert variable is not None
    return variable.signature.type


@given(st.sampled_from(TYPES), values)
def test_values_are_coerced_as_by_graphql_core(text: str, value: object) -> None:
    """Valid values give the same object, invalid values give `Undefined`. NaN is compared by its text."""
    type_ = type_of(text)
    expected = coerce_input_value(value, type_)
    assert repr(coercion(type_)(value)) == repr(expected)
    assert (coercion(type_)(value) is Undefined) == (expected is Undefined)


def test_omitted_fields_get_their_defaults() -> None:
    assert coercion(type_of("Outer!"))({"id": "1", "inner": {"required": 2}}) == {
        "id": "1",
        "inner": {"required": 2, "defaulted": "RED"},
        "inners": [{"required": 1, "defaulted": "RED"}],
        "nothing": None,
    }


def test_out_names_and_out_types_are_used() -> None:
    type_ = SCHEMA.type_map["Inner"]
    assert isinstance(type_, GraphQLInputObjectType)
    made = GraphQLInputObjectType(
        "Made", {"itsName": type_.fields["required"]}, out_type=lambda value: ("made", value)
    )
    made.fields["itsName"].out_name = "its_name"
    try:
        assert coercion(made)({"itsName": 1}) == ("made", {"its_name": 1})
    finally:
        made.fields["itsName"].out_name = None


def test_recursive_input_types_are_coerced_by_graphql_core() -> None:
    with pytest.raises(RecursiveTypeError):
        coercion(SCHEMA.type_map["Recursive"])  # type: ignore[arg-type]
    variables = Variables(SCHEMA, definitions("Recursive"))
    result = variables.coerced({"v0": {"and": [{"value": 1}]}}, None, hide_suggestions=False)
    assert result.coerced == {"v0": {"and": [{"value": 1}]}}  # type: ignore[union-attr]


@strawberry.enum
class Colour(Enum):
    RED = "red"
    GREEN = "green"


@strawberry.input
class Part:
    size: int
    colour: Colour | None = strawberry.UNSET
    others: list[Annotated["Part", strawberry.lazy("tests.breadth.test_input_coercion")]] | None = None


@strawberry.input
class Whole:
    parts: list[Part]
    made_at: datetime | None
    names: list[str] = strawberry.field(default_factory=lambda: ["a"])
    by: Part | None = strawberry.field(default=None, name="BY")


@strawberry.input(one_of=True)
class Either:
    part: strawberry.Maybe[Part]
    size: strawberry.Maybe[int]


@strawberry.type
class Query:
    @strawberry.field
    def many(self, whole: Whole, part_list: list[Part | None], colours: list[Colour], text: str = "x") -> int:
        raise NotImplementedError

    @strawberry.field
    def either(self, either: Either, size: int = 0) -> int:
        raise NotImplementedError

    @strawberry.field
    def node(self, id: relay.GlobalID) -> int:  # noqa: A002 - the name in the schema
        raise NotImplementedError


LIBRARY = strawberry.Schema(Query)
FIELDS = LIBRARY._schema.query_type.fields  # type: ignore[union-attr]

parts: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries(
        {"size": st.integers(0, 9)}, optional={"colour": st.none() | st.sampled_from(Colour)}
    ),
    lambda inner: st.fixed_dictionaries({"size": st.integers(0, 9), "others": st.lists(inner, max_size=2)}),
    max_leaves=4,
)
wholes = st.fixed_dictionaries(
    {"parts": st.lists(parts, max_size=3)},
    optional={
        "madeAt": st.none() | st.datetimes(),
        "names": st.lists(st.text(max_size=2), max_size=2),
        "BY": st.none() | parts,
    },
)
arguments = st.fixed_dictionaries(
    {
        "whole": wholes,
        "partList": st.lists(st.none() | parts, max_size=2),
        "colours": st.lists(st.sampled_from(Colour), max_size=2),
    },
    optional={"text": st.text(max_size=2)},
)


def conversions_of(field: GraphQLField) -> dict[str, strawberry_field.Conversion]:
    found = {name: strawberry_field.conversion(field, name, LIBRARY._schema) for name in field.args}
    return {name: conversion for name, conversion in found.items() if conversion is not None}


@given(arguments)
def test_arguments_are_converted_as_by_strawberry(given_values: dict[str, Any]) -> None:
    conversions = conversions_of(FIELDS["many"])
    assert conversions.keys() == {"whole", "partList", "colours", "text"}
    expected = convert_arguments(
        given_values,
        strawberry_field.definition_of(FIELDS["many"]).arguments,  # type: ignore[union-attr]
        LIBRARY.schema_converter.scalar_registry,
        LIBRARY.config,
    )
    found = {
        name: convert(given_values[key])
        for key, (name, convert) in conversions.items()
        if key in given_values
    }
    assert found == expected
    assert asdict(found["whole"]) == asdict(expected["whole"])
    for key in ("partList", "colours"):
        name, _ = conversions[key]
        assert found[name] is not given_values[key]


def test_arguments_that_only_strawberry_can_convert_have_no_conversion() -> None:
    assert conversions_of(FIELDS["either"]).keys() == {"size"}
    assert conversions_of(FIELDS["node"]) == {}
