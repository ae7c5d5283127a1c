"""The drill of a release: clients read and write through HAProxy, and no request fails.

migrate → backfill → verify → roll one by one, and kill and restart a server of the previous release on the way →
roll the code back, without touching the database. An ingest stream goes on meanwhile: a server that stops says which rows
it has stored, and the client resumes after them.
"""

import asyncio
import itertools
import logging
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from db.engine import migrations
from db.engine.pool import Pool, open_pool
from db.integrity import audit
from resolvers.framework.global_id import encode
from server.commands.verify import OPERATIONS
from tests.support.haproxy import CHECKS_MILLISECONDS, PROGRAM, balanced
from tests.support.long_stream import LongStream
from tests.support.ports import free_port
from tests.support.releases import NEXT, Release, has_history, next_release, previous_release
from tests.support.rows import add_key, add_keyword, add_user

CLIENTS = 16
PAUSE_SECONDS = 0.3
DRAIN_SECONDS = 4 * CHECKS_MILLISECONDS / 1000
SHUTDOWN_SECONDS = 5
"""Time for running requests. A stream ends earlier, after 60 % of it."""
CREATE = (
    "mutation ($input: CreateKeywordInput!) { createKeyword(input: $input) "
    "{ keyword { id } userErrors { message } } }"
)
FILL = (
    """
    INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content)
    SELECT user_id, id, 'reddit', n, 'u', 'the text of a post' FROM keywords, generate_series(1, 2000) AS n
    """,
    "INSERT INTO leads (user_id, mention_id) SELECT user_id, id FROM mentions WHERE id % 5 = 0",
)

logger = logging.getLogger("drill")

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="HAProxy is not installed."),
    pytest.mark.skipif(not has_history(), reason="The previous release needs the history of git."),
]


@dataclass
class Clients:
    """Clients that read and write until told to stop, and remember each failure.

    While a server is killed, they repeat a request whose connection broke, as the guides ask of callers: HAProxy passes
    a reset on. A mutation has the same idempotency key then. At all other times, a broken connection is a failure.
    """

    origin: str
    keys: list[str]
    failures: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    requests: int = 0
    repeated: int = 0
    kills: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                work = self._write(number) if number % 2 else self._read(number)
                group.create_task(work)

    async def _read(self, number: int) -> None:
        async with self._client(number) as client:
            for name, selection in itertools.cycle(OPERATIONS.items()):
                if self.stop.is_set():
                    return
                await self._ask(client, name, {"query": f"query {name} {selection}"})

    async def _write(self, number: int) -> None:
        async with self._client(number) as client:
            for turn in itertools.count():
                if self.stop.is_set():
                    return
                keyword = f"word {number} {turn}"
                values = {"keyword": keyword, "idempotencyKey": keyword}
                await self._ask(client, keyword, {"query": CREATE, "variables": {"input": values}})
                self.written.append(keyword)

    def _client(self, number: int) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.keys[number % len(self.keys)]}"}
        return httpx.AsyncClient(base_url=self.origin, headers=headers, timeout=30)

    async def _ask(self, client: httpx.AsyncClient, name: str, body: dict[str, object]) -> None:
        """Send a request, and note its failure."""
        self.requests += 1
        problem = await self._problem(client, body)
        if problem is not None and self.kills:
            self.repeated += 1
            problem = await self._problem(client, body)
        if problem is not None:
            self.failures.append(f"{name}: {problem}")
        await asyncio.sleep(PAUSE_SECONDS)

    async def _problem(self, client: httpx.AsyncClient, body: dict[str, object]) -> str | None:
        try:
            answer = await client.post("/graphql", json=body)
            content = answer.json()
        except (httpx.HTTPError, ValueError) as failure:
            return repr(failure)
        is_right = (
            answer.status_code == 200 and "errors" not in content and '"userErrors":[{' not in answer.text
        )
        return None if is_right else f"{answer.status_code} {answer.text[:300]}"


@dataclass
class Site:
    """Two places for servers behind HAProxy, and the server at each."""

    settings: dict[str, str]
    home: Path
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    _running: dict[int, tuple[AsyncExitStack, asyncio.subprocess.Process]] = field(default_factory=dict)

    async def start(self, place: int, release: Release) -> None:
        stack = AsyncExitStack()
        port = self.ports[place]
        settings = {**self.settings, "PORT": str(port), "HOME": str(self.home / str(place))}
        self._running[place] = stack, await stack.enter_async_context(release.served(**settings))
        await asyncio.sleep(3 * CHECKS_MILLISECONDS / 1000)  # HAProxy notices the server

    async def replace(self, place: int, release: Release) -> None:
        """Stop the server with SIGTERM, as a supervisor does, and start another release."""
        stack, process = self._running.pop(place)
        await stack.aclose()
        assert process.returncode == 0
        await self.start(place, release)

    async def kill(self, place: int) -> None:
        stack, process = self._running.pop(place)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await stack.aclose()

    async def close(self) -> None:
        for stack, _ in self._running.values():
            await stack.aclose()


async def add_data(pool: Pool) -> tuple[list[str], str]:
    """Add users with keywords, mentions and leads. Return an API key of each, and the ID of the last one's keyword."""
    keys, keyword_id = [], 0
    for number in range(4):
        user_id = await add_user(pool, f"user{number}@example.com")
        keyword_id = await add_keyword(pool, user_id)
        keys.append(await add_key(pool, user_id))
    for statement in FILL:
        await pool.execute(statement)
    return keys, encode("Keyword", keyword_id)


async def migrate(release: Release, **settings: str) -> None:
    """Run the migration, again after a lock that was not granted."""
    for _ in range(5):
        code, output = await release.run("migrate", **settings)
        if code == 0:
            return
        assert "got no lock in time" in output, output
    pytest.fail(output)


async def test_a_release_and_its_rollback_fail_no_request(database_url: str, server_folder: Path) -> None:
    settings = {
        "DATABASE_URL": database_url,
        "POOL_SIZE": "5",
        "DRAIN_SECONDS": str(DRAIN_SECONDS),
        "SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS),
    }
    new = next_release(server_folder)
    with previous_release(server_folder) as old:
        await migrations.downgrade(database_url, old.newest_revision)
        async with await open_pool(database_url, size=2) as pool:
            keys, keyword_id = await add_data(pool)
            site = Site(settings, server_folder)
            try:
                await asyncio.gather(site.start(0, old), site.start(1, old))
                async with balanced(site.ports, server_folder) as origin:
                    clients = Clients(origin, keys)
                    stream = LongStream(origin, keys[-1], keyword_id, clients.stop)
                    running = asyncio.gather(clients.run(), stream.run())
                    await release_and_roll_back(site, clients, stream, old, new)
                    clients.stop.set()
                    await running
            finally:
                await site.close()
            assert clients.failures == []
            assert clients.requests > 5 * CLIENTS
            assert clients.repeated <= CLIENTS
            assert stream.failures == []
            assert stream.resumed >= 1
            streamed = await pool.fetch(
                "SELECT external_id FROM mentions WHERE external_id LIKE 'streamed %'"
            )
            assert {row["external_id"] for row in streamed} == {
                f"streamed {number}" for number in range(len(stream.answered))
            }
            assert len(streamed) == len(stream.answered) > 50
            assert set(stream.answered) <= {"CREATED", "DUPLICATE"}
            stored = await pool.fetch("SELECT keyword FROM keywords WHERE keyword LIKE 'word %'")
            assert sorted(row["keyword"] for row in stored) == sorted(clients.written)
            assert await audit.drifts(pool) == []
        assert await migrations.current(database_url) == NEXT


async def release_and_roll_back(
    site: Site, clients: Clients, stream: LongStream, old: Release, new: Release
) -> None:
    url = {"DATABASE_URL": site.settings["DATABASE_URL"], "HOME": str(site.home)}
    logger.info("migrate")
    await migrate(new, **url)
    logger.info("backfill")
    assert (await new.run("counters", "backfill", **url))[0] == 0

    logger.info("roll")
    await site.replace(0, new)
    logger.info("kill -9")
    clients.kills = stream.may_break = True
    await site.kill(1)
    await site.start(1, old)  # on the schema of the new release
    clients.kills = stream.may_break = False
    await site.replace(1, new)
    logger.info("verify")
    code, output = await new.run("verify", "--server", f"http://127.0.0.1:{site.ports[0]}", **url)
    assert code == 0, output

    logger.info("roll back")
    await site.replace(0, old)
    await site.replace(1, old)
    logger.info(
        "%d requests, %d repeated after the kill; a stream of %d rows, resumed %d times after a stop and %d times after the kill",
        *(clients.requests, clients.repeated, len(stream.answered), stream.resumed, stream.broken),
    )
