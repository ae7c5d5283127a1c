"""Fields that fragments answer: the same responses as without fragments."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute,
    get_named_type,
    is_composite_type,
    parse,
)

from breadth import ABSENT, Plan, Selection, Unsupported, execute_plan
from breadth.fields import FRAGMENT
from breadth.fragments import UnknownValueError, fields_below, text_of
from tests.breadth.compare import differences
from tests.breadth.documents import generate
from tests.breadth.test_differential import PROFILES, settled
from tests.breadth.zoo import Zoo, dice_of, seed_of, type_name_of


@dataclass(frozen=True, slots=True)
class Json:
    """A fragment."""

    text: str


def inlined(value: Any) -> Any:
    """Return the data with the values of the fragments."""
    if isinstance(value, Json):
        return json.loads(value.text)
    if isinstance(value, dict):
        return {key: inlined(each) for key, each in value.items()}
    return [inlined(each) for each in value] if isinstance(value, list) else value


def text(value: Any) -> str:
    """Return the JSON of a value, in which the texts of fragments stand unchanged."""
    if isinstance(value, Json):
        return value.text
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{text(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(text, value))}]"
    return json.dumps(value)


@dataclass
class Kept:
    """Fragments of values that depend on the class and the seed of the parent alone."""

    waits: bool = False
    finds: float = 1.0
    by_key: dict[Any, Json] = field(default_factory=dict)
    hits: int = 0
    calls: list[tuple[str, bool]] = field(default_factory=list)

    def find(self, selection: Selection, parents: Sequence[Any], *, alone: bool) -> Any:
        self.calls.append((selection.field.coordinate, alone))
        found = [self._found(selection, parent) for parent in parents]
        return self._later(found) if self.waits and len(selection.field.path) % 2 else found

    async def _later(self, found: Any) -> Any:
        await asyncio.sleep(0)
        return found

    def _found(self, selection: Selection, parent: Any) -> Any:
        key = self._key(selection, parent)
        if not dice_of(key, len(self.calls)).chance(self.finds):
            return ABSENT
        self.hits += key in self.by_key
        return self.by_key.get(key, ABSENT)

    def keep(self, selection: Selection, parent: Any, value: Any) -> Any:
        made = self.by_key[self._key(selection, parent)] = Json(text(value))
        return made

    def _key(self, selection: Selection, parent: Any) -> Any:
        return selection.key, parent and type_name_of(parent), parent and seed_of(parent)


def mark(schema: GraphQLSchema, share: float, seed: int) -> None:
    """Mark a share of the fields, mostly those of objects."""
    for name, of_type in schema.type_map.items():
        if isinstance(of_type, GraphQLObjectType) and not name.startswith("__"):
            for key, each in of_type.fields.items():
                is_object = is_composite_type(get_named_type(each.type))
                if dice_of("mark", seed, name, key).chance(share if is_object else share / 4):
                    each.extensions = {**(each.extensions or {}), FRAGMENT: True}


# graphql-core may leave coroutines of discarded fields unawaited.
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("faults", "asynchronous"), PROFILES)
def test_random_documents_give_the_same_responses_with_fragments(
    faults: float, asynchronous: float, documents: int, seed: int
) -> None:
    zoo = Zoo(faults, asynchronous)
    mark(zoo.schema, 0.5, seed)
    kept = Kept(waits=bool(asynchronous))

    async def run(plan: Plan, number: int, variables: Mapping[str, Any], fragments: Kept | None) -> Any:
        return await settled(execute_plan(plan, zoo.root(number), [], variables, fragments=fragments))

    async def run_all() -> None:
        for number in range(documents // len(PROFILES) // 2 + 1):
            generated = generate(zoo.schema, f"{seed} {number}", kind="query", reckless=number % 7 == 0)
            document = parse(generated.text)
            try:
                plan = Plan(zoo.schema, document, generated.operation)
                plain = await run(plan, number % 3, generated.variables, None)
            except Unsupported:
                continue
            possible = None
            if asynchronous and plain.errors:
                unpropagated = parse(generated.unpropagated)
                arguments: Any = (zoo.root(number % 3), [], generated.variables, generated.operation)
                possible = await settled(execute(zoo.schema, unpropagated, *arguments))
            for finds in (1.0, 1.0, 0.5):
                kept.finds = finds
                result = await run(plan, number % 3, generated.variables, kept)
                shown = result.data
                result.data = inlined(shown)
                found = differences(plain, result, possible)
                if not found and repr(plain.data) == repr(result.data) and _is_json(plain.data):
                    found = [] if text(shown) == text(plain.data) else ["the bytes differ"]
                if found:
                    pytest.fail(f"BREADTH_SEED={seed}, number {number}, {generated}\n" + "\n".join(found))

    asyncio.run(run_all())
    assert kept.hits > documents // 50


def _is_json(data: Any) -> bool:
    try:
        text(data)
    except TypeError:
        return False
    return True


SDL = """
type Query { cat(limit: Int, tags: [String]): Cat dog: Cat! }
type Mutation { cat: Cat }
type Cat { name: String kitten: Cat kittens: [Cat!] broken: String required: String! }
"""


class Cat:
    """A cat, whose fields note that they were read."""

    def __init__(self, seed: int, reads: list[str]) -> None:
        self._seed = seed
        self._reads = reads

    @property
    def name(self) -> str:
        self._reads.append(f"name {self._seed}")
        return f"cat {self._seed}"

    @property
    def kitten(self) -> "Cat":
        return Cat(self._seed * 10, self._reads)

    @property
    def kittens(self) -> list["Cat"]:
        return [Cat(self._seed * 10 + number, self._reads) for number in (1, 2)]

    @property
    def broken(self) -> str:
        raise ValueError("broken")

    @property
    def required(self) -> None:
        return None


class OneOf:
    """Fragments by selection and place in the store: all parents of a class are alike."""

    def __init__(self) -> None:
        self.by_key: dict[Any, Json] = {}
        self.asked: list[tuple[str, bool]] = []

    def find(self, selection: Selection, parents: Sequence[Any], *, alone: bool) -> Any:
        self.asked.append((".".join(selection.field.path), alone))
        return [self.by_key.get((selection.key, _seed(parent)), ABSENT) for parent in parents]

    def keep(self, selection: Selection, parent: Any, value: Any) -> Any:
        made = self.by_key[selection.key, _seed(parent)] = Json(text(value))
        return made


def _seed(parent: Any) -> Any:
    return getattr(parent, "_seed", None)


def small(*marked: str) -> GraphQLSchema:
    schema = build_schema(SDL)
    for coordinate in marked:
        type_name, key = coordinate.split(".")
        found: Any = schema.type_map[type_name]
        found.fields[key].extensions = {FRAGMENT: coordinate}
    return schema


def run(
    schema: GraphQLSchema, document: str, fragments: Any, variables: Mapping[str, Any] | None = None
) -> tuple[Any, list[str]]:
    """Return the result, and the names that were read."""
    reads: list[str] = []

    class Root:
        cat = dog = Cat(1, reads)

    return execute_plan(
        Plan(schema, parse(document)), Root(), None, variables or {}, fragments=fragments
    ), reads


def test_nothing_below_a_fragment_is_resolved() -> None:
    schema, fragments = small("Query.cat"), OneOf()
    first, reads = run(schema, "{ cat { name } }", fragments)
    assert (first.data, reads) == ({"cat": Json('{"name":"cat 1"}')}, ["name 1"])
    again, reads = run(schema, "{ cat { name } }", fragments)
    assert (again.data, reads) == (first.data, [])


def test_results_have_ordinary_values_without_fragments() -> None:
    result, reads = run(small("Query.cat"), "{ cat { name } }", None)
    assert (result.data, reads) == ({"cat": {"name": "cat 1"}}, ["name 1"])


def test_aliases_and_documents_with_equal_fields_share_fragments() -> None:
    schema, fragments = small("Query.cat"), OneOf()
    run(schema, "query A { cat { ...F kitten { name } } } fragment F on Cat { name }", fragments)
    result, reads = run(schema, "query B { other: cat { name kitten { name } } }", fragments)
    assert result.data == {"other": Json('{"name":"cat 1","kitten":{"name":"cat 10"}}')}
    assert reads == []


@pytest.mark.parametrize(
    "other",
    [
        "{ cat { n: name } }",
        "{ cat { name name2: name } }",
        "{ cat(limit: 1) { name } }",
        "{ cat(tags: []) { name } }",
        "{ cat { __typename name } }",
        "{ dog { name } }",
    ],
)
def test_other_fields_or_arguments_need_another_fragment(other: str) -> None:
    schema, fragments = small("Query.cat", "Query.dog"), OneOf()
    run(schema, "{ cat { name } }", fragments)
    _, reads = run(schema, other, fragments)
    assert reads != []


@pytest.mark.parametrize("value", [{}, {"limit": None}, {"limit": 2}, {"limit": 1, "with": False}])
def test_variables_are_part_of_the_key(value: dict[str, Any]) -> None:
    schema, fragments = small("Query.cat"), OneOf()
    document = "query ($limit: Int, $with: Boolean = true) { cat(limit: $limit) { name kitten @include(if: $with) { name } } }"
    run(schema, document, fragments, {"limit": 1})
    assert run(schema, document, fragments, {"limit": 1, "with": True})[1] == []
    assert run(schema, document, fragments, value)[1] != []


def test_a_value_with_an_error_is_not_kept() -> None:
    schema, fragments = small("Query.cat", "Cat.kitten"), OneOf()
    for _ in range(2):
        result, _ = run(schema, "{ cat { broken kitten { name } } }", fragments)
        assert [error.path for error in result.errors or ()] == [["cat", "broken"]]
        assert result.data == {"cat": {"broken": None, "kitten": Json('{"name":"cat 10"}')}}
    assert list(fragments.by_key.values()) == [Json('{"name":"cat 10"}')]


def test_a_null_that_an_error_causes_is_not_kept() -> None:
    schema, fragments = small("Query.cat", "Cat.kitten"), OneOf()
    result, _ = run(schema, "{ cat { kitten { name required } } }", fragments)
    assert result.data == {"cat": {"kitten": None}}
    assert fragments.by_key == {}


def test_a_response_that_is_null_keeps_nothing() -> None:
    schema, fragments = small("Query.cat", "Query.dog"), OneOf()
    result, _ = run(schema, "{ cat { name } dog { required } }", fragments)
    assert (result.data, fragments.by_key) == (None, {})


def test_fragments_are_made_of_fragments() -> None:
    schema, fragments = small("Query.cat", "Cat.kittens"), OneOf()
    run(schema, "{ dog { kittens { name } } }", fragments)
    result, reads = run(schema, "{ cat { name kittens { name } } }", fragments)
    assert reads == ["name 1"]
    assert result.data == {"cat": Json('{"name":"cat 1","kittens":[{"name":"cat 11"},{"name":"cat 12"}]}')}


def test_some_parents_have_fragments() -> None:
    schema, fragments = small("Cat.kitten"), OneOf()
    document = "{ dog { kittens { kitten { name } } } }"
    run(schema, document, fragments)
    del fragments.by_key[next(key for key in fragments.by_key if key[1] == 12)]
    result, reads = run(schema, document, fragments)
    assert reads == ["name 120"]
    assert (
        text(result.data)
        == '{"dog":{"kittens":[{"kitten":{"name":"cat 110"}},{"kitten":{"name":"cat 120"}}]}}'
    )


def test_mutations_have_no_fragments() -> None:
    schema, fragments = small("Mutation.cat"), OneOf()
    result, _ = run(schema, "mutation { cat { name } }", fragments)
    assert (result.data, fragments.asked) == ({"cat": {"name": "cat 1"}}, [])


def test_only_a_field_of_the_root_without_resolved_siblings_is_alone() -> None:
    schema, fragments = small("Query.cat", "Cat.kitten"), OneOf()
    run(schema, "{ __typename cat { kitten { name } } }", fragments)
    run(schema, "{ cat { name } other: cat { name } }", fragments)
    assert fragments.asked == [("cat", True), ("cat.kitten", False), ("cat", False), ("other", False)]


class Failing:
    """Fragments that fail, or find a wrong number of results."""

    def __init__(self, found: Any = None) -> None:
        self.found = found

    def find(self, *_: Any, alone: bool) -> Any:
        assert alone
        if self.found is None:
            raise ValueError("find")
        return self.found

    def keep(self, *_: Any) -> Any:
        raise ValueError("keep")


@pytest.mark.parametrize("fragments", [Failing(), Failing([Json("1"), Json("2")]), Failing(7)])
def test_failing_fragments_do_not_fail_the_operation(fragments: Any) -> None:
    result, _ = run(small("Query.cat"), "{ cat { name } }", fragments)
    assert (result.data, result.errors) == ({"cat": {"name": "cat 1"}}, None)


def test_texts_tell_equal_values_of_different_classes_apart() -> None:
    values = [1, 1.0, True, "1", None, "None", [1], ["1"], {"a": 1}, {"a": 1.0}, [[], []], [[[]]], "[[],[]]"]
    assert len({text_of(value) for value in values}) == len(values)
    with pytest.raises(UnknownValueError, match="object"):
        text_of([object()])


def test_a_variable_of_an_unknown_class_is_answered_without_fragments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema = small("Query.cat")
    fragments = OneOf()
    monkeypatch.setattr(
        schema.type_map["Int"], "coerce_input_value", lambda value: value
    )  # all schemas share it
    result, _ = run(
        schema, "query ($limit: Int) { cat(limit: $limit) { name } }", fragments, {"limit": object()}
    )
    assert (result.data, fragments.by_key) == ({"cat": {"name": "cat 1"}}, {})


def test_a_field_without_fragments_is_not_kept() -> None:
    class Nothing(OneOf):
        def find(self, *_: Any, alone: bool) -> Any:
            assert alone

    fragments = Nothing()
    result, _ = run(small("Query.cat"), "{ cat { name } }", fragments)
    assert (result.data, fragments.by_key) == ({"cat": {"name": "cat 1"}}, {})


def test_fields_below_are_those_of_all_levels() -> None:
    plan = Plan(small(), parse("{ cat { name kitten { kittens { name } } } }"))
    (cat,) = plan.root(_variables(plan)).fields
    assert [each.coordinate for each in fields_below(cat)] == [
        "Cat.name",
        "Cat.kitten",
        "Cat.kittens",
        "Cat.name",
    ]


def _variables(plan: Plan) -> Any:
    return plan.variables.coerced({}, None, hide_suggestions=False)
