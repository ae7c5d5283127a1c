"""Days, weeks and months of a time zone, as half-open windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS_OF_WEEK = 7
MONTHS_OF_YEAR = 12
QUARTER = timedelta(minutes=15)
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""Since then all zones are whole quarters of an hour away from UTC, and figures are kept by quarters."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=3660)
NO_PLACES = {
    "Factory",
    "localtime",
    "posixrules",
}  # of some systems' files, with what their owner chose in them


class TimeUnit(Enum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Range(Enum):
    """Windows that have a name. The days, weeks and months are those of a zone, with the current one."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    THIS_MONTH = "this_month"
    PREVIOUS_MONTH = "previous_month"
    ROLLING_MONTH = "rolling_month"
    CUSTOM = "custom"


USUAL_RANGE = Range.LAST_30_DAYS
DEFAULT_UNITS = {TimeUnit.DAY: 30, TimeUnit.WEEK: 12, TimeUnit.MONTH: 12}


class UnknownZoneError(ValueError):
    """A name that is not in the IANA database of time zones."""


class RangeError(ValueError):
    """A window that cannot be: `argument` is the end of it that is wrong."""

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(problem)
        self.argument = argument


class Period(NamedTuple):
    """A window, and the one just before it that it is compared with: from `previous_start` up to `start`."""

    previous_start: datetime
    start: datetime
    end: datetime


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


def period_of(
    chosen: Range, zone: ZoneInfo, now: datetime, start: datetime | None = None, end: datetime | None = None
) -> Period:
    """The window of a range at a moment. `start` and `end` are those of CUSTOM. Raises `RangeError`.

    Days, weeks and months are compared with as many days or the month before. So are a custom window's whole
    days; another one is compared with the time before it that is as long.
    """
    if chosen is Range.CUSTOM:
        return _custom(start, end, zone)
    if chosen is Range.ROLLING_MONTH:
        end = _next_quarter(now)
        return Period(_months_before(end, 2, zone), _months_before(end, 1, zone), end)
    previous, first, behind = _days(chosen, now.astimezone(zone).date(), zone)
    return Period(midnight(previous, zone), midnight(first, zone), midnight(behind, zone))


def zone_or_utc(name: str) -> ZoneInfo:
    """The zone of a name; UTC for one that is none any more."""
    try:
        return zone_of(name)
    except UnknownZoneError:
        return ZoneInfo("UTC")


def usual_period(time_zone: str, now: datetime) -> Period:
    """The window of whoever names none."""
    return period_of(USUAL_RANGE, zone_or_utc(time_zone), now)


def bounds_of(units: Sequence[Window]) -> tuple[datetime, ...]:
    """Where units that follow one another begin, and where the last one ends."""
    return (*(unit.start for unit in units), units[-1].end)


def today(zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The first moment of the day that it is in a zone, and the first behind it."""
    period = period_of(Range.TODAY, zone, now)
    return period.start, period.end


def _days(chosen: Range, day: date, zone: ZoneInfo) -> tuple[date, date, date]:
    """The first days of the previous window, of the window, and behind it."""
    month = unit_start(day, TimeUnit.MONTH, 1)
    tomorrow = day + timedelta(days=1)
    match chosen:
        case Range.TODAY:
            return _day_before(day, zone), day, tomorrow
        case Range.YESTERDAY:
            yesterday = _day_before(day, zone)
            return _day_before(yesterday, zone), yesterday, day
        case Range.LAST_7_DAYS | Range.LAST_30_DAYS:
            length = timedelta(days=7 if chosen is Range.LAST_7_DAYS else 30)
            return tomorrow - 2 * length, tomorrow - length, tomorrow
        case Range.THIS_MONTH:
            return _month_before(month), month, next_unit(month, TimeUnit.MONTH)
        case Range.PREVIOUS_MONTH:
            previous = _month_before(month)
            return _month_before(previous), previous, month
        case _:
            raise ValueError(chosen)


def _day_before(day: date, zone: ZoneInfo) -> date:
    """The day before, of those that there were: Samoa had no 30 December 2011."""
    before = day - timedelta(days=1)
    return before if midnight(before, zone) < midnight(day, zone) else before - timedelta(days=1)


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _next_quarter(now: datetime) -> datetime:
    return EARLIEST + ((now - EARLIEST) // QUARTER + 1) * QUARTER


def _months_before(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same time by the clocks of the zone, months earlier, on the month's last day where it is shorter."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    index = local.year * MONTHS_OF_YEAR + local.month - 1 - months
    first = local.replace(year=index // MONTHS_OF_YEAR, month=index % MONTHS_OF_YEAR + 1, day=1)
    last_day = (next_unit(first.date(), TimeUnit.MONTH) - timedelta(days=1)).day
    return first.replace(day=min(local.day, last_day), tzinfo=zone).astimezone(UTC)


def _custom(start: datetime | None, end: datetime | None, zone: ZoneInfo) -> Period:
    if start is None or end is None:
        raise RangeError("from" if start is None else "to", "A custom range needs both of its ends.")
    for name, moment in (("from", start), ("to", end)):
        if (moment - EARLIEST) % QUARTER:
            raise RangeError(name, f"{moment.isoformat()} is not on a quarter of an hour.")
        if not EARLIEST <= moment <= LATEST:
            raise RangeError(
                name, f"{moment.isoformat()} is not between {EARLIEST.date()} and {LATEST.date()}."
            )
    if start >= end:
        raise RangeError("to", f"{end.isoformat()} is not later than `from` ({start.isoformat()}).")
    if end - start > LONGEST:
        raise RangeError("to", f"The range is longer than {LONGEST.days} days.")
    return Period(_as_long_before(start, end, zone), start, end)


def _as_long_before(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    first, behind = start.astimezone(zone).date(), end.astimezone(zone).date()
    if midnight(first, zone) == start and midnight(behind, zone) == end:
        return midnight(first - (behind - first), zone)
    return start - (end - start)
