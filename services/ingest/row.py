"""Rows of clients: parsed, and checked without the database."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from db.models import Base, Integration, Keyword, MentionKind, Platform
from db.statements.ingest import NewPost
from services.ingest import values
from services.ingest.row_errors import IngestErrorCode, InvalidValueError, RowError
from services.matching.keyword_matchers import KeywordMatcher


class NewRow(NamedTuple):
    """A post, and the keyword that it mentions; None if the keywords are to be found in the post."""

    post: NewPost
    keyword_id: int | None = None


class FailedRow(NamedTuple):
    """A row that is invalid regardless of the database."""

    errors: Sequence[RowError]


Row = NewRow | FailedRow

IdReader = Callable[[str, type[Base]], int | None]
"""Returns the primary key of a global ID of the model; None if the text is not such an ID."""


def keyword_ids_of(row: Row, matcher: KeywordMatcher) -> Sequence[int]:
    """Return the IDs of the row's keywords, ascending: the named one, or those that match the post."""
    if isinstance(row, FailedRow):
        return ()
    return matcher.match(row.post) if row.keyword_id is None else (row.keyword_id,)


def row_of(fields: Mapping[str, object], read_id: IdReader) -> Row:
    """Return the row of a client's object. A null is the same as an omitted field."""
    checked: dict[str, Any] = {}
    errors: list[RowError] = []
    for name, value in fields.items():
        read = _READERS.get(name)
        if read is None:
            errors.append(RowError(IngestErrorCode.UNKNOWN_FIELD, _unknown(name), name[:50]))
        elif value is not None:
            try:
                checked[name] = read(value, read_id)
            except InvalidValueError as invalid:
                errors.append(RowError(invalid.code, str(invalid), name))
    checked["content"] = checked.get("content") or checked.get("title")
    invalid_fields = {error.field for error in errors}
    errors += [_missing(name) for name in _REQUIRED if not checked.get(name) and name not in invalid_fields]
    return FailedRow(errors) if errors else _row(checked)


def _row(checked: Mapping[str, Any]) -> NewRow:
    get = checked.get
    post = NewPost(
        checked["platform"],
        checked["externalId"],
        get("kind", MentionKind.POST),
        checked["url"],
        get("title") or None,
        checked["content"],
        get("author", ""),
        get("language") or None,
        get("likes"),
        get("comments"),
        get("publishedAt"),
        get("integrationId"),
    )
    return NewRow(post, get("keywordId"))


def _missing(name: str) -> RowError:
    message = "Required, unless `title` is given." if name == "content" else "Required."
    return RowError(IngestErrorCode.REQUIRED, message, name)


def _unknown(name: str) -> str:
    return f"Unknown field {name[:50]!r}. The fields are {', '.join(FIELDS)}."


_Reader = Callable[[Any, IdReader], object]


def _plain(read: Callable[[Any], object]) -> _Reader:
    return lambda value, _: read(value)


def _text(name: str) -> _Reader:
    return _plain(partial(values.text, longest=values.LONGEST[name]))


def _one_of(kind: type[StrEnum]) -> _Reader:
    members = {member.name: member for member in kind}

    def read(value: object) -> StrEnum:
        if isinstance(value, kind):
            return value
        member = members.get(value) if isinstance(value, str) else None
        if member is None:
            raise InvalidValueError(f"Must be one of {', '.join(members)}.")
        return member

    return _plain(read)


def _id(model: type[Base], thing: str) -> _Reader:
    def read(value: object, read_id: IdReader) -> int:
        found = read_id(value, model) if isinstance(value, str) else None
        if found is None:
            raise InvalidValueError(f"Must be the ID of {thing}.")
        return found

    return read


_READERS: dict[str, _Reader] = {
    "keywordId": _id(Keyword, "a keyword"),
    "platform": _one_of(Platform),
    "externalId": _text("externalId"),
    "kind": _one_of(MentionKind),
    "url": _plain(values.url),
    "title": _text("title"),
    "content": _text("content"),
    "author": _text("author"),
    "language": _text("language"),
    "likes": _plain(values.count),
    "comments": _plain(values.count),
    "publishedAt": _plain(values.timestamp),
    "integrationId": _id(Integration, "an integration"),
}
_REQUIRED = ("platform", "externalId", "url", "content")
FIELDS = tuple(_READERS)
"""The names of a row's fields."""
