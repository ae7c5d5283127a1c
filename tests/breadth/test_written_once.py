"""Objects at two places of a response: written once if the parents are the same, with the answers of graphql-core."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse

import breadth
from breadth import Column, SetResolver, object_codegen
from breadth.fields import KEY

SDL = """
    type Query { first: [Person!] second: [Person!] third: [Person!] }
    type Person { name: String! tags: [String!]! pet: Pet slow: String }
    type Pet { name: String! }
"""


@pytest.fixture(autouse=True)
def _compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_codegen, "COMPILE_FROM", 0)


class Person:
    """A person whose name is counted each time it is read."""

    def __init__(self, name: str | None) -> None:
        self.reads = 0
        self._name = name
        self.tags = ["a", "b"]
        self.pet = {"name": f"dog of {name}"}
        self.slow = "slow"

    @property
    def name(self) -> str | None:
        self.reads += 1
        return self._name


class World:
    """A schema whose `first` and `second` have the same persons, and `third` equal ones."""

    def __init__(self, *names: str | None) -> None:
        self.schema = build_schema(SDL)
        self.people, others = [Person(name) for name in names], [Person(name) for name in names]
        answers = {"first": self.people, "second": self.people, "third": others}
        for field, answer in answers.items():
            definition = self.schema.query_type.fields[field]  # type: ignore[union-attr]
            definition.extensions = {KEY: SetResolver(self._returning(answer), of_context=True)}
            definition.resolve = lambda *_, answer=answer: answer
        fields = self.schema.type_map["Person"].fields  # type: ignore[attr-defined]
        for name in ("name", "tags", "pet"):
            fields[name].extensions = {KEY: Column()}
        fields["slow"].resolve = lambda person, _info: person.slow
        self.schema.type_map["Pet"].fields["name"].extensions = {  # type: ignore[attr-defined]
            KEY: Column(of=lambda pet: pet["name"], whole=True)
        }

    @staticmethod
    def _returning(answer: list[Person]) -> Any:
        def resolve(parents: Sequence[Any], _context: Any) -> list[list[Person]]:
            return [list(answer)] * len(parents)

        return resolve

    def reads(self, text: str) -> tuple[ExecutionResult, list[int]]:
        """Return the result, and how often each name was read. The plan has seen each place before."""
        document = parse(text)
        _ran(self.schema, document)
        for person in self.people:
            person.reads = 0
        found = _ran(self.schema, document)
        return found, [person.reads for person in self.people]


def _ran(schema: GraphQLSchema, document: Any) -> ExecutionResult:
    found = breadth.execute(schema, document)
    assert isinstance(found, ExecutionResult)
    return found


SAME = "name tags pet { name }"


def test_equal_selections_of_the_same_objects_are_written_once() -> None:
    world = World("ann", "bob")

    found, reads = world.reads(f"{{ first {{ {SAME} }} second {{ {SAME} }} third {{ {SAME} }} }}")

    ann = {"name": "ann", "tags": ["a", "b"], "pet": {"name": "dog of ann"}}
    bob = {"name": "bob", "tags": ["a", "b"], "pet": {"name": "dog of bob"}}
    assert found == ExecutionResult({"first": [ann, bob], "second": [ann, bob], "third": [ann, bob]}, None)
    assert reads == [1, 1]


@pytest.mark.parametrize(
    "second",
    ["name tags", "tags name pet { name }", f"nick: name {SAME}", f"{SAME} slow", "name pet { n: name }"],
)
def test_other_selections_of_the_same_objects_are_written_anew(second: str) -> None:
    world = World("ann", "bob")
    text = f"{{ first {{ {SAME} }} second {{ {second} }} }}"

    found, reads = world.reads(text)

    expected: Any = execute(world.schema, parse(text))
    assert (found.data, found.errors) == (expected.data, None)
    assert min(reads) >= 1 + ("name" in second)


def test_an_error_in_the_same_objects_is_reported_at_each_place() -> None:
    world = World("ann", None)
    text = f"{{ first {{ {SAME} }} second {{ {SAME} }} }}"

    found, _ = world.reads(text)

    expected: Any = execute(world.schema, parse(text))
    assert found.data == expected.data == {"first": None, "second": None}
    assert found.errors is not None
    assert [(one.path, one.message) for one in found.errors] == [
        (one.path, one.message) for one in expected.errors
    ]
    assert len(found.errors) == 2


def test_lists_of_other_lengths_are_written_anew() -> None:
    world = World("ann", "bob")
    shorter = world.people[:1]
    resolver = SetResolver(lambda parents, _context: [list(shorter)] * len(parents), of_context=True)
    world.schema.query_type.fields["second"].extensions = {KEY: resolver}  # type: ignore[union-attr]

    found, reads = world.reads(f"{{ first {{ {SAME} }} second {{ {SAME} }} }}")

    assert found.data is not None
    assert [[one["name"] for one in found.data[key]] for key in ("first", "second")] == [
        ["ann", "bob"],
        ["ann"],
    ]
    assert reads == [2, 1]
