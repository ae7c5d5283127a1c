"""Cursors: opaque to clients, a row's position in one list's order to us.

A cursor names its list, order and filter, so that one which comes from elsewhere is refused, not misread.
"""

import binascii
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from db.keyset import Order, Position
from db.models import Base
from db.rows import RANK
from resolvers.errors import CursorError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(kind: str, order: Order, row: Base) -> str:
    """`kind` names the list, its order and its filter."""
    values = [_portable(getattr(row, column)) for column in order.columns]
    return urlsafe_b64encode(orjson.dumps([kind, *values])).decode().rstrip("=")


def decode(kind: str, model: type[Base], order: Order, text: str, argument: str) -> Position:
    """The position that a cursor of this list stands for. Raises `CursorError`."""
    try:
        padded = text + "=" * (-len(text) % 4)
        found, *values = orjson.loads(b64decode(padded, altchars=b"-_", validate=True))
        if found == kind and len(values) == len(order.columns):
            kinds = [_kind(model, name) for name in order.columns]
            return tuple(_value(kind, value) for kind, value in zip(kinds, values, strict=True))
    except (binascii.Error, ValueError, TypeError, OverflowError):
        pass
    raise CursorError(
        f"`{argument}` is not a cursor of this list in this order and with this filter: take one that it returned."
    )


def _kind(model: type[Base], column: str) -> type[Any]:
    found: type[Any] = float if column == RANK else model.__table__.c[column].type.python_type
    return found


def _portable(value: object) -> object:
    # Microseconds since 1970 as an integer: a float would lose the last digits and with them rows.
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value


def _value(kind: type[Any], portable: object) -> object:
    if kind is datetime and type(portable) is int:
        return _EPOCH + timedelta(microseconds=portable)
    if type(portable) is not kind or (isinstance(portable, int) and not -(2**63) <= portable < 2**63):
        raise TypeError
    return portable
