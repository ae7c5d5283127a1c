"""Read replicas: who answers, own writes are never stale, and no failure of a replica is a failed request."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest

from db.embedded import EmbeddedPostgres
from db.engine.addresses import place_of
from db.engine.pool import Pool, open_pool
from db.models import Keyword, User, UserRole
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.global_id import encode
from resolvers.framework.replica_reads import answered
from server.app import create_app
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer
from services.figures.cache.flight import Flights
from services.replicas import Replica, Replicas, Wants
from services.replicas.replica import ANSWER_SECONDS
from tests.support.replicas import StreamingReplica, streaming_replica
from tests.support.world import Answer, World

READ = "{ viewer { keywordsCount keywords { nodes { keyword } } } }"
KEYS = "{ apiKeys { totalCount } }"
CREATE = """mutation ($word: String!) {
    createKeyword(input: {keyword: $word}) { keyword { id } userErrors { message } } }"""
SECONDS = 60

Found = TypeVar("Found")


@pytest.fixture(scope="module")
def standby(postgres: EmbeddedPostgres) -> Iterator[StreamingReplica]:
    with streaming_replica(postgres.url("postgres")) as running:
        yield running


@pytest.fixture
async def replica(standby: StreamingReplica, database_url: str) -> StreamingReplica:
    """A replica that has the test's database, and whose replay is not paused."""
    await standby.resume()
    await standby.catch_up(database_url)
    return standby


@dataclass
class Served:
    """An application with replicas, which functions ask in the name of a user."""

    world: World
    client: httpx.AsyncClient
    replicas: Replicas
    database_url: str

    async def ask(self, document: str, viewer: str = "ann", **variables: object) -> Answer:
        response = await self.client.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.world.keys[viewer]}"},
        )
        return Answer(response.status_code, response.json())

    async def words(self, viewer: str = "ann") -> list[str]:
        """Return the keywords of a user, which must be as many as the counter says."""
        found = (await self.ask(READ, viewer)).data["viewer"]
        words = sorted(node["keyword"] for node in found["keywords"]["nodes"])
        assert found["keywordsCount"] == len(words)
        return words

    async def create(self, word: str, viewer: str = "ann") -> None:
        payload = (await self.ask(CREATE, viewer, word=word)).data["createKeyword"]
        assert payload["userErrors"] == []

    @property
    def answers(self) -> int:
        """The number of operations that replicas answered."""
        return sum(each.answers for each in self.replicas.replicas)

    async def from_replica(self, ask: Callable[[], Awaitable[Found]]) -> Found:
        """Ask until a replica answers, since the replica is a little behind. Return that answer."""
        async with asyncio.timeout(SECONDS):
            while True:
                before = self.answers
                found = await ask()
                if self.answers > before:
                    return found
                await asyncio.sleep(0.05)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(
    pool: Pool, database_url: str, *urls: str, lag_seconds: float = 600, **options: Any
) -> AsyncIterator[Served]:
    """Serve an API with replicas of the addresses in this process."""
    made = []
    for url in urls:
        replica_pool = await open_pool(
            url, at_least=0, size=4, answer_seconds=ANSWER_SECONDS, wait_seconds=ANSWER_SECONDS
        )
        replica_pool.has_row_security = pool.has_row_security
        made.append(Replica(place_of(url), replica_pool))
    replicas = Replicas(pool, made, lag_seconds=lag_seconds)
    app = create_app(pool, replicas=replicas, **options)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=SECONDS) as client,
    ):
        yield Served(World(pool), client, replicas, database_url)


@pytest.fixture
async def served(pool: Pool, database_url: str, replica: StreamingReplica) -> AsyncIterator[Served]:
    """An API with one replica, and the users ann, ben and the operator olga, whom the replica has."""
    async with serving(pool, database_url, replica.url(database_url)) as made:
        for name in ("ann", "ben"):
            await made.world.add_user(name)
            await made.world.add_keyword(name, f"words of {name}")
        await made.world.add_user("olga", role="operator")
        for name in made.world.users:
            await made.ask("{ viewer { id } }", name)  # notes the use of the key
        await replica.catch_up(database_url)
        await made.until(lambda: made.replicas.replicas[0].works)
        yield made


async def test_replicas_answer_members_and_operators(served: Served) -> None:
    assert await served.from_replica(served.words) == ["words of ann"]
    assert await served.from_replica(lambda: served.words("ben")) == ["words of ben"]
    found = await served.from_replica(lambda: served.ask("{ keywords { totalCount } }", "olga"))
    assert found.data == {"keywords": {"totalCount": 2}}


async def test_own_writes_are_read_at_once_while_the_replay_is_paused(
    served: Served, replica: StreamingReplica
) -> None:
    await served.from_replica(lambda: served.words("ben"))
    await replica.pause()
    for number in range(5):
        await served.create(f"new {number}")
        assert len(await served.words()) == number + 2
    before = served.answers
    assert await served.words("ben") == ["words of ben"]  # ben wrote nothing meanwhile
    assert served.answers == before + 1
    assert (await served.ask("{ keywords { totalCount } }", "olga")).data == {"keywords": {"totalCount": 7}}
    assert served.answers == before + 1  # operators see the rows of all
    await replica.resume()
    await replica.catch_up(served.database_url)
    assert len(await served.from_replica(served.words)) == 6


async def test_rows_that_leave_the_users_row_are_never_stale(
    served: Served, replica: StreamingReplica
) -> None:
    before = (await served.ask(KEYS)).data["apiKeys"]["totalCount"]
    await replica.pause()
    created = await served.ask(
        'mutation { createApiKey(input: {name: "more", scopes: ["read:keywords"]}) { userErrors { message } } }'
    )
    assert created.data["createApiKey"]["userErrors"] == []
    assert (await served.ask(KEYS)).data["apiKeys"]["totalCount"] == before + 1


async def test_sql_without_the_users_lock_is_never_stale_for_counted_rows(
    served: Served, replica: StreamingReplica
) -> None:
    await replica.pause()
    await served.world.add_keyword(
        "ann", "by sql"
    )  # its trigger writes the row of the user, without a moment
    assert await served.words() == ["by sql", "words of ann"]


async def test_an_operators_dashboard_shows_the_writes_of_another_process(
    served: Served, replica: StreamingReplica
) -> None:
    keyword_id = await served.world.add_keyword("olga")
    lead_id = await served.world.add_lead(await served.world.add_mention(keyword_id))
    document = "{ dashboard { recentLeads { status } } }"
    change = """mutation ($lead: ID!) { changeLeadStatus(input: {id: $lead, status: CONTACTED}) {
        userErrors { message } } }"""
    url = served.database_url
    async with serving(served.world.pool, url, replica.url(url), guard="off") as other:  # with fragments
        other.world.keys.update(served.world.keys)
        await replica.catch_up(url)
        await other.until(lambda: other.replicas.replicas[0].works)
        for _ in range(3):  # the process keeps the dashboard
            found = await other.from_replica(lambda: other.ask(document, "olga"))
            assert found.data == {"dashboard": {"recentLeads": [{"status": "NEW"}]}}
        await replica.pause()
        changed = await served.ask(change, "olga", lead=encode("Lead", lead_id))
        assert changed.data == {"changeLeadStatus": {"userErrors": []}}
        found = await other.ask(document, "olga")
        assert found.data == {"dashboard": {"recentLeads": [{"status": "CONTACTED"}]}}


async def test_a_new_user_is_found_while_the_replay_is_paused(
    served: Served, replica: StreamingReplica
) -> None:
    await replica.pause()
    await served.world.add_user("new")
    assert await served.words("new") == []


async def test_a_killed_replica_costs_no_request_and_comes_back(
    pool: Pool, database_url: str, postgres: EmbeddedPostgres
) -> None:
    with streaming_replica(postgres.url("postgres")) as replica:
        async with serving(pool, database_url, replica.url(database_url)) as served:
            await served.world.add_user("ann")
            await served.world.add_keyword("ann")
            await replica.catch_up(database_url)
            await served.until(lambda: served.replicas.replicas[0].works)
            ended = asyncio.Event()
            reads = 0

            async def read() -> None:
                nonlocal reads
                while not ended.is_set():
                    assert await served.words() == ["words"]
                    reads += 1

            async def more(count: Callable[[], int]) -> None:
                enough = count() + 20
                await served.until(lambda: count() > enough)

            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(read())
                for _ in range(2):
                    await more(lambda: served.answers)
                    await asyncio.to_thread(replica.kill)
                    await served.until(lambda: not served.replicas.replicas[0].works)
                    await more(lambda: reads)
                    await asyncio.to_thread(replica.start)
                    await served.until(lambda: served.replicas.replicas[0].works)
                await more(lambda: served.answers)
                ended.set()
            (one,) = served.replicas.replicas
            assert one.changes["out"] >= 2
            assert one.changes["back"] >= 2


async def test_a_replica_that_hangs_costs_no_request(served: Served, replica: StreamingReplica) -> None:
    await served.from_replica(served.words)
    replica.send(signal.SIGSTOP)
    try:
        assert await asyncio.gather(*(served.words() for _ in range(3))) == [["words of ann"]] * 3
        assert await served.words() == ["words of ann"]
        await served.until(lambda: not served.replicas.replicas[0].works)
    finally:
        replica.send(signal.SIGCONT)
    await served.until(lambda: served.replicas.replicas[0].works)
    assert await served.words() == ["words of ann"]


async def test_a_replica_that_lags_too_much_is_taken_out(
    pool: Pool, database_url: str, replica: StreamingReplica
) -> None:
    async with serving(pool, database_url, replica.url(database_url), lag_seconds=0.5) as served:
        (one,) = served.replicas.replicas
        await served.world.add_user("ann")
        await served.until(lambda: one.works)
        await replica.pause()
        await served.world.add_keyword("ann")
        await served.until(lambda: not one.works)
        assert one.problem == "lags by more than 0.5 seconds (LEADGRAPH_REPLICA_LAG_SECONDS)"
        assert (one.lag_bytes or 0) > 0
        assert (one.lag_seconds or 0) > 0.5
        assert await served.words() == ["words"]
        await replica.resume()
        await served.until(lambda: one.works)


async def test_a_conflict_with_recovery_runs_the_whole_operation_again(
    served: Served, replica: StreamingReplica
) -> None:
    await served.from_replica(served.words)
    viewer = Viewer(served.world.users["ann"], UserRole.MEMBER, ALL_SCOPES)
    context = Context(served.world.pool, viewer, "1", replicas=served.replicas)
    attempts = []

    async def execute() -> tuple[int, str]:
        (user,) = await context.load(RowById(User), [viewer.user_id])
        assert user is not None
        attempts.append(user.keywords_count)
        if len(attempts) == 1:  # take away a row that the snapshot of the replica sees
            await served.world.pool.execute("UPDATE keywords SET keyword = 'new words'")
            await served.world.pool.execute("VACUUM keywords")
            await replica.catch_up(served.database_url)
        keyword_id = (await served.world.row("keywords", user_id=viewer.user_id))["id"]
        (keyword,) = await context.load(RowById(Keyword), [keyword_id])
        assert keyword is not None
        return user.keywords_count, keyword.keyword

    assert await answered(context, execute, Wants()) == (1, "new words")
    await context.close()
    assert attempts == [1, 1]
    (one,) = served.replicas.replicas
    assert one.reruns["conflict"] + one.reruns["lost"] == 1
    assert context.statements.count("users by id") == 1


async def test_a_runs_failure_of_a_figure_is_not_the_failure_of_tasks_that_wait_for_it() -> None:
    flights = Flights()
    with pytest.raises(OSError, match="lost"), flights.led(["key"], runs_again=lambda: True) as led:  # noqa: PT012
        waiting = led["key"]
        raise OSError("lost")
    assert await waiting is None


async def test_metrics_and_readiness_tell_the_replicas(served: Served, replica: StreamingReplica) -> None:
    await served.from_replica(served.words)
    (one,) = served.replicas.replicas
    text = (await served.client.get("/metrics")).text
    name = f'replica="{replica.name}"'
    assert f"leadgraph_replica_works{{{name}}} 1.0" in text
    assert f"leadgraph_replica_reads_total{{{name}}} {float(one.answers)}" in text
    assert f"leadgraph_replica_lag_bytes{{{name}}}" in text
    assert f'leadgraph_replica_changes_total{{{name},to="out"}} 0.0' in text
    ready = {"status": "ready", "replicas": {"configured": 1, "working": 1}}
    assert (await served.client.get("/readyz")).json() == ready


async def test_a_promoted_replica_answers_no_more(
    pool: Pool, database_url: str, postgres: EmbeddedPostgres
) -> None:
    with streaming_replica(postgres.url("postgres")) as replica:
        async with serving(pool, database_url, replica.url(database_url)) as served:
            (one,) = served.replicas.replicas
            await served.world.add_user("ann")
            await served.world.add_keyword("ann", "words of ann")
            await replica.catch_up(database_url)
            assert await served.from_replica(served.words) == ["words of ann"]
            await replica.execute("SELECT pg_promote()")
            assert await served.words() == ["words of ann"]
            await served.until(lambda: not one.works)
            assert one.problem == "is no standby: it accepts writes of its own"
            before = one.answers
            assert await served.words() == ["words of ann"]
            assert one.answers == before
