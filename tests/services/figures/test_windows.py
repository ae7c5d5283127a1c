"""Exact bounds of windows, across zones and clock changes."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.figures.windows import (
    EARLIEST,
    LATEST,
    QUARTER,
    Period,
    Range,
    RangeError,
    TimeUnit,
    midnight,
    period_of,
    windows,
)

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
ODD_ZONES = [
    "Pacific/Apia", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham", "America/St_Johns",
    "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Kiritimati", "Asia/Gaza",
    "America/Havana", "Antarctica/Troll", "UTC",
]  # fmt: skip
moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(ODD_ZONES) | st.sampled_from(ZONES)
named = st.sampled_from([each for each in Range if each is not Range.CUSTOM])


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_midnights_are_multiples_of_15_minutes(zone: str) -> None:
    """Buckets of 15 minutes can therefore be summed for the days of every zone."""
    first, info = EARLIEST.date(), ZoneInfo(zone)
    for days in range(0, 80 * 365, 7):
        assert (midnight(first + timedelta(days=days), info) - EARLIEST) % QUARTER == timedelta(0)


# At noon of 15 March 2026 in Berlin; clocks there go forward on 29 March, in New York they did on 8 March.
NOW = local("2026-03-15T12:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("chosen", "previous", "start", "end"),
    [
        (Range.TODAY, "2026-03-14", "2026-03-15", "2026-03-16"),
        (Range.YESTERDAY, "2026-03-13", "2026-03-14", "2026-03-15"),
        (Range.LAST_7_DAYS, "2026-03-02", "2026-03-09", "2026-03-16"),
        (Range.LAST_30_DAYS, "2026-01-15", "2026-02-14", "2026-03-16"),
        (Range.THIS_MONTH, "2026-02-01", "2026-03-01", "2026-04-01"),
        (Range.PREVIOUS_MONTH, "2026-01-01", "2026-02-01", "2026-03-01"),
        (Range.ROLLING_MONTH, "2026-01-15T12:15", "2026-02-15T12:15", "2026-03-15T12:15"),
    ],
)
def test_named_ranges(chosen: Range, previous: str, start: str, end: str) -> None:
    zone = "Europe/Berlin"
    expected = Period(local(previous, zone), local(start, zone), local(end, zone))
    assert period_of(chosen, ZoneInfo(zone), NOW) == expected


@pytest.mark.parametrize(
    ("now", "previous", "start"),
    [
        ("2026-03-31T10:07", "2026-01-31T10:15", "2026-02-28T10:15"),
        ("2024-03-31T10:00", "2024-01-31T10:15", "2024-02-29T10:15"),
        ("2026-01-31T23:59", "2025-12-01T00:00", "2026-01-01T00:00"),
        ("2026-05-30T00:00", "2026-03-30T00:15", "2026-04-30T00:15"),
    ],
)
def test_a_rolling_month_clamps_to_the_last_day_of_a_shorter_month(
    now: str, previous: str, start: str
) -> None:
    zone = "Europe/Berlin"
    period = period_of(Range.ROLLING_MONTH, ZoneInfo(zone), local(now, zone))
    assert (period.previous_start, period.start) == (local(previous, zone), local(start, zone))


def test_yesterday_skips_the_day_that_samoa_skipped() -> None:
    """Samoa skipped 30 December 2011."""
    zone = ZoneInfo("Pacific/Apia")
    now = local("2011-12-31T09:00", "Pacific/Apia")
    yesterday = period_of(Range.YESTERDAY, zone, now)
    assert yesterday == Period(midnight(date(2011, 12, 28), zone), midnight(date(2011, 12, 29), zone), midnight(date(2011, 12, 31), zone))  # fmt: skip
    assert yesterday.end - yesterday.start == timedelta(days=1)
    today = period_of(Range.TODAY, zone, now)
    assert today.previous_start == yesterday.start


@given(named, zones, moments)
@settings(max_examples=400, deadline=None)
def test_windows_are_consecutive_and_contain_the_current_time(
    chosen: Range, name: str, now: datetime
) -> None:
    zone = ZoneInfo(name)
    period = period_of(chosen, zone, now)
    assert period.previous_start < period.start < period.end
    for moment in (period.previous_start, period.start, period.end):
        assert (moment - EARLIEST) % QUARTER == timedelta(0)
    holds_now = chosen not in {Range.YESTERDAY, Range.PREVIOUS_MONTH}
    assert (period.start <= now < period.end) == holds_now
    if chosen is Range.TODAY:
        assert period.start.astimezone(zone).date() == now.astimezone(zone).date()


@given(named, zones, moments, st.sampled_from(TimeUnit), st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_units_cover_the_window_without_gaps(
    chosen: Range, name: str, now: datetime, unit: TimeUnit, week_start: int
) -> None:
    zone = ZoneInfo(name)
    period = period_of(chosen, zone, now)
    units = list(windows(unit, period.start, period.end, zone, week_start, now))
    assert units[0].start == period.start
    assert units[-1].end == period.end
    assert all(one.end == other.start for one, other in itertools.pairwise(units))


QUARTERS = st.integers(0, (LATEST - EARLIEST) // QUARTER).map(lambda n: EARLIEST + n * QUARTER)


@given(QUARTERS, st.integers(1, 400 * 96), zones)
@settings(max_examples=200, deadline=None)
def test_the_previous_window_of_a_custom_window_is_as_long(start: datetime, quarters: int, name: str) -> None:
    zone, end = ZoneInfo(name), min(start + quarters * QUARTER, LATEST)
    if start == end:
        return
    period = period_of(Range.CUSTOM, zone, NOW, start, end)
    assert (period.start, period.end) == (start, end)
    first, behind = (moment.astimezone(zone).date() for moment in (start, end))
    if midnight(first, zone) == start and midnight(behind, zone) == end:
        assert period.previous_start == midnight(first - (behind - first), zone)
    else:
        assert period.start - period.previous_start == end - start


def test_whole_days_are_compared_with_as_many_days_across_a_clock_change() -> None:
    """The last week of March is an hour shorter in Berlin than the week before."""
    zone = "Europe/Berlin"
    period = period_of(
        Range.CUSTOM, ZoneInfo(zone), NOW, local("2026-03-27", zone), local("2026-04-03", zone)
    )
    assert period.previous_start == local("2026-03-20", zone)
    assert period.end - period.start == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(
    ("start", "end", "argument", "problem"),
    [
        (None, NOW, "from", "Required with range CUSTOM"),
        (NOW, None, "to", "Required with range CUSTOM"),
        (NOW, NOW, "to", "Must be after `from`"),
        (NOW, NOW - QUARTER, "to", "Must be after `from`"),
        (NOW + timedelta(minutes=7), NOW + QUARTER, "from", "Must be a multiple of 15 minutes"),
        (NOW, NOW + timedelta(minutes=15, microseconds=1), "to", "Must be a multiple of 15 minutes"),
        (EARLIEST - QUARTER, NOW, "from", "Must be between 1980-01-01 and 2200-01-01"),
        (NOW, LATEST + QUARTER, "to", "Must be between"),
        (NOW, NOW + timedelta(days=3661), "to", "Must be at most 3660 days after `from`"),
    ],
)
def test_invalid_custom_windows_raise_range_errors(
    start: datetime | None, end: datetime | None, argument: str, problem: str
) -> None:
    with pytest.raises(RangeError, match=problem) as refused:
        period_of(Range.CUSTOM, ZoneInfo("Europe/Berlin"), NOW, start, end)
    assert refused.value.argument == argument
