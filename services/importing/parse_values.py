"""Values of imported posts: converted from the text and numbers of files, and checked as in `services.ingest`."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from db.models import MentionKind, Platform
from db.statements.ingest import NewPost
from services.ingest import values
from services.ingest.row_errors import InvalidValueError

_MILLISECONDS_FROM = 100_000_000_000  # as seconds, this would be the year 5138
_HACKERNEWS_ITEM = "https://news.ycombinator.com/item?id="
_SHOWN_CHARACTERS = 40

_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]{1,15})(?:\.0+)?")
_UNIX_TIME = re.compile(r"-?[0-9]{9,15}(?:\.[0-9]+)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_UTC_SUFFIX = re.compile(r"\s*(?:UTC|GMT)$")

Value = TypeVar("Value")


class UnusableValueError(Exception):
    """A row has a missing or invalid value. The message names the column."""


def post_of(columns: Mapping[str, object], platform: Platform, zone: tzinfo) -> NewPost:
    """Return the post of a row. `zone` applies to times without a zone. Raises `UnusableValueError`."""
    external_id = _read(columns, "id", partial(_text, longest=values.LONGEST["externalId"]))
    if not external_id:
        raise UnusableValueError("id: Required.")
    title = _read(columns, "title", partial(_text, longest=values.LONGEST["title"]))
    content = _read(columns, "content", partial(_text, longest=values.LONGEST["content"])) or title
    if not content:
        raise UnusableValueError("content: Required, unless there is a title.")
    return NewPost(
        platform,
        external_id,
        MentionKind.POST,
        _read(columns, "url", values.url) or _default_url(external_id, platform),
        title,
        content,
        _read(columns, "author", partial(_text, longest=values.LONGEST["author"])) or "",
        None,
        _read(columns, "likes", _count),
        _read(columns, "comments", _count),
        _read(columns, "published", partial(_timestamp, zone=zone)),
    )


def _read(columns: Mapping[str, object], name: str, read: Callable[[object], Value]) -> Value | None:
    """Return the checked value of a column; None if it is missing or blank."""
    value = columns.get(name)
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    try:
        return read(value)
    except InvalidValueError as invalid:
        raise UnusableValueError(f"{name} {shown(value)}: {invalid}") from invalid


def _text(value: object, longest: int) -> str:
    return values.text(str(value) if type(value) is int else value, longest)


def _default_url(external_id: str, platform: Platform) -> str:
    if platform == Platform.HACKERNEWS:
        return _HACKERNEWS_ITEM + quote(external_id, safe="")
    if values.is_web_address(external_id):
        return external_id
    raise UnusableValueError(f"url: Required for posts of {platform}.")


def _count(value: object) -> int:
    number = _WHOLE_NUMBER.fullmatch(str(value))
    return values.count(value if number is None else int(number[1]))


def _timestamp(value: object, zone: tzinfo) -> datetime:
    text = str(value)
    try:
        moment = _unix_time(text) or _month_first(text, zone) or _iso_time(text, zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as unreadable:
        raise InvalidValueError("Must be an ISO 8601 date, Unix seconds or M/D/YYYY H:MM.") from unreadable
    return values.timestamp(moment)


def _unix_time(text: str) -> datetime | None:
    if not _UNIX_TIME.fullmatch(text):
        return None
    seconds = float(text) if "." in text else int(text)
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds, UTC)


def _month_first(text: str, zone: tzinfo) -> datetime | None:
    parts = _MONTH_FIRST.fullmatch(text)
    if parts is None:
        return None
    month, day, year, hour, minute, second = (int(part or 0) for part in parts.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _iso_time(text: str, zone: tzinfo) -> datetime:
    moment = datetime.fromisoformat(_UTC_SUFFIX.sub("+00:00", text))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def shown(value: object) -> str:
    """Return the value for a message: shortened, and without control characters."""
    text = str(value)
    short = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return f'"{short}"' if short.isprintable() else ascii(short)
