"""A server behind PgBouncer in transaction mode: everything works, and wrong settings are one sentence."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from db.embedded import EmbeddedPostgres
from db.engine.outage import is_too_slow
from db.engine.pool import Pool, open_pool
from resolvers.framework.global_id import encode
from tests.support.live_client import event_stream, socket
from tests.support.pgbouncer import PROGRAM, PgBouncer, pgbouncer
from tests.support.rows import add_key
from tests.support.serving import ended, served

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed.")

FOLLOW = "subscription { mentionAdded { mentions { externalId } cursor } }"
READ = "{ viewer { email mentionsCount } keywords { nodes { keyword mentions(first: 1) { nodes { content } } } } }"
DATA = {
    "viewer": {"email": "1@example.com", "mentionsCount": 2},
    "keywords": {"nodes": [{"keyword": "words", "mentions": {"nodes": [{"content": "text"}]}}]},
}
CREATE = """mutation ($i: CreateKeywordInput!) {
    createKeyword(input: $i) { keyword { keyword } userErrors { message } } }"""
FEW = "default_pool_size = 3"
"""Fewer servers than clients, so that each transaction has another one."""


@pytest.fixture(scope="module")
def bouncer(postgres: EmbeddedPostgres) -> Iterator[PgBouncer]:
    with pgbouncer(postgres.url("postgres"), more=FEW) as running:
        yield running


def settings_of(bouncer: PgBouncer, database_url: str, **more: str) -> dict[str, str]:
    return {"DATABASE_URL": bouncer.url(database_url), "DIRECT_DATABASE_URL": database_url, **more}


async def test_a_server_of_two_processes_reads_writes_and_tells_changes(
    three_users: Pool, database_url: str, server_folder: Path, bouncer: PgBouncer
) -> None:
    key, foreign = await add_key(three_users, 1), await add_key(three_users, 2)
    reading = await add_key(three_users, 1, ["read:keywords"])
    settings = settings_of(bouncer, database_url, PROCESSES="2", ROW_SECURITY="on")
    async with (
        served(database_url, server_folder, settings) as (origin, _),
        httpx.AsyncClient(base_url=origin, timeout=30) as client,
        socket(origin, key) as follower,
        event_stream(origin, foreign, FOLLOW) as stranger,
    ):

        async def ask(query: str, key: str = key, **variables: object) -> dict[str, object]:
            answer = await client.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers={"authorization": f"Bearer {key}"},
            )
            found: dict[str, object] = answer.json()
            return found

        await follower.subscribe("m", FOLLOW)
        await asyncio.sleep(0.5)
        answers = await asyncio.gather(*[ask(READ) for _ in range(100)])
        assert answers == [{"data": DATA}] * 100
        created = await asyncio.gather(
            *[ask(CREATE, i={"keyword": f"new {n}", "idempotencyKey": f"k{n % 10}"}) for n in range(10)]
        )
        assert created == [
            {"data": {"createKeyword": {"keyword": {"keyword": f"new {n}"}, "userErrors": []}}}
            for n in range(10)
        ]
        assert await ask("{ keywords { totalCount } }") == {"data": {"keywords": {"totalCount": 11}}}
        assert await ask("{ keywords { totalCount } }", foreign) == {"data": {"keywords": {"totalCount": 1}}}
        refused = await ask(CREATE, reading, i={"keyword": "other"})
        assert "This API key lacks the scope `write:keywords`" in str(refused["errors"])
        row = {
            "keywordId": encode("Keyword", 1),
            "platform": "WEB",
            "url": "https://example.com",
            "content": "words",
        }
        lines = "\n".join(json.dumps(row | {"externalId": f"s{n}"}) for n in range(300))
        sent = await client.post(
            "/ingest/mentions",
            content=lines,
            headers={"authorization": f"Bearer {key}", "content-type": "application/x-ndjson"},
        )
        assert '"created":300' in sent.text.replace(" ", ""), sent.text[-300:]  # by COPY
        event = (await follower.data("m"))["mentionAdded"]
        assert event["mentions"][0] == {"externalId": "s0"}
        assert httpx.get(f"{origin}/readyz").json() == {"status": "ready"}
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stranger.next(), 0.5)


async def test_no_statement_or_setting_leaks_between_clients(database_url: str, bouncer: PgBouncer) -> None:
    async with (
        await open_pool(bouncer.url(database_url), direct_url=database_url, size=8) as first,
        await open_pool(
            bouncer.url(database_url), direct_url=database_url, size=8, statement_timeout_seconds=7
        ) as second,
    ):

        async def ask(pool: Pool, number: int) -> object:
            return await pool.fetchval(f"SELECT $1::int + {number}", 1000)

        pairs = [((first, second)[n % 2], n) for n in range(400)]
        found = await asyncio.gather(*[ask(pool, number) for pool, number in pairs])
        assert found == [1000 + number for _, number in pairs]
        assert await first.fetchval("SHOW statement_timeout") == "30s"
        assert await second.fetchval("SHOW statement_timeout") == "7s"
        assert await second.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
    async with await open_pool(
        bouncer.url(database_url), direct_url=database_url, statement_timeout_seconds=0.2
    ) as short:
        with pytest.raises(Exception, match="statement timeout") as slow:
            await short.fetchval("SELECT pg_sleep($1)", 5)
        assert is_too_slow(slow.value)
        assert await short.fetchval("SELECT 1") == 1


async def test_a_server_without_the_direct_address_is_refused(
    database_url: str, server_folder: Path, bouncer: PgBouncer
) -> None:
    sentence = (
        "leads to a pooler in transaction mode, such as PgBouncer. Set LEADGRAPH_DIRECT_DATABASE_URL to the address of "
        "PostgreSQL itself, for migrations, jobs and notifications.\n"
    )
    pooled = bouncer.url(database_url)
    for command in ("serve", "migrate"):
        code, output = await asyncio.to_thread(ended, command, server_folder, {"DATABASE_URL": pooled})
        assert (code, output) == (
            1 if command != "jobs" else 2,
            f"leadgraph: LEADGRAPH_DATABASE_URL {sentence}",
        )
    settings = {"DATABASE_URL": pooled, "DIRECT_DATABASE_URL": pooled}
    code, output = await asyncio.to_thread(ended, "serve", server_folder, settings)
    assert (code, output) == (1, f"leadgraph: LEADGRAPH_DIRECT_DATABASE_URL {sentence}")
    code, output = await asyncio.to_thread(
        ended, "serve", server_folder, {"DIRECT_DATABASE_URL": database_url}
    )
    assert code == 1
    assert output == (
        "leadgraph: LEADGRAPH_DIRECT_DATABASE_URL requires LEADGRAPH_DATABASE_URL, the address of the same database through "
        "a pooler.\n"
    )


async def test_addresses_of_different_databases_are_refused(
    postgres: EmbeddedPostgres, database_url: str, server_folder: Path, bouncer: PgBouncer
) -> None:
    settings = settings_of(bouncer, database_url, DATABASE_URL=bouncer.url(postgres.url("postgres")))
    code, output = await asyncio.to_thread(ended, "serve", server_folder, settings)
    assert code == 1
    assert output == (
        "leadgraph: LEADGRAPH_DATABASE_URL and LEADGRAPH_DIRECT_DATABASE_URL lead to different databases. Correct one of "
        "them.\n"
    )


async def test_a_pooler_in_session_mode_needs_no_direct_address_if_it_takes_the_settings(
    postgres: EmbeddedPostgres, database_url: str, server_folder: Path
) -> None:
    with pgbouncer(postgres.url("postgres"), mode="session") as strict:
        code, output = await asyncio.to_thread(
            ended, "serve", server_folder, {"DATABASE_URL": strict.url(database_url)}
        )
        assert code == 1
        assert output == (
            "leadgraph: The pooler of LEADGRAPH_DATABASE_URL refuses a setting of sessions (unsupported startup parameter: "
            "statement_timeout): set LEADGRAPH_DIRECT_DATABASE_URL to the address of PostgreSQL itself, so that none is sent "
            "to the pooler.\n"
        )
    ignored = "ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout"
    with pgbouncer(postgres.url("postgres"), mode="session", more=ignored) as tolerant:
        settings = {"DATABASE_URL": tolerant.url(database_url), "WORKERS": "0"}
        async with served(database_url, server_folder, settings) as (origin, _):
            assert httpx.get(f"{origin}/readyz").json() == {"status": "ready"}


async def test_a_pooler_that_restarts_costs_a_moment(
    postgres: EmbeddedPostgres, three_users: Pool, database_url: str, server_folder: Path
) -> None:
    key = await add_key(three_users, 1)
    with pgbouncer(postgres.url("postgres")) as bouncer:
        settings = settings_of(bouncer, database_url, WORKERS="0", ANSWER_TIMEOUT_SECONDS="1")
        async with served(database_url, server_folder, settings) as (origin, _):
            headers = {"authorization": f"Bearer {key}"}
            body = {"query": READ}
            assert httpx.post(f"{origin}/graphql", json=body, headers=headers).json() == {"data": DATA}
            bouncer.process.send_signal(signal.SIGSTOP)
            hung = httpx.post(f"{origin}/graphql", json=body, headers=headers, timeout=20)
            bouncer.process.send_signal(signal.SIGCONT)
            assert hung.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert httpx.post(f"{origin}/graphql", json=body, headers=headers).json() == {"data": DATA}
