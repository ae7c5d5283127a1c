"""Read replicas behind several server processes: no stale read, no failed request, and clear errors at the start."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from tests.support.live_client import socket
from tests.support.pgbouncer import PROGRAM, pgbouncer
from tests.support.ports import free_port
from tests.support.replicas import StreamingReplica, streaming_replica
from tests.support.rows import add_key, add_keyword, add_user
from tests.support.serving import ended, served

CREATE = """mutation ($word: String!) {
    createKeyword(input: {keyword: $word}) { keyword { id } userErrors { message } } }"""
INGEST = """mutation ($post: IngestMentionInput!) {
    ingestMentions(input: {items: [$post]}) { createdCount userErrors { message } } }"""
READ = """{ viewer { keywordsCount mentionsCount keywords { totalCount }
    dashboard { conversionMetrics { totalLeads } } mentions(first: 1) { nodes { externalId } } } }"""
STEPS = 40


@pytest.fixture(scope="module")
def replica(postgres: EmbeddedPostgres) -> Iterator[StreamingReplica]:
    with streaming_replica(postgres.url("postgres")) as running:
        yield running


class Client:
    """A user who writes and reads by one of several servers, and knows what there must be."""

    def __init__(self, clients: list[httpx.AsyncClient], keys: list[str], keyword: str, number: int) -> None:
        self._clients, self._keys, self._keyword = clients, keys, keyword
        self._random = random.Random(number)  # noqa: S311 - no secret
        self.keywords, self.mentions = 1, 0

    async def _ask(self, document: str, **variables: object) -> dict[str, object]:
        answer = await self._random.choice(self._clients).post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self._random.choice(self._keys)}"},
        )
        body = answer.json()
        assert answer.status_code == 200, body
        assert "errors" not in body, body
        found: dict[str, object] = body["data"]
        return found

    async def step(self) -> None:
        """Write something or nothing, and read."""
        match self._random.randrange(4):
            case 0:
                await self._ask(CREATE, word=f"word {self.keywords}")
                self.keywords += 1
            case 1:
                post = {
                    "keywordId": self._keyword,
                    "platform": "WEB",
                    "externalId": f"{self.mentions}",
                    "url": "https://example.com",
                    "content": "words",
                }
                await self._ask(INGEST, post=post)
                self.mentions += 1
        await self.read()

    async def read(self) -> None:
        viewer = (await self._ask(READ))["viewer"]
        last = [{"externalId": f"{self.mentions - 1}"}] if self.mentions else []
        assert viewer == {
            "keywordsCount": self.keywords,
            "mentionsCount": self.mentions,
            "keywords": {"totalCount": self.keywords},
            "dashboard": {"conversionMetrics": {"totalLeads": 0}},
            "mentions": {"nodes": last},
        }


async def disturb(replica: StreamingReplica, number: int, over: asyncio.Event) -> None:
    """Pause and resume the replay, and kill and start the replica, until it is over. The replica works in the end."""
    chosen = random.Random(number)  # noqa: S311 - no secret
    while not over.is_set():
        if chosen.random() < 0.3:
            await asyncio.to_thread(replica.kill)
            await asyncio.sleep(chosen.random())
            await asyncio.to_thread(replica.start)
        else:
            await replica.pause()
            await asyncio.sleep(chosen.random())
            await replica.resume()
        await asyncio.sleep(chosen.random())


@pytest.mark.parametrize("row_security", ["off", "on"])
async def test_no_read_is_stale_and_no_request_fails_whatever_happens_to_the_replica(
    pool: Pool, database_url: str, server_folder: Path, replica: StreamingReplica, row_security: str
) -> None:
    users = []
    for number in range(4):
        user = await add_user(pool, f"{number}@example.com")
        keyword = encode("Keyword", await add_keyword(pool, user))
        users.append((keyword, [await add_key(pool, user), await add_key(pool, user)]))
    await replica.catch_up(database_url)
    settings = {"REPLICA_URLS": replica.url(database_url), "ROW_SECURITY": row_security, "RATE_POINTS": "0"}
    async with AsyncExitStack() as stack:
        clients = []
        for name in ("one", "two"):
            origin, _ = await stack.enter_async_context(served(database_url, server_folder / name, settings))
            clients.append(await stack.enter_async_context(httpx.AsyncClient(base_url=origin, timeout=60)))
        over = asyncio.Event()
        disturbing = asyncio.create_task(disturb(replica, 1, over))
        made = [Client(clients, keys, keyword, number) for number, (keyword, keys) in enumerate(users)]

        async def all_steps(client: Client) -> None:
            for _ in range(STEPS):
                await client.step()

        try:
            await asyncio.gather(*map(all_steps, made))
        finally:
            over.set()
            await disturbing
        async with asyncio.timeout(60):
            while not await _answers(clients):
                await made[0].read()
        status = httpx.get(f"{clients[0].base_url}/readyz").json()
        assert status["status"] == "ready"
        assert status["replicas"]["configured"] == 1


async def _answers(clients: list[httpx.AsyncClient]) -> bool:
    """Return whether a replica answered a read of each server."""
    for client in clients:
        text = (await client.get("/metrics")).text
        lines = [line for line in text.splitlines() if line.startswith("leadgraph_replica_reads_total{")]
        if not any(float(line.rpartition(" ")[2]) for line in lines):  # a line for each process
            return False
    return True


async def test_wrong_addresses_are_refused_with_one_sentence(
    database_url: str, server_folder: Path, replica: StreamingReplica
) -> None:
    await replica.catch_up(database_url)
    good = replica.url(database_url)
    password = urlsplit(good).password or ""

    async def refusal(address: str, command: str = "serve") -> str:
        code, text = await asyncio.to_thread(
            ended, command, server_folder, {"DATABASE_URL": database_url, "REPLICA_URLS": address}
        )
        assert code != 0, text
        assert password not in text
        assert "Traceback" not in text
        return text

    assert "of LEADGRAPH_REPLICA_URLS is no standby: it accepts writes of its own" in await refusal(
        database_url
    )
    wrong = good.replace(password, "wrong")
    assert "of LEADGRAPH_REPLICA_URLS cannot be used" in await refusal(wrong)
    other = urlsplit(good)._replace(path="/postgres").geturl()
    assert "of LEADGRAPH_REPLICA_URLS" in await refusal(other)
    assert "LEADGRAPH_REPLICA_URLS must have the form" in await refusal("mysql://x")
    assert "LEADGRAPH_REPLICA_URLS must name each replica once" in await refusal(f"{good},{good}")
    nobody = f"postgresql://leadgraph:{password}@127.0.0.1:{free_port()}/x"
    for command in ("doctor", "preflight"):
        assert "of LEADGRAPH_REPLICA_URLS cannot be used" in await refusal(nobody, command)
        text = (
            await asyncio.to_thread(
                ended, command, server_folder, {"DATABASE_URL": database_url, "REPLICA_URLS": good}
            )
        )[1]
        assert "LEADGRAPH_REPLICA_URLS" not in text


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed.")
async def test_replicas_work_beside_a_pooler_and_not_behind_one(
    pool: Pool, database_url: str, server_folder: Path, replica: StreamingReplica
) -> None:
    user = await add_user(pool)
    key = await add_key(pool, user)
    await replica.catch_up(database_url)
    good = replica.url(database_url)
    with pgbouncer(database_url) as before_primary, pgbouncer(good) as before_replica:
        settings = {
            "DATABASE_URL": before_primary.url(database_url),
            "DIRECT_DATABASE_URL": database_url,
            "REPLICA_URLS": good,
            "ROW_SECURITY": "on",
        }
        async with (
            served(settings["DATABASE_URL"], server_folder, settings) as (origin, _),
            httpx.AsyncClient(
                base_url=origin, timeout=60, headers={"authorization": f"Bearer {key}"}
            ) as client,
            asyncio.timeout(60),
        ):
            number = 0
            while not await _answers([client]):
                if number < 3:
                    await client.post("/graphql", json={"query": CREATE, "variables": {"word": f"{number}"}})
                    number += 1
                answer = await client.post("/graphql", json={"query": "{ keywords { totalCount } }"})
                assert answer.json() == {"data": {"keywords": {"totalCount": number}}}
        settings["REPLICA_URLS"] = before_replica.url(good)
        code, text = await asyncio.to_thread(ended, "serve", server_folder, settings)
        assert code == 1
        assert "leads to a pooler in transaction mode: use the address of PostgreSQL itself" in text


async def test_a_server_starts_without_its_replica_and_uses_it_later(
    pool: Pool, database_url: str, server_folder: Path, replica: StreamingReplica
) -> None:
    key = await add_key(pool, await add_user(pool))
    await asyncio.to_thread(replica.kill)
    try:
        settings = {"REPLICA_URLS": replica.url(database_url), "PROCESSES": "2"}
        async with (
            served(database_url, server_folder, settings) as (origin, _),
            httpx.AsyncClient(
                base_url=origin, timeout=60, headers={"authorization": f"Bearer {key}"}
            ) as client,
            asyncio.timeout(60),
        ):
            assert (await client.get("/readyz")).json()["replicas"] == {"configured": 1, "working": 0}
            await asyncio.to_thread(replica.start)
            while not await _answers([client]):
                answer = await client.post("/graphql", json={"query": "{ keywords { totalCount } }"})
                assert answer.json() == {"data": {"keywords": {"totalCount": 0}}}
    finally:
        if replica.process is None or replica.process.poll() is not None:
            await asyncio.to_thread(replica.start)


async def test_a_live_query_shows_the_change_that_woke_it_while_the_replay_is_paused(
    pool: Pool, database_url: str, server_folder: Path, replica: StreamingReplica
) -> None:
    user = await add_user(pool)
    await add_keyword(pool, user, "first")
    key = await add_key(pool, user)
    await replica.catch_up(database_url)
    settings = {"REPLICA_URLS": replica.url(database_url)}
    async with (
        served(database_url, server_folder, settings) as (origin, _),
        socket(origin, key) as follower,
    ):
        await follower.subscribe("q", "query @live { keywords { nodes { keyword } } }")
        assert await follower.data("q") == {"keywords": {"nodes": [{"keyword": "first"}]}}
        await replica.pause()
        try:
            # Without the lock of the user, and without a trace in the row of the user.
            await pool.execute("UPDATE keywords SET keyword = 'by sql'")
            assert await follower.data("q") == {"keywords": {"nodes": [{"keyword": "by sql"}]}}
        finally:
            await replica.resume()
