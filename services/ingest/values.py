"""The values of a post: read from text and numbers as files have them, and checked for what a mention can hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote

from db.models import Platform
from services.rules.timestamps import YEARS

# The greatest numbers of characters that a mention has room for.
LONGEST = {"id": 500, "title": 1000, "content": 20_000, "url": 2000, "author": 200}
GREATEST_COUNT = 2**31 - 1
_MILLISECONDS_FROM = 100_000_000_000  # as seconds that would be the year 5138
_ITEM = "https://news.ycombinator.com/item?id="
_SHOWN = 40

WEB_ADDRESS = re.compile(r"https?://[^\s/?#][^\x00-\x1f\x7f]*", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"([+-]?[0-9]{1,15})(?:\.0+)?")
_UNIX_TIME = re.compile(r"-?[0-9]{9,15}(?:\.[0-9]+)?")
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_UTC_SUFFIX = re.compile(r"\s*(?:UTC|GMT)$")


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody published. `line` is the post's first line in its file; None means that it is unknown."""

    line: int
    external_id: str
    url: str
    title: str | None
    content: str
    author: str
    likes: int | None
    comments: int | None
    published_at: datetime | None


class UnusableValueError(Exception):
    """A row has a value that no mention can have; the text says which and why."""


def post_of(values: Mapping[str, object], line: int, platform: Platform, zone: tzinfo) -> Post:
    """The post that a row's values make. Raises `UnusableValueError`."""
    external_id = _text(values, "id")
    if not external_id:
        raise UnusableValueError("no id")
    title = _text(values, "title")
    content = _text(values, "content") or title
    if not content:
        raise UnusableValueError("no text")
    return Post(
        line,
        external_id,
        _url(_text(values, "url"), external_id, platform),
        title or None,
        content,
        _text(values, "author"),
        _count(values, "likes"),
        _count(values, "comments"),
        _moment(values.get("published"), zone),
    )


def _text(values: Mapping[str, object], field: str) -> str:
    value = values.get(field)
    if value is None:
        return ""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise UnusableValueError(f"the {field} {shown(value)} is no text")
    text = str(value).strip()
    if len(text) > LONGEST[field]:
        raise UnusableValueError(
            f"the {field} has {len(text):,} characters, there is room for {LONGEST[field]:,}"
        )
    if "\0" in text:
        raise UnusableValueError(f"the {field} has a NUL character")
    return text


def _url(url: str, external_id: str, platform: Platform) -> str:
    if not url and platform == Platform.HACKERNEWS:
        return _ITEM + quote(external_id, safe="")
    if not url and WEB_ADDRESS.fullmatch(external_id):
        return external_id
    if not url:
        raise UnusableValueError("no url")
    if not WEB_ADDRESS.fullmatch(url):
        raise UnusableValueError(f"the url {shown(url)} is no http or https address")
    return url


def _count(values: Mapping[str, object], field: str) -> int | None:
    value = values.get(field)
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    whole = _WHOLE_NUMBER.fullmatch(text)
    if whole is None:
        raise UnusableValueError(f"the number of {field} {shown(text)} is no whole number")
    number = int(whole[1])
    if not 0 <= number <= GREATEST_COUNT:
        raise UnusableValueError(f"the number of {field} {number} is not between 0 and {GREATEST_COUNT}")
    return number


def _moment(value: object, zone: tzinfo) -> datetime | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    try:
        moment = _unix_time(text) or _month_first(text, zone) or _iso_time(text, zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as unreadable:
        raise UnusableValueError(
            f"the date {shown(text)} is neither ISO 8601 nor Unix seconds nor M/D/YYYY H:MM"
        ) from unreadable
    if moment.year not in YEARS:
        raise UnusableValueError(f"the date {shown(text)} is not between {YEARS.start} and {YEARS.stop - 1}")
    return moment


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
    """A value as part of a message: short, and without characters that would steer a terminal."""
    text = str(value)
    short = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f'"{short}"' if short.isprintable() else ascii(short)
