"""Global ids: opaque to clients; to the server, the name of a type and the id of a row."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from functools import cache
from typing import Final

from db.models import Base
from resolvers.entities import OF_TYPENAME, entity_of
from resolvers.framework.errors import UserInputError

_LARGEST = 2**63 - 1
_MOST_DIGITS = len(str(_LARGEST))  # more of them Python may refuse to read at all
IDS_KEPT: Final = 8192
"""The number of global ids that are kept for each type, in less than 2 MB."""


def encode(typename: str, row_id: int) -> str:
    return b2a_base64(b"%b:%d" % (typename.encode(), row_id), newline=False).decode()


def encoder_of(model: type[Base]) -> Callable[[int], str]:
    """Return the function that writes the global ids of a model's rows."""
    return encoder(entity_of(model).typename)


@cache
def encoder(typename: str) -> Callable[[int], str]:
    """Return the function that writes the global ids of a type, and keeps them. A page calls it a thousand times."""
    return _GlobalIds(typename).__getitem__


class _GlobalIds(dict[int, str]):
    """The latest global ids of a type. To find one takes an eighth of the time of writing it."""

    __slots__ = ("_template",)

    def __init__(self, typename: str) -> None:
        super().__init__()
        self._template = f"{typename}:%d".encode()

    def __missing__(self, row_id: int) -> str:
        if len(self) >= IDS_KEPT:
            self.clear()
        made = self[row_id] = b2a_base64(self._template % row_id, newline=False).decode()
        return made


def decode(text: str) -> tuple[type[Base], int]:
    """Return the model and the row's id. Raise `UserInputError` for a text that `encode` did not make."""
    try:
        # Other texts of the same bytes fail the comparison with the text that `encode` makes.
        typename, _, digits = a2b_base64(text).decode("ascii").partition(":")
    except ValueError:
        typename, digits = "", ""
    entity = OF_TYPENAME.get(typename)
    number = int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else _LARGEST + 1
    if entity is None or not entity.has_id or number > _LARGEST or encode(typename, number) != text:
        raise UserInputError(f"{text[:100]!r} is not an ID of this API.")
    return entity.model, number


def _a(model: type[Base]) -> str:
    typename = entity_of(model).typename
    return f"an {typename}" if typename[0] in "AEIO" else f"a {typename}"


def row_id(text: str, model: type[Base]) -> int:
    """Return the id of a row of this model. Raise `UserInputError` for an id of another model."""
    found, number = decode(text)
    if found is not model:
        raise UserInputError(f"{text!r} is the ID of {_a(found)}, not of {_a(model)}.")
    return number
