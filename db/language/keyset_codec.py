"""Convert keyset positions to JSON values and back, for cursors and for the progress of exports."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from db.language.keyset import Order, Position
from db.language.shape import RANK
from db.models import Base

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def dump(order: Order, row: Base) -> list[object]:
    """Return the row's position as JSON values.

    A timestamp becomes integer microseconds since 1970. A float would lose digits, and pages would then skip
    rows.
    """
    values = [getattr(row, column) for column in order.columns]
    return [(value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value for value in values]


def load(model: type[Base], order: Order, values: Sequence[object]) -> Position:
    """Return the position. Raise `ValueError`, `TypeError` or `OverflowError` for values of another order."""
    types = [_type(model, name) for name in order.columns]
    return tuple(_value(type_, value) for type_, value in zip(types, values, strict=True))


def _type(model: type[Base], column: str) -> type[Any]:
    found: type[Any] = float if column == RANK else model.__table__.c[column].type.python_type
    return found


def _value(type_: type[Any], value: object) -> object:
    if type_ is datetime and type(value) is int:
        return _EPOCH + timedelta(microseconds=value)
    if type(value) is not type_ or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise TypeError
    return value
