"""The metrics of jobs and of the event loop."""

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from server.metrics import jobs as job_metrics
from server.metrics.metrics import WorkerMetrics
from server.runtime.worker import Worker
from tests.support.rows import add_user

ADD_EXPORT = """
INSERT INTO exports (user_id, everybody, entity, format, columns, question, status, failures, due_at)
VALUES ($1, false, 'leads', 'csv', '{id}', '{}', $2, $3, statement_timestamp() - $4 * interval '1 second')
"""


def value(metrics: WorkerMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"leadgraph_{name}", labels)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():
            await asyncio.sleep(0.01)


async def test_turns_are_counted_by_outcome(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter(["done", "failed", True, False, ZeroDivisionError(), OutageError("away")])
    metrics = WorkerMetrics()

    async def write_exports(_: Pool) -> bool:
        outcome = next(outcomes, None)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome  # type: ignore[return-value]

    worker = Worker(pool, jobs=[write_exports], housekeeping=[], observe=metrics.jobs.observe)
    worker.poll_seconds = 0.01
    running = asyncio.create_task(worker.run())
    counted = {"done": 2, "failed": 2, "unavailable": 1}

    def are_counted() -> bool:
        found = {
            outcome: value(metrics, "job_seconds_count", kind="write_exports", outcome=outcome)
            for outcome in counted
        }
        return found == counted

    await until(are_counted)
    await worker.stop()
    await running
    assert value(metrics, "job_seconds_count", kind="purge_exports", outcome="failed") == 0
    assert "A job of the worker failed" in caplog.text


async def test_the_queue_has_a_depth_and_an_age(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_metrics, "LOOK_EVERY_SECONDS", 0.01)
    metrics = WorkerMetrics()
    async with metrics.watching(pool):
        await until(lambda: value(metrics, "job_age_seconds", kind="write_exports") == 0)
        user_id = await add_user(pool)
        for status, failures, due_for in (
            ("queued", 0, 90),
            ("queued", 0, -60),
            ("running", 0, 10),
            ("running", 2, 5),
            ("queued", 1, 5),
        ):
            await pool.execute(ADD_EXPORT, user_id, status, failures, due_for)
        await until(lambda: value(metrics, "job_depth", kind="write_exports", state="failing") == 2)
        assert value(metrics, "job_depth", kind="write_exports", state="queued") == 2
        assert value(metrics, "job_depth", kind="write_exports", state="running") == 1
        assert 90 <= (value(metrics, "job_age_seconds", kind="write_exports") or 0) < 120


async def test_an_unknown_queue_has_no_metrics(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A queue that was empty before an outage may be full after it."""
    monkeypatch.setattr(job_metrics, "LOOK_EVERY_SECONDS", 0.01)
    metrics = WorkerMetrics()
    async with await open_pool(database_url, size=1) as own, metrics.watching(own):
        await until(lambda: value(metrics, "job_depth", kind="write_exports", state="queued") == 0)
        await own.close()
        await until(lambda: value(metrics, "job_depth", kind="write_exports", state="queued") is None)
        assert value(metrics, "job_age_seconds", kind="write_exports") is None
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_work_that_blocks_the_event_loop_is_lag(pool: Pool) -> None:
    metrics = WorkerMetrics()
    async with metrics.watching(pool):
        await asyncio.sleep(0.05)
        time.sleep(0.4)
        await until(lambda: (value(metrics, "event_loop_lag_seconds_count") or 0) > 0)
        assert 0.25 < (value(metrics, "event_loop_lag_seconds_sum") or 0) < 5
        assert value(metrics, "event_loop_lag_seconds_bucket", le="0.25") == 0
