"""Shapes that the Relay specifications of servers and of connections require, for every type of the schema."""

from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLType,
    get_named_type,
    get_nullable_type,
    is_object_type,
)

from schema.graph import build

TYPES = build().schema.type_map
OBJECTS: dict[str, GraphQLObjectType] = {
    name: type_ for name, type_ in TYPES.items() if isinstance(type_, GraphQLObjectType)
}
CONNECTIONS = sorted(name for name in OBJECTS if name.endswith("Connection"))
FORWARDS = {"first": "Int", "after": "String"}
BACKWARDS = {"last": "Int", "before": "String"}


def type_text(type_: GraphQLType) -> str:
    return str(type_)


def field_types(fields: dict[str, GraphQLField]) -> dict[str, str]:
    return {name: type_text(field.type) for name, field in fields.items()}


def test_node_is_an_interface_with_an_id_and_root_fields() -> None:
    node = TYPES["Node"]
    assert field_types(node.fields) == {"id": "ID!"}  # type: ignore[attr-defined]
    roots = OBJECTS["Query"].fields
    assert type_text(roots["node"].type) == "Node"
    assert argument_types(roots["node"]) == {"id": "ID!"}
    assert type_text(roots["nodes"].type) == "[Node]"
    assert argument_types(roots["nodes"]) == {"ids": "[ID!]!"}


def argument_types(field: GraphQLField) -> dict[str, str]:
    return {name: type_text(argument.type) for name, argument in field.args.items()}


def test_every_type_with_an_id_implements_node() -> None:
    with_id = {name for name, type_ in OBJECTS.items() if "id" in type_.fields}
    nodes = {name for name, type_ in OBJECTS.items() if TYPES["Node"] in type_.interfaces}
    assert with_id == nodes
    assert len(nodes) >= 6


def test_page_info_has_the_four_fields_of_relay_and_the_position_of_changes() -> None:
    assert field_types(OBJECTS["PageInfo"].fields) == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
        "changesAfter": "String!",
    }


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_connection_has_edges_with_nodes_and_cursors(name: str) -> None:
    item = name.removesuffix("Connection")
    fields = field_types(OBJECTS[name].fields)
    assert fields["edges"] == f"[{item}Edge!]!"
    assert fields["nodes"] == f"[{item}!]!"
    assert fields["pageInfo"] == "PageInfo!"
    assert field_types(OBJECTS[f"{item}Edge"].fields) == {"node": f"{item}!", "cursor": "String!"}


def fields_of_connections() -> Iterator[tuple[str, str]]:
    for owner, type_ in OBJECTS.items():
        for name, field in type_.fields.items():
            if get_named_type(field.type).name in CONNECTIONS:
                yield owner, name


@pytest.mark.parametrize(("owner", "name"), list(fields_of_connections()))
def test_a_connection_can_be_paged_in_both_directions(owner: str, name: str) -> None:
    field = OBJECTS[owner].fields[name]
    arguments = argument_types(field)
    feed = (owner, name) == ("Query", "changes")  # read forwards alone
    assert arguments.items() >= (FORWARDS if feed else FORWARDS | BACKWARDS).items()
    assert not feed or not arguments.keys() & BACKWARDS
    assert is_object_type(get_nullable_type(field.type))
