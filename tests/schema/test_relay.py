"""The shapes that Relay's specifications of servers and of connections demand, for every type of the schema."""

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


def written(type_: GraphQLType) -> str:
    return str(type_)


def types_of(fields: dict[str, GraphQLField]) -> dict[str, str]:
    return {name: written(field.type) for name, field in fields.items()}


def test_node_is_an_interface_with_an_id_and_a_root() -> None:
    node = TYPES["Node"]
    assert types_of(node.fields) == {"id": "ID!"}  # type: ignore[attr-defined]
    roots = OBJECTS["Query"].fields
    assert written(roots["node"].type) == "Node"
    assert types_of_arguments(roots["node"]) == {"id": "ID!"}
    assert written(roots["nodes"].type) == "[Node]!"
    assert types_of_arguments(roots["nodes"]) == {"ids": "[ID!]!"}


def types_of_arguments(field: GraphQLField) -> dict[str, str]:
    return {name: written(argument.type) for name, argument in field.args.items()}


def test_whatever_has_a_global_id_is_a_node() -> None:
    with_id = {name for name, type_ in OBJECTS.items() if "id" in type_.fields}
    nodes = {name for name, type_ in OBJECTS.items() if TYPES["Node"] in type_.interfaces}
    assert with_id == nodes
    assert len(nodes) >= 6


def test_page_info_has_its_four_fields() -> None:
    assert types_of(OBJECTS["PageInfo"].fields) == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_connection_has_edges_with_nodes_and_cursors(name: str) -> None:
    item = name.removesuffix("Connection")
    fields = types_of(OBJECTS[name].fields)
    assert fields["edges"] == f"[{item}Edge!]!"
    assert fields["nodes"] == f"[{item}!]!"
    assert fields["pageInfo"] == "PageInfo!"
    assert types_of(OBJECTS[f"{item}Edge"].fields) == {"node": f"{item}!", "cursor": "String!"}


def fields_of_connections() -> Iterator[tuple[str, str]]:
    for owner, type_ in OBJECTS.items():
        for name, field in type_.fields.items():
            if get_named_type(field.type).name in CONNECTIONS:
                yield owner, name


@pytest.mark.parametrize(("owner", "name"), list(fields_of_connections()))
def test_a_connection_can_be_paged_in_both_directions(owner: str, name: str) -> None:
    field = OBJECTS[owner].fields[name]
    arguments = types_of_arguments(field)
    assert arguments.items() >= (FORWARDS | BACKWARDS).items()
    assert is_object_type(get_nullable_type(field.type))
