"""Cursors: opaque to clients, a row's position in one list's order to us.

A cursor names its list and order, so that one which comes from elsewhere is refused, not misread.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from db.keyset import Order, Position
from db.models import Base
from resolvers.errors import CursorError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _kind(model: type[Base], order: Order) -> str:
    return f"{model.__tablename__}:{order.name}"


def encode(model: type[Base], order: Order, row: Base) -> str:
    values = [_portable(getattr(row, column)) for column in order.columns]
    return urlsafe_b64encode(orjson.dumps([_kind(model, order), *values])).decode().rstrip("=")


def decode(model: type[Base], order: Order, text: str, argument: str) -> Position:
    """The position that a cursor of this list stands for. Raises `CursorError`."""
    try:
        kind, *values = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if kind == _kind(model, order) and len(values) == len(order.columns):
            columns = [model.__table__.c[name] for name in order.columns]
            return tuple(
                _value(column.type.python_type, v) for column, v in zip(columns, values, strict=True)
            )
    except (binascii.Error, ValueError, TypeError, OverflowError):
        pass
    raise CursorError(f"`{argument}` is not a cursor of this list in this order: take one that it returned.")


def _portable(value: object) -> object:
    # Microseconds since 1970 as an integer: a float would lose the last digits and with them rows.
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value


def _value(kind: type[Any], portable: object) -> object:
    if kind is datetime and type(portable) is int:
        return _EPOCH + timedelta(microseconds=portable)
    if type(portable) is not kind or (isinstance(portable, int) and not -(2**63) <= portable < 2**63):
        raise TypeError
    return portable
