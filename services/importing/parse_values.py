"""Values of imported posts: converted from the text and numbers of files, and checked as in `services.ingest`."""

import math
import re
from collections.abc import Mapping

from db.models import MentionKind, Platform
from services.ingest import values
from services.ingest.row_errors import InvalidValueError

CUT_MARK = " […]"
_SHOWN_CHARACTERS = 40
_EXACT_FLOATS = 2**53

_NOT_A_COUNT = "Must be a number such as 1234, 1,234 or 1.2K."
_SCIENTIFIC_ID = (
    "A spreadsheet wrote this number and dropped its last digits, so it identifies no post. "
    "Export the IDs as text, or name another column with --column id=NAME."
)
# The sign or the decimals tell a number of a spreadsheet from an ID such as 12e5.
_SCIENTIFIC = re.compile(r"[+-]?\d+[.,]\d+e[+-]?\d+|[+-]?\d+e\+\d+", re.ASCII | re.IGNORECASE)
_NO_ID = "A program wrote this in place of a value, so it identifies no post. Name another column with --column id=NAME."
_PLACEHOLDER = re.compile(
    r"#{2,}|#(?:N/A|NAME\?|NUM!|REF!|VALUE!|DIV/0!|NULL!)|n/a|null|none|nan|undefined", re.IGNORECASE
)
_WHOLE_FLOAT = re.compile(r"([+-]?\d+)\.0+", re.ASCII)
_COUNT = re.compile(
    r"(?P<whole>[+-]?(?:\d{1,3}(?:[,'\u2019\u00a0\u202f ]\d{3})+|[1-9]\d{0,2}(?:\.\d{3})+(?!\s*[kmb\d])|\d+))"
    r"(?:[.,](?P<part>\d+))?\s*(?P<unit>[kmb])?",
    re.ASCII | re.IGNORECASE,
)
_UNITS = {"k": 1000, "m": 1_000_000, "b": 1_000_000_000}
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)
# The languages "undetermined", "no language", and the private codes of X.
_NO_LANGUAGE = re.compile(r"und|zxx|q[a-t][a-z]", re.ASCII | re.IGNORECASE)

_KINDS: Mapping[str, MentionKind] = {
    **{kind.value: kind for kind in MentionKind},
    **dict.fromkeys(("t1", "youtube#comment", "youtube#commentthread"), MentionKind.COMMENT),
    **dict.fromkeys(("answer",), MentionKind.REPLY),
}
_PLATFORMS: Mapping[str, Platform] = {
    **{platform.value: platform for platform in Platform},
    "twitter": Platform.X,
    "hn": Platform.HACKERNEWS,
    "yc": Platform.HACKERNEWS,
}


class UnusableValueError(Exception):
    """A row has a missing or invalid value. The message names the column."""


def identifier(value: object) -> str:
    """Return the ID of a post, which is text or a whole number."""
    if isinstance(value, float):
        if not (math.isfinite(value) and value.is_integer() and abs(value) < _EXACT_FLOATS):
            raise InvalidValueError(_SCIENTIFIC_ID)
        value = int(value)
    found = text(value, values.LONGEST["externalId"])
    if _SCIENTIFIC.fullmatch(found):
        raise InvalidValueError(_SCIENTIFIC_ID)
    if _PLACEHOLDER.fullmatch(found):
        raise InvalidValueError(_NO_ID)
    if whole := _WHOLE_FLOAT.fullmatch(found):
        if abs(int(whole[1])) >= _EXACT_FLOATS:
            raise InvalidValueError(_SCIENTIFIC_ID)
        return whole[1]
    return found


def text(value: object, longest: int) -> str:
    return values.text(str(value) if type(value) is int else value, longest)


def long_text(value: object) -> str:
    """Return a text of any length. The pieces of a list are joined."""
    if isinstance(value, list):
        value = "".join(_piece(piece) for piece in value)
    return text(value, values.LONGEST["content"] * 1000)


def _piece(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("text")
    if not isinstance(value, str):
        raise InvalidValueError("Must be a string.")
    return value


def cut(written: str, longest: int) -> str:
    """Return the text, cut with a mark if it is longer."""
    if len(written) <= longest:
        return written
    return written[: longest - len(CUT_MARK)].rstrip() + CUT_MARK


def count(value: object) -> int:
    if type(value) is str and value.isascii() and value.isdecimal():
        return values.count(int(value[:20]))  # the usual case
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    number = None if isinstance(value, bool | float) else _COUNT.fullmatch(str(value).strip())
    if number is None or not isinstance(value, str | int):
        raise InvalidValueError(_NOT_A_COUNT)
    part, unit = number["part"] or "", (number["unit"] or "").lower()
    if part.strip("0") and not unit:
        raise InvalidValueError(_NOT_A_COUNT)
    whole = re.sub(r"[^\d+-]", "", number["whole"])[:20]
    return values.count(int(f"{whole}{part.ljust(12, '0')[:12]}") * _UNITS.get(unit, 1) // 10**12)


def language(value: object) -> str | None:
    """Return the language tag; None for a code that names no language."""
    tag = text(value, values.LONGEST["language"])
    if not _LANGUAGE.fullmatch(tag):
        raise InvalidValueError("Must be a language tag such as en or pt-BR.")
    return None if _NO_LANGUAGE.fullmatch(tag) else tag.replace("_", "-")


def kind(value: object) -> MentionKind | None:
    """Return the kind; None for a type of post that no kind stands for."""
    return _KINDS.get(value.strip().lower()) if isinstance(value, str) else None


def platform(value: object) -> Platform:
    name = re.sub(r"[^a-z0-9]", "", value.lower()) if isinstance(value, str) else ""
    if name not in _PLATFORMS:
        raise InvalidValueError(f"Must be one of {', '.join(Platform)}.")
    return _PLATFORMS[name]


def shown(value: object) -> str:
    """Return the value for a message: shortened, and without control characters."""
    written = str(value)
    short = written if len(written) <= _SHOWN_CHARACTERS else written[:_SHOWN_CHARACTERS] + "…"
    return f'"{short}"' if short.isprintable() else ascii(short)
