"""Row snapshots: copies of rows as plain values, for cached figures, which outlive the read."""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from sqlalchemy import Column, ColumnElement, FromClause, Text
from sqlalchemy import cast as cast_to

from db import models
from db.language.json_items import json_value
from db.language.records import row_kind
from db.language.shape import columns
from db.models import Base

Model = TypeVar("Model", bound=Base)


class _Snapshot:
    """The base of all snapshots."""

    __slots__ = ()


@cache
def snapshot_class(model: type[Base]) -> type[Any]:
    """Return a named tuple with the attributes of the model's rows.

    A slice of a record becomes a snapshot without a step per column.
    """
    types = {
        column.name: Any if column.type.python_type is dict else _python_type(column)
        for column in columns(model)
    }
    name = f"{model.__name__}Snapshot"
    fields: type[Any] = namedtuple(name, types)  # type: ignore[misc] # noqa: PYI024 - known only now
    attributes = {column: property(itemgetter(index)) for index, column in enumerate(types)}
    body = {"__slots__": (), "__annotations__": types, "__module__": __name__, **attributes}
    return type(name, (_Snapshot, row_kind(model), fields), body)


def _python_type(column: Column[Any]) -> Any:
    type_ = column.type.python_type
    return type_ | None if column.nullable else type_


def is_snapshot(row: object) -> bool:
    """Return whether the row is a snapshot, which may be older than the rows read now."""
    return isinstance(row, _Snapshot)


def snapshot(model: type[Model], values: Sequence[Any]) -> Model:
    """Return the snapshot of a row from the values of its columns, in the order of `columns`."""
    return cast("Model", snapshot_class(model)._make(values))


def json_columns(model: type[Base], source: FromClause) -> list[ColumnElement[Any]]:
    """Return the values of a row's columns for JSON. A number with decimals and a JSON value are strings in it."""
    return [
        cast_to(source.c[column.name], Text) if column.type.python_type in _AS_TEXT else source.c[column.name]
        for column in columns(model)
    ]


_AS_TEXT: Final[Mapping[type, Callable[[str], Any]]] = {Decimal: Decimal, object: json_value}
_READERS: Final[Mapping[type, Callable[[str], Any]]] = {datetime: datetime.fromisoformat, **_AS_TEXT}


def snapshot_from_json(model: type[Model], values: list[Any]) -> Model:
    """Return the snapshot of a row from its columns in JSON, in the order and the form of `json_columns`."""
    for index, read in _readers(model):
        if values[index] is not None:
            values[index] = read(values[index])
    return cast("Model", snapshot_class(model)._make(values))


@cache
def _readers(model: type[Base]) -> tuple[tuple[int, Callable[[str], Any]], ...]:
    """Return the positions of the columns that JSON does not have as they are, each with its function."""
    types = [column.type.python_type for column in columns(model)]
    if timedelta in types:
        raise TypeError(f"{model.__name__} has an interval, which has no form in JSON")
    return tuple((index, _READERS[type_]) for index, type_ in enumerate(types) if type_ in _READERS)


if TYPE_CHECKING:
    IntegrationSnapshot = models.Integration
    IntegrationLogSnapshot = models.IntegrationLog
    KeywordSnapshot = models.Keyword
    LeadSnapshot = models.Lead
    MentionSnapshot = models.Mention
else:
    IntegrationSnapshot = snapshot_class(models.Integration)
    IntegrationLogSnapshot = snapshot_class(models.IntegrationLog)
    KeywordSnapshot = snapshot_class(models.Keyword)
    LeadSnapshot = snapshot_class(models.Lead)
    MentionSnapshot = snapshot_class(models.Mention)
