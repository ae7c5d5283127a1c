"""Rows as reads return them: asyncpg's records, with one class per shape and columns as attributes.

Building a further object per row would cost more than reading the row. Each model has its own base class, so
that a GraphQL interface can tell a keyword from a lead. Joined rows are tuples cut out of the record.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from asyncpg import Record

from db.language.shape import Shape, ToOne, columns
from db.models import Base

Model = TypeVar("Model", bound=Base)

SHAPES_KEPT = 1024
"""The number of classes kept. Documents can ask for any set of columns, and a class has about 3 kB."""


class _Slice(NamedTuple):
    """The position of a joined row in the record.

    The item at `key` is null only if the joined row is missing.
    """

    key: int
    items: slice
    row_class: type[Any]


@cache
def row_kind(model: type[Base]) -> type[Any]:
    """Return the base class of all rows of the model, whatever their shape."""
    return type(f"{model.__name__}Row", (), {"__slots__": ()})


@lru_cache(SHAPES_KEPT)
def record_class(shape: Shape) -> type[Record]:
    """Return the record class of the shape. Its read-only attributes are the model's columns."""
    return _record_class(shape, ordered=True)


def _record_class(shape: Shape, *, ordered: bool) -> type[Record]:
    attributes = {name: property(itemgetter(name)) for name in shape.columns}
    more = {"_long_texts": tuple(shape.long_texts()), "_ordered": ordered}
    return _class(shape, Record, attributes | more)


@lru_cache(SHAPES_KEPT)
def _joined_class(shape: Shape) -> type[tuple[Any, ...]]:
    attributes = {name: property(itemgetter(index)) for index, name in enumerate(shape.columns)}
    return _class(shape, tuple, attributes | {"_ordered": True})


def as_rows(class_: type[Record], rows: list[tuple[Any, ...]]) -> list[Any]:
    """Return the tuples of a combined statement as rows of the shape of a record class."""
    shape = shape_of(class_)
    return rows if shape is None else list(map(_joined_class(shape), rows))


def _class(shape: Shape, base: type[Any], attributes: Mapping[str, object]) -> type[Any]:
    kind = row_kind(shape.model)
    return type(
        kind.__name__,
        (kind, base),
        {"__slots__": (), "_joins": _slices(shape), "_shape": shape, **attributes},
    )


def _slices(shape: Shape) -> dict[ToOne, _Slice]:
    slices: dict[ToOne, _Slice] = {}
    start = len(shape.columns)
    for join in shape.joins:
        stop = start + join.shape.width
        key = start + join.shape.columns.index(join.relation.key)
        slices[join.relation] = _Slice(key, slice(start, stop), _joined_class(join.shape))
        start = stop
    return slices


def shape_of(class_: type[Any]) -> Shape | None:
    """Return the shape of a class of rows, or None for rows that belong to no model."""
    found: Shape | None = getattr(class_, "_shape", None)
    return found


@cache
def row_class(model: type[Base]) -> type[Record]:
    """Return the record class of the model's complete rows, with the columns in any order."""
    return _record_class(Shape(model, tuple(column.name for column in columns(model))), ordered=False)


def ordered_shape(class_: type[Any]) -> Shape | None:
    """Return the shape of a class whose rows have exactly the columns of the shape, in its order, or None."""
    return shape_of(class_) if getattr(class_, "_ordered", False) else None


def column_getter(rows: Sequence[Any], name: str) -> Callable[[Any], Any]:
    """Return a function that gets a column of a row. All rows have the class of the first."""
    shape = ordered_shape(type(rows[0])) if rows else None
    # A position is found in a third of the time that a name takes.
    return attrgetter(name) if shape is None else itemgetter(shape.columns.index(name))


def joined_class(class_: type[Any], relation: ToOne) -> type[Any]:
    """Return the class of the rows that `joined_rows` cuts out of the rows of a class."""
    found: _Slice = class_._joins[relation]  # noqa: SLF001 - the class is made here
    return found.row_class


def joined_rows(rows: Sequence[Any], relation: ToOne) -> list[Any] | None:
    """Return the joined row of each row, or None where it is missing.

    Return None instead of a list if the rows were read without the join.
    """
    # Rows of one statement have one class. Rows of a combined one have another class of the same shape.
    joined, *others = [getattr(each, "_joins", {}).get(relation) for each in set(map(type, rows))] or [None]
    if joined is None or any(other != joined for other in others):
        return None
    key, items, joined_class = joined
    return [None if row[key] is None else joined_class(row[items]) for row in rows]


class Characters(NamedTuple):
    """The characters of long texts in sum, and those of the longest text."""

    total: int
    longest: int


_NO_CHARACTERS: Final = Characters(0, 0)


def long_characters(rows: Sequence[Any], class_: type[Any]) -> Characters:
    """Return the characters of the rows' long texts. All rows have the class."""
    positions = getattr(class_, "_long_texts", ())
    if not positions or not rows:
        return _NO_CHARACTERS
    lengths = [length for position in positions for length in _lengths(list(map(itemgetter(position), rows)))]
    return Characters(sum(lengths), max(lengths, default=0))


def _lengths(texts: Sequence[str | None]) -> Iterator[int]:
    return map(len, filter(None, texts) if None in texts else texts)  # type: ignore[arg-type]


def model_of(row: object, models: Iterable[type[Model]]) -> type[Model] | None:
    """Return the model of the row, or None for any other value."""
    return next((model for model in models if isinstance(row, row_kind(model))), None)
