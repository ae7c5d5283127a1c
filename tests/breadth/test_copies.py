"""Equal fields under several aliases: resolved once, with the responses of graphql-core."""

import asyncio
from collections.abc import Sequence
from typing import Any

import graphql
import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, parse

import breadth
from breadth import SetResolver
from breadth.fields import KEY
from tests.breadth.compare import differences

SDL = """
    type Query { people(first: Int): [Person!] failing: Person strict: Strict! }
    type Mutation { people(first: Int): [Person!] }
    type Person { id: Int! friends(first: Int): [Person!] name: String! }
    type Strict { friends: [Person!]! }
"""


class Calls:
    """A schema whose resolvers note their calls. Persons with an ID above 4 lack the name."""

    def __init__(self, *, awaited: bool = False) -> None:
        self.made: list[str] = []
        self._awaited = awaited
        self.schema = build_schema(SDL)
        for parent, name in (
            ("Query", "people"),
            ("Query", "failing"),
            ("Query", "strict"),
            ("Mutation", "people"),
            ("Person", "friends"),
            ("Strict", "friends"),
        ):
            self._mark(parent, name)

    def _mark(self, parent: str, name: str) -> None:
        field = self.schema.type_map[parent].fields[name]  # type: ignore[attr-defined]

        def answers(parents: Sequence[Any], first: int = 2) -> list[Any]:
            self.made.append(f"{name} {first}")
            if name == "failing":
                return [ValueError("wrong")] * len(parents)
            if name == "strict":
                return [{}] * len(parents)
            starts = [0 if each is None else each.get("id", 0) for each in parents]
            return [[person(start + number) for number in range(1, first + 1)] for start in starts]

        async def later(parents: Sequence[Any], **given: Any) -> list[Any]:
            await asyncio.sleep(0)
            return answers(parents, **given)

        def resolve(parents: Sequence[Any], _context: Any, **given: Any) -> Any:
            return later(parents, **given) if self._awaited else answers(parents, **given)

        def alone(parent: Any, _info: Any, **given: Any) -> Any:
            (answer,) = answers([parent], **given)
            if isinstance(answer, Exception):
                raise answer
            return answer

        field.extensions = {KEY: SetResolver(resolve, of_context=True)}
        field.resolve = alone


def person(number: int) -> dict[str, Any]:
    return {"id": number, "name": f"p{number}" if number < 5 else None}


async def run(schema: GraphQLSchema, text: str, **variables: Any) -> ExecutionResult:
    found: Any = breadth.execute(schema, parse(text), variable_values=variables)
    return found if isinstance(found, ExecutionResult) else await found


DOCUMENTS = [
    ("{ a: people { id } b: people { id } }", ["people 2"]),
    ("{ a: people { id } b: people(first: 2) { id } }", ["people 2", "people 2"]),
    ("query ($n: Int) { a: people(first: $n) { id } b: people(first: $n) { id } }", ["people 3"]),
    ("{ a: people { id } b: people { key: id } }", ["people 2", "people 2"]),
    (
        "{ a: people { id } b: people { id } ...F } fragment F on Query { b: people { name } }",
        ["people 2"] * 2,
    ),
    (
        "{ a: people { ...P } b: people { ...P } } fragment P on Person { id friends { id } }",
        ["people 2", "friends 2"],
    ),
    ("{ people { a: friends(first: 1) { id } b: friends(first: 1) { id } } }", ["people 2", "friends 1"]),
    ("query ($no: Boolean = false) { a: people @include(if: $no) { id } b: people { id } }", ["people 2"]),
    ("mutation { a: people { id } b: people { id } }", ["people 2", "people 2"]),
    # With an error, the operation runs again without copies.
    ("{ a: failing { id } b: failing { id } }", ["failing 2"] * 3),
    ("{ a: people(first: 5) { name } b: people(first: 5) { name } }", ["people 5"] * 3),
    ("{ s: strict { a: friends(first: 2) { id } } a: failing { id } b: failing { id } }", None),
    (
        "{ s: strict { friends { name } } a: people { friends(first: 4) { name } } b: people { friends(first: 4) { name } } }",
        None,
    ),
]


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize(("text", "expected"), DOCUMENTS)
async def test_equal_fields_are_resolved_once_with_the_same_response(
    text: str, expected: list[str] | None, awaited: bool
) -> None:
    calls = Calls(awaited=awaited)
    if "first: 2) { id } } a: failing" in text:
        text = text.replace("friends(first: 2)", "friends")
    result = await run(calls.schema, text, n=3)
    made, calls.made = calls.made, []
    reference: Any = graphql.execute(calls.schema, parse(text), variable_values={"n": 3})
    assert differences(reference, result, None) == []
    if expected is not None:
        assert made == expected
