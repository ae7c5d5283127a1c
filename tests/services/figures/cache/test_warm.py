"""Warming computes the likely figures of active users, and pauses while the database is busy."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from db.engine.pool import Pool, open_pool, statements_running
from db.models import User
from db.statements.user import note_seen, seen_lately
from services.figures.cache import CachedFigure, FigureRegistry
from services.figures.cache.warm import Warmed, crowded, warm
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, TotalsOf


def warm_questions(user: User, now: datetime) -> Sequence[TotalsOf]:
    assert now.tzinfo is not None
    return [TotalsOf(user.id, ""), TotalsOf(user.id, "b")]


async def never_busy() -> bool:
    return False


@pytest.fixture
def figures(laboratory: Laboratory) -> FigureRegistry:
    """One figure that can be warmed, with the laboratory's name and computation, and one that cannot."""
    made = FigureRegistry()
    made.add(
        CachedFigure("totals", 1, TTL, STALE, laboratory.counting.compute, warm_questions, models=(User,))
    )
    made.add(CachedFigure("never foreseen", 1, TTL, STALE, laboratory.counting.compute, models=(User,)))
    return made


async def seen_ago(pool: Pool, user_id: int, ago: timedelta) -> None:
    await pool.execute("UPDATE users SET last_seen_at = now() - $2::interval WHERE id = $1", user_id, ago)


async def test_figures_of_active_users_are_warmed(laboratory: Laboratory, figures: FigureRegistry) -> None:
    await seen_ago(laboratory.pool, laboratory.ann, timedelta(days=6))
    await seen_ago(laboratory.pool, laboratory.ben, timedelta(days=8))
    warmed = await warm(laboratory.cached, laboratory.pool, figures, never_busy)
    assert warmed == Warmed(users=1, failed=0)
    assert laboratory.counting.asked == [["", "b"]]
    await laboratory.figures("", "b")
    assert laboratory.counting.runs == 1
    await laboratory.figures("", user_id=laboratory.ben)
    assert laboratory.counting.runs == 2


async def test_the_latest_seen_users_are_warmed_first_up_to_a_limit(
    laboratory: Laboratory, figures: FigureRegistry
) -> None:
    await seen_ago(laboratory.pool, laboratory.ann, timedelta(hours=2))
    await seen_ago(laboratory.pool, laboratory.ben, timedelta(hours=1))
    await warm(laboratory.cached, laboratory.pool, figures, never_busy, most_users=1)
    await laboratory.figures("", user_id=laboratory.ben)
    assert laboratory.counting.runs == 1


async def test_an_operators_figures_are_warmed_in_an_operators_scope(
    laboratory: Laboratory, figures: FigureRegistry
) -> None:
    await laboratory.pool.execute("UPDATE users SET role = 'operator', last_seen_at = now()")
    await warm(laboratory.cached, laboratory.pool, figures, never_busy)
    async with laboratory.operation(operator=True) as loaders:
        questions = [TotalsOf(laboratory.ann), TotalsOf(laboratory.ben)]
        await laboratory.cached.get(laboratory.totals, loaders, questions)
    assert laboratory.counting.runs == 2


async def test_warming_refreshes_stale_figures_only(laboratory: Laboratory, figures: FigureRegistry) -> None:
    await seen_ago(laboratory.pool, laboratory.ann, timedelta(0))
    for runs in (1, 1):
        await warm(laboratory.cached, laboratory.pool, figures, never_busy)
        assert laboratory.counting.runs == runs
    laboratory.later = TTL + 1
    await warm(laboratory.cached, laboratory.pool, figures, never_busy)
    assert laboratory.counting.runs == 2


async def test_a_failure_for_one_user_does_not_stop_the_warming_of_others(
    laboratory: Laboratory, figures: FigureRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    await laboratory.pool.execute("UPDATE users SET last_seen_at = now()")
    laboratory.counting.failures.append(ZeroDivisionError("no"))
    warmed = await warm(laboratory.cached, laboratory.pool, figures, never_busy)
    assert warmed == Warmed(users=1, failed=1)
    assert "could not be warmed" in caplog.text


async def test_two_users_are_warmed_at_once(laboratory: Laboratory, figures: FigureRegistry) -> None:
    await laboratory.pool.execute(
        "INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 5) AS n"
    )
    await laboratory.pool.execute("UPDATE users SET last_seen_at = now()")
    laboratory.counting.gate.clear()
    warming = asyncio.create_task(warm(laboratory.cached, laboratory.pool, figures, never_busy))
    await asyncio.sleep(0.2)
    assert laboratory.counting.runs == 2
    laboratory.counting.gate.set()
    assert (await warming).users == 7


async def test_warming_waits_while_the_pool_is_busy(laboratory: Laboratory, figures: FigureRegistry) -> None:
    pool = laboratory.pool
    await seen_ago(pool, laboratory.ann, timedelta(0))
    busy = crowded(pool)
    taken = [await pool.acquire() for _ in range(pool.get_max_size() // 2)]
    assert not await busy()
    taken.append(await pool.acquire())
    assert await busy()
    warming = asyncio.create_task(warm(laboratory.cached, pool, figures, busy))
    await asyncio.sleep(0.3)
    assert laboratory.counting.runs == 0
    for connection in taken:
        await pool.release(connection)
    assert (await warming).users == 1


async def test_statements_of_servers_are_seen_by_other_processes(pool: Pool, database_url: str) -> None:
    other = await open_pool(database_url, size=1, name="somebody else")
    assert await statements_running(other) == 0
    running = asyncio.create_task(pool.execute("SELECT pg_sleep(0.5)"))
    async with asyncio.timeout(10):
        while await statements_running(other) != 1:
            await asyncio.sleep(0.01)
    await running
    assert await statements_running(pool) == 0
    await other.close()


async def test_last_seen_is_updated_at_most_every_few_minutes(laboratory: Laboratory) -> None:
    pool = laboratory.pool

    async def last_seen() -> datetime | None:
        found: datetime | None = await pool.fetchval(
            "SELECT last_seen_at FROM users WHERE id = $1", laboratory.ann
        )
        return found

    await note_seen(pool, laboratory.ann)
    first = await last_seen()
    assert first is not None
    await note_seen(pool, laboratory.ann)
    assert await last_seen() == first
    await seen_ago(pool, laboratory.ann, timedelta(minutes=16))
    await note_seen(pool, laboratory.ann)
    again = await last_seen()
    assert again is not None
    assert again >= first
    assert [user.user_id for user in await seen_lately(pool, timedelta(minutes=1), 10)] == [laboratory.ann]


async def test_updating_last_seen_does_not_wait_for_writers(laboratory: Laboratory) -> None:
    pool = laboratory.pool
    async with pool.acquire() as writer, writer.transaction():
        await writer.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", laboratory.ann)
        async with asyncio.timeout(10):
            await note_seen(pool, laboratory.ann)
    assert await pool.fetchval("SELECT last_seen_at FROM users WHERE id = $1", laboratory.ann) is None
