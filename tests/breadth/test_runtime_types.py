"""Types of objects behind interfaces, known from their classes, and rows longer than their layout."""

from operator import itemgetter
from typing import Any, cast

import graphql
import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, build_schema, parse
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

import breadth
from breadth import strawberry_field
from breadth.fields import KEY, Column, InstanceOf
from breadth.layouts import Item, Layout
from breadth.runtime_types import runtime_type
from tests.breadth.compare import differences

SDL = """
    type Query { things: [Thing] }
    interface Thing { id: Int }
    type Stone implements Thing { id: Int weight: Int }
    type Robot implements Thing { id: Int serial: Int }
"""
TEXT = "{ things { __typename id ... on Stone { weight } ... on Robot { serial } } }"


class StoneRow(tuple[Any, ...]):
    __slots__ = ()
    id = property(itemgetter(0))
    weight = property(itemgetter(1))


class RobotRow(tuple[Any, ...]):
    __slots__ = ()
    id = property(itemgetter(0))
    serial = property(itemgetter(1))


class Named(RobotRow):
    """A robot that names another type."""

    __slots__ = ()
    _Named__typename = "Stone"
    weight = 7


class Loose(StoneRow):
    """A stone whose instances may name a type each."""


def schema_of(layout_of: Any = None) -> GraphQLSchema:
    schema = build_schema(SDL)
    for name, class_ in (("Stone", StoneRow), ("Robot", RobotRow)):
        type_ = cast("GraphQLObjectType", schema.type_map[name])
        type_.is_type_of = InstanceOf(class_, layout_of=layout_of)
        for field in type_.fields.values():
            field.extensions = {KEY: Column()}
    return schema


def answers_of(schema: GraphQLSchema, things: list[Any]) -> Any:
    reference: Any = graphql.execute(schema, parse(TEXT), {"things": things})
    result: Any = breadth.execute(schema, parse(TEXT), {"things": things})
    assert differences(reference, result, None) == []
    return result


@pytest.mark.parametrize(
    ("thing", "typename"),
    [
        (StoneRow((1, 2)), "Stone"),
        (RobotRow((1, 2)), "Robot"),
        (Named((1, 2)), None),  # it is no stone
        (Loose((1, 2)), "Stone"),
        (None, None),
        (ValueError("wrong"), None),
        ((1, 2), None),
    ],
)
def test_objects_have_the_types_of_graphql_core(thing: Any, typename: str | None) -> None:
    things = [StoneRow((5, 6)), thing, RobotRow((7, 8)), thing]
    found = answers_of(schema_of(), things).data["things"]
    assert [each and each["__typename"] for each in found] == ["Stone", typename, "Robot", typename]


def test_only_classes_that_cannot_name_a_type_are_known() -> None:
    schema = schema_of()
    abstract = schema.type_map["Thing"]
    assert runtime_type(schema, abstract, StoneRow) is schema.type_map["Stone"]
    assert [runtime_type(schema, abstract, each) for each in (Named, Loose, tuple, dict)] == [None] * 4
    cast("Any", abstract).resolve_type = lambda *_: "Robot"
    assert runtime_type(schema, abstract, StoneRow) is None
    assert answers_of(schema, [StoneRow((1, 2))]).errors is not None


def test_interfaces_of_strawberry_are_resolved_by_their_tests_alone() -> None:
    @strawberry.interface
    class Thing:
        id: int

    @strawberry.type
    class Query:
        thing: Thing

    @strawberry.interface
    class Own:
        id: int

        @classmethod
        def resolve_type(cls, *_: object) -> str:
            return "Query"

    schema = strawberry.Schema(Query, types=[Own])._schema
    assert strawberry_field.resolves_by_test(schema.type_map["Thing"])
    assert not strawberry_field.resolves_by_test(schema.type_map["Own"])
    assert strawberry_field.CAST == TYPE_CAST_ATTRIBUTE


@pytest.mark.parametrize("more", [(), (9,), (9, 9)])
def test_rows_may_be_longer_than_their_layout(more: tuple[int, ...]) -> None:
    layout = Layout({"id": Item(0, int, False, True), "weight": Item(1, int, False, True)}, {}, 2)
    schema = schema_of(lambda class_: layout if class_ is StoneRow else None)
    things = [StoneRow((number, number + 1, *more)) for number in range(30)]
    found = answers_of(schema, things).data["things"]
    assert found[3] == {"__typename": "Stone", "id": 3, "weight": 4}
