"""Objects inside of their parents' objects: one generated function writes them, and answers stay the same."""

import asyncio
import enum
import random
from collections.abc import Callable, Generator
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    execute,
    parse,
)

import breadth
from breadth import Column, InstanceOf, SetResolver, object_codegen
from breadth.fields import FRAGMENT, KEY
from breadth.plan import FieldSet, Plan

DOCUMENT = """{ users {
  name
  trend { value change __typename }
  again: trend { rate { numerator denominator } maybe { value } }
  days { runs percent trend { value } tags }
  tags
  kinds
  whole { name trend { value } }
} }"""


@pytest.fixture(autouse=True)
def _compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_codegen, "COMPILE_FROM", 0)


class Kind(enum.StrEnum):
    NOVEL = "novel"
    ESSAY = "essay"


class Thing:
    """An object with any attributes."""

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


class Rate(Thing):
    pass


def _column(type_: Any, **options: Any) -> GraphQLField:
    column = Column(**options)

    def resolve(parent: Any, info: Any) -> Any:
        value = parent if column.whole else getattr(parent, column.name or info.field_name)
        return value if column.of is None else column.of(value)

    return GraphQLField(type_, resolve=resolve, extensions={KEY: column})


def _schema() -> GraphQLSchema:
    required = GraphQLNonNull
    rate = GraphQLObjectType(
        "Rate",
        {"numerator": _column(required(GraphQLInt)), "denominator": _column(GraphQLInt)},
        is_type_of=InstanceOf(Rate),
    )
    trend = GraphQLObjectType(
        "Trend",
        lambda: {
            "value": _column(required(GraphQLInt)),
            "change": _column(GraphQLFloat, name="value", of=lambda value: value / 4),
            "rate": _column(required(rate)),
            "maybe": _column(trend),
        },
    )
    day = GraphQLObjectType(
        "Day",
        {
            "runs": _column(GraphQLInt),
            "percent": _column(GraphQLFloat),
            "trend": _column(required(trend)),
            "tags": _column(required(GraphQLList(required(GraphQLString)))),
        },
    )
    user = GraphQLObjectType(
        "User",
        lambda: {
            "name": _column(GraphQLString),
            "trend": _column(required(trend)),
            "days": _column(GraphQLList(day)),
            "tags": _column(GraphQLList(GraphQLString)),
            "kinds": _column(GraphQLList(required(GraphQLEnumType("Kind", Kind)))),
            "whole": _column(user, of=lambda row: row, whole=True),
            "computed": GraphQLField(trend, resolve=lambda row, _info: row.trend),
            "kept": GraphQLField(
                trend, resolve=lambda row, _: row.trend, extensions={KEY: Column("trend"), FRAGMENT: True}
            ),
            "counted": _column(GraphQLList(GraphQLList(GraphQLBoolean))),
        },
    )
    return GraphQLSchema(GraphQLObjectType("Query", {"users": GraphQLField(GraphQLList(user))}))


class Later:
    """An awaitable that may stay unawaited."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


def random_user(dice: random.Random, faults: float, *, awaits: bool = False) -> Thing:
    """Return a user. Some have values that their columns should not have: nulls, errors, awaitables, other classes."""

    def wrong(value: Any) -> Any:
        if dice.random() >= faults:
            return value
        wrongs: list[Callable[[], Any]] = [lambda: None, lambda: ValueError("wrong"), lambda: "text", Thing]
        if awaits:
            wrongs.append(lambda: Later(value))
        return dice.choice(wrongs)()

    def trend(depth: int = 0) -> Any:
        maybe = trend(1) if depth == 0 and dice.random() < 0.5 else None
        rate = Rate(numerator=wrong(dice.randrange(9)), denominator=dice.choice([None, wrong(2)]))
        return wrong(Thing(value=wrong(dice.randrange(9)), rate=wrong(rate), maybe=maybe))

    def day() -> Any:
        tags = dice.choice([["a"], ("b", wrong("c")), []])
        return wrong(Thing(runs=wrong(3), percent=dice.choice([None, 1.5]), trend=trend(), tags=wrong(tags)))

    days = dice.choice([None, [day() for _ in range(3)], (day(), None), {1: day()}.values()])
    kinds = dice.choice([None, ["novel", wrong(Kind.ESSAY)]])
    return Thing(name=wrong("Ann"), trend=trend(), days=wrong(days), tags=["x", None], kinds=kinds)


@pytest.mark.parametrize("faults", [0, 0.003, 0.05, 0.3])
@pytest.mark.parametrize("seed", range(25))
def test_answers_equal_those_of_graphql_core(seed: int, faults: float) -> None:
    dice = random.Random(seed)  # noqa: S311 - test data
    parents = {"users": [random_user(dice, faults) for _ in range(8)]}
    schema, document = _schema(), parse(DOCUMENT)
    expected = execute(schema, document, parents)
    plan = Plan(schema, document)
    for _ in range(2):
        assert repr(breadth.execute_plan(plan, parents)) == repr(expected)
    assert faults or not expected.errors  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(25))
def test_answers_with_awaitables_have_the_data_of_graphql_core(seed: int) -> None:
    schema, document = _schema(), parse(DOCUMENT)

    async def run(executor: Any) -> Any:
        dice = random.Random(seed)  # noqa: S311 - test data
        found = executor(
            schema, document, {"users": [random_user(dice, 0.04, awaits=True) for _ in range(4)]}
        )
        result: ExecutionResult = found if isinstance(found, ExecutionResult) else await found
        return result.data

    assert asyncio.run(run(breadth.execute)) == asyncio.run(run(execute))


def _users_fields(plan: Plan) -> FieldSet:
    (root,) = plan._variants.values()
    return root.fields[0].possible_subfields()[0]


def _user(**changed: Any) -> Thing:
    rate = Rate(numerator=1, denominator=2)
    trend = Thing(value=8, rate=rate, maybe=None)
    return Thing(**({"name": "Ann", "trend": trend, "days": [], "tags": ["x"], "kinds": ["novel"]} | changed))


def _nested(plan: Plan, users: list[Thing]) -> list[str]:
    """Return the keys of the users' fields whose objects are written inside of the users' objects."""
    fields = _users_fields(plan)
    built = fields.builders.builder(users)
    assert built is not None
    return [field.key for field in fields.fields if field.order in built.nested]


def test_objects_and_lists_of_columns_are_written_with_their_parents() -> None:
    plan = Plan(_schema(), parse(DOCUMENT))
    users = [_user(), _user(days=None)]
    first = breadth.execute_plan(plan, {"users": users}).data["users"][0]  # type: ignore[union-attr, index]
    assert first == {
        "name": "Ann",
        "trend": {"value": 8, "change": 2.0, "__typename": "Trend"},
        "again": {"rate": {"numerator": 1, "denominator": 2}, "maybe": None},
        "days": [],
        "tags": ["x"],
        "kinds": ["NOVEL"],
        "whole": {"name": "Ann", "trend": {"value": 8}},
    }
    assert _nested(plan, users) == ["trend", "again", "days", "tags", "kinds", "whole"]


def test_objects_with_other_fields_are_left_to_completion() -> None:
    plan = Plan(
        _schema(), parse("{ users { whole { computed { value } } kept { value } trend { value } counted } }")
    )
    users = [_user(counted=[[True]])]
    result = breadth.execute_plan(plan, {"users": users})
    value = {"value": 8}
    row = {"whole": {"computed": value}, "kept": value, "trend": value, "counted": [[True]]}
    assert result == ({"users": [row]}, None)
    assert _nested(plan, users) == ["trend"]


def test_an_unusual_value_ends_the_nesting_of_its_field_set() -> None:
    plan = Plan(_schema(), parse("{ users { trend { value } tags } }"))
    users = [_user(), _user(tags=["x", ValueError("wrong")])]
    result = breadth.execute_plan(plan, {"users": users})
    rows = [{"trend": {"value": 8}, "tags": ["x"]}, {"trend": {"value": 8}, "tags": ["x", None]}]
    assert result.data == {"users": rows}  # type: ignore[union-attr]
    assert [error.path for error in result.errors or ()] == [["users", 1, "tags", 1]]  # type: ignore[union-attr]
    assert _nested(plan, users) == []


def test_very_deep_objects_are_left_to_completion() -> None:
    deep = "{ whole " * 60 + "{ name }" + " }" * 60
    document = parse(f"{{ users {deep} }}")
    schema, parents = _schema(), {"users": [_user()]}
    assert breadth.execute(schema, document, parents) == execute(schema, document, parents)


def test_a_set_resolver_below_is_called_once_for_all_parents() -> None:
    calls: list[int] = []

    def resolve(parents: Any, _info: Any) -> list[int]:
        calls.append(len(parents))
        return [1] * len(parents)

    inner = GraphQLObjectType(
        "Inner", {"n": GraphQLField(GraphQLInt, extensions={KEY: SetResolver(resolve)})}
    )
    outer = GraphQLObjectType("Outer", {"inner": _column(inner)})
    schema = GraphQLSchema(GraphQLObjectType("Query", {"all": GraphQLField(GraphQLList(outer))}))
    result = breadth.execute(schema, parse("{ all { inner { n } } }"), {"all": [Thing(inner=Thing())] * 3})
    assert result == ({"all": [{"inner": {"n": 1}}] * 3}, None)
    assert calls == [3]
