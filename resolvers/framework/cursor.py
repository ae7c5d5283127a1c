"""Cursors: opaque to clients, a row's position in one list's order to us.

A cursor names its list, order and filter, so that one which comes from elsewhere is refused, not misread.
"""

import binascii
from base64 import b64decode, urlsafe_b64encode

import orjson

from db.language import keyset_codec
from db.language.keyset import Order, Position
from db.models import Base
from resolvers.framework.errors import CursorError


def encode(kind: str, order: Order, row: Base) -> str:
    """`kind` names the list, its order and its filter."""
    return urlsafe_b64encode(orjson.dumps([kind, *keyset_codec.dump(order, row)])).decode().rstrip("=")


def decode(kind: str, model: type[Base], order: Order, text: str, argument: str) -> Position:
    """The position that a cursor of this list stands for. Raises `CursorError`."""
    try:
        padded = text + "=" * (-len(text) % 4)
        found, *values = orjson.loads(b64decode(padded, altchars=b"-_", validate=True))
        if found == kind:
            return keyset_codec.load(model, order, values)
    except (binascii.Error, ValueError, TypeError, OverflowError):
        pass
    raise CursorError(
        f"`{argument}` is not a cursor of this list in this order and with this filter: take one that it returned."
    )
