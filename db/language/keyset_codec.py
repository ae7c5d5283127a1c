"""A row's place in an order as JSON, so that it can be kept outside of the program."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from db.language.keyset import Order, Position
from db.language.records import RANK
from db.models import Base

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def portable(order: Order, row: Base) -> list[object]:
    """The row's place; a moment is its microseconds since 1970, for a float would lose the last digits and with
    them rows.
    """
    values = [getattr(row, column) for column in order.columns]
    return [(value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value for value in values]


def restored(model: type[Base], order: Order, values: Sequence[object]) -> Position:
    """The place again. Raises `ValueError`, `TypeError` or `OverflowError` for what is none in this order."""
    kinds = [_kind(model, name) for name in order.columns]
    return tuple(_value(kind, value) for kind, value in zip(kinds, values, strict=True))


def _kind(model: type[Base], column: str) -> type[Any]:
    found: type[Any] = float if column == RANK else model.__table__.c[column].type.python_type
    return found


def _value(kind: type[Any], value: object) -> object:
    if kind is datetime and type(value) is int:
        return _EPOCH + timedelta(microseconds=value)
    if type(value) is not kind or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise TypeError
    return value
