"""Arguments that are variables are taken as they were coerced, with the same result as graphql-core's."""

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, execute, parse

import breadth

SCHEMA = """
enum Colour { RED, BLUE }
input Shape { sides: Int = 3, name: String }
type Query {
    echo(id: ID, times: Int, colour: Colour, shape: Shape, ids: [ID!]): String
    required(id: ID!): String
    defaulted(times: Int = 2): String
}
"""


def _schema() -> GraphQLSchema:
    schema = build_schema(SCHEMA)
    for field in schema.query_type.fields.values():  # type: ignore[union-attr]
        field.resolve = lambda _parent, _info, **arguments: repr(sorted(arguments.items()))
    return schema


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("query ($id: ID) { echo(id: $id) }", {"id": 7}, "[('id', '7')]"),
        ("query ($id: ID) { echo(id: $id) }", {"id": None}, "[('id', None)]"),
        ("query ($id: ID) { echo(id: $id) }", {}, "[]"),
        ("query ($id: ID = 5) { echo(id: $id) }", {}, "[('id', '5')]"),
        ("query ($id: ID, $n: Int) { echo(id: $id, times: $n) }", {"id": "a"}, "[('id', 'a')]"),
        ("query ($c: Colour) { echo(colour: $c) }", {"c": "RED"}, "[('colour', 'RED')]"),
        ("query ($s: Shape) { echo(shape: $s) }", {"s": {}}, "[('shape', {'sides': 3})]"),
        ("query ($i: [ID!]) { echo(ids: $i) }", {"i": 1}, "[('ids', ['1'])]"),
        ("query ($id: ID) { echo(id: $id, times: 4) }", {"id": "a"}, "[('id', 'a'), ('times', 4)]"),
        ("query ($n: ID!) { required(id: $n) }", {"n": "a"}, "[('id', 'a')]"),
        ("query ($n: Int) { defaulted(times: $n) }", {}, "[('times', 2)]"),
        ("query ($n: Int) { defaulted(times: $n) }", {"n": 9}, "[('times', 9)]"),
        ("{ defaulted }", {}, "[('times', 2)]"),
        ("{ echo }", {}, "[]"),
    ],
)
def test_arguments_equal_those_of_graphql_core(
    document: str, variables: dict[str, Any], expected: str
) -> None:
    schema, parsed = _schema(), parse(document)
    for run in (execute, breadth.execute, breadth.execute):
        result: Any = run(schema, parsed, variable_values=variables)
        assert result.errors is None
        assert list(result.data.values()) == [expected]


def test_null_for_a_required_argument_is_an_error_of_the_field() -> None:
    schema, parsed = _schema(), parse("query ($id: ID) { required(id: $id) }")
    reference: Any = execute(schema, parsed, variable_values={"id": None})
    result: Any = breadth.execute(schema, parsed, variable_values={"id": None})
    assert result.data == reference.data == {"required": None}
    assert [each.formatted for each in result.errors] == [each.formatted for each in reference.errors]
