"""Global ids: opaque to clients, a type's tag and a row's id to us. Tags are frozen: ids are stored outside."""

import binascii
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Callable
from functools import cache

from db.models import Base, Export, Integration, IntegrationLog, Keyword, Lead, LeadEvent, Mention, User
from resolvers.framework.errors import UserInputError

TYPENAMES: dict[type[Base], str] = {
    User: "User",
    Keyword: "Keyword",
    Mention: "Mention",
    Lead: "Lead",
    LeadEvent: "LeadEvent",
    Integration: "Integration",
    IntegrationLog: "IntegrationLog",
    Export: "Export",
}
MODELS = {tag: model for model, tag in TYPENAMES.items()}
_LARGEST = 2**63 - 1
_MOST_DIGITS = len(str(_LARGEST))  # more of them Python may refuse to read at all


def encode(tag: str, row_id: int) -> str:
    return encoder(tag)(row_id)


@cache
def encoder(tag: str) -> Callable[[int], str]:
    """What writes the ids of a type's rows. A page has a thousand of them, so it does nothing else."""

    def encoded(row_id: int) -> str:
        return b2a_base64(f"{tag}:{row_id}".encode(), newline=False).decode()

    return encoded


def decode(text: str) -> tuple[type[Base], int]:
    """The model and the row's id. Raises `UserInputError` for anything that `encode` did not make."""
    try:
        tag, _, digits = b64decode(text, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        tag, digits = "", ""
    model = MODELS.get(tag)
    number = int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else _LARGEST + 1
    if model is None or number > _LARGEST or encode(tag, number) != text:
        raise UserInputError(f"{text[:100]!r} is not an id of this API.")
    return model, number


def _a(model: type[Base]) -> str:
    tag = TYPENAMES[model]
    return f"an {tag}" if tag[0] in "AEIO" else f"a {tag}"


def row_id(text: str, model: type[Base]) -> int:
    """The id of a row of this model. Raises `UserInputError` for an id of something else."""
    found, number = decode(text)
    if found is not model:
        raise UserInputError(f"{text!r} is the id of {_a(found)}, not of {_a(model)}.")
    return number
