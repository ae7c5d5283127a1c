"""Convert keyset positions to JSON values and back, for cursors and for the progress of exports."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from db.language.keyset import BELOW_ALL, Order, Position, computed
from db.language.shape import COMPUTED
from db.models import Base

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_DIGITS = 30


def dump(model: type[Base], order: Order, row: Base) -> list[object]:
    """Return the row's position as JSON values.

    A timestamp becomes integer microseconds since 1970, and a decimal number its text. A float would lose digits, and
    pages would then skip rows.
    """
    return [_dumped(model, name, getattr(row, name)) for name in order.columns]


def _dumped(model: type[Base], name: str, value: object) -> object:
    if value is None:
        value = BELOW_ALL[_type(model, name)]
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    return str(value) if isinstance(value, Decimal) else value


def load(model: type[Base], order: Order, values: Sequence[object]) -> Position:
    """Return the position. Raise `ValueError`, `TypeError` or `OverflowError` for values of another order."""
    types = [_type(model, name) for name in order.columns]
    return tuple(_value(type_, value) for type_, value in zip(types, values, strict=True))


def _type(model: type[Base], column: str) -> type[Any]:
    if computed(model, column):
        return COMPUTED[column]
    found: type[Any] = model.__table__.c[column].type.python_type
    return found


def _value(type_: type[Any], value: object) -> object:
    if type_ is datetime and type(value) is int:
        return _EPOCH + timedelta(microseconds=value)
    if type_ is Decimal and type(value) is str:
        return _decimal(value)
    if type(value) is not type_ or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        raise TypeError
    return value


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text if len(text) <= _MOST_DIGITS else "")
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite() or abs(number.adjusted()) >= _MOST_DIGITS:
        raise ValueError(text)
    return number
