"""Cursors: opaque to clients; to the server, a row's position in the order of one list.

A cursor names its list, order and filter, so that a cursor of another list is refused, not misread.
"""

import binascii
from base64 import b64decode, urlsafe_b64encode

import orjson

from db.language import keyset_codec
from db.language.keyset import Order, Position
from db.models import Base
from resolvers.framework.errors import CursorError


def encode(kind: str, model: type[Base], order: Order, row: Base) -> str:
    """Return the cursor of a row. `kind` names the list, its order and its filter."""
    return urlsafe_b64encode(orjson.dumps([kind, *keyset_codec.dump(model, order, row)])).decode().rstrip("=")


def decode(kind: str, model: type[Base], order: Order, text: str, argument: str) -> Position:
    """Return the position that a cursor encodes. Raise `CursorError`."""
    try:
        padded = text + "=" * (-len(text) % 4)
        found, *values = orjson.loads(b64decode(padded, altchars=b"-_", validate=True))
        if found == kind:
            return keyset_codec.load(model, order, values)
    except (binascii.Error, ValueError, TypeError, OverflowError):
        pass
    raise CursorError(
        f"`{argument}` must be a cursor that this list returned with the same order and filter."
    )
