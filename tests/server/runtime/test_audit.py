"""The audit beside a running server."""

import asyncio
import logging

import pytest
from prometheus_client import CollectorRegistry

from db.engine.pool import Pool, open_pool
from db.integrity.audit import TABLES
from server.metrics.audit import AuditMetrics
from server.runtime import audit as server_audit
from server.runtime.audit import Audit, auditing


class Found(AuditMetrics):
    """The metrics of an audit with a method to read them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        super().__init__(self.registry)

    def value(self, name: str, table: str | None = None) -> float:
        labels = {} if table is None else {"table": table}
        return self.registry.get_sample_value(f"leadgraph_audit_{name}", labels) or 0


async def test_a_round_checks_a_sample_of_each_table(three_users: Pool) -> None:
    found = Found()
    await Audit(three_users, found, every_seconds=60, parents=2).round()
    checked = [found.value("counters_checked_total", table) for table in TABLES]
    assert checked == [16, 14, 8, 8, 8, 8]
    assert sum(found.value("counters_wrong_total", table) for table in TABLES) == 0
    assert found.value("finished_timestamp_seconds") > 0


async def test_wrong_counters_are_counted_in_metrics_and_logged(
    three_users: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    await three_users.execute("UPDATE users SET mentions_count = 40, keywords_count = 7 WHERE id = 2")
    await three_users.execute("UPDATE day_stats SET mentions = 9 WHERE keyword_id = 3")
    found = Found()
    await Audit(three_users, found, every_seconds=60, parents=3).round()
    wrong = {table: found.value("counters_wrong_total", table) for table in TABLES}
    assert wrong == dict.fromkeys(TABLES, 0) | {"users": 2, "day_stats": 1}
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(lines) == 3
    assert "The counter users.mentions_count of ID 2 is 40, but the rows give 2 (slot None)." in lines[1]


async def test_the_audit_takes_no_locks_and_one_connection(three_users: Pool) -> None:
    """A round succeeds while a writer holds locks on all users and keywords."""
    async with three_users.acquire() as writer, writer.transaction():
        await writer.execute("SELECT FROM users, keywords FOR UPDATE")
        found = Found()
        async with asyncio.timeout(30):
            await Audit(three_users, found, every_seconds=60, parents=3).round()
    assert found.value("counters_checked_total", "users") == 24


async def test_the_audit_skips_parents_that_exceed_the_time_limit(
    three_users: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_audit, "LONGEST_SECONDS", 0.05)
    found = Found()
    async with three_users.acquire() as writer, writer.transaction():
        await writer.execute("LOCK TABLE leads IN ACCESS EXCLUSIVE MODE")
        await Audit(three_users, found, every_seconds=60, parents=1).round()
    assert [found.value("parents_skipped_total", table) for table in TABLES] == [1] * 6
    assert found.value("failures_total") == 0


async def test_a_lost_database_ends_the_round_but_not_the_audit(database_url: str) -> None:
    own = await open_pool(database_url, size=1)
    await own.close()
    found = Found()
    await Audit(own, found, every_seconds=60, parents=1).round()
    assert found.value("failures_total") == 1
    assert found.value("finished_timestamp_seconds") == 0


async def test_audit_rounds_repeat_until_the_server_stops(three_users: Pool) -> None:
    found = Found()
    async with auditing(three_users, found, every_seconds=0.01, parents=3), asyncio.timeout(30):
        while found.value("counters_checked_total", "day_stats") < 36:
            await asyncio.sleep(0.01)
    before = found.value("counters_checked_total", "users")
    await asyncio.sleep(0.1)
    assert found.value("counters_checked_total", "users") == before


async def test_an_interval_of_zero_disables_the_audit(three_users: Pool) -> None:
    found = Found()
    async with auditing(three_users, found, every_seconds=0, parents=3):
        await asyncio.sleep(0.1)
    assert found.value("counters_checked_total", "users") == 0
