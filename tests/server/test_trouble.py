"""A database in trouble: it hangs, refuses connections, is full or read-only. Each limit is short here."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from db.engine import pool as engine
from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from server.app import create_app
from server.http.auth import Authenticator
from services.accounts.api_keys import ApiKeys
from tests.support.proxy import Proxy, proxied
from tests.support.rows import add_key, add_user

QUERY = {"query": "query Viewer { viewer { email } }"}
LIST = {"query": "{ keywords { nodes { keyword user { email } } } }"}
WRITE = {
    "query": 'mutation { createKeyword(input: {keyword: "words"}) { keyword { id } userErrors { code } } }'
}
ROW = '{"platform": "X", "externalId": "1", "url": "https://x.example", "content": "text"}\n'
STREAM: dict[str, Any] = {"content": ROW, "headers": {"content-type": "application/x-ndjson"}}

ANSWER_SECONDS = 0.6
WAIT_SECONDS = 0.6
STATEMENT_SECONDS = 0.5
AT_ONCE_SECONDS = 5.0
"""More than the limits, for slow machines, and far less than the limits of the driver."""


@pytest.fixture
async def key(pool: Pool) -> str:
    return await add_key(pool, await add_user(pool))


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    async with proxied(database_url) as running:
        yield running


@asynccontextmanager
async def impatient_pool(
    url: str, *, size: int = 3, answer_seconds: float = ANSWER_SECONDS, wait_seconds: float = WAIT_SECONDS
) -> AsyncIterator[Pool]:
    pool = await open_pool(
        url,
        size=size,
        statement_timeout_seconds=STATEMENT_SECONDS,
        answer_seconds=answer_seconds,
        wait_seconds=wait_seconds,
    )
    try:
        yield pool
    finally:
        pool.terminate()


def client(pool: Pool, key: str, *, trust_seconds: float = 0) -> httpx.AsyncClient:
    """Return a client of the application. It checks the key each time, or trusts it."""
    app = create_app(pool, authenticator=Authenticator(ApiKeys(pool), trust_seconds=trust_seconds))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://test",
        headers={"authorization": f"Bearer {key}"},
    )


def result(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    """Return the status, the only error's code, and the time to wait before a retry."""
    (code,) = {error["extensions"]["code"] for error in answer.json().get("errors", [])} or {None}
    return answer.status_code, code, answer.headers.get("retry-after")


UNAVAILABLE = (503, "UNAVAILABLE", "1")


async def test_each_path_answers_soon_while_the_database_hangs_and_works_afterwards(
    proxy: Proxy, key: str
) -> None:
    async with (
        impatient_pool(proxy.url) as pool,
        client(pool, key) as fresh,
        client(pool, key, trust_seconds=1000) as trusted,
    ):
        assert (await fresh.get("/readyz")).json() == {"status": "ready"}
        assert (await trusted.post("/graphql", json=QUERY)).status_code == 200
        proxy.stall()
        began = time.monotonic()
        asking = [
            fresh.get("/readyz"),
            fresh.post("/graphql", json=QUERY),
            trusted.post("/graphql", json=LIST),
            trusted.post("/graphql", json=WRITE),
            fresh.post("/ingest/mentions", **STREAM),
            trusted.post("/ingest/mentions", **STREAM),
            fresh.get("/exports/RXhwb3J0OjE=/download"),
        ]
        answers = await asyncio.gather(*asking, fresh.get("/healthz"))
        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert list(map(result, answers)) == [UNAVAILABLE] * 7 + [(200, None, None)]
        assert all(answer.headers["content-type"].startswith("application/json") for answer in answers)

        proxy.flow()
        assert (await fresh.get("/readyz")).status_code == 200
        assert (await fresh.post("/graphql", json=QUERY)).json()["data"]["viewer"] == {
            "email": "ann@example.com"
        }
        assert (await trusted.post("/graphql", json=WRITE)).json()["data"]["createKeyword"][
            "userErrors"
        ] == []


async def test_a_statement_without_an_answer_is_given_up_soon_after_the_statement_timeout(
    proxy: Proxy,
) -> None:
    """The server would end a slow statement itself, so a silent one has no server."""
    async with impatient_pool(proxy.url, size=1) as pool, pool.acquire() as connection:
        began = time.monotonic()
        with pytest.raises(asyncpg.QueryCanceledError):
            await connection.fetch("SELECT pg_sleep(60)")
        proxy.stall()
        with pytest.raises(OutageError):
            await connection.fetch("SELECT 1")
        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert pool.get_size() == 0


async def test_readyz_does_not_wait_for_the_pool_of_requests(database_url: str, key: str) -> None:
    async with impatient_pool(database_url, size=1) as pool, client(pool, key) as asking:
        async with pool.acquire():
            assert (await asking.get("/readyz")).json() == {"status": "ready"}
            began = time.monotonic()
            assert result(await asking.post("/graphql", json=QUERY)) == UNAVAILABLE
            assert time.monotonic() - began < AT_ONCE_SECONDS
        assert (await asking.post("/graphql", json=QUERY)).status_code == 200


@pytest.mark.direct
async def test_many_readiness_checks_share_one_connection(database_url: str, key: str, pool: Pool) -> None:
    async with impatient_pool(database_url, size=1) as small, client(small, key) as asking:
        answers = await asyncio.gather(*(asking.get("/readyz") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert await pool.fetchval(count) == 2


async def test_requests_share_the_open_connections_if_the_database_refuses_new_ones(
    proxy: Proxy, key: str
) -> None:
    async with (
        impatient_pool(proxy.url, answer_seconds=AT_ONCE_SECONDS, wait_seconds=AT_ONCE_SECONDS) as pool,
        client(pool, key) as asking,
    ):
        assert (await asking.post("/graphql", json=QUERY)).status_code == 200
        proxy.refuse()
        answers = await asyncio.gather(*(asking.post("/graphql", json=LIST) for _ in range(8)))
        assert [result(answer) for answer in answers] == [(200, None, None)] * 8


@pytest.fixture
async def crowded_url(pool: Pool, database_url: str) -> AsyncIterator[str]:
    """The address for a role that may have two connections."""
    await pool.execute(
        "CREATE ROLE crowded LOGIN PASSWORD 'crowded' CONNECTION LIMIT 2 IN ROLE pg_read_all_data, pg_write_all_data"
    )
    login = database_url.partition("@")[0]
    yield database_url.replace(login, "postgresql://crowded:crowded")
    await pool.execute("DROP ROLE crowded")


async def test_too_many_clients_fail_no_request_while_the_pool_has_a_connection(
    crowded_url: str, key: str
) -> None:
    """The readiness check, which has no connection of its own then, asks on the pool's."""
    async with (
        impatient_pool(
            crowded_url, size=5, answer_seconds=AT_ONCE_SECONDS, wait_seconds=AT_ONCE_SECONDS
        ) as pool,
        client(pool, key) as asking,
    ):
        requests = [asking.post("/graphql", json=LIST) for _ in range(12)]
        answers = await asyncio.gather(*requests, asking.post("/graphql", json=WRITE), asking.get("/readyz"))
        assert [result(answer) for answer in answers] == [(200, None, None)] * 14


@pytest.mark.direct
async def test_too_many_clients_are_unavailable_to_a_pool_without_connections(
    crowded_url: str, key: str, pool: Pool
) -> None:
    async with impatient_pool(crowded_url, size=1) as small, client(small, key) as asking:
        await small.fetchval("SELECT 1")
        await pool.execute("ALTER ROLE crowded CONNECTION LIMIT 0")
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'crowded'"
        assert await pool.fetchval(ended) is True
        assert result(await asking.post("/graphql", json=QUERY)) == UNAVAILABLE
        assert result(await asking.get("/readyz")) == UNAVAILABLE
        await pool.execute("ALTER ROLE crowded CONNECTION LIMIT 2")
        assert (await asking.post("/graphql", json=QUERY)).status_code == 200
        assert (await asking.get("/readyz")).status_code == 200


@pytest.mark.direct
async def test_a_read_only_database_serves_reads_and_refuses_writes_until_it_accepts_them(
    database_url: str, key: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool replaces its connections: after a failover, they would still lead to the old primary."""
    monkeypatch.setattr(engine, "RENEW_SECONDS", 0)
    name = await pool.fetchval("SELECT current_database()")
    await pool.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    async with impatient_pool(database_url) as late, client(late, key) as asking:
        for answer in (
            await asking.post("/graphql", json=WRITE),
            await asking.post("/ingest/mentions", **STREAM),
        ):
            assert result(answer) == UNAVAILABLE
            assert answer.json()["errors"][0]["message"] == (
                "The database accepts no writes now; retry later. Nothing was written. Reads work."
            )
        assert (await asking.post("/graphql", json=LIST)).json() == {"data": {"keywords": {"nodes": []}}}
        assert (await asking.get("/readyz")).json() == {"status": "read-only"}
        await pool.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        await asking.post("/graphql", json=WRITE)
        created = (await asking.post("/graphql", json=WRITE)).json()
        assert created["data"]["createKeyword"]["userErrors"] == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", UNAVAILABLE),  # disk full
        ("53200", UNAVAILABLE),  # out of memory
        ("53400", UNAVAILABLE),  # a limit of the configuration, such as that of temporary files
        ("58030", UNAVAILABLE),  # a failed read or write
        ("57000", UNAVAILABLE),
        ("40001", UNAVAILABLE),  # a standby
        ("55P03", (200, "TIMEOUT", None)),
        ("57014", (200, "TIMEOUT", None)),
        ("XX000", (200, "INTERNAL", None)),
        ("42501", (200, "INTERNAL", None)),
    ],
)
async def test_an_error_of_a_write_has_the_code_of_its_sqlstate(
    database_url: str, key: str, pool: Pool, state: str, expected: tuple[int, str, str | None]
) -> None:
    await pool.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'in trouble' USING ERRCODE = '{state}'; END $$;"
        "CREATE TRIGGER fail BEFORE INSERT ON keywords FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    async with impatient_pool(database_url) as small, client(small, key) as asking:
        answer = await asking.post("/graphql", json=WRITE)
        assert result(answer) == expected
        assert "in trouble" not in answer.text
        two = {"query": WRITE["query"][:-1] + 'a: updateViewer(input: {name: "Ann"}) { viewer { name } } }'}
        answer = await asking.post("/graphql", json=two)
        assert answer.status_code == 200  # something was written
        assert answer.json()["data"]["a"] == {"viewer": {"name": "Ann"}}


async def test_a_cut_connection_is_unavailable_and_the_next_request_gets_another(
    proxy: Proxy, key: str
) -> None:
    async with impatient_pool(proxy.url) as pool, client(pool, key, trust_seconds=1000) as asking:
        assert (await asking.post("/graphql", json=LIST)).status_code == 200
        proxy.stall()
        waiting = asyncio.create_task(asking.post("/graphql", json=LIST))
        await asyncio.sleep(0.05)
        proxy.cut()
        proxy.flow()
        assert result(await waiting) == UNAVAILABLE
        assert (await asking.post("/graphql", json=LIST)).status_code == 200
