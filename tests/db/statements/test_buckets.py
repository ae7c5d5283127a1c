"""Periods are split into days and buckets without overlap or gap, and with few rows to read."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from db.statements.buckets import DAY, Part, parts

BUCKET = timedelta(minutes=15)
START = datetime(2026, 3, 1, tzinfo=UTC)
BUCKETS = 20 * 96


def covered(part: Part) -> range:
    return range((part.start - START) // BUCKET, (part.end - START) // BUCKET)


@given(st.integers(0, BUCKETS), st.integers(0, BUCKETS))
def test_each_bucket_of_a_period_is_counted_once_and_no_other(one: int, other: int) -> None:
    start, end = sorted((one, other))
    counted: Counter[int] = Counter()
    for part in parts([(START + start * BUCKET, START + end * BUCKET)]):
        for bucket in covered(part):
            counted[bucket] += part.sign
        if part.days:
            assert (part.start - START) % DAY == (part.end - START) % DAY == timedelta(0)
    assert {bucket for bucket, times in counted.items() if times} == set(range(start, end))
    assert all(times in {0, 1} for times in counted.values())


@given(st.integers(0, BUCKETS), st.integers(0, BUCKETS))
def test_at_most_half_a_day_is_read_from_buckets_at_each_end(one: int, other: int) -> None:
    start, end = sorted((one, other))
    split = list(parts([(START + start * BUCKET, START + end * BUCKET)]))
    assert sum(len(covered(part)) for part in split if not part.days) <= 96


def test_a_day_of_a_time_zone_is_a_utc_day_and_a_few_buckets() -> None:
    """A winter day in Berlin."""
    day = START - timedelta(hours=1), START + timedelta(hours=23)
    assert list(parts([day])) == [
        Part(0, START, START + DAY, days=True),
        Part(0, START - timedelta(hours=1), START, days=False),
        Part(0, START + timedelta(hours=23), START + DAY, days=False, sign=-1),
    ]
