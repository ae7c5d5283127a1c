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
    window,
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
QUARTERS = st.integers(0, (LATEST - EARLIEST) // QUARTER).map(lambda n: EARLIEST + n * QUARTER)
MOMENT = timedelta(microseconds=1)
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
    ("chosen", "previous", "cut", "start", "end"),
    [
        (Range.TODAY, "2026-03-14", "2026-03-14T12:15", "2026-03-15", "2026-03-16"),
        (Range.YESTERDAY, "2026-03-13", "2026-03-14", "2026-03-14", "2026-03-15"),
        (Range.LAST_7_DAYS, "2026-03-02", "2026-03-08T12:15", "2026-03-09", "2026-03-16"),
        (Range.LAST_30_DAYS, "2026-01-15", "2026-02-13T12:15", "2026-02-14", "2026-03-16"),
        (Range.THIS_MONTH, "2026-02-01", "2026-02-15T12:15", "2026-03-01", "2026-04-01"),
        (Range.PREVIOUS_MONTH, "2026-01-01", "2026-02-01", "2026-02-01", "2026-03-01"),
        (
            Range.ROLLING_MONTH,
            "2026-01-15T12:15",
            "2026-02-15T12:15",
            "2026-02-15T12:15",
            "2026-03-15T12:15",
        ),
    ],
)
def test_named_ranges(chosen: Range, previous: str, cut: str, start: str, end: str) -> None:
    zone = "Europe/Berlin"
    expected = Period(*(local(each, zone) for each in (previous, cut, start, end)))
    assert period_of(chosen, ZoneInfo(zone), NOW) == expected


@pytest.mark.parametrize(
    ("chosen", "now", "cut"),
    [
        (Range.THIS_MONTH, "2026-03-01T00:00", "2026-02-01T00:15"),
        (Range.THIS_MONTH, "2026-03-28T23:50", "2026-03-01T00:00"),
        (Range.THIS_MONTH, "2026-03-30T12:00", "2026-03-01T00:00"),  # February has no 30th
        (Range.THIS_MONTH, "2026-05-30T23:46", "2026-05-01T00:00"),
        (Range.TODAY, "2026-03-30T12:00", "2026-03-29T12:15"),  # 29 March has 23 hours
        (Range.TODAY, "2026-03-29T12:00", "2026-03-28T12:15"),
        (Range.TODAY, "2026-03-30T02:20", "2026-03-29T03:00"),  # at 02:00 of 29 March, clocks go to 03:00
        (Range.TODAY, "2026-03-30T02:50", "2026-03-29T03:00"),
        (Range.THIS_MONTH, "2026-04-29T02:20", "2026-03-29T03:00"),
        (Range.TODAY, "2026-10-25T02:20", "2026-10-24T02:30"),
        (Range.TODAY, "2026-03-15T23:45", "2026-03-15T00:00"),
        (Range.LAST_7_DAYS, "2026-04-02T09:59:59.999999", "2026-03-26T10:00"),
    ],
)
def test_a_running_window_is_compared_up_to_the_same_local_time(chosen: Range, now: str, cut: str) -> None:
    zone = "Europe/Berlin"
    assert period_of(chosen, ZoneInfo(zone), local(now, zone)).previous_cut == local(cut, zone)


def test_the_elapsed_part_contains_a_repeated_hour_from_its_repetition_on() -> None:
    """At 03:00 of 25 October 2026, the clocks of Berlin go back to 02:00, which is 01:00 in UTC."""
    zone, repeated = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25, 1, tzinfo=UTC)
    cuts = [period_of(Range.TODAY, zone, repeated + n * QUARTER).previous_cut for n in range(-2, 6)]
    shown = [cut.astimezone(zone).strftime("%H:%M") for cut in cuts]
    assert shown == ["02:45", "03:00", "03:00", "03:00", "03:00", "03:00", "03:15", "03:30"]


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Santiago", "America/Havana", "Antarctica/Troll"])
def test_the_elapsed_part_never_goes_back_when_clocks_change(name: str) -> None:
    zone, first = ZoneInfo(name), datetime(2026, 1, 1, tzinfo=UTC)
    starts = [first + n * timedelta(hours=1) for n in range(8760)]
    changes = [
        at for at in starts if at.astimezone(zone).utcoffset() != (at - QUARTER).astimezone(zone).utcoffset()
    ]
    assert len(changes) == 2
    for at, days in itertools.product(changes, (0, 1)):
        nows = [at + timedelta(days=days) + n * QUARTER for n in range(-100, 100)]
        periods = [period_of(Range.TODAY, zone, now) for now in nows]
        for _, day in itertools.groupby(periods, key=lambda period: period.start):
            cuts = [period.previous_cut for period in day]
            assert cuts == sorted(cuts)


def test_the_elapsed_part_ends_at_the_start_of_a_day_without_midnight() -> None:
    """The day of São Paulo began at 01:00 on 4 November 2018. A reached midnight is compared with that start."""
    zone = ZoneInfo("America/Sao_Paulo")
    now = local("2018-11-10T23:50", "America/Sao_Paulo")
    start, end = midnight(date(2018, 11, 8), zone), midnight(date(2018, 11, 14), zone)
    period = period_of(Range.CUSTOM, zone, now, start, end)
    assert period.previous_start == midnight(date(2018, 11, 2), zone)
    assert period.previous_cut == midnight(date(2018, 11, 5), zone)
    earlier = period_of(Range.CUSTOM, zone, now - timedelta(days=1), start, end)
    assert earlier.previous_cut == datetime(2018, 11, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("previous", "start", "end"),
    [
        ("2026-02-01", "2026-03-01", "2026-04-01"),  # like THIS_MONTH
        ("2026-01-01", "2026-02-01", "2026-03-01"),  # like PREVIOUS_MONTH
        ("2025-12-01", "2026-01-01", "2026-02-01"),
        ("2025-10-01", "2026-01-01", "2026-04-01"),  # a quarter
        ("2024-01-01", "2025-01-01", "2026-01-01"),  # a year after a leap year
        ("2026-02-22", "2026-03-01", "2026-03-08"),  # a week
        ("2026-01-30", "2026-03-01", "2026-03-31"),  # 30 days are not the month of March
        ("2026-02-02", "2026-03-02", "2026-03-30"),
    ],
)
def test_custom_windows_of_whole_months_are_compared_with_as_many_months(
    previous: str, start: str, end: str
) -> None:
    zone = "Europe/Berlin"
    period = period_of(Range.CUSTOM, ZoneInfo(zone), NOW, local(start, zone), local(end, zone))
    assert period.previous_start == local(previous, zone)


def test_months_of_another_zone_are_days_of_the_same_number() -> None:
    """The month of Berlin begins in UTC an hour before midnight, so that it is no month of UTC."""
    start, end = local("2026-03-01", "Europe/Berlin"), local("2026-04-01", "Europe/Berlin")
    assert period_of(Range.CUSTOM, ZoneInfo("UTC"), NOW, start, end).previous_start == start - (end - start)


def test_a_custom_window_that_equals_a_named_month_has_the_same_period() -> None:
    zone = ZoneInfo("Europe/Berlin")
    for chosen in (Range.THIS_MONTH, Range.PREVIOUS_MONTH):
        named = period_of(chosen, zone, NOW)
        assert period_of(Range.CUSTOM, zone, NOW, named.start, named.end) == named


def test_the_elapsed_part_of_other_custom_windows_has_the_same_duration() -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, end = NOW - timedelta(hours=5), NOW + timedelta(hours=5)
    running = period_of(Range.CUSTOM, zone, NOW + timedelta(minutes=1), start, end)
    assert running.previous_cut == running.previous_start + timedelta(hours=5, minutes=15)
    future = period_of(Range.CUSTOM, zone, NOW, NOW + QUARTER, end)
    assert future.previous_cut == future.previous_start
    over = period_of(Range.CUSTOM, zone, NOW, start - QUARTER, NOW)
    assert over.previous_cut == over.start


def test_units_and_windows_are_partial_until_they_end_and_future_until_they_begin() -> None:
    zone = ZoneInfo("Europe/Berlin")
    period = period_of(Range.THIS_MONTH, zone, NOW)
    days = list(windows(TimeUnit.DAY, period.start, period.end, zone, 1, NOW))
    assert [day.partial for day in days] == [False] * 14 + [True] * 17
    assert [day.future for day in days] == [False] * 15 + [True] * 16
    for now, partial, future in (
        (period.start - MOMENT, True, True),
        (period.start, True, False),
        (period.end - MOMENT, True, False),
        (period.end, False, False),
    ):
        found = window(period.start, period.end, zone, now)
        assert (found.partial, found.future) == (partial, future)


@given(QUARTERS, st.integers(1, 400 * 96), zones, QUARTERS)
@settings(max_examples=200, deadline=None)
def test_the_elapsed_part_is_within_the_previous_window_and_grows(
    start: datetime, quarters: int, name: str, now: datetime
) -> None:
    zone, end = ZoneInfo(name), min(start + quarters * QUARTER, LATEST)
    if start == end:
        return
    found = [period_of(Range.CUSTOM, zone, at, start, end) for at in (now, now + QUARTER, start, end)]
    for period in found:
        assert period.previous_start <= period.previous_cut <= period.start
        assert (period.previous_cut - EARLIEST) % QUARTER == timedelta(0)
    assert found[0].previous_cut <= found[1].previous_cut
    assert found[-1].previous_cut == start


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
    start = midnight(date(2011, 12, 29), zone)
    assert yesterday == Period(midnight(date(2011, 12, 28), zone), start, start, midnight(date(2011, 12, 31), zone))  # fmt: skip
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


@given(QUARTERS, st.integers(1, 400 * 96), zones)
@settings(max_examples=200, deadline=None)
def test_the_previous_window_of_a_custom_window_is_as_long(start: datetime, quarters: int, name: str) -> None:
    zone, end = ZoneInfo(name), min(start + quarters * QUARTER, LATEST)
    if start == end:
        return
    period = period_of(Range.CUSTOM, zone, NOW, start, end)
    assert (period.start, period.end) == (start, end)
    first, behind = (moment.astimezone(zone).date() for moment in (start, end))
    if midnight(first, zone) == start and midnight(behind, zone) == end and first.day == behind.day == 1:
        months = 12 * (behind.year - first.year) + behind.month - first.month
        before = period.previous_start.astimezone(zone).date()
        assert 12 * (first.year - before.year) + first.month - before.month == months
        assert period.previous_start == midnight(before, zone)
    elif midnight(first, zone) == start and midnight(behind, zone) == end:
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
