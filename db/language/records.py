"""What a read returns: the driver's own records, one class per model, columns as attributes.

Building an object per row would cost more than reading it. A record class per model keeps rows apart by
type, so that a GraphQL interface can tell a keyword from a lead. Rows that ride along with others are tuples
cut out of their records.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, is_dataclass, make_dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from asyncpg import Record
from sqlalchemy import Column, Table

from db.models import Base

if TYPE_CHECKING:
    from db.language.projection import ToOne

Model = TypeVar("Model", bound=Base)

SEARCH = "search"
HIDDEN = {SEARCH, "credentials"}
"""Columns that no read returns: the index of a row's words, which is only asked, and secrets."""

RANK = "rank"
"""How well a row fits the words that were searched; a row has it only where it was found that way."""


def columns(model: type[Base], needed: frozenset[str] | None = None) -> list[Column[Any]]:
    """The columns of a row as it is returned: those that are needed, by default all, in the table's order."""
    return [
        column
        for column in cast("Table", model.__table__).c
        if column.name not in HIDDEN and (needed is None or column.name in needed)
    ]


@dataclass(frozen=True, slots=True)
class Shape:
    """A row as a statement returns it: a model's columns by name, and behind them those of rows that ride along."""

    model: type[Base]
    columns: tuple[str, ...]
    joins: tuple["Joined", ...] = ()
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Every read looks its statement up by its shape.
        object.__setattr__(self, "_hash", hash((self.model, self.columns, self.joins)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def width(self) -> int:
        return len(self.columns) + sum(ridden.shape.width for ridden in self.joins)

    def ways(self, above: str = "") -> Iterator[str]:
        """The relations that are ridden, such as `mention` and `mention.keyword`."""
        for ridden in self.joins:
            way = f"{above}{ridden.relation.label}"
            yield way
            yield from ridden.shape.ways(f"{way}.")


@dataclass(frozen=True, slots=True)
class Joined:
    """What rides along by a relation."""

    relation: "ToOne"
    shape: Shape


class _Place(NamedTuple):
    """Where a row that rides along stands in the one that carries it; `key` is an item that it never lacks."""

    key: int
    items: slice
    kind: type[Any]


@cache
def row_kind(model: type[Base]) -> type[Any]:
    """What all rows of a model are instances of, whatever their shape."""
    return type(f"{model.__name__}Row", (), {"__slots__": ()})


@cache
def record_class(shape: Shape) -> type[Record]:
    """The class of the driver's records of a shape: its attributes are the model's columns, read-only."""
    attributes = {name: property(itemgetter(name)) for name in shape.columns}
    return _class(shape, Record, attributes)


@cache
def _ridden_class(shape: Shape) -> type[tuple[Any, ...]]:
    attributes = {name: property(itemgetter(index)) for index, name in enumerate(shape.columns)}
    return _class(shape, tuple, attributes)


def _class(shape: Shape, base: type[Any], attributes: dict[str, property]) -> type[Any]:
    kind = row_kind(shape.model)
    return type(kind.__name__, (kind, base), {"__slots__": (), "_places": _places(shape), **attributes})


def _places(shape: Shape) -> dict["ToOne", _Place]:
    places: dict[ToOne, _Place] = {}
    start = len(shape.columns)
    for ridden in shape.joins:
        stop = start + ridden.shape.width
        key = start + ridden.shape.columns.index(ridden.relation.key)
        places[ridden.relation] = _Place(key, slice(start, stop), _ridden_class(ridden.shape))
        start = stop
    return places


def row_class(model: type[Base]) -> type[Record]:
    """The record class of whole rows of a model."""
    return record_class(Shape(model, tuple(column.name for column in columns(model))))


def carried(rows: Sequence[Any], relation: "ToOne") -> list[Any] | None:
    """The rows that the given ones carry for the relation, None where there is none; None for all if they
    carry none at all.
    """
    kinds = set(map(type, rows))
    place = getattr(kinds.pop(), "_places", {}).get(relation) if len(kinds) == 1 else None
    if place is None:
        return None
    key, items, kind = place
    return [None if row[key] is None else kind(row[items]) for row in rows]


@cache
def copy_class(model: type[Base]) -> type[Any]:
    """A class of plain values with the attributes of the model's rows, for rows that outlive their read."""
    fields = [
        (column.name, Any if column.type.python_type is dict else _python_type(column))
        for column in columns(model)
    ]
    return make_dataclass(f"{model.__name__}Copy", fields, bases=(row_kind(model),), frozen=True, slots=True)


def _python_type(column: Column[Any]) -> Any:
    type_ = column.type.python_type
    return type_ | None if column.nullable else type_


def is_copy(row: object) -> bool:
    """Whether the row is a copy, and so may be older than what is read now."""
    return is_dataclass(row)


def copied(model: type[Model], row: Any, prefix: str = "") -> Model:
    """The copy of a row, whose columns may stand under names with a prefix."""
    made = copy_class(model)
    names = made.__dataclass_fields__
    return cast("Model", made(**{name: row[prefix + name] for name in names}))


def copied_from_json(model: type[Model], row: Any) -> Model:
    """The copy of a row that came as JSON, in which moments are texts."""
    made, moments = copy_class(model), _moments(model)
    values = {
        name: datetime.fromisoformat(row[name]) if name in moments and row[name] is not None else row[name]
        for name in made.__dataclass_fields__
    }
    return cast("Model", made(**values))


@cache
def _moments(model: type[Base]) -> frozenset[str]:
    return frozenset(column.name for column in columns(model) if column.type.python_type is datetime)


def model_of(row: object, models: Iterable[type[Model]]) -> type[Model] | None:
    """The model whose row this is; None for anything else."""
    return next((model for model in models if isinstance(row, row_kind(model))), None)
