"""Buckets in memory have the states of throttled-py's buckets, which processes share."""

import random
from datetime import timedelta

import pytest
from throttled import MemoryStore, per_duration
from throttled.rate_limiter.gcra import GCRARateLimiter

from services.accounts import buckets
from services.accounts.buckets import Buckets, BucketTimes


class Clock:
    """A time that the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr(buckets, "monotonic", lambda: self.now)
        monkeypatch.setattr("throttled.utils.now_mono_f", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("seed", range(5))
def test_random_charges_leave_the_states_of_the_library(seed: int, clock: Clock) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    size = chance.choice([1, 7, 100, 60_000])
    own = Buckets(size, 60, BucketTimes(100))
    library = GCRARateLimiter(per_duration(timedelta(seconds=60), size), MemoryStore())
    refused = 0
    for _ in range(500):
        clock.now += chance.choice([0, 0.001, 0.5, 7, 100])
        points = chance.randint(1, size)
        expected = library.limit("name", points)
        state = own.charge("name", points)
        refused += state.limited
        assert (state.limited, state.limit, state.remaining) == (
            expected.limited,
            size,
            expected.state.remaining,
        )
        assert state.reset_after == pytest.approx(expected.state.reset_after, abs=1e-6)
        assert state.retry_after == pytest.approx(expected.state.retry_after, abs=1e-6)
        peeked, expected_peek = own.peek("name"), library.peek("name")
        assert peeked.remaining == expected_peek.remaining
        assert peeked.reset_after == pytest.approx(expected_peek.reset_after, abs=1e-6)
    assert 20 < refused < 480


def test_points_are_given_back_up_to_the_whole_bucket(clock: Clock) -> None:
    own = Buckets(10, 10, BucketTimes(100))
    assert own.charge("name", 8).remaining == 2
    assert own.charge("name", -3).remaining == 5
    clock.now += 2
    assert own.peek("name").remaining == 7
    own.charge("name", -3)
    assert own.peek("name").remaining == 10
    own.charge("name", 10)
    own.refill("name")
    assert own.peek("name").remaining == 10


def test_the_bucket_unused_for_longest_is_forgotten(clock: Clock) -> None:
    times = BucketTimes(2)
    own = Buckets(10, 10, times)
    for name in ("a", "b"):
        own.charge(name, 5)
    assert own.peek("a").remaining == 5
    own.charge("c", 5)
    assert len(times) == 2
    assert [own.peek(name).remaining for name in ("a", "b", "c")] == [5, 10, 5]
    clock.now += 5
    assert [own.peek(name).remaining for name in ("a", "c")] == [10, 10]
    assert len(times) == 0
