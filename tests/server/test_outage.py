"""A database outage: the responses meanwhile, and the recovery without a restart."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from db.embedded import EmbeddedPostgres
from db.engine import databases, migrations
from db.engine.outage import is_unavailable
from db.engine.pool import Pool, open_pool
from server.app import create_app
from server.http.admission import Admission, AdmissionLimits
from server.http.auth import Authenticator
from services.accounts.api_keys import ApiKeys
from tests.support.folders import data_folder
from tests.support.rows import add_key, add_user

QUERY = {"query": "query Viewer { viewer { email } }"}
WRITE = {
    "query": 'mutation Create { createKeyword(input: { keyword: "words" }) { keyword { id } userErrors { code } } }'
}
ROW = '{"platform": "X", "externalId": "1", "url": "https://x.example", "content": "text"}\n'


@dataclass
class Site:
    """A PostgreSQL server that can be stopped, and the application on it. It checks its key each time, or trusts it."""

    postgres: EmbeddedPostgres
    pool: Pool
    key: str

    async def away(self) -> None:
        await asyncio.to_thread(self.postgres.stop)

    async def back(self) -> None:
        await asyncio.to_thread(self.postgres.start)

    def client(self, *, trust_seconds: float) -> httpx.AsyncClient:
        app = create_app(
            self.pool,
            authenticator=Authenticator(ApiKeys(self.pool), trust_seconds=trust_seconds),
            admission=Admission(AdmissionLimits(slots=3, user_slots=3)),
        )
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://localhost",
            headers={"authorization": f"Bearer {self.key}", "x-request-id": "r-1"},
        )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    with data_folder() as folder:
        postgres = EmbeddedPostgres(folder / "postgres", settings={"fsync": "off"})
        with postgres.running():
            await databases.ensure(postgres.url("postgres"), "site")
            await migrations.upgrade(postgres.url("site"))
            pool = await open_pool(postgres.url("site"), size=3)
            yield Site(postgres, pool, await add_key(pool, await add_user(pool)))
            pool.terminate()


def codes(answer: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in answer.json().get("errors", [])]


async def test_requests_get_unavailable_during_an_outage_and_succeed_afterwards(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    stream: dict[str, Any] = {"content": ROW, "headers": {"content-type": "application/x-ndjson"}}
    async with site.client(trust_seconds=1000) as trusted, site.client(trust_seconds=0) as fresh:
        assert (await trusted.post("/graphql", json=QUERY)).json()["data"] is not None
        await site.away()
        for body in (QUERY, WRITE):
            answer = await trusted.post("/graphql", json=body)
            assert (answer.status_code, codes(answer)) == (503, ["UNAVAILABLE"])
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["errors"][0]["message"].startswith(
                "The database is unavailable; retry later."
            )
            assert answer.json()["errors"][0]["extensions"]["requestId"] == "r-1"
            answer = await fresh.post("/graphql", json=body)
            assert (answer.status_code, codes(answer)) == (503, ["UNAVAILABLE"])
            assert answer.headers["retry-after"] == "1"
        answers = [
            await trusted.post("/ingest/mentions", **stream),
            await fresh.post("/ingest/mentions", **stream),
            await fresh.get("/exports/RXhwb3J0OjE=/download"),
            await trusted.get("/readyz"),
        ]
        assert [(answer.status_code, codes(answer)) for answer in answers] == [(503, ["UNAVAILABLE"])] * 4
        assert (await fresh.get("/healthz")).status_code == 200
        metrics = (await trusted.get("/metrics")).text
        assert 'leadgraph_operation_seconds_count{operation="Create",outcome="unavailable"} 1.0' in metrics

        await site.back()
        for client in (trusted, fresh):
            answer = await client.post("/graphql", json=QUERY)
            assert answer.json() == {"data": {"viewer": {"email": "ann@example.com"}}}
            assert (await client.get("/readyz")).status_code == 200
        created = (await fresh.post("/graphql", json=WRITE)).json()
        assert created["data"]["createKeyword"]["userErrors"] == []
        line = (await fresh.post("/ingest/mentions", **stream)).text.splitlines()[0]
        assert '"outcome":"UNMATCHED"' in line
    # Each is one line without a traceback, since the cause is known.
    assert {record.levelno for record in caplog.records if record.name == "leadgraph"} == {logging.WARNING}
    assert all(record.exc_info is None for record in caplog.records if record.name == "leadgraph")


async def test_a_write_that_waits_too_long_for_another_writer_gets_timeout(site: Site) -> None:
    """Reads do not wait, and the write never happens."""
    pool = await open_pool(site.postgres.url("site"), size=2, statement_timeout_seconds=0.3)
    impatient = Site(site.postgres, pool, site.key)
    blocker = await asyncpg.connect(site.postgres.url("site"))
    await blocker.execute("BEGIN; SELECT FROM users FOR NO KEY UPDATE")
    async with impatient.client(trust_seconds=1000) as client:
        stream: dict[str, Any] = {"content": ROW, "headers": {"content-type": "application/x-ndjson"}}
        answers = [await client.post("/graphql", json=WRITE), await client.post("/ingest/mentions", **stream)]
        assert [(answer.status_code, codes(answer)) for answer in answers] == [
            (200, ["TIMEOUT"]),
            (503, ["TIMEOUT"]),
        ]
        for answer in answers:
            assert answer.json()["errors"][0]["message"].startswith(
                "The statement exceeded the time limit and was rolled back."
            )
        assert (await client.post("/graphql", json=QUERY)).json()["data"] is not None
        await blocker.close()
        assert await pool.fetchval("SELECT count(*) FROM keywords") == 0
        created = (await client.post("/graphql", json=WRITE)).json()
        assert created["data"]["createKeyword"]["userErrors"] == []
    pool.terminate()


async def test_a_read_that_loses_its_connection_returns_the_connection(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The next request gets another connection."""
    async with site.client(trust_seconds=1000) as client:
        await client.post("/graphql", json=QUERY)
        waits = "BEGIN; LOCK TABLE keywords IN ACCESS EXCLUSIVE MODE"
        blocker = await asyncpg.connect(site.postgres.url("site"))
        await blocker.execute(waits)
        document = {"query": "{ viewer { email keywords { nodes { id } } } }"}
        asking = [asyncio.create_task(client.post("/graphql", json=document)) for _ in range(3)]
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while await blocker.fetchval(waiting) < 3:
            await asyncio.sleep(0.01)
        await blocker.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'leadgraph'"
        )
        assert [codes(await answer) for answer in asking] == [["UNAVAILABLE"]] * 3
        await blocker.close()
        answer = await client.post("/graphql", json=document)
        assert answer.json()["data"]["viewer"] == {"email": "ann@example.com", "keywords": {"nodes": []}}
    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_other_database_errors_are_not_outages(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for statement, value in (("SELECT nothing", None), ("SELECT $1::integer", "no number")):
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as failure:
                await connection.fetch(statement, *([] if value is None else [value]))
            assert not is_unavailable(failure.value)
        first = asyncio.create_task(connection.fetch("SELECT pg_sleep(0.2)"))
        await asyncio.sleep(0.05)
        with pytest.raises(asyncpg.InterfaceError) as at_once:
            await connection.fetch("SELECT 1")
        assert not is_unavailable(at_once.value)
        await first
    assert not is_unavailable(TimeoutError())


def test_an_error_caused_by_an_outage_is_an_outage() -> None:
    at_once = asyncpg.InterfaceError("cannot perform operation: another operation is in progress")
    assert not is_unavailable(at_once)
    at_once.__context__ = ConnectionResetError()
    assert is_unavailable(at_once)
