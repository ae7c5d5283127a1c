"""What set resolvers are told of what is selected below them."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    parse,
)

import breadth
from breadth import Column, InstanceOf, Selection, SetResolver
from breadth.fields import KEY


class Row:
    id = 1
    first_name = "Ann"
    last_name = "Lee"


class Page:
    nodes = (Row(), Row())
    total = 2


Told = list[tuple[Any, Any]]


def marked(type_: Any, marker: Any) -> GraphQLField:
    return GraphQLField(type_, resolve=lambda *_: None, extensions={KEY: marker})


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def schema(told: Told) -> GraphQLSchema:
    """People on pages. `told` gets the columns that are selected of the pages, and of the people on them."""

    def pages(parents: Sequence[Any], _info: Any, selection: Selection, **_arguments: Any) -> list[Any]:
        told.append((selection.columns, selection.below("nodes").columns))
        return [Page()] * len(parents)

    def friends(parents: Sequence[Any], _info: Any) -> list[Any]:
        return [Page()] * len(parents)

    person = GraphQLObjectType(
        "Person",
        lambda: {
            "id": marked(GraphQLInt, Column()),
            "name": marked(GraphQLString, Column("first_name")),
            "surname": marked(GraphQLString, Column("last_name", str.upper)),
            "whole": marked(GraphQLString, Column(of=lambda row: row.first_name, whole=True)),
            "fullName": marked(
                GraphQLString,
                Column(
                    of=lambda row: f"{row.first_name} {row.last_name}",
                    whole=True,
                    reads=("first_name", "last_name"),
                ),
            ),
            "friends": marked(page, SetResolver(friends, reads=("id",))),
            "enemies": marked(page, SetResolver(friends)),
            "own": GraphQLField(GraphQLInt, resolve=lambda row, _info: row.id),
        },
        is_type_of=InstanceOf(Row),
    )
    node = GraphQLInterfaceType("Node", {"id": GraphQLField(GraphQLInt)})
    robot = GraphQLObjectType(
        "Robot",
        {"id": GraphQLField(GraphQLInt), "serial": GraphQLField(GraphQLInt)},
        [node],
        is_type_of=InstanceOf(Page),
    )
    page = GraphQLObjectType(
        "Page",
        {
            "nodes": GraphQLField(GraphQLList(person)),
            "total": GraphQLField(GraphQLInt),
            "robots": GraphQLField(GraphQLList(node)),
        },
    )
    fields = {"people": marked(page, SetResolver(pages, wants_selection=True))}
    return GraphQLSchema(GraphQLObjectType("Query", fields), types=[robot])


@pytest.mark.parametrize(
    ("text", "of_page", "of_person"),
    [
        ("{ people { total } }", {"total"}, set()),
        ("{ people { nodes { id } } }", {"nodes"}, {"id"}),
        ("{ people { nodes { name surname __typename } } }", {"nodes"}, {"first_name", "last_name"}),
        ("{ people { total a: nodes { name } b: nodes { id } } }", {"total", "nodes"}, {"first_name", "id"}),
        ("{ people { nodes { fullName } } }", {"nodes"}, {"first_name", "last_name"}),
        ("{ people { nodes { friends { total } } } }", {"nodes"}, {"id"}),
        ("{ people { ...F } } fragment F on Page { nodes { ... { name } } }", {"nodes"}, {"first_name"}),
        ("{ people { nodes { id name @skip(if: true) } } }", {"nodes"}, {"id"}),
        ("{ people { nodes { id whole } } }", {"nodes"}, None),
        ("{ people { nodes { id enemies { total } } } }", {"nodes"}, None),
        ("{ people { nodes { id own } } }", {"nodes"}, None),
    ],
)
def test_the_columns_of_the_objects_that_are_returned(
    text: str, of_page: set[str], of_person: set[str] | None, schema: GraphQLSchema, told: Told
) -> None:
    result: Any = breadth.execute(schema, parse(text))
    assert result.errors is None
    assert told == [(of_page, of_person)]


def test_conditions_count_as_the_request_has_them(schema: GraphQLSchema, told: Told) -> None:
    document = parse("query ($all: Boolean!) { people { nodes { id name @include(if: $all) } } }")
    for value in (True, False):
        breadth.execute(schema, document, variable_values={"all": value})
    assert [each[1] for each in told] == [{"id", "first_name"}, {"id"}]


def test_names_are_the_schemas_whatever_the_answer_calls_them(schema: GraphQLSchema) -> None:
    seen: list[Any] = []

    def pages(parents: Sequence[Any], _info: Any, selection: Selection) -> list[Any]:
        seen.append((selection.names, selection.below("nodes").names))
        return [Page()] * len(parents)

    query: Any = schema.type_map["Query"]
    query.fields["people"] = marked(schema.type_map["Page"], SetResolver(pages, wants_selection=True))
    document = "query($no: Boolean!) { people { all: nodes { ...P own @skip(if: $no) } } } fragment P on Person { id }"
    breadth.execute(schema, parse(document), variable_values={"no": True})
    breadth.execute(schema, parse(document), variable_values={"no": False})
    assert seen == [({"nodes"}, {"id"}), ({"nodes"}, {"id", "own"})]


def test_all_types_of_an_abstract_one_count(schema: GraphQLSchema) -> None:
    seen: list[Any] = []

    def robots(parents: Sequence[Any], _info: Any, selection: Selection) -> list[Any]:
        seen.append(selection.columns)
        return [[]] * len(parents)

    page: Any = schema.type_map["Page"]
    page.fields["robots"] = marked(page.fields["robots"].type, SetResolver(robots, wants_selection=True))
    text = parse("{ people { robots { id ... on Robot { serial } } } }")
    for resolve_type in (None, lambda *_: "Robot"):
        schema.type_map["Node"].resolve_type = resolve_type  # type: ignore[attr-defined]
        breadth.execute(schema, parse("{ people { robots { id ... on Robot { serial } } } }"))
    breadth.execute(schema, text)
    assert seen == [{"id", "serial"}, None, None]  # a resolver of types may look at anything
