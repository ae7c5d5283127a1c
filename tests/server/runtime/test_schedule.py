"""The schedule of background tasks: leases, retries, several workers, and killed and stopped ones."""

import asyncio
import json
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from db.engine.pool import Pool
from db.integrity import audit
from db.statements.export import CHANNEL
from server.runtime.errors import CommandError
from server.runtime.schedule import Position, Schedule, Task, TaskError, TaskTurn
from server.runtime.settings import Settings
from server.runtime.tasks import TURNS, background_tasks, verify_counters
from server.runtime.worker import Worker
from tests.support.command import Command
from tests.support.demo import Demo
from tests.support.rows import add_integration, add_user
from tests.support.workers import Workers

HOUR = timedelta(hours=1)
SHORT = timedelta(seconds=0.6)
RUN = "Run `leadgraph counters verify`."
SCORES = "SELECT score, (score_breakdown ->> 'recency')::float FROM leads ORDER BY id"


async def row_of(pool: Pool, name: str) -> asyncpg.Record:
    row = await pool.fetchrow("SELECT * FROM background_tasks WHERE name = $1", name)
    assert row is not None
    return row


async def until(pool: Pool, name: str, reached: Callable[[asyncpg.Record], bool]) -> asyncpg.Record:
    give_up_at = time.monotonic() + 60
    while (
        row := await pool.fetchrow("SELECT * FROM background_tasks WHERE name = $1", name)
    ) is None or not (reached(row)):
        assert time.monotonic() < give_up_at, row and dict(row)
        await asyncio.sleep(0.02)
    return row


async def make_due(pool: Pool, name: str) -> None:
    await pool.execute("UPDATE background_tasks SET due_at = clock_timestamp() WHERE name = $1", name)
    await pool.execute(f"NOTIFY {CHANNEL}")  # wakes workers


class Counting:
    """A task of `turns` turns that notes its positions."""

    def __init__(self, turns: int = 1, *, name: str = "count", every: timedelta = HOUR) -> None:
        self.positions: list[Position] = []
        self.failing: Exception | None = None
        self.seconds = 0.0
        self._turns = turns
        self.task = Task(name, every, self._turn)

    async def _turn(self, _: Pool, position: Position) -> Position | None:
        await asyncio.sleep(self.seconds)
        if self.failing is not None:
            raise self.failing
        self.positions.append(position)
        following = (position[0] if position else 0) + 1
        return [following] if following < self._turns else None


@asynccontextmanager
async def working(pool: Pool, *schedules: Schedule) -> AsyncIterator[None]:
    """Run a worker for each schedule."""
    workers = [Worker(pool, jobs=[], housekeeping=[schedule.take_turn]) for schedule in schedules]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            await worker.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), 20)


async def test_a_run_takes_its_turns_and_is_due_again_one_period_after_its_start(pool: Pool) -> None:
    counting = Counting(turns=3)
    schedule = Schedule([counting.task])
    done = TaskTurn("count", "done")
    assert [await schedule.take_turn(pool) for _ in range(4)] == [done, done, done, None]
    assert counting.positions == [[], [1], [2]]
    row = await row_of(pool, "count")
    assert (row["running_since"], row["position"], row["leased_until"], row["failures"]) == (
        None,
        None,
        None,
        0,
    )
    started_at = row["succeeded_at"] - timedelta(seconds=row["seconds"])
    assert row["due_at"] - started_at == HOUR
    assert row["holder"] == schedule.holder


async def test_several_workers_run_a_task_once_per_period(pool: Pool) -> None:
    counting = Counting(turns=40)
    counting.seconds = 0.01
    schedules = [Schedule([counting.task]) for _ in range(4)]
    async with working(pool, *schedules):
        await until(pool, "count", lambda row: row["succeeded_at"] is not None)
        await asyncio.sleep(0.5)
    assert counting.positions == [[], *([number] for number in range(1, 40))]


async def test_a_task_that_became_due_meanwhile_comes_before_the_next_turn(pool: Pool) -> None:
    long, short = Counting(turns=100, name="long"), Counting(name="short")
    schedule = Schedule([long.task, short.task])
    for _ in range(3):
        await schedule.take_turn(pool)
    assert (len(long.positions), len(short.positions)) == (2, 1)


async def test_a_failed_turn_is_retried_from_its_position_after_growing_waits(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Counting(turns=3)
    schedule = Schedule([counting.task])
    await schedule.take_turn(pool)
    counting.failing = ZeroDivisionError("by zero")
    waits = []
    for _ in range(9):
        assert await schedule.take_turn(pool) == TaskTurn("count", "failed")
        assert not await schedule.take_turn(pool)
        row = await row_of(pool, "count")
        waits.append(round((row["due_at"] - row["failed_at"]).total_seconds()))
        await make_due(pool, "count")
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert (row["failures"], row["failure"], row["leased_until"]) == (9, "ZeroDivisionError: by zero", None)
    assert caplog.text.count("The background task count failed") == 9
    counting.failing = None
    done = TaskTurn("count", "done")
    assert [await schedule.take_turn(pool) for _ in range(3)] == [done, done, None]
    row = await row_of(pool, "count")
    assert counting.positions == [[], [1], [2]]
    assert (row["failures"], row["failure"]) == (0, "ZeroDivisionError: by zero")
    assert row["succeeded_at"] > row["failed_at"]


async def test_a_lost_database_is_no_failure_of_a_task(pool: Pool) -> None:
    counting = Counting()
    counting.failing = ConnectionResetError("gone")
    with pytest.raises(ConnectionResetError):
        await Schedule([counting.task]).take_turn(pool)
    assert (await row_of(pool, "count"))["failures"] == 0


async def test_a_long_turn_keeps_its_lease(pool: Pool) -> None:
    counting = Counting()
    counting.seconds = 2
    one, other = Schedule([counting.task], lease=SHORT), Schedule([counting.task], lease=SHORT)
    running = asyncio.create_task(one.take_turn(pool))
    await until(pool, "count", lambda row: row["leased_until"] is not None)
    while not running.done():
        assert not await other.take_turn(pool)
        await asyncio.sleep(0.05)
    assert await running
    assert counting.positions == [[]]


async def test_the_result_of_a_holder_that_lost_its_lease_is_ignored(pool: Pool) -> None:
    late, counting = asyncio.Event(), Counting(turns=5)

    async def wait(_: Pool, position: Position) -> Position | None:
        await late.wait()
        return [*position, 99]

    lost = Schedule([Task("count", HOUR, wait)])
    running = asyncio.create_task(lost.take_turn(pool))
    await until(pool, "count", lambda row: row["leased_until"] is not None)
    await pool.execute("UPDATE background_tasks SET leased_until = clock_timestamp()")
    other = Schedule([counting.task])
    assert await other.take_turn(pool)
    late.set()
    await running
    row = await row_of(pool, "count")
    assert (json.loads(row["position"]) if isinstance(row["position"], str) else row["position"]) == [1]
    assert row["holder"] == other.holder


async def test_a_shorter_period_moves_the_next_run_forward_and_a_longer_one_does_not(pool: Pool) -> None:
    for every in (timedelta(days=1), HOUR, timedelta(days=2)):
        await Schedule([Counting(every=every).task]).take_turn(pool)
    row = await row_of(pool, "count")
    assert row["every"] == timedelta(days=2)
    assert HOUR - timedelta(minutes=1) < row["due_at"] - row["succeeded_at"] < HOUR + timedelta(minutes=1)


async def test_a_period_of_zero_switches_each_task_off() -> None:
    assert [task.name for task in background_tasks(Settings())] == list(TURNS)
    for name in TURNS:
        setting = {f"{name.replace('-', '_')}_every_seconds": 0}
        left = [task.name for task in background_tasks(Settings(**setting))]  # type: ignore[arg-type]
        assert left == [other for other in TURNS if other != name]


# The tasks of the product.


@pytest.fixture
async def old_data(three_users: Pool) -> Pool:
    """Data that each task has work with: an overdue integration, leads, an expired key and an expired file."""
    pool = three_users
    integration_id = await add_integration(pool, 1)
    await pool.execute("UPDATE integrations SET health_score = 100 WHERE id = $1", integration_id)
    await pool.execute("UPDATE mentions SET published_at = clock_timestamp() - id * interval '10 days'")
    await pool.execute(
        "INSERT INTO analysis_results (mention_id, status, sentiment, relevance) "
        "SELECT id, 'succeeded', 'neutral', 'high' FROM mentions"
    )
    await pool.execute("INSERT INTO leads (mention_id) SELECT id FROM mentions ORDER BY id")
    await pool.execute(
        "INSERT INTO idempotency_keys (user_id, key, request_hash, response, expires_at) SELECT 1, n, '', '{}', "
        "clock_timestamp() + n * interval '1 hour' FROM generate_series(-2500, 2) AS n"
    )
    await pool.execute(
        "INSERT INTO exports (user_id, everybody, entity, format, columns, question, status, finished_at, expires_at) "
        "SELECT 1, false, 'leads', 'csv', '{id}', '{}', 'succeeded', now(), now() - n * interval '1 day' - interval '6 hours' "
        "FROM generate_series(-1, 1) AS n"
    )
    await pool.execute("INSERT INTO export_parts SELECT id, 0, 'abc' FROM exports")
    return pool


async def test_a_worker_process_runs_all_tasks_without_a_timer(old_data: Pool, workers: Workers) -> None:
    pool = old_data
    version = await pool.fetch("SELECT data_version FROM users ORDER BY id")
    workers.start()
    for name in TURNS:
        await until(pool, name, lambda row: row["succeeded_at"] is not None)
    health = await pool.fetchrow("SELECT health_score, health_version FROM integrations")
    assert tuple(health or ()) == (None, "1")
    assert [row["score"] is not None for row in await pool.fetch(SCORES)] == [True] * 6
    assert await pool.fetchval("SELECT count(*) FROM idempotency_keys") == 2
    assert await pool.fetchval("SELECT count(*) FROM export_parts") == 1
    rows = await pool.fetch("SELECT name, every, failures FROM background_tasks ORDER BY name")
    assert [tuple(row) for row in rows] == [
        ("delete-users", timedelta(minutes=1), 0),
        ("keep-changes", timedelta(hours=1), 0),
        ("keep-logs", timedelta(hours=1), 0),
        ("purge-deliveries", timedelta(hours=1), 0),
        ("purge-exports", timedelta(minutes=1), 0),
        ("purge-keys", timedelta(hours=1), 0),
        ("purge-mentions", timedelta(hours=1), 0),
        ("refresh-health", timedelta(minutes=15), 0),
        ("rescore-leads", timedelta(days=1), 0),
        ("verify-counters", timedelta(days=1), 0),
    ]
    assert await pool.fetch("SELECT data_version FROM users ORDER BY id") == version


async def test_a_killed_workers_task_goes_on_after_its_lease(pool: Pool, workers: Workers) -> None:
    """The killed worker waits for a user's lock, so that its turn cannot end before the kill."""
    user_id = await add_user(pool)
    await add_integration(pool, user_id)
    killed = workers.start()
    await until(pool, "refresh-health", lambda row: row["succeeded_at"] is not None)
    async with pool.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute("SELECT FROM users FOR UPDATE")
        await make_due(pool, "refresh-health")
        held = await until(pool, "refresh-health", lambda row: row["leased_until"] is not None)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        await transaction.rollback()
    other = workers.start()
    await asyncio.sleep(1)
    row = await row_of(pool, "refresh-health")
    assert (row["holder"], row["leased_until"]) == (held["holder"], held["leased_until"])  # the lease holds
    await pool.execute("UPDATE background_tasks SET leased_until = clock_timestamp()")  # a minute later
    await pool.execute(f"NOTIFY {CHANNEL}")
    row = await until(pool, "refresh-health", lambda row: row["succeeded_at"] > held["succeeded_at"])
    assert row["holder"].split(":")[1] == str(other.pid)
    assert (row["running_since"], row["leased_until"], row["failures"]) == (None, None, 0)


async def test_rescoring_skips_leads_that_cannot_change(old_data: Pool) -> None:
    """Leads of 10 to 60 days: the part for recency of the leads from 40 days on is 0."""
    pool = old_data
    schedule = Schedule([Task("rescore-leads", HOUR, TURNS["rescore-leads"])])
    await schedule.take_turn(pool)
    before = await pool.fetch(SCORES)
    assert [recency for _, recency in before] == [0.99, 0.1, 0.01, 0.0, 0.0, 0.0]
    await pool.execute("UPDATE leads SET score = 1, updated_at = '2026-01-01'")
    await pool.execute("UPDATE leads SET score_version = '0' WHERE id = 6")
    await make_due(pool, "rescore-leads")
    await schedule.take_turn(pool)
    scores = [row["score"] for row in await pool.fetch(SCORES)]
    assert [score == 1 for score in scores] == [False, False, False, True, True, False]
    assert await pool.fetchval("SELECT count(*) FROM leads WHERE updated_at <> '2026-01-01'") == 0


async def test_verification_stays_at_wrong_counters_until_they_are_right(
    three_users: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = three_users
    await pool.execute("UPDATE keywords SET mentions_count = 7 WHERE id = 2")
    schedule = Schedule([Task("verify-counters", HOUR, verify_counters)])
    for _ in range(9):
        await schedule.take_turn(pool)
    row = await row_of(pool, "verify-counters")
    sentence = f"Wrong counters of keywords from ID 1 to 3: 1. {RUN}"
    assert (row["failures"], row["failure"], row["succeeded_at"]) == (1, sentence, None)
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert lines == [
        f"The counter keywords.mentions_count of ID 2 is 7, but the rows give 2 (slot None). {RUN}",
        f"The background task verify-counters failed: {sentence}",
    ]
    async for _ in audit.repair(pool, "keywords"):
        pass
    await make_due(pool, "verify-counters")
    while await schedule.take_turn(pool):
        pass
    row = await row_of(pool, "verify-counters")
    assert (row["failures"], row["succeeded_at"] is not None) == (0, True)


async def test_a_server_without_workers_runs_no_task_and_a_server_with_one_does(
    pool: Pool, new_demo: Demo, database_url: str
) -> None:
    new_demo.start("--scale", "0.01", LEADGRAPH_DATABASE_URL=database_url, LEADGRAPH_WORKERS="0")
    await asyncio.sleep(1)
    assert await pool.fetchval("SELECT count(*) FROM background_tasks") == 0
    new_demo.stop()
    new_demo.start("--scale", "0.01", LEADGRAPH_DATABASE_URL=database_url)
    await until(pool, "verify-counters", lambda row: row["succeeded_at"] is not None)
    names = [row["name"] for row in await pool.fetch("SELECT name FROM background_tasks ORDER BY name")]
    assert names == [
        "delete-users",
        "keep-changes",
        "keep-logs",
        "purge-deliveries",
        "purge-exports",
        "purge-keys",
        "purge-mentions",
        "verify-counters",
    ]  # a demo keeps its scores and health


# `leadgraph jobs`


async def test_jobs_lists_tasks_and_exports_and_fails_for_late_and_failing_tasks(
    pool: Pool, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_PURGE_KEYS_EVERY_SECONDS", "0")
    result = await command("jobs", "--json")
    states = {task["name"]: task["state"] for task in json.loads(result.stdout)["tasks"]}
    assert result.exit_code == 1
    assert states == {name: "off" if name == "purge-keys" else "late" for name in TURNS}

    async def succeed(_: Pool, __: Position) -> Position | None:
        return None

    async def fail(_: Pool, __: Position) -> Position | None:
        raise TaskError("The disk is full.")

    good = [Task(name, HOUR, succeed) for name in TURNS if name not in {"purge-keys", "purge-exports"}]
    for task in (*good, Task("purge-exports", HOUR, fail)):
        await Schedule([task]).take_turn(pool)
    result = await command("jobs")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["task", "state"],
        ["refresh-health", "waiting"],
        ["rescore-leads", "waiting"],
        ["purge-keys", "off"],
        ["purge-exports", "failing"],
        *([lines[5].split()[:2]]),
        ["purge-deliveries", "waiting"],
        ["delete-users", "waiting"],
        ["verify-counters", "waiting"],
        ["keep-changes", "waiting"],
        ["keep-logs", "waiting"],
        ["purge-mentions", "waiting"],
        ["exports:", "0"],
    ]
    assert lines[5].endswith(": The disk is full.")
    assert lines[-1] == "exports: 0 unfinished, 0 of them due, 0 after a failure"

    await pool.execute("UPDATE background_tasks SET failures = 0")
    assert (await command("jobs")).exit_code == 0
    await pool.execute(
        "UPDATE background_tasks SET due_at = now() - interval '11 minutes' WHERE name = 'refresh-health'"
    )
    result = await command("jobs", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["tasks"][0]["state"] == "late"


async def test_jobs_that_cannot_be_read_are_told_apart_from_late_ones(pool: Pool, command: Command) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '0015'")
    result = await command("jobs")
    assert isinstance(result.exception, CommandError)
    assert result.exception.exit_code == 2
