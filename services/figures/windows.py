"""Half-open windows of time: days, weeks, months and ranges in a time zone."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS_OF_WEEK = 7
MONTHS_OF_YEAR = 12
QUARTER = timedelta(minutes=15)
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""From here on, the UTC offset of every zone is a multiple of 15 minutes, as are the buckets of figures."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=3660)
SYSTEM_FILES = {"Factory", "localtime", "posixrules"}  # files beside the zones on some systems


class TimeUnit(Enum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Range(Enum):
    """Named windows. Days, weeks and months are in the zone's time and include the current one."""

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
    """The name is not in the IANA time zone database."""


class RangeError(ValueError):
    """The window is invalid. `argument` names the wrong end."""

    def __init__(self, argument: str, problem: str) -> None:
        super().__init__(problem)
        self.argument = argument


class Period(NamedTuple):
    """A window from `start` to `end`, and the previous window from `previous_start` to `start`.

    `previous_cut` is as far into the previous window as the current time is into the window: `start` after the end of
    the window, and `previous_start` before its start.
    """

    previous_start: datetime
    previous_cut: datetime
    start: datetime
    end: datetime


class Window(NamedTuple):
    """The time from `start` up to, and without, `end`, both in UTC, for people in the zone.

    `partial` is True if the window is less than a whole unit, because the range cuts it or it has not ended yet.
    `future` is True if the window has not begun yet.
    """

    start: datetime
    end: datetime
    zone: ZoneInfo
    partial: bool
    future: bool

    @property
    def first_day(self) -> date:
        """The day of `start` in the zone."""
        return self.start.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The last day of the zone of which the window has a part. The first day if the window is empty."""
        last = max(self.start, self.end - timedelta.resolution)
        return last.astimezone(self.zone).date()


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises `UnknownZoneError`."""
    try:
        if name in SYSTEM_FILES or name.startswith(("posix/", "right/")):
            raise ZoneInfoNotFoundError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZoneError(f"{name[:100]!r} is not an IANA time zone, such as Europe/Berlin.") from error


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of a local day in UTC, even if the clocks skip midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def unit_start(day: date, unit: TimeUnit, week_start: int) -> date:
    """Return the first day of the unit that contains the day. `week_start` is an ISO weekday, 1 for Monday."""
    if unit is TimeUnit.MONTH:
        return day.replace(day=1)
    if unit is TimeUnit.WEEK:
        return day - timedelta(days=(day.isoweekday() - week_start) % DAYS_OF_WEEK)
    return day


def next_unit(day: date, unit: TimeUnit) -> date:
    """Return the first day of the unit after the one that begins on the day."""
    if unit is TimeUnit.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=DAYS_OF_WEEK if unit is TimeUnit.WEEK else 1)


def default_range(
    unit: TimeUnit, zone: ZoneInfo, week_start: int, now: datetime
) -> tuple[datetime, datetime]:
    """Return the last 30 days, 12 weeks or 12 months, including the current one."""
    current = unit_start(now.astimezone(zone).date(), unit, week_start)
    first = current
    for _ in range(DEFAULT_UNITS[unit] - 1):
        first = unit_start(first - timedelta(days=1), unit, week_start)
    return midnight(first, zone), midnight(next_unit(current, unit), zone)


def windows(
    unit: TimeUnit, start: datetime, end: datetime, zone: ZoneInfo, week_start: int, now: datetime
) -> Iterator[Window]:
    """Yield the units from `start` to `end`, in order and without gaps. The range can cut the first and the last.

    A day that a zone skipped, as Samoa did with 30 December 2011, is omitted. Raises `OverflowError` at the ends of
    the calendar.
    """
    first = unit_start(start.astimezone(zone).date(), unit, week_start)
    while (unit_begin := midnight(first, zone)) < end:
        first = next_unit(first, unit)
        unit_end = midnight(first, zone)
        cut_start, cut_end = max(unit_begin, start), min(unit_end, end)
        partial = cut_start > unit_begin or cut_end < unit_end or now < unit_end
        if cut_start < cut_end:
            yield Window(cut_start, cut_end, zone, partial, future=now < cut_start)


def window(start: datetime, end: datetime, zone: ZoneInfo, now: datetime) -> Window:
    """Return the window, which is partial until it has ended."""
    return Window(start, end, zone, partial=now < end, future=now < start)


def period_of(
    chosen: Range, zone: ZoneInfo, now: datetime, start: datetime | None = None, end: datetime | None = None
) -> Period:
    """Return the window of a range, and the previous window. `start` and `end` are for CUSTOM. Raises `RangeError`.

    The previous window of days has as many days, and that of a month is the month before. A custom window of whole
    days or whole months follows the same rule. The previous window of any other custom window has the same length.
    """
    if chosen is Range.CUSTOM:
        return _with_cut(*_custom(start, end, zone), zone, now)
    return _named_period(chosen, zone, quarter_start(now))


@lru_cache(1024)
def _named_period(chosen: Range, zone: ZoneInfo, now: datetime) -> Period:
    if chosen is Range.ROLLING_MONTH:
        end = _next_quarter(now)
        start = _months_before(end, 1, zone)
        return Period(_months_before(end, 2, zone), start, start, end)
    days = _days(chosen, now.astimezone(zone).date(), zone)
    previous, first, after = (midnight(day, zone) for day in days)
    return _with_cut(previous, first, after, zone, now)


def zone_or_utc(name: str) -> ZoneInfo:
    """Return the zone of a name; UTC if the IANA database no longer has it."""
    try:
        return zone_of(name)
    except UnknownZoneError:
        return ZoneInfo("UTC")


def usual_period(time_zone: str, now: datetime) -> Period:
    """Return the default window and the previous one."""
    return period_of(USUAL_RANGE, zone_or_utc(time_zone), now)


def bounds_of(units: Sequence[Window]) -> tuple[datetime, ...]:
    """Return the starts of consecutive units, and the end of the last one."""
    return (*(unit.start for unit in units), units[-1].end)


def today(zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return the start and the end of the current day in a zone."""
    period = period_of(Range.TODAY, zone, now)
    return period.start, period.end


def _days(chosen: Range, day: date, zone: ZoneInfo) -> tuple[date, date, date]:
    """Return the first days of the previous window, of the window, and after the window."""
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
    """Return the previous day of the zone. Samoa skipped 30 December 2011."""
    before = day - timedelta(days=1)
    return before if midnight(before, zone) < midnight(day, zone) else before - timedelta(days=1)


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def quarter_start(now: datetime) -> datetime:
    """Return the start of the current 15 minutes. Windows, whose ends are full quarters, depend on nothing else."""
    return EARLIEST + (now - EARLIEST) // QUARTER * QUARTER


def _next_quarter(now: datetime) -> datetime:
    return quarter_start(now) + QUARTER


def _months_before(moment: datetime, months: int, zone: ZoneInfo) -> datetime:
    """Return the same local time months earlier, on the last day of a shorter month."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    first = _first_of_month(local.date(), -months)
    last_day = (next_unit(first, TimeUnit.MONTH) - timedelta(days=1)).day
    day = first.replace(day=min(local.day, last_day))
    return datetime.combine(day, local.time(), zone).astimezone(UTC)


def _with_cut(
    previous_start: datetime, start: datetime, end: datetime, zone: ZoneInfo, now: datetime
) -> Period:
    """Return the period. The elapsed part of a window ends with the current 15 minutes."""
    reached = min(max(_next_quarter(now), start), end) if now >= start else start
    if reached == end:
        cut = start
    elif _is_whole_days(start, end, zone):
        cut = _same_time_of_day(previous_start, start, reached, zone)
    else:
        cut = previous_start + (reached - start)
    return Period(previous_start, min(cut, start), start, end)


def _is_whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    return all(midnight(moment.astimezone(zone).date(), zone) == moment for moment in (start, end))


def _same_time_of_day(
    previous_start: datetime, start: datetime, reached: datetime, zone: ZoneInfo
) -> datetime:
    """Return the moment as many days after `previous_start` as `reached` is after `start`, at the same local time.

    It never goes back: the elapsed part of a day with a repeated hour includes the whole hour from its repetition on.
    """
    if reached == midnight(reached.astimezone(zone).date(), zone):
        wall_clock = datetime.combine(reached.astimezone(zone).date(), time())
    else:
        wall_clock = _latest_wall_clock(reached, zone)
    day = previous_start.astimezone(zone).date() + (wall_clock.date() - start.astimezone(zone).date())
    return _first_moment(datetime.combine(day, wall_clock.time()), zone)


def _latest_wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the latest local time that the clocks have shown: in a repeated hour, the end of this hour."""
    local = moment.astimezone(zone)
    if local.fold:
        last = _change_of_clocks(moment, zone) - QUARTER
        local = last.astimezone(zone) + QUARTER  # on the clock of the wall
    return local.replace(tzinfo=None, fold=0)


def _first_moment(wall_clock: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time in UTC. If the clocks skip it, return the moment at which they do."""
    moment = wall_clock.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall_clock:
        return moment
    return _change_of_clocks(moment, zone)


def _change_of_clocks(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the last change of clocks up to a moment shortly after it."""
    offset = moment.astimezone(zone).utcoffset()
    while (moment - QUARTER).astimezone(zone).utcoffset() == offset:
        moment -= QUARTER
    return moment


def _custom(
    start: datetime | None, end: datetime | None, zone: ZoneInfo
) -> tuple[datetime, datetime, datetime]:
    """Return the start of the previous window, and the ends of the window. Raises `RangeError`."""
    if start is None or end is None:
        raise RangeError("from" if start is None else "to", "Required with range CUSTOM.")
    for name, moment in (("from", start), ("to", end)):
        if (moment - EARLIEST) % QUARTER:
            raise RangeError(name, f"Must be a multiple of 15 minutes, but is {moment.isoformat()}.")
        if not EARLIEST <= moment <= LATEST:
            bounds = f"between {EARLIEST.date()} and {LATEST.date()}"
            raise RangeError(name, f"Must be {bounds}, but is {moment.isoformat()}.")
    if start >= end:
        raise RangeError("to", f"Must be after `from` ({start.isoformat()}), but is {end.isoformat()}.")
    if end - start > LONGEST:
        raise RangeError("to", f"Must be at most {LONGEST.days} days after `from`.")
    return _previous_start(start, end, zone), start, end


def _previous_start(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    if not _is_whole_days(start, end, zone):
        return start - (end - start)
    first, after = start.astimezone(zone).date(), end.astimezone(zone).date()
    if first.day == after.day == 1:
        return midnight(_first_of_month(first, _months(first) - _months(after)), zone)
    return midnight(first - (after - first), zone)


def _months(day: date) -> int:
    """Return the number of months since the year 0."""
    return day.year * MONTHS_OF_YEAR + day.month - 1


def _first_of_month(day: date, months: int) -> date:
    """Return the first day of the month that is so many months after the day's month."""
    year, month = divmod(_months(day) + months, MONTHS_OF_YEAR)
    return date(year, month + 1, 1)
