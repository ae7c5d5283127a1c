"""Checks whose faults a test server cannot have: large tables, standbys and a failing cache."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from db.engine.pool import Pool
from db.engine.statement_cache import comment
from db.inspection import remedies
from db.inspection import replication as inspected
from db.inspection import statements as inspected_statements
from db.inspection.replication import Standby
from db.inspection.settings import Setting
from db.inspection.statements import BACKUP, SlowStatement
from db.inspection.tables import TableSize
from services.doctor import cache, replication, tables
from services.doctor.report import Limits
from services.figures.cache import Cached
from services.figures.cache.statistics import Statistics

HEALTHY = TableSize("Leads", 10**9, 10**6, 1000, 10, None, 10**8, is_analyzed=True, is_vacuumed=True)


@pytest.mark.parametrize(
    ("changed", "command"),
    [
        ({}, None),
        ({"dead_rows": 300_000}, 'VACUUM (ANALYZE) "Leads";'),
        ({"dead_rows": 9_000, "rows": 100}, None),
        ({"is_analyzed": False}, 'ANALYZE "Leads";'),
        ({"is_analyzed": False, "rows": 5}, None),
        ({"empty_percent": 70}, 'VACUUM (FULL, ANALYZE) "Leads";'),
        ({"empty_percent": 70, "bytes": 10**6}, None),
        ({"frozen_age": 1_100_000_000}, 'VACUUM (FREEZE) "Leads";'),
        ({"is_vacuumed": False}, 'ALTER TABLE "Leads" RESET (autovacuum_enabled);'),
    ],
    ids=str,
)
def test_tables_are_judged_by_their_numbers(changed: dict[str, Any], command: str | None) -> None:
    found = tables.check([replace(HEALTHY, **changed)], Limits())
    assert [one.command for one in found] == ([] if command is None else [command])


@pytest.mark.parametrize(
    ("hits", "misses", "problems"),
    [
        (900, 100, []),
        (9, 91, []),
        (100, 900, ["Only 10 % of 1,000 figures came from the cache since this process started."]),
    ],
)
async def test_a_low_hit_rate_is_found_after_enough_figures(
    hits: int, misses: int, problems: list[str]
) -> None:
    found = await cache.check(cached(None, Statistics(hits=hits, misses=misses)), Limits())
    assert [one.problem for one in found] == problems


async def test_a_store_that_does_not_respond_is_found_without_its_address() -> None:
    found = await cache.check(cached(OSError("redis://:secret@host"), Statistics()), Limits())
    assert [one.problem for one in found] == [
        "The store of figures does not respond (OSError): each figure is computed."
    ]


def cached(failure: Exception | None, statistics: Statistics) -> Cached:
    async def answer() -> Exception | None:
        return failure

    return cast("Cached", SimpleNamespace(failure=answer, statistics=statistics))


async def test_a_late_standby_is_found(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def standbys(_: Pool) -> list[Standby]:
        return [Standby("near", 29), Standby("far", 31)]

    monkeypatch.setattr(inspected, "standbys", standbys)
    found = await replication.check(pool, Limits())
    assert [(one.subject, one.problem) for one in found] == [("far", "The standby lags by 31 s.")]


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("configuration file", "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();"),
        ("command line", "Start PostgreSQL without -c fsync=off"),
        ("user", "ALTER ROLE CURRENT_USER RESET fsync;"),
    ],
)
def test_the_command_for_a_setting_depends_on_the_place_that_sets_it(source: str, command: str) -> None:
    assert remedies.reset_setting(Setting("fsync", "off", source)) == command


@pytest.mark.parametrize(
    ("query", "belongs"),
    [
        (f"SELECT 1 {comment('users by id')}", True),
        ("WITH some AS (SELECT 1) SELECT 2", True),
        (f"SELECT 1 {comment(BACKUP)}", False),
        ("COPY public.leads TO stdout", False),
        ("VACUUM (ANALYZE) leads", False),
    ],
)
def test_maintenance_is_no_slow_statement_of_requests(query: str, belongs: bool) -> None:
    assert inspected_statements._is_of_requests(SlowStatement(query, 9, 9.0, 9.0, 1.0)) == belongs
