"""The rows that clients give to be taken in, checked for what a mention can hold."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from db.models import Base, Integration, Keyword, MentionKind, Platform
from db.statements.ingest import NewPost
from services.ingest.values import GREATEST_COUNT, LONGEST, WEB_ADDRESS
from services.rules.timestamps import OUT_OF_RANGE, in_range, rfc3339

LONGEST_LANGUAGE = 35  # characters of a language tag, RFC 5646, 4.4.1


class IngestErrorCode(StrEnum):
    """What is wrong with a row."""

    BAD_LINE = "bad_line"
    UNKNOWN_FIELD = "unknown_field"
    REQUIRED = "required"
    INVALID = "invalid"
    TOO_LONG = "too_long"
    NOT_FOUND = "not_found"
    INACTIVE = "inactive"
    REJECTED = "rejected"


class RowError(NamedTuple):
    """`field` is the name under which the client gave the value; None where the whole row is meant."""

    code: IngestErrorCode
    message: str
    field: str | None = None


class NewRow(NamedTuple):
    """A post, and the keyword that it is said to mention; None where the keywords are to be found in it."""

    post: NewPost
    keyword_id: int | None = None


class FailedRow(NamedTuple):
    """A row that cannot be taken in, whatever is in the database."""

    errors: Sequence[RowError]


Row = NewRow | FailedRow

IdReader = Callable[[str, type[Base]], int | None]
"""From an id as clients have it to that of a row of the model; None for a text that is no such id."""


class _UnusableError(Exception):
    def __init__(self, code: IngestErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def row_of(given: Mapping[str, object], read_id: IdReader) -> NewRow | FailedRow:
    """The row that a client's object makes. A null is the same as a field that is left out."""
    values: dict[str, Any] = {}
    errors: list[RowError] = []
    for field, value in given.items():
        read = _READERS.get(field)
        if read is None:
            errors.append(RowError(IngestErrorCode.UNKNOWN_FIELD, _unknown(field), field[:50]))
        elif value is not None:
            try:
                values[field] = read(value, read_id)
            except _UnusableError as unusable:
                errors.append(RowError(unusable.code, str(unusable), field))
    values["content"] = values.get("content") or values.get("title")
    named = {error.field for error in errors}
    errors += [_missing(field) for field in _REQUIRED if not values.get(field) and field not in named]
    return FailedRow(errors) if errors else _row(values)


def _row(values: Mapping[str, Any]) -> NewRow:
    get = values.get
    post = NewPost(
        values["platform"],
        values["externalId"],
        get("kind", MentionKind.POST),
        values["url"],
        get("title") or None,
        values["content"],
        get("author", ""),
        get("language") or None,
        get("likes"),
        get("comments"),
        get("publishedAt"),
        get("integrationId"),
    )
    return NewRow(post, get("keywordId"))


def _missing(field: str) -> RowError:
    and_if = " or a title" if field == "content" else ""
    return RowError(IngestErrorCode.REQUIRED, f"A row needs {field}{and_if}.", field)


def _unknown(field: str) -> str:
    return f"There is no field {field[:50]!r}; the fields are {', '.join(FIELDS)}."


_Reader = Callable[[Any, IdReader], object]


def _text(longest: int) -> _Reader:
    def read(value: object, _: IdReader) -> str:
        return _checked_text(value, longest)

    return read


def _checked_text(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise _UnusableError(IngestErrorCode.INVALID, "This has to be a text.")
    text = value.strip()
    if len(text) > longest:
        said = f"At most {longest:,} characters are possible; this has {len(text):,}."
        raise _UnusableError(IngestErrorCode.TOO_LONG, said)
    if "\0" in text or not (text.isascii() or _is_unicode(text)):
        raise _UnusableError(
            IngestErrorCode.INVALID, "This contains a character that no text here can contain."
        )
    return text


def _is_unicode(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _url(value: object, _: IdReader) -> str:
    text = _checked_text(value, LONGEST["url"])
    if text and not WEB_ADDRESS.fullmatch(text):
        raise _UnusableError(IngestErrorCode.INVALID, "This is no http or https address.")
    return text


def _one_of(kind: type[StrEnum]) -> _Reader:
    members = {member.name: member for member in kind}

    def read(value: object, _: IdReader) -> StrEnum:
        if isinstance(value, kind):
            return value
        member = members.get(value) if isinstance(value, str) else None
        if member is None:
            raise _UnusableError(IngestErrorCode.INVALID, f"This has to be one of {', '.join(members)}.")
        return member

    return read


def _count(value: object, _: IdReader) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= GREATEST_COUNT:
        said = f"This has to be a whole number between 0 and {GREATEST_COUNT}."
        raise _UnusableError(IngestErrorCode.INVALID, said)
    return value


def _moment(value: object, _: IdReader) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else rfc3339(_checked_text(value, 100))
    except ValueError as wrong:
        raise _UnusableError(IngestErrorCode.INVALID, str(wrong)) from wrong
    if not in_range(moment):
        raise _UnusableError(IngestErrorCode.INVALID, OUT_OF_RANGE)
    return moment


def _id(model: type[Base], name: str) -> _Reader:
    def read(value: object, read_id: IdReader) -> int:
        found = read_id(value, model) if isinstance(value, str) else None
        if found is None:
            raise _UnusableError(IngestErrorCode.INVALID, f"This is not the id of {name}.")
        return found

    return read


_READERS: dict[str, _Reader] = {
    "keywordId": _id(Keyword, "a keyword"),
    "platform": _one_of(Platform),
    "externalId": _text(LONGEST["id"]),
    "kind": _one_of(MentionKind),
    "url": _url,
    "title": _text(LONGEST["title"]),
    "content": _text(LONGEST["content"]),
    "author": _text(LONGEST["author"]),
    "language": _text(LONGEST_LANGUAGE),
    "likes": _count,
    "comments": _count,
    "publishedAt": _moment,
    "integrationId": _id(Integration, "an integration"),
}
_REQUIRED = ("platform", "externalId", "url", "content")
FIELDS = tuple(_READERS)
"""The names of a row's fields."""
