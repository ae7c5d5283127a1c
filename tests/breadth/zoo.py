"""The zoo: a graphql-core schema with every feature of the type system and every kind of resolver and failure.

A field's value depends on its parent's seed, its name and its arguments alone. Two executors that resolve fields
in different orders get the same values.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from operator import itemgetter
from types import FunctionType
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    Undefined,
)

from breadth import Column, InstanceOf, SetResolver
from breadth.fields import KEY

WRAPPINGS: Mapping[str, Callable[[Any], Any]] = {
    "": lambda of: of,
    "X": GraphQLNonNull,
    "List": GraphQLList,
    "ListX": lambda of: GraphQLNonNull(GraphQLList(of)),
    "XList": lambda of: GraphQLList(GraphQLNonNull(of)),
    "XListX": lambda of: GraphQLNonNull(GraphQLList(GraphQLNonNull(of))),
    "ListList": lambda of: GraphQLList(GraphQLList(of)),
    "XListXListX": lambda of: GraphQLNonNull(GraphQLList(WRAPPINGS["XListX"](of))),
    "XListList": lambda of: GraphQLList(GraphQLList(GraphQLNonNull(of))),
}
LEAVES = ("Int", "Float", "String", "Boolean", "ID", "Color", "Fussy", "Json")
OBJECTS = ("Cat", "Dog", "Keeper")
ABSTRACT = ("Animal", "Named", "Any")
STYLES = (
    "default", "default", "each", "each", "each_async", "maybe_async",
    "column", "column", "column_of", "whole", "set", "set_async", "set_async",
)  # fmt: skip


class Color(Enum):
    RED = "r"
    GREEN = 2
    BLUE = 1.5


class OddError(Exception):
    """An exception with extensions, which graphql-core copies."""

    extensions = {"code": "ODD"}


def _fussy(value: Any) -> Any:
    if isinstance(value, int) and value % 11 == 0:
        raise ValueError(f"{value} is not liked")
    if isinstance(value, int) and value % 13 == 0:
        return None if value % 2 else Undefined
    return f"<{value}>"


@dataclass
class Dice:
    """Pseudorandom numbers that depend on a seed text alone."""

    state: int

    def roll(self, sides: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self.state >> 33) % sides

    def pick(self, choices: Any) -> Any:
        return choices[self.roll(len(choices))]

    def chance(self, share: float) -> bool:
        return self.roll(10_000) < share * 10_000


def dice_of(*parts: object) -> Dice:
    return Dice(crc32(repr(parts).encode()))


@dataclass
class Zoo:
    """`faults` is the share of invalid values, `asynchronous` the share of values that must be awaited."""

    faults: float
    asynchronous: float
    types: dict[str, Any] = field(default_factory=dict)
    classes: dict[str, tuple[type, ...]] = field(default_factory=dict)
    schema: GraphQLSchema = field(init=False)
    halting: list["Halting"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._leaves()
        self.types["Named"] = self._interface("Named", ())
        self.types["Animal"] = self._interface("Animal", (self.types["Named"],))
        for name in OBJECTS:
            self.types[name] = self._object(name)
        self.types["Any"] = GraphQLUnionType(
            "Any", [self.types[name] for name in OBJECTS], resolve_type=self._resolve_type
        )
        for name in (*OBJECTS, "Query", "Mutation"):
            self.classes[name] = self._classes(name)
        self.schema = GraphQLSchema(
            GraphQLObjectType("Query", lambda: self._fields("Query")),
            GraphQLObjectType("Mutation", lambda: self._fields("Mutation")),
            types=[self.types[name] for name in OBJECTS],
        )

    def root(self, seed: int) -> Any:
        return self.classes["Query"][seed % 2](seed)

    # Types

    def _leaves(self) -> None:
        scalars = (GraphQLInt, GraphQLFloat, GraphQLString, GraphQLBoolean, GraphQLID)
        self.types |= {each.name: each for each in scalars}
        self.types["Color"] = GraphQLEnumType("Color", Color)
        self.types["Fussy"] = GraphQLScalarType("Fussy", coerce_output_value=_fussy)
        self.types["Json"] = GraphQLScalarType("Json")
        self.types["Filter"] = GraphQLInputObjectType(
            "Filter",
            lambda: {
                "limit": GraphQLInputField(GraphQLInt, default_value=3),
                "colors": GraphQLInputField(WRAPPINGS["XList"](self.types["Color"]), out_name="of_colors"),
                "text": GraphQLInputField(GraphQLNonNull(GraphQLString)),
                "inner": GraphQLInputField(self.types["Filter"]),
            },
        )

    def _interface(self, name: str, above: tuple[GraphQLInterfaceType, ...]) -> GraphQLInterfaceType:
        own = self._resolve_type if name == "Animal" else None
        return GraphQLInterfaceType(name, lambda: self._plain_fields(name), above, resolve_type=own)

    def _object(self, name: str) -> GraphQLObjectType:
        interfaces = (
            [self.types["Named"]] if name == "Keeper" else [self.types["Named"], self.types["Animal"]]
        )
        made = GraphQLObjectType(name, lambda: self._fields(name), interfaces)
        made.is_type_of = InstanceOf(_Thing) if name == "Dog" else self._is_type_of(name)
        return made

    def _is_type_of(self, name: str) -> Callable[..., Any] | None:
        def judge(value: Any, _info: Any) -> Any:
            dice = dice_of("is_type_of", name, seed_of(value))
            if dice.chance(self.faults / 4):
                raise OddError(f"cannot say whether it is a {name}")
            verdict = type_name_of(value) == name and not dice.chance(self.faults / 4)
            return _later(verdict) if dice.chance(self.asynchronous / 3) else verdict

        return judge

    def _resolve_type(self, value: Any, _info: Any, type_: Any) -> Any:
        dice = dice_of("resolve_type", str(type_), seed_of(value))
        if dice.chance(self.faults / 2):
            wrong = dice.pick((None, 7, "Nobody", "Color", "Query", "Keeper", OddError("what is it?")))
            if isinstance(wrong, Exception):
                raise wrong
            return wrong
        name = type_name_of(value)
        return _later(name) if dice.chance(self.asynchronous / 3) else name

    # Fields

    def _plain_fields(self, _name: str) -> dict[str, GraphQLField]:
        return {
            key: GraphQLField(WRAPPINGS[wrapping](self.types[of]), self._arguments(key))
            for key, (of, wrapping) in _keys().items()
            if of in (*LEAVES, "Keeper")
        }

    def _arguments(self, key: str) -> dict[str, GraphQLArgument]:
        if crc32(key.encode()) % 5:
            return {}
        return {
            "limit": GraphQLArgument(GraphQLInt, default_value=2),
            "filter": GraphQLArgument(self.types["Filter"], out_name="given"),
            "colors": GraphQLArgument(GraphQLList(self.types["Color"])),
            "fussy": GraphQLArgument(self.types["Fussy"]),
        }

    def _fields(self, name: str) -> dict[str, GraphQLField]:
        return {
            key: self._field(name, key, WRAPPINGS[wrapping](self.types[of]))
            for key, (of, wrapping) in _keys().items()
        }

    def _field(self, name: str, key: str, type_: Any) -> GraphQLField:
        arguments = self._arguments(key)
        style = STYLES[crc32(f"{name}.{key}".encode()) % len(STYLES)]
        if not self.asynchronous:
            style = style.replace("_async", "").replace("maybe", "each")
        made = getattr(self, f"_{style}")(key, type_)
        return GraphQLField(type_, arguments, made.get("resolve"), extensions=made.get("extensions"))

    def _default(self, _key: str, _type: Any) -> dict[str, Any]:
        return {}

    def _each(self, key: str, type_: Any) -> dict[str, Any]:
        def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
            note(info, arguments)
            return self.resolved(parent, key, type_, arguments)

        return {"resolve": resolve}

    def _each_async(self, key: str, type_: Any) -> dict[str, Any]:
        async def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
            note(info, arguments)
            for _ in range(dice_of(seed_of(parent), key).roll(3)):
                await asyncio.sleep(0)
            return self.resolved(parent, key, type_, arguments, may_wait=False)

        return {"resolve": resolve}

    def _maybe_async(self, key: str, type_: Any) -> dict[str, Any]:
        def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
            note(info, arguments)
            if seed_of(parent) % 2:
                return self.resolved(parent, key, type_, arguments)
            return _later(lambda: self.resolved(parent, key, type_, arguments, may_wait=False))

        return {"resolve": resolve}

    def _column(self, key: str, _type: Any) -> dict[str, Any]:
        def resolve(parent: Any, _info: Any, **_arguments: Any) -> Any:
            return getattr(parent, key)

        return {"resolve": resolve, "extensions": {KEY: Column()}}

    def _column_of(self, key: str, type_: Any) -> dict[str, Any]:
        def of(seed: int) -> Any:
            return self.resolved(_Thing(seed), key, type_, {})

        def resolve(parent: Any, _info: Any, **_arguments: Any) -> Any:
            return of(parent.seed)

        return {"resolve": resolve, "extensions": {KEY: Column("seed", of)}}

    def _whole(self, key: str, type_: Any) -> dict[str, Any]:
        def of(parent: Any) -> Any:
            return self.resolved(parent, key, type_, {})

        return {
            "resolve": lambda parent, _info, **_: of(parent),
            "extensions": {KEY: Column(of=of, whole=True)},
        }

    def _one_of_set(self, parent: Any, key: str, type_: Any, arguments: dict[str, Any]) -> Any:
        try:
            value = self.resolved(parent, key, type_, arguments, may_wait=False)
        except Exception as error:  # noqa: BLE001 - a set resolver returns it in the place
            return error
        return value

    def _set(self, key: str, type_: Any) -> dict[str, Any]:
        def of_all(parents: Any, _info: Any, **arguments: Any) -> Any:
            return tuple(self._one_of_set(parent, key, type_, arguments) for parent in parents)

        return {
            "resolve": lambda parent, info, **arguments: of_all([parent], info, **arguments)[0],
            "extensions": {KEY: SetResolver(of_all)},
        }

    def _set_async(self, key: str, type_: Any) -> dict[str, Any]:
        pause = crc32(key.encode()) % 3

        async def of_all(parents: Any, info: Any, **arguments: Any) -> Any:
            assert info.field_name == key
            for _ in range(pause):
                await asyncio.sleep(0)
            if self.faults and crc32(key.encode()) % 17 == 0:
                raise OddError(f"all {key} fail")
            return [self._one_of_set(parent, key, type_, arguments) for parent in parents]

        async def resolve(parent: Any, info: Any, **arguments: Any) -> Any:
            (result,) = await of_all([parent], info, **arguments)
            return result

        return {"resolve": resolve, "extensions": {KEY: SetResolver(of_all)}}

    # Values

    def resolved(
        self, parent: Any, key: str, type_: Any, arguments: dict[str, Any], *, may_wait: bool = True
    ) -> Any:
        """Return a field's value, or raise one of the faults."""
        dice = dice_of(seed_of(parent), key, arguments)
        if dice.chance(self.faults / 2):
            raise self._error(dice, key)
        if may_wait and dice.chance(self.asynchronous / 4):
            return _later(lambda: self.value(type_, dice, key))
        return self.value(type_, dice, key)

    def _error(self, dice: Dice, key: str) -> Exception:
        return dice.pick(  # type: ignore[no-any-return]
            (
                ValueError(f"{key} failed"),
                OddError(f"{key} is odd"),
                KeyError(key),
                GraphQLError(f"{key} says no", extensions={"code": "NO", "of": key}),
                TypeError(),
            )
        )

    def value(self, type_: Any, dice: Dice, key: str, *, nullable: bool = True) -> Any:
        if isinstance(type_, GraphQLNonNull):
            wrong = dice.chance(self.faults / 3)
            return None if wrong else self.value(type_.of_type, dice, key, nullable=False)
        if nullable and dice.chance(0.08):
            return None if dice.roll(9) else Undefined
        if dice.chance(self.faults / 3):
            return self._error(dice, key)
        if isinstance(type_, GraphQLList):
            return self._list(type_.of_type, dice, key)
        return self._leaf(type_.name, dice) if type_.name in LEAVES else self._thing(type_, dice)

    def _list(self, of: Any, dice: Dice, key: str) -> Any:
        if dice.chance(self.faults / 3):
            return dice.pick((7, "text", {"a": 1}, b"bytes"))
        waits = dice.chance(self.asynchronous / 6)
        failing = dice.chance(self.faults / 2)
        shape = dice.roll(10)
        halts_at = dice.roll(4) if dice.chance(self.faults * 6) else None
        name = (key, dice.state)
        seeds = [dice.roll(1 << 30) for _ in range(dice.roll(5))]

        def item(seed: int) -> Any:
            made = partial(self.value, of, Dice(seed), key)
            return _later(made) if waits and seed % 2 else made()

        # Items are made on demand: an unread generator leaves no coroutine behind.
        items = map(item, seeds)
        if self.asynchronous and shape == 0:
            return _given_async(items, failing=failing)
        if shape == 1:
            return _given(items, failing=failing)
        if shape == 2:
            return Listed(items)
        if shape == 8 or (shape == 9 and not self.asynchronous):
            return self._halting(Halting(name, items, halts_at, isinstance(of, GraphQLNonNull)))
        if shape == 9:
            return self._halting(HaltingAsync(name, items, halts_at, isinstance(of, GraphQLNonNull)))
        return {3: tuple, 4: deque}.get(shape, list)(items)

    def _halting(self, made: "Halting") -> "Halting":
        self.halting.append(made)
        return made

    def halting_facts(self) -> dict[Any, set[Any]]:
        """Return how the iterators were read that both executors must read alike, by their names. Forget them.

        If an item must not be null, graphql-core stops reading at the first item that makes the list null.
        An async iterator counts only if it was read until it raised.
        """
        facts: dict[Any, set[Any]] = {}
        for each in self.halting:
            comparable = each.raised if isinstance(each, HaltingAsync) else not each.items_are_required
            if each.reads and comparable:
                facts.setdefault(each.name, set()).add((each.reads, each.raised, each.closed))
        self.halting.clear()
        return facts

    def _leaf(self, name: str, dice: Dice) -> Any:
        if dice.chance(self.faults):
            return dice.pick(("wrong", 2**40, 3.5, float("nan"), True, [1], Strange(), {"a": 1}, 7))
        number = dice.roll(100)
        return dice.pick(
            {
                "Int": (number, -number, True, 3.0, "12"),
                "Float": (number / 3, number, "1.5", 0.0),
                "String": (f"text {number}", "", number, "☃"),
                "Boolean": (True, False, 1, 0.0),
                "ID": (f"id{number}", number, 2.0),
                "Color": (Color.RED.value, Color.GREEN.value, Color.BLUE.value),
                "Fussy": (number, f"fussy {number}", [number]),
                "Json": (number, {"b": 1, "a": [number]}, [], "text", 0.5),
            }[name]
        )

    def _thing(self, type_: GraphQLNamedType, dice: Dice) -> Any:
        names = {"Animal": ("Cat", "Dog"), "Named": OBJECTS, "Any": OBJECTS}.get(type_.name, (type_.name,))
        if dice.chance(self.faults / 4):
            return dice.pick((7, "text", Strange(), self.classes["Query"][0](3)))
        made = dice.pick(self.classes[dice.pick(names)])
        return made(dice.roll(1 << 30))

    # Classes of objects

    def _classes(self, name: str) -> tuple[type, ...]:
        """Return classes whose attributes are computed on access: plain, row-like, mapping and dynamic ones."""
        types = {key: WRAPPINGS[wrapping](self.types[of]) for key, (of, wrapping) in _keys().items()}

        def read(seed: int, key: str) -> Any:
            if key == "__typename":
                return name
            if key == "seed":
                return seed
            return self.resolved(_Thing(seed), key, types[key], {})

        def reader(key: str) -> property:
            return property(lambda self: read(self.seed, key))

        shared = {"type_name": name, f"_{name}__typename": name}
        plain = type(name, (_Thing,), {"__slots__": (), **shared, **{key: reader(key) for key in types}})
        row = type(
            f"{name}Row",
            (_Row,),
            {"__slots__": (), **shared, "read": staticmethod(read), f"_{name}Row__typename": name}
            | {key: property(itemgetter(key)) for key in (*types, "seed")},
        )
        mapping = type(f"{name}Mapping", (_Mapping,), {**shared, "read": staticmethod(read), "keys_": types})
        dynamic = type(
            f"{name}Dynamic",
            (_Dynamic,),
            {**shared, "read": staticmethod(read), f"_{name}Dynamic__typename": name},
        )
        if name in ("Dog", "Query", "Mutation"):
            return (plain, row) if name != "Dog" else (plain,)
        return plain, plain, row, row, mapping, dynamic


class _Thing:
    __slots__ = ("seed",)
    type_name = ""

    def __init__(self, seed: int) -> None:
        self.seed = seed


class _Row:
    __slots__ = ("_items",)
    read: Callable[[int, str], Any]

    def __init__(self, seed: int) -> None:
        self._items = seed

    def __getitem__(self, key: str) -> Any:
        return self.read(self._items, key)


class _Mapping(Mapping[str, Any]):
    read: Callable[[int, str], Any]
    keys_: Mapping[str, Any]

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __getitem__(self, key: str) -> Any:
        if key != "__typename" and key not in self.keys_:
            raise KeyError(key)
        if self.seed % 3 or key == "__typename":
            return self.read(self.seed, key)
        return lambda _info, **_arguments: self.read(self.seed, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys_)

    def __len__(self) -> int:
        return len(self.keys_)


class _Dynamic:
    read: Callable[[int, str], Any]

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        return self.read(self.seed, key)


class Strange:
    """An object that belongs to no GraphQL type."""

    def __repr__(self) -> str:
        return "something strange"


class Listed:
    """An iterable that can be read once."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return self.items


class Halting:
    """An iterator that raises once, halfway, and goes on when it is asked again. It records how it was read."""

    def __init__(
        self, name: object, items: Iterator[Any], halts_at: int | None, items_are_required: bool
    ) -> None:
        self.name = name
        self.items = items
        self.halts_at = halts_at
        self.items_are_required = items_are_required
        self.reads = 0
        self.raised = False
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.reads += 1
        if self.reads - 1 == self.halts_at:
            self.raised = True
            raise OddError("halfway")
        return next(self.items)

    def close(self) -> None:
        self.closed = True


class HaltingAsync(Halting):
    """An asynchronous iterator that raises once, halfway."""

    __iter__ = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self.reads % 2:
            await asyncio.sleep(0)
        try:
            return self.__next__()
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.closed = True


def note(info: Any, arguments: Any) -> None:
    """Append everything a resolver gets to the log, which is the request's context."""
    path = [(step.key, step.typename) for step in _steps(info.path)]
    said = (info.field_name, path, str(info.parent_type), str(info.return_type), info.root_value.seed)
    nodes = [node.loc.start for node in info.field_nodes]
    variables = (info.variable_values.coerced, info.operation.name.value, list(info.fragments))
    info.context.append(repr((said, nodes, variables, arguments)))


def _steps(path: Any) -> list[Any]:
    steps = []
    while path is not None:
        steps.append(path)
        path = path.prev
    return steps[::-1]


def seed_of(value: Any) -> int:
    seed = getattr(value, "seed", 0)
    return seed if isinstance(seed, int) else 0


def type_name_of(value: Any) -> str | None:
    return getattr(type(value), "type_name", None)


def _keys() -> dict[str, tuple[str, str]]:
    return {
        f"{of.lower()}{wrapping}": (of, wrapping)
        for of in (*LEAVES, *OBJECTS, *ABSTRACT)
        for wrapping in WRAPPINGS
    }


async def _later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value() if isinstance(value, FunctionType | partial) else value


def _given(items: Iterator[Any], *, failing: bool) -> Iterator[Any]:
    yield from items
    if failing:
        raise OddError("no more items")


async def _given_async(items: Iterator[Any], *, failing: bool) -> AsyncIterator[Any]:
    await asyncio.sleep(0)
    for item in items:
        yield item
        await asyncio.sleep(0)
    if failing:
        raise OddError("no more items")
