"""Days, weeks and months of a time zone, as half-open windows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS_OF_WEEK = 7
NO_PLACES = {
    "Factory",
    "localtime",
    "posixrules",
}  # of some systems' files, with what their owner chose in them


class TimeUnit(Enum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


DEFAULT_UNITS = {TimeUnit.DAY: 30, TimeUnit.WEEK: 12, TimeUnit.MONTH: 12}


class UnknownZoneError(ValueError):
    """A name that is not in the IANA database of time zones."""


@dataclass(frozen=True, slots=True)
class Window:
    """From the moment `start` up to, and without, `end`.

    `partial` says that it is not a whole unit: it is cut by the range asked for, or not over yet.
    """

    start: datetime
    end: datetime
    partial: bool


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises `UnknownZoneError`."""
    try:
        if name in NO_PLACES or name.startswith(("posix/", "right/")):
            raise ZoneInfoNotFoundError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZoneError(
            f"{name[:100]!r} is no time zone of the IANA database, such as Europe/Berlin."
        ) from error


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a local day begins, in UTC: also where clocks skip midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def unit_start(day: date, unit: TimeUnit, week_start: int) -> date:
    """The first day of the unit that the day is in. `week_start` is an ISO weekday, 1 for Monday."""
    if unit is TimeUnit.MONTH:
        return day.replace(day=1)
    if unit is TimeUnit.WEEK:
        return day - timedelta(days=(day.isoweekday() - week_start) % DAYS_OF_WEEK)
    return day


def next_unit(day: date, unit: TimeUnit) -> date:
    """The first day of the unit behind the one that begins on the day."""
    if unit is TimeUnit.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=DAYS_OF_WEEK if unit is TimeUnit.WEEK else 1)


def default_range(
    unit: TimeUnit, zone: ZoneInfo, week_start: int, now: datetime
) -> tuple[datetime, datetime]:
    """The last 30 days, 12 weeks or 12 months, with the current one."""
    current = unit_start(now.astimezone(zone).date(), unit, week_start)
    first = current
    for _ in range(DEFAULT_UNITS[unit] - 1):
        first = unit_start(first - timedelta(days=1), unit, week_start)
    return midnight(first, zone), midnight(next_unit(current, unit), zone)


def windows(
    unit: TimeUnit, start: datetime, end: datetime, zone: ZoneInfo, week_start: int, now: datetime
) -> Iterator[Window]:
    """The units from one moment up to another, in order, without gaps. The first and last can be cut.

    A day that a zone left out, as Samoa did with 30 December 2011, has no window. Raises `OverflowError`
    for moments at the ends of the calendar.
    """
    first = unit_start(start.astimezone(zone).date(), unit, week_start)
    while (begins := midnight(first, zone)) < end:
        first = next_unit(first, unit)
        ends = midnight(first, zone)
        cut_start, cut_end = max(begins, start), min(ends, end)
        partial = cut_start > begins or cut_end < ends or begins <= now < ends
        if cut_start < cut_end:
            yield Window(cut_start, cut_end, partial)
