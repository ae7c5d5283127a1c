"""The buckets of keys and users: charges, refunds, and their shares in Valkey."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from db.models import UserRole
from services.accounts.rate_limit import RateLimits, points_of
from services.accounts.viewer import Viewer
from tests.support.valkey import Valkey

ANN = Viewer(1, UserRole.MEMBER, key_id=10)
OTHER_KEY = Viewer(1, UserRole.MEMBER, key_id=11)
THIRD_KEY = Viewer(1, UserRole.MEMBER, key_id=12)
BOB = Viewer(2, UserRole.MEMBER, key_id=20)
POINTS = 60_000  # one per millisecond
SLACK = 300
"""Points that come back while a test runs."""


def test_points_of_objects() -> None:
    assert [points_of(objects) for objects in (0, 99, 100, 250)] == [1, 1, 2, 3]


async def test_a_charge_that_exceeds_the_rest_is_refused_and_costs_nothing() -> None:
    limits = RateLimits(POINTS)
    first = limits.charge(ANN, 50_000)
    assert (first.refused, first.limit, first.cost) == (False, POINTS, 50_000)
    assert 10_000 <= first.remaining <= 10_000 + SLACK
    assert 50 <= first.reset_seconds <= 51
    refused = limits.charge(ANN, 40_000)
    assert refused.refused
    assert 29 <= refused.retry_seconds <= 30
    assert not limits.charge(ANN, 9_000).refused
    assert not limits.charge(BOB, 50_000).refused


async def test_the_keys_of_a_user_share_twice_the_points() -> None:
    limits = RateLimits(POINTS)
    assert [limits.charge(key, 50_000).refused for key in (ANN, OTHER_KEY)] == [False, False]
    third = limits.charge(THIRD_KEY, 50_000)
    assert third.refused
    assert (third.limit, third.policy) == (2 * POINTS, "user")
    assert 14 <= third.retry_seconds <= 15
    # The key's own bucket was not charged.
    assert not limits.charge(THIRD_KEY, 19_000).refused


async def test_a_request_beyond_the_bucket_is_charged_all_of_it() -> None:
    limits = RateLimits(POINTS)
    state = limits.charge(ANN, 10 * POINTS)
    assert (state.refused, state.cost, state.remaining) == (False, POINTS, 0)


async def test_refunds_come_back_but_never_more_than_was_charged() -> None:
    limits = RateLimits(POINTS)
    limits.charge(ANN, 50_000)
    limits.refund(ANN, 45_000)
    assert 54_000 <= limits.charge(ANN, 1_000).remaining <= 54_000 + SLACK
    limits.refund(ANN, 50_000)
    assert POINTS - 10 <= limits.charge(ANN, 1).remaining < POINTS
    assert not limits.charge(ANN, POINTS - 10).refused
    assert limits.charge(ANN, 1_000).refused


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    folder: Path = tmp_path_factory.mktemp("valkey")
    server = Valkey(folder)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def two_processes(url: str) -> AsyncIterator[tuple[RateLimits, RateLimits]]:
    first, second = RateLimits(POINTS, url), RateLimits(POINTS, url)
    yield first, second
    await first.close()
    await second.close()


async def told(*several: RateLimits) -> None:
    """Wait until each has told its charges."""
    for limits in several:
        while limits._telling is not None:
            await asyncio.sleep(0.01)


async def test_processes_share_the_buckets(valkey: Valkey) -> None:
    async with two_processes(valkey.url) as (first, second):
        first.charge(ANN, 40_000)
        await told(first)
        assert not second.charge(ANN, 1).refused  # learns of the others with its first charge
        await told(second)
        assert second.charge(ANN, 30_000).refused
        first.refund(ANN, 39_000)
        await told(first)
        with valkey.client() as client:
            assert client.keys("leadgraph:rate*") != []


async def test_without_an_answer_of_valkey_no_request_waits() -> None:
    async with two_processes("redis://127.0.0.1:1/0") as (first, _):
        began = time.perf_counter()
        for _ in range(100):
            assert not first.charge(ANN, 1).refused
        assert time.perf_counter() - began < 2  # each wait would take a quarter of a second
        await told(first)
        assert first.charge(ANN, POINTS).refused  # its own bucket counts


async def used_again(limits: RateLimits) -> None:
    async with asyncio.timeout(30):
        while not limits._availability.is_used:
            await asyncio.sleep(0.01)


async def test_buckets_are_shared_again_after_an_outage(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    server.start()
    try:
        async with two_processes(server.url) as (first, second):
            first.charge(ANN, 1)
            await told(first)
            server.stop(signal.SIGKILL)
            first.charge(ANN, 20_000)
            await told(first)
            assert first._availability.is_used is False
            assert first.charge(ANN, 50_000).refused  # its own bucket counts
            server.start()
            await used_again(first)
            first.charge(ANN, 30_000)
            await told(first)
            second.charge(ANN, 1)
            await told(second)
            assert second.charge(ANN, 40_000).refused
    finally:
        server.stop()
