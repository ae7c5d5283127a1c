"""The selection that breadth passes to set resolvers."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLSchema, build_schema, parse

import breadth
from breadth import SetResolver
from breadth.fields import KEY

SDL = """
    type Query { people: Page things: [Thing] }
    type Page { nodes: [Person] total: Int }
    type Person { id: Int name: String friends: Page }
    interface Thing { id: Int }
    type Stone implements Thing { id: Int weight: Int }
    type Robot implements Thing { id: Int serial: Int }
"""


def selected_names(text: str, **variables: Any) -> list[frozenset[str]]:
    """Return the names that the set resolvers of the root fields got."""
    seen: list[frozenset[str]] = []

    def resolve(parents: Sequence[Any], _info: Any, selected: frozenset[str]) -> list[Any]:
        seen.append(selected)
        return [None] * len(parents)

    result: Any = breadth.execute(schema_with(resolve), parse(text), variable_values=variables)
    assert result.errors is None
    return seen


def schema_with(resolve: Any) -> GraphQLSchema:
    schema = build_schema(SDL)
    fields: dict[str, GraphQLField] = schema.query_type.fields  # type: ignore[union-attr]
    for field in fields.values():
        field.extensions = {KEY: SetResolver(resolve, wants_selection=True)}
    return schema


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{ people { total } }", {"total"}),
        ("{ people { total nodes { id } } }", {"total", "nodes"}),
        ("{ people { __typename } }", {"__typename"}),
        ("{ people { a: nodes { id } b: nodes { name } } }", {"nodes"}),
        ("{ people { ...F } } fragment F on Page { nodes { id } ... { total } }", {"nodes", "total"}),
        ("{ people { total nodes @skip(if: true) { id } } }", {"total"}),
    ],
)
def test_selection_has_the_schema_names_of_selected_fields(text: str, names: set[str]) -> None:
    assert selected_names(text) == [names]


def test_selection_follows_the_conditions_of_the_request() -> None:
    text = "query ($all: Boolean!) { people { total nodes @include(if: $all) { id } } }"
    assert selected_names(text, all=True) == [{"total", "nodes"}]
    assert selected_names(text, all=False) == [{"total"}]


def test_selection_covers_all_possible_types_of_an_interface() -> None:
    text = "{ things { id ... on Robot { serial } ... on Stone { weight } } }"
    assert selected_names(text) == [{"id", "serial", "weight"}]
    assert selected_names("{ things { id ... on Robot { serial } } }") == [{"id", "serial"}]
