"""Dates of imported posts. A date that can be read in two ways is read in one way throughout a file."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.ingest import values
from services.ingest.row_errors import InvalidValueError


class DateOrder(StrEnum):
    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class FoundOrder(NamedTuple):
    """The order of day and month in a file. `order` is None if its dates contradict each other.

    `is_shown` is False if no date of the file shows the order.
    """

    order: DateOrder | None
    is_shown: bool


_UNREADABLE = "Must be a date such as 2026-01-31T12:00:00Z, 31 Jan 2026 12:00, 1/31/2026 or Unix time."
_CONTRADICTION = (
    "The file has dates with the day first and dates with the month first. Pass --date-order dmy or mdy."
)
_SHORT_YEAR = "The year has two digits. Pass --date-order dmy, mdy or ymd."
_SPREADSHEET = "A spreadsheet wrote this number and dropped its last digits. Export the column as text."
_UNKNOWN_ZONE = "Must have an offset such as +02:00 instead of the time zone {}."

_TIME = (
    r"(?P<hour>\d{1,2})(?P<colon>[:.h])(?P<minute>\d{2})"
    r"(?:(?P=colon)(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,12}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_ZONE = r"(?:\s*(?P<zone>z|(?:utc|gmt)?[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?|[a-z]{1,5}))?(?:\s+[a-z]{3,5}|\[(?P<place>[\w/+-]+)\]|\s*\([^)]*\))?"
_CLOCK = rf"(?:(?:\s*,?\s+|t|\s+(?:at|um|kl\.?|à)\s+){_TIME}{_ZONE})?"
_MONTH = r"(?P<month>[a-zà-ÿ]{3,12})\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?"
_OF = r"(?:\s+de\s+|[\s-]+)"
_FLAGS = re.ASCII | re.IGNORECASE

_NUMERIC = re.compile(r"(?P<a>\d{1,4})(?P<mark>[/.-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{1,4})" + _CLOCK, _FLAGS)
_NAMED = (
    re.compile(rf"{_WEEKDAY}?{_DAY}{_OF}{_MONTH},?{_OF}(?P<year>\d{{4}}){_CLOCK}", _FLAGS),
    re.compile(rf"{_WEEKDAY}{_DAY}{_OF}{_MONTH}{_OF}(?P<year>\d{{2}}){_CLOCK}", _FLAGS),  # RFC 822
    re.compile(rf"{_WEEKDAY}?{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}}){_CLOCK}", _FLAGS),
    re.compile(rf"{_WEEKDAY}?{_MONTH}\s+(?P<day>\d{{1,2}})\s+{_TIME}{_ZONE}\s+(?P<year>\d{{4}})", _FLAGS),
)  # fmt: skip
_COMPACT = re.compile(r"(\d{8})T(\d{4}|\d{6})" + _ZONE, _FLAGS)
_NUMBER = re.compile(r"(\d+)(\.\d+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", _FLAGS)
_MONTH_NAMES = (
    "jan january januar jänner janvier janv januari enero ene gennaio gen janeiro",
    "feb february februar février févr fév februari febrero febbraio fevereiro fev",
    "mar march märz mär mrz mars marts maart mrt marzo março",
    "apr april avril avr abril abr aprile",
    "may mai maj mei mayo maggio mag maio",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august août augusti augustus agosto ago",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez décembre déc diciembre dic dicembre dezembro",
)
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
# Marks that programs write around the parts of a date.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

# The names of RFC 2822, 4.3, and of Central Europe. Other names stand for several zones.
_ZONES = {"z": 0, "ut": 0, "utc": 0, "gmt": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "cet": 1, "cest": 2}  # fmt: skip

# A number of so many digits counts these parts of a second since 1970.
_PARTS_PER_SECOND = {9: 1, 10: 1, 12: 1000, 13: 1000, 16: 1_000_000, 19: 1_000_000_000}
_DIGIT_DATES = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
_DIGIT_YEARS = range(1970, 2100)
_MONTH_LIMIT = 12
_YEAR_DIGITS = 4


class DateReader:
    """Reads dates. `zone` applies to dates without one. `find_order` is called once, at the first date that needs it."""

    def __init__(self, zone: tzinfo, order: DateOrder | None, find_order: Callable[[], FoundOrder]) -> None:
        self.guessed = 0
        self._zone = zone
        self._given = order
        self._find_order = find_order
        self._found: FoundOrder | None = None

    @property
    def order(self) -> DateOrder | None:
        """The order of day and month in the dates read so far."""
        return self._found.order if self._found else self._given

    def read(self, value: object) -> datetime:
        """Return the date in UTC. Raises `InvalidValueError`."""
        try:
            moment = self._read(_as_text(value)).astimezone(UTC)
        except (ValueError, OverflowError) as unreadable:
            raise InvalidValueError(
                str(unreadable) if type(unreadable) is _Problem else _UNREADABLE
            ) from unreadable
        return values.timestamp(moment)

    def _read(self, text: str) -> datetime:
        if number := _NUMBER.fullmatch(text):
            return self._of_number(number[1], (number[2] or "").rstrip(".0"))
        if _SCIENTIFIC.fullmatch(text):
            raise _Problem(_SPREADSHEET)
        if compact := _COMPACT.fullmatch(text):
            day = datetime.strptime(compact[1] + compact[2].ljust(6, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007
            return day.replace(tzinfo=self._zone_of(compact))
        if numeric := _NUMERIC.fullmatch(text):
            return self._at(numeric, *self._day_of(numeric))
        for pattern in _NAMED:
            if found := pattern.fullmatch(text):
                month = _MONTHS.get(found["month"].lower(), 0)
                return self._at(found, _year(found["year"]), month, int(found["day"]))
        raise ValueError(text)

    def _of_number(self, digits: str, fraction: str) -> datetime:
        size = len(digits)
        written = _DIGIT_DATES.get(size)
        if written and not fraction and int(digits[:4]) in _DIGIT_YEARS:
            try:
                moment = datetime.strptime(digits, written)  # noqa: DTZ007 - gets its zone here
                return moment.replace(tzinfo=self._zone)
            except ValueError:
                pass  # a Unix time that begins like a year
        per_second = _PARTS_PER_SECOND.get(size)
        if per_second is None or digits.startswith("0"):
            raise ValueError(digits)
        seconds, parts = divmod(int(digits), per_second)
        micro = parts * 1_000_000 // per_second + int(
            float("0" + fraction) * 1_000_000 / per_second if fraction else 0
        )
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micro)

    def _day_of(self, numeric: re.Match[str]) -> tuple[int, int, int]:
        """Return year, month and day."""
        a, b, c = numeric["a"], numeric["b"], numeric["c"]
        if len(a) == _YEAR_DIGITS:
            return int(a), int(b), int(c)
        order = self._given or self._order_of(numeric)
        if order == DateOrder.YMD:
            return _year(a), int(b), int(c)
        day, month = (a, b) if order == DateOrder.DMY else (b, a)
        return _year(c), int(month), int(day)

    def _order_of(self, numeric: re.Match[str]) -> DateOrder:
        if len(numeric["c"]) != _YEAR_DIGITS:
            raise _Problem(_SHORT_YEAR)
        if numeric["mark"] == ".":
            return DateOrder.DMY
        self._found = self._found or self._find_order()
        if self._found.order is None:
            raise _Problem(_CONTRADICTION)
        self.guessed += not self._found.is_shown
        return self._found.order

    def _at(self, parts: re.Match[str], year: int, month: int, day: int) -> datetime:
        if parts["hour"] is None:
            return datetime(year, month, day, tzinfo=self._zone)
        hour = int(parts["hour"])
        if parts["half"]:
            if not 1 <= hour <= 12:  # noqa: PLR2004 - the hours of a clock
                raise ValueError(hour)
            hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
        fraction = int((parts["fraction"] or "").ljust(6, "0")[:6])
        zone = self._zone_of(parts)
        return datetime(
            year, month, day, hour, int(parts["minute"]), int(parts["second"] or 0), fraction, zone
        )

    def _zone_of(self, parts: re.Match[str]) -> tzinfo:
        written, place = parts["zone"], parts["place"]
        if not written or written.lower() == "uhr":
            return _zone_at(place) if place else self._zone
        name = written.lower()
        if name in _ZONES:
            return timezone(timedelta(hours=_ZONES[name]))
        offset = name.removeprefix("utc").removeprefix("gmt").replace(":", "")
        if offset[0] not in "+-":
            raise _Problem(_UNKNOWN_ZONE.format(written))
        size = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5] or 0), seconds=int(offset[5:] or 0))
        return timezone(-size if offset[0] == "-" else size)


def _zone_at(place: str) -> tzinfo:
    try:
        return ZoneInfo(place)
    except (KeyError, ValueError, OSError) as unknown:
        raise _Problem(_UNKNOWN_ZONE.format(place)) from unknown


class _Problem(ValueError):  # noqa: N818 - never leaves this module
    """A date that cannot be read. The message is for users."""


def order_shown(value: object) -> DateOrder | None:
    """Return the order of day and month that a date proves; None if it proves none."""
    numeric = _NUMERIC.fullmatch(_as_text(value)) if isinstance(value, str) else None
    if numeric is None or numeric["mark"] == "." or len(numeric["c"]) != _YEAR_DIGITS:
        return None
    first, second = int(numeric["a"]), int(numeric["b"])
    if (first > _MONTH_LIMIT) == (second > _MONTH_LIMIT):
        return None
    return DateOrder.DMY if first > _MONTH_LIMIT else DateOrder.MDY


def _as_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(value)  # noqa: TRY004 - a fault of the file
    return f"{value:.6f}" if isinstance(value, float) else _cleaned(str(value))


def _cleaned(text: str) -> str:
    """Return the text with plain spaces and without invisible marks."""
    return text.strip() if text.isascii() else " ".join(_INVISIBLE.sub("", text).split())


def _year(digits: str) -> int:
    """Return the year. A year of two digits lies between 1970 and 2069."""
    if len(digits) == _YEAR_DIGITS:
        return int(digits)
    if len(digits) != 2:  # noqa: PLR2004
        raise ValueError(digits)
    return int(digits) + (1900 if int(digits) >= 70 else 2000)  # noqa: PLR2004
