"""The farm: a Strawberry schema with everything that Strawberry wraps around fields. Some objects fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, NewType, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, Info

from breadth import Column, InstanceOf, SetResolver
from breadth.fields import KEY

Item = TypeVar("Item")


@strawberry.enum
class Kind(Enum):
    SMALL = "small"
    LARGE = strawberry.enum_value("large", deprecation_reason="too large")
    NONE = 0


Shout = NewType("Shout", str)


def shouted(value: Any) -> str:
    if value == "quiet":
        raise ValueError("too quiet to shout")
    return f"{value}!"


class OddError(Exception):
    """An exception with an error code in its extensions."""

    extensions = {"code": "ODD"}


def maybe_fail(seed: int, share: int = 7) -> None:
    if seed % share == 0:
        raise OddError(f"{seed} fails")


# Rows, as a database would return them


@dataclass(frozen=True, slots=True)
class BarnRow:
    id: int

    @property
    def name(self) -> str:
        maybe_fail(self.id, 11)
        return f"barn {self.id}"

    @property
    def kind(self) -> Any:
        return (Kind.SMALL, "large", 0, Kind.NONE, Kind.LARGE, 0.0, "no kind")[self.id % 7]

    @property
    def built(self) -> datetime:
        return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=self.id)

    @property
    def area(self) -> Any:
        return Decimal(self.id) / 4 if self.id % 5 else None

    @property
    def sizes(self) -> list[int | None]:
        return [self.id, None, 1]


@dataclass(frozen=True, slots=True)
class FieldRow:
    id: int
    label: str = "field"

    @property
    def owner(self) -> Any:
        return BarnRow(self.id + 1) if self.id % 3 else None


class Shy(BasePermission):
    message = "too shy"
    error_extensions = {"code": "SHY"}

    def has_permission(self, source: Any, info: Info, **_: Any) -> bool:  # noqa: ARG002 - Strawberry's names
        return getattr(source, "id", 1) % 4 != 0


class ShyLater(BasePermission):
    message = "too shy, later"

    async def has_permission(self, source: Any, info: Info, **_: Any) -> bool:  # noqa: ARG002 - Strawberry's
        await asyncio.sleep(0)
        return getattr(source, "id", 1) % 3 != 0


class Doubled(FieldExtension):
    def resolve(self, next_: Callable[..., Any], source: Any, info: Info, **arguments: Any) -> Any:
        return f"{next_(source, info, **arguments)} twice"

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **arguments: Any
    ) -> Any:
        return f"{await next_(source, info, **arguments)} twice"


def resolved(resolver: Callable[..., Any], marker: Any = None, **options: Any) -> Any:
    """Return a field with an ordinary resolver and an optional marker for breadth."""
    return strawberry.field(resolver=resolver, metadata={KEY: marker} if marker else None, **options)


def set_wise(of_all: Callable[..., Any], **options: Any) -> Any:
    """Return a field with a set resolver. Its ordinary resolver calls the set resolver for one parent."""

    async def resolve(self: Any, info: Info) -> Any:
        (result,) = await of_all([self], info)
        if isinstance(result, Exception):
            raise result
        return result

    return resolved(resolve, SetResolver(of_all), **options)


async def fields_of_all(barns: Sequence[Any], info: Any) -> Sequence[Any]:
    await asyncio.sleep(0)
    assert info.context is not None
    return [
        OddError(f"no fields of {barn.id}")
        if barn.id % 5 == 0
        else [FieldRow(barn.id * 3 + n) for n in range(3)]
        for barn in barns
    ]


async def numbers_of_all(barns: Sequence[Any], _info: Any) -> Sequence[Any]:
    return tuple(barn.id if barn.id % 6 else None for barn in barns)


@strawberry.input
class Wish:
    text: str = "nothing"
    kind: Kind | None = None
    size: int | None = strawberry.UNSET
    maybe: strawberry.Maybe[str | None] = None
    inner: "list[Wish] | None" = None


@strawberry.input(one_of=True)
class Either:
    text: str | None = strawberry.UNSET
    number: int | None = strawberry.UNSET


@strawberry.interface
class Thing:
    id: strawberry.ID = resolved(lambda self: f"T{self.id}", Column("id", lambda id_: f"T{id_}"))


@strawberry.interface
class Labelled:
    label: str


@strawberry.type
class Shed:
    """A type that implements no interface and whose instances are its values."""

    id: int
    note: str | None = None
    opened: date = date(2021, 2, 3)
    at: time = time(4, 5)

    @strawberry.field
    def plain(self) -> str | None:
        maybe_fail(self.id)
        return f"shed {self.id}"

    @strawberry.field
    async def later(self, info: Info, add: int = 1) -> int | None:
        await asyncio.sleep(0)
        maybe_fail(self.id, 5)
        return self.id + add if info.field_name == "later" else None


@strawberry.type
class Field(Thing, Labelled):
    is_type_of = InstanceOf(FieldRow)
    label: str
    owner: Annotated["Barn", strawberry.lazy(__name__)] | None
    shout: Shout = resolved(lambda self: "quiet" if self.id % 9 == 0 else f"field {self.id}")


@strawberry.type
class Barn(Thing):
    name: str
    kind: Kind
    built: datetime
    area: Decimal | None
    sizes: list[int | None]
    fields: list[Field] = set_wise(fields_of_all)
    fields_or_null: list[Field] | None = set_wise(fields_of_all)
    number: int | None = set_wise(numbers_of_all)
    shy: str | None = resolved(lambda self: f"shy {self.id}", permission_classes=[Shy])
    shy_number: int | None = set_wise(numbers_of_all, permission_classes=[ShyLater])
    doubled: str = resolved(lambda self: f"{self.id}", extensions=[Doubled()])

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, BarnRow)

    @strawberry.field(permission_classes=[Shy, ShyLater])  # type: ignore[untyped-decorator]
    async def very_shy(self) -> str | None:
        return f"very shy {self.id}"

    @strawberry.field(extensions=[PermissionExtension([Shy()], fail_silently=True)])  # type: ignore[untyped-decorator]
    def silent(self: Any) -> list[int] | None:
        return [self.id]

    @strawberry.field
    def sheds(self: Any, count: int = 2) -> list[Shed]:
        return [Shed(id=self.id * 2 + n) for n in range(max(0, min(count, 4)))]

    @strawberry.field
    async def loaded(self, info: Info) -> str | None:
        found: str | None = await info.context["loader"].load(self.id)
        return found

    @strawberry.field
    def stream(self: Any) -> list[int] | None:
        return numbers(self.id)  # type: ignore[return-value]

    @strawberry.field
    def uuid(self: Any) -> UUID:
        return UUID(int=self.id)

    @strawberry.field
    def json(self) -> JSON:
        return JSON({"id": self.id})


@strawberry.type
class Page(Generic[Item]):
    nodes: list[Item | None]
    total: int


Anything = Annotated[Shed | Barn | Field, strawberry.union("Anything")]


async def numbers(seed: int) -> AsyncIterator[int]:
    for number in range(3):
        await asyncio.sleep(0)
        maybe_fail(seed + number + 1, 13)
        yield number


def thing(seed: int) -> Any:
    return (BarnRow(seed), FieldRow(seed), Shed(id=seed))[seed % 3]


@strawberry.type
class Query:
    hello: str | None = "hello"

    @strawberry.field
    def barns(self, info: Info, first: int = 3) -> list[Barn | None]:
        start = info.context["seed"]
        return [BarnRow(start + number) for number in range(max(0, min(first, 5)))]  # type: ignore[misc]

    @strawberry.field
    async def page(self, info: Info, first: int | None = strawberry.UNSET) -> Page[Barn]:
        assert first is not None or first is None
        rows = [BarnRow(info.context["seed"] + number) for number in range(4)]
        return Page(nodes=rows, total=4)  # type: ignore[arg-type]

    @strawberry.field
    def things(self, info: Info) -> list[Thing | None]:
        return [BarnRow(info.context["seed"]), FieldRow(info.context["seed"] + 1), None]  # type: ignore[list-item]

    @strawberry.field
    def anything(self, info: Info) -> list[Anything | None]:
        return [thing(info.context["seed"] + number) for number in range(6)]

    @strawberry.field
    def labelled(self, info: Info) -> Labelled | None:
        return thing(info.context["seed"])  # type: ignore[no-any-return]

    @strawberry.field
    def told(
        self,
        wish: Wish,
        either: Either | None = None,
        kinds: list[Kind] | None = None,
        since: datetime | None = None,
    ) -> str:
        return f"{wish} {either} {kinds} {since}"

    @strawberry.field(permission_classes=[ShyLater])  # type: ignore[untyped-decorator]
    async def shed(self, info: Info) -> Shed | None:
        return Shed(id=info.context["seed"])


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def build(self, info: Info, name: str) -> Barn:
        info.context["log"].append(f"build {name}")
        await asyncio.sleep(0)
        info.context["log"].append(f"built {name}")
        return BarnRow(info.context["seed"])  # type: ignore[return-value]

    @strawberry.mutation
    def burn(self, info: Info, times: int = 1) -> int | None:
        info.context["log"].append(f"burn {times}")
        maybe_fail(times, 2)
        return times

    @strawberry.mutation
    async def sell(self, info: Info, wish: Wish) -> Shed | None:
        info.context["log"].append(f"sell {wish}")
        return Shed(id=3)


class Schema(strawberry.Schema):
    """A schema that keeps the errors that Strawberry would log."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.processed: list[GraphQLError] = []

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        assert execution_context is not None
        self.processed += errors


async def load(keys: list[int]) -> list[Any]:
    await asyncio.sleep(0)
    return [OddError(f"{key} is lost") if key % 8 == 0 else f"loaded {key}" for key in keys]


def context_of_seed(seed: int) -> dict[str, Any]:
    """Return a context that needs no event loop."""
    return {"seed": seed, "log": []}


def context(seed: int) -> dict[str, Any]:
    return {**context_of_seed(seed), "loader": DataLoader(load)}


CONFIG = StrawberryConfig(
    scalar_map={Shout: strawberry.scalar(name="Shout", serialize=shouted, parse_value=Shout)}
)


def schema(*extensions: type[SchemaExtension], **options: Any) -> Schema:
    types = [Shed, Field, Barn]
    return Schema(Query, Mutation, types=types, config=CONFIG, extensions=extensions, **options)
