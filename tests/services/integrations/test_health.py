"""Health of integrations: the exact score, the problems, and the stored values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.models import IntegrationLogKind, IntegrationLogStatus, IntegrationStatus
from db.statements.integration_health import HealthInputs
from services.integrations.health import (
    IntegrationProblem,
    count_days,
    first_day,
    health,
    refresh,
    refresh_all,
)
from tests.support import rows

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
WELL = HealthInputs(
    id=7,
    status=IntegrationStatus.ACTIVE,
    sync_interval=QUARTER,
    last_success_at=NOW,
    resumed_at=None,
    credentials_expires_at=None,
    credentials_set_at=None,
    consecutive_failures=0,
    runs=96,
    succeeded=96,
    last_at=NOW,
    last_status=IntegrationLogStatus.SUCCEEDED,
    last_kind=IntegrationLogKind.SYNC,
    last_http_status=200,
)
FAILED = {"last_status": IntegrationLogStatus.FAILED}
P = IntegrationProblem

CASES: list[tuple[dict[str, Any], int | None, list[IntegrationProblem]]] = [
    ({}, 100, []),
    # An integration that its user stopped has no health, whatever its last runs were.
    ({"status": IntegrationStatus.DISCONNECTED}, None, []),
    ({"status": IntegrationStatus.DISCONNECTED, "consecutive_failures": 9, **FAILED}, None, []),
    ({"status": IntegrationStatus.PAUSED, "credentials_expires_at": NOW}, None, []),
    ({"status": IntegrationStatus.PAUSED, "succeeded": 0, "consecutive_failures": 9, **FAILED}, None, []),
    ({"runs": 0, "succeeded": 0}, None, []),
    ({"runs": 0, "succeeded": 0, "last_success_at": NOW - timedelta(days=2)}, None, [P.OVERDUE]),
    ({"runs": 0, "succeeded": 0, "status": IntegrationStatus.PAUSED, "last_success_at": None}, None, []),
    # half of the runs: 25 + 30 + 20
    ({"succeeded": 48}, 75, [P.UNRELIABLE]),
    # at least nine in ten must succeed: 86.4 of 96, so 87 are enough and 86 are not
    ({"succeeded": 87}, 95, []),
    ({"succeeded": 86}, 95, [P.UNRELIABLE]),
    # freshness: all 30 points up to one interval, 10 fewer per further interval, none from four intervals on
    ({"last_success_at": NOW - QUARTER}, 100, []),
    ({"last_success_at": NOW - 2 * QUARTER}, 90, []),
    ({"last_success_at": NOW - 3 * QUARTER}, 80, []),
    ({"last_success_at": NOW - 4 * QUARTER}, 70, [P.OVERDUE]),
    ({"last_success_at": NOW - timedelta(days=9)}, 70, [P.OVERDUE]),
    ({"last_success_at": None, "succeeded": 0, **FAILED}, 20, [P.UNRELIABLE, P.OVERDUE]),
    ({"last_success_at": NOW + QUARTER}, 100, []),
    # A resumed integration is as fresh as one with a success at that time.
    ({"last_success_at": NOW - timedelta(days=9), "resumed_at": NOW}, 100, []),
    ({"last_success_at": None, "resumed_at": NOW - 2 * QUARTER}, 90, []),
    ({"last_success_at": NOW, "resumed_at": NOW - timedelta(days=9)}, 100, []),
    ({"last_success_at": NOW - timedelta(days=9), "resumed_at": NOW - 4 * QUARTER}, 70, [P.OVERDUE]),
    # credentials
    ({"credentials_expires_at": NOW}, 80, [P.CREDENTIALS_EXPIRED]),
    ({"credentials_expires_at": NOW + timedelta(microseconds=1)}, 100, []),
    ({"last_http_status": 401, **FAILED}, 80, [P.UNAUTHORIZED]),
    ({"last_http_status": 403, **FAILED}, 80, [P.UNAUTHORIZED]),
    ({"last_http_status": 401}, 100, []),
    ({"last_http_status": 503, **FAILED}, 100, []),
    ({"last_kind": IntegrationLogKind.AUTH, **FAILED}, 80, [P.UNAUTHORIZED]),
    # A run from before the current credentials says nothing about them.
    ({"last_http_status": 401, "credentials_set_at": NOW - QUARTER, **FAILED}, 80, [P.UNAUTHORIZED]),
    ({"last_http_status": 401, "credentials_set_at": NOW, **FAILED}, 100, []),
    ({"last_kind": IntegrationLogKind.AUTH, "credentials_set_at": NOW, **FAILED}, 100, []),
    ({"credentials_set_at": NOW, "credentials_expires_at": NOW}, 80, [P.CREDENTIALS_EXPIRED]),
    # other problems
    ({"status": IntegrationStatus.ERROR}, 100, [P.STOPPED]),
    ({"consecutive_failures": 2}, 100, []),
    ({"consecutive_failures": 3}, 100, [P.FAILING]),
    ({"last_status": IntegrationLogStatus.RATE_LIMITED}, 100, [P.RATE_LIMITED]),
    # halves are rounded up: 50 · 1/96 + 30 · 0 + 20 = 20.52; 50 · 3/100 + … = 21.5
    ({"succeeded": 1, "last_success_at": None}, 21, [P.UNRELIABLE, P.OVERDUE]),
    ({"runs": 100, "succeeded": 3, "last_success_at": None}, 22, [P.UNRELIABLE, P.OVERDUE]),
]


@pytest.mark.parametrize(("changes", "score", "problems"), CASES)
def test_health_score_and_problems(
    changes: dict[str, Any], score: int | None, problems: list[IntegrationProblem]
) -> None:
    found = health(replace(WELL, **changes), NOW)
    assert (found.id, found.score, list(found.problems)) == (7, score, problems)


async def add_integration(pool: Pool, *logs: tuple[str, timedelta, str]) -> int:
    """Add an integration with logs of (status, age, kind)."""
    user_id = await rows.add_user(pool, f"{uuid4()}@example.com")
    integration_id = await rows.add_integration(pool, user_id, status="active", last_success_at=NOW)
    for status, ago, kind in logs:
        await pool.execute(
            "INSERT INTO integration_logs (user_id, integration_id, kind, status, created_at) VALUES ($1, $2, $3, $4, $5)",
            user_id,
            integration_id,
            kind,
            status,
            NOW - ago,
        )
    return integration_id


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


async def test_health_counts_only_finished_runs_of_the_last_24_hours(pool: Pool) -> None:
    id_ = await add_integration(
        pool,
        ("succeeded", hours(1), "sync"),
        ("partial", hours(2), "push"),
        ("failed", hours(3), "sync"),
        ("rate_limited", hours(23.99), "auth"),
        ("failed", hours(24), "sync"),  # exactly 24 hours ago is outside
        ("started", hours(1), "sync"),
        ("skipped", hours(1), "sync"),
        ("skipped", hours(4), "push"),
        ("failed", hours(1), "webhook"),
        ("failed", hours(1), "config"),
        ("failed", hours(-1), "sync"),  # later than now
    )

    async def work(writer: Writer) -> Any:
        return await refresh(writer, [id_], NOW)

    (row,) = await in_transaction(pool, work)
    # four of six runs: 33.33 + 30 + 20
    assert (row.health_score, row.health_version, row.health_computed_at) == (83, "1", NOW)
    assert row.health_problems == ["unreliable"]


async def days_of(pool: Pool, id_: int) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT day, runs, succeeded FROM integration_days WHERE integration_id = $1 ORDER BY day", id_
    )
    return [tuple(row) for row in rows]


async def test_days_are_recounted_from_the_given_day(pool: Pool) -> None:
    id_ = await add_integration(
        pool,
        ("succeeded", hours(1), "sync"),
        ("failed", hours(2), "sync"),
        ("failed", hours(12.5), "sync"),  # yesterday, half an hour before midnight
        ("succeeded", timedelta(days=40), "sync"),
        ("skipped", timedelta(days=2), "sync"),
    )
    today = datetime(2026, 3, 10, tzinfo=UTC)

    skipped, yesterday = today - timedelta(days=2), today - timedelta(days=1)

    async def count(first: datetime, last: datetime = NOW) -> None:
        await in_transaction(pool, lambda writer: count_days(writer, [id_], first, last))

    await count(NOW)
    assert await days_of(pool, id_) == [(today, 2, 1)]
    await count(first_day(NOW))
    assert await days_of(pool, id_) == [(skipped, 1, 1), (yesterday, 1, 0), (today, 2, 1)]
    await pool.execute("UPDATE integration_logs SET status = 'succeeded'")
    await count(NOW)
    assert await days_of(pool, id_) == [(skipped, 1, 1), (yesterday, 1, 0), (today, 2, 2)]
    await count(yesterday, yesterday)
    assert await days_of(pool, id_) == [(skipped, 1, 1), (yesterday, 1, 1), (today, 2, 2)]


async def test_a_recount_moves_runs_to_the_day_when_they_ended(pool: Pool) -> None:
    """Days of an older release counted runs when they were recorded, and even in the future."""
    id_ = await add_integration(pool, *[("succeeded", hours(1), "sync")] * 3)
    today = datetime(2026, 3, 10, tzinfo=UTC)
    late, future, _ = [row["id"] for row in await pool.fetch("SELECT id FROM integration_logs ORDER BY id")]
    for log_id, finished_at in ((late, NOW - timedelta(days=3)), (future, NOW + timedelta(days=9))):
        await pool.execute("UPDATE integration_logs SET finished_at = $2 WHERE id = $1", log_id, finished_at)
    await pool.execute(
        "INSERT INTO integration_days SELECT user_id, id, $1::timestamptz + n * interval '1 day', 3, 3 "
        "FROM integrations, generate_series(-2, 0) AS n",
        today,
    )
    # A log that is no run was recorded yesterday. The logs of the day before are deleted.
    await pool.execute(
        "INSERT INTO integration_logs (user_id, integration_id, kind, status, created_at) "
        "SELECT user_id, id, 'sync', 'started', $1 FROM integrations",
        today - timedelta(hours=1),
    )
    await in_transaction(pool, lambda writer: count_days(writer, [id_], first_day(NOW), NOW))
    before, deleted = today - timedelta(days=3), today - timedelta(days=2)
    assert await days_of(pool, id_) == [(before, 1, 1), (deleted, 3, 3), (today, 2, 2)]


async def test_all_integrations_are_refreshed_in_batches(pool: Pool) -> None:
    ids = [await add_integration(pool, ("succeeded", hours(1), "sync")) for _ in range(5)]
    done = [batch async for batch in refresh_all(pool, NOW, batch=2)]
    assert [(batch.last_id, batch.integrations) for batch in done] == [(ids[1], 2), (ids[3], 2), (ids[4], 1)]
    assert await pool.fetchval("SELECT count(*) FROM integrations WHERE health_score = 100") == 5
    # Two days later, no run is recent enough for a score.
    assert len([batch async for batch in refresh_all(pool, NOW + timedelta(days=2))]) == 1
    rows = await pool.fetch("SELECT health_score, health_problems FROM integrations")
    assert {(row["health_score"], *row["health_problems"]) for row in rows} == {(None, "overdue")}
    # A refresh does not change data versions, so that cached figures stay valid.
    assert await pool.fetchval("SELECT count(*) FROM users WHERE data_version = 0") == 5


async def test_a_refresh_counts_a_run_recorded_by_a_clock_ahead_of_the_process(pool: Pool) -> None:
    """The clock of the database counts. A moment ahead of it counts, too, because it is later than the clock."""
    id_ = await add_integration(pool)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    await pool.execute("UPDATE users SET last_write_at = $1", ahead)
    await pool.execute(
        "INSERT INTO integration_logs (user_id, integration_id, kind, status, created_at) "
        "SELECT user_id, id, 'sync', 'succeeded', $1 FROM integrations",
        ahead,
    )
    await pool.execute("UPDATE integrations SET last_success_at = $1", ahead)
    assert len([batch async for batch in refresh_all(pool)]) == 1
    (row,) = await pool.fetch("SELECT * FROM integrations WHERE id = $1", id_)
    assert (row["health_score"], row["health_computed_at"]) == (100, ahead + timedelta(microseconds=1))
