"""How spans are cut into days and quarters of an hour: nothing is counted twice, or left out, and little is read."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from db.statements.buckets import DAY, Part, parts

QUARTER = timedelta(minutes=15)
START = datetime(2026, 3, 1, tzinfo=UTC)
ALL_QUARTERS = 20 * 96


def covered(part: Part) -> range:
    return range((part.start - START) // QUARTER, (part.end - START) // QUARTER)


@given(st.integers(0, ALL_QUARTERS), st.integers(0, ALL_QUARTERS))
def test_each_quarter_of_a_span_is_counted_once_and_no_other(one: int, other: int) -> None:
    first, behind = sorted((one, other))
    counted: Counter[int] = Counter()
    for part in parts([(START + first * QUARTER, START + behind * QUARTER)]):
        for quarter in covered(part):
            counted[quarter] += part.sign
        if part.days:
            assert (part.start - START) % DAY == (part.end - START) % DAY == timedelta(0)
    assert {quarter for quarter, times in counted.items() if times} == set(range(first, behind))
    assert all(times in {0, 1} for times in counted.values())


@given(st.integers(0, ALL_QUARTERS), st.integers(0, ALL_QUARTERS))
def test_at_most_half_a_day_is_read_by_quarters_at_each_end(one: int, other: int) -> None:
    first, behind = sorted((one, other))
    found = list(parts([(START + first * QUARTER, START + behind * QUARTER)]))
    assert sum(len(covered(part)) for part in found if not part.days) <= 96


def test_a_day_of_a_zone_is_a_day_of_utc_and_a_few_quarters() -> None:
    """Berlin's, in winter."""
    day = START - timedelta(hours=1), START + timedelta(hours=23)
    assert list(parts([day])) == [
        Part(0, START, START + DAY, days=True),
        Part(0, START - timedelta(hours=1), START, days=False),
        Part(0, START + timedelta(hours=23), START + DAY, days=False, sign=-1),
    ]
