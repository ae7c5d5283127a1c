"""The metrics of jobs and of the event loop."""

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from db.engine.activity import Activity, StatementRun
from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from server.metrics import jobs as job_metrics
from server.metrics.metrics import WorkerMetrics
from server.runtime.job_run import JobRun
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


async def test_the_sizes_of_archives_are_metrics(pool: Pool) -> None:
    metrics = WorkerMetrics()
    sizes = await pool.fetch(
        "SELECT relname, pg_total_relation_size(oid) AS bytes FROM pg_class "
        "WHERE relname IN ('export_parts', 'webhook_deliveries', 'idempotency_keys')"
    )
    assert len(sizes) == 3
    async with metrics.watching(pool, set()):
        await until(lambda: value(metrics, "archive_bytes", table="export_parts") is not None)
        for row in sizes:
            assert value(metrics, "archive_bytes", table=row["relname"]) == row["bytes"]


async def test_turns_are_counted_by_outcome(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter(["done", "failed", True, False, ZeroDivisionError(), OutageError("away")])
    metrics = WorkerMetrics()

    async def write_exports(_: Pool) -> bool:
        outcome = next(outcomes, None)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome  # type: ignore[return-value]

    worker = Worker(pool, jobs=[write_exports], housekeeping=[], observe=metrics.observe_job)
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


async def test_background_tasks_have_a_depth_and_an_age_while_they_are_on(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_metrics, "LOOK_EVERY_SECONDS", 0.01)
    await pool.execute(
        """
        INSERT INTO background_tasks (name, every, due_at, leased_until, failures) VALUES
            ('refresh-health', '1h', now() - interval '90 s', now() - interval '1 s', 0),
            ('rescore-leads', '1h', now() - interval '90 s', now() + interval '1 h', 0),
            ('purge-keys', '1h', now() + interval '1 h', NULL, 2),
            ('purge-exports', '1h', now() + interval '1 h', NULL, 0),
            ('verify-counters', '1h', now() - interval '90 s', NULL, 0)
        """
    )
    metrics, states = WorkerMetrics(), ("queued", "running", "failing")
    tasks = ("refresh-health", "rescore-leads", "purge-keys", "purge-exports")
    async with metrics.watching(pool, tasks):
        await until(lambda: value(metrics, "job_age_seconds", kind="purge_exports") == 0)
        found = {
            kind: tuple(value(metrics, "job_depth", kind=kind, state=state) for state in states)
            for kind in ("refresh_health", "rescore_leads", "purge_keys", "purge_exports", "verify_counters")
        }
        assert found == {
            "refresh_health": (1, 0, 0),
            "rescore_leads": (0, 1, 0),
            "purge_keys": (0, 0, 1),
            "purge_exports": (0, 0, 0),
            "verify_counters": (None, None, None),  # off
        }
        assert 90 <= (value(metrics, "job_age_seconds", kind="refresh_health") or 0) < 1000
        assert value(metrics, "job_age_seconds", kind="rescore_leads") == 0
        assert value(metrics, "job_age_seconds", kind="purge_keys") == 0
        assert value(metrics, "job_age_seconds", kind="verify_counters") is None


async def test_statements_of_jobs_and_their_pool_have_metrics(pool: Pool) -> None:
    metrics = WorkerMetrics()
    run = JobRun("purge_keys", "done", 0.5, Activity([StatementRun("delete expired", 0.25, 3)]))
    metrics.observe_job(run)
    async with metrics.observing_jobs(pool):
        async with pool.acquire():
            assert value(metrics, "pool_connections", pool="jobs", state="busy") == 1
        assert value(metrics, "pool_connections", pool="jobs", state="busy") == 0
    assert value(metrics, "pool_wait_seconds_count", pool="jobs") == 1
    assert value(metrics, "pool_connections_max", pool="jobs") == pool.get_max_size()
    assert value(metrics, "pool_connections_max", pool="requests") is None
    assert value(metrics, "statement_seconds_count", statement="delete expired") == 1
    assert value(metrics, "statement_seconds_sum", statement="delete expired") == 0.25
    assert value(metrics, "statement_rows_total", statement="delete expired") == 3


async def test_an_unknown_queue_has_no_metrics(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A queue that was empty before an outage may be full after it."""
    monkeypatch.setattr(job_metrics, "LOOK_EVERY_SECONDS", 0.01)
    metrics = WorkerMetrics()
    # A connection for each that looks: a pool that closes ends the look of one that has waited for a connection.
    async with await open_pool(database_url, size=3) as own, metrics.watching(own):
        await until(lambda: value(metrics, "job_depth", kind="write_exports", state="queued") == 0)
        await own.close()
        await until(lambda: value(metrics, "job_depth", kind="write_exports", state="queued") is None)
        assert value(metrics, "job_age_seconds", kind="write_exports") is None
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_work_that_blocks_the_event_loop_is_lag(pool: Pool) -> None:
    metrics = WorkerMetrics()
    async with metrics.watching(pool):
        for _ in range(3):  # the measurement begins
            await asyncio.sleep(0)
        time.sleep(0.4)
        await until(lambda: (value(metrics, "event_loop_lag_seconds_count") or 0) > 0)
        assert 0.25 < (value(metrics, "event_loop_lag_seconds_sum") or 0) < 5
        assert value(metrics, "event_loop_lag_seconds_bucket", le="0.25") == 0
