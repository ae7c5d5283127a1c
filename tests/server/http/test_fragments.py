"""Answers from fragments: the same as without them, and nothing of another viewer, another state or another time."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from server.app import create_app
from server.http.auth import Authenticator
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys
from services.figures.cache import Cached
from services.figures.cache.backend import Backend
from services.figures.cache.memory import MemoryBackend
from services.figures.cache.redis import RedisBackend
from services.figures.windows import QUARTER
from tests.support.rows import add_key, add_mention
from tests.support.valkey import Valkey
from tests.support.world import Clock, World

START = datetime(2026, 6, 10, 12, 1, tzinfo=UTC)
INTERLEAVINGS = 150

WIDGETS = """
    range window { start end partial }
    recentLeads(first: 4) { id status mention { id content } keyword { id keyword mentionsCount } }
    keywordPerformance { keyword { id leadsCount } mentions { value } efficiencyScore asOf }
    integrationStatus { integration { id provider } score lastRuns { id message } uptime { day runs } }
    conversionMetrics { totalLeads newLeadsToday conversionRate { value } topPerformingKeyword { keyword { id } } asOf }
    analytics {
        leads { total byStatus { status count } }
        conversions { mentions { value previousToDate } funnel { stage count { value } } }
        keywords(first: 3) { keyword { id } leads { value } conversionRate { current { value } } }
        integrations { problems }
        overTime(by: WEEK) { points { start partial future mentions leads } asOf }
    }
    asOf
"""
DASHBOARD = f"{{ dashboard {{ {WIDGETS} }} }}"
LEADS = "{ dashboard { recentLeads { id status } conversionMetrics { totalLeads } } }"


@dataclass
class Time:
    """The time of windows and of the cache."""

    clock: Clock = field(default_factory=lambda: Clock(START))
    began: float = field(default_factory=time.time)

    def seconds(self) -> float:
        assert self.clock.at is not None
        return self.began + (self.clock.at - START).total_seconds()

    def passes(self, seconds: float) -> None:
        assert self.clock.at is not None
        self.clock.at += timedelta(seconds=seconds)


@dataclass
class Process:
    """A process with fragments, and one without on the same figures."""

    cached: Cached
    plain: Cached
    client: httpx.AsyncClient
    plain_client: httpx.AsyncClient

    @property
    def hits(self) -> int:
        return self.cached.statistics.fragment_hits

    async def settle(self) -> None:
        """Wait for the refreshes in the background."""
        for cached in (self.cached, self.plain):
            while cached._refreshes:
                await asyncio.gather(*cached._refreshes)


@dataclass
class Play:
    world: World
    time: Time
    processes: list[Process]
    keys: dict[str, str]

    async def ask(
        self,
        document: str,
        key: str = "ann",
        *,
        plain: bool = False,
        process: int = 0,
        known: str | None = None,
    ) -> httpx.Response:
        one = self.processes[process]
        client = one.plain_client if plain else one.client
        return await client.post(
            "/graphql",
            content=json.dumps({"query": document}),
            headers={
                "authorization": f"Bearer {self.keys[key]}",
                "content-type": "application/json",
                **({} if known is None else {"if-none-match": known}),
            },
        )

    async def data(self, document: str, key: str = "ann", **options: Any) -> Any:
        answer = (await self.ask(document, key, **options)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def statements(self, document: str, key: str = "ann", **options: Any) -> list[str]:
        answer = (await self.ask(document, key, **options)).json()
        assert "errors" not in answer, answer
        names: list[str] = answer["extensions"]["statements"]
        return names

    async def mutate(self, field_: str, *, key: str = "ann", process: int = 0) -> None:
        found = await self.data(
            f"mutation {{ {field_} {{ userErrors {{ message }} }} }}", key, process=process
        )
        assert found is not None

    @property
    def first(self) -> Process:
        return self.processes[0]


@asynccontextmanager
async def playing(pool: Pool, new_backend: Callable[[], Backend]) -> AsyncIterator[Play]:
    world, of_play = World(pool), Time()
    for name in ("ann", "ben"):
        await world.add_user(name)
        await world.add_keywords(name)
        await world.add_integrations(name)
    await world.add_user("olga", role="operator")
    await pool.execute("UPDATE mentions SET created_at = $1::timestamptz - interval '1 day'", START)
    await pool.execute("UPDATE users SET last_seen_at = clock_timestamp()")
    authenticator = Authenticator(ApiKeys(pool), trust_seconds=600)
    processes = []
    for _ in range(2):
        backend = new_backend()
        caches = [
            Cached(pool, backend, namespace=str(id(pool)), clock=of_play.seconds, fragment_bytes=size)
            for size in (2**24, 0)
        ]
        apps = [
            create_app(
                pool,
                authenticator=authenticator,
                cached=cached,
                clock=of_play.clock,
                explain=True,
                guard="off",  # a watched operation has no fragments
            )
            for cached in caches
        ]
        clients = [
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test", timeout=60)
            for app in apps
        ]
        processes.append(Process(caches[0], caches[1], clients[0], clients[1]))
    yield Play(world, of_play, processes, dict(world.keys))
    for process in processes:
        await process.settle()
        await process.client.aclose()
        await process.plain_client.aclose()
    await authenticator.close()


@pytest.fixture
async def play(pool: Pool) -> AsyncIterator[Play]:
    """Two processes, each with its figures in memory."""
    async with playing(pool, lambda: MemoryBackend(2**24)) as made:
        yield made


@pytest.fixture
async def shared(pool: Pool, tmp_path: Path) -> AsyncIterator[Play]:
    """Two processes that share figures."""
    server = Valkey(tmp_path)
    server.start()
    async with playing(pool, lambda: RedisBackend(server.url, timeout_seconds=5)) as made:
        yield made
        for process in made.processes:
            await process.cached.close()
    server.stop()


async def test_a_repeated_dashboard_is_one_fragment_and_one_statement(play: Play) -> None:
    first = await play.ask(DASHBOARD)
    assert play.first.hits == 0
    again = await play.ask(DASHBOARD)
    assert (again.json()["data"], play.first.hits) == (first.json()["data"], 1)
    assert again.json()["extensions"] == {"statements": ["users by id"]}
    plain = await play.ask(DASHBOARD, plain=True)
    assert again.content == plain.content
    assert play.first.plain.statistics.fragment_hits == len(play.first.plain.fragments) == 0


async def test_figures_of_a_fragment_count_as_hits(play: Play) -> None:
    await play.ask(DASHBOARD)
    misses = play.first.cached.statistics.misses
    await play.ask(DASHBOARD)
    statistics = play.first.cached.statistics
    assert (statistics.hits, statistics.misses, statistics.stale) == (5, misses, 0) == (5, 5, 0)


async def test_an_outdated_part_is_built_anew_and_the_others_are_reused(play: Play) -> None:
    await play.ask(DASHBOARD)
    play.time.passes(61)  # the recent leads are stale, so this answer has them refreshed
    await play.ask(DASHBOARD)
    await play.first.settle()
    hits, misses = play.first.hits, play.first.cached.statistics.fragment_misses
    answer = await play.ask(DASHBOARD)
    assert play.first.hits - hits == 4  # keywords, integrations, metrics, analytics
    assert play.first.cached.statistics.fragment_misses - misses == 2  # the dashboard and its leads
    assert answer.json()["extensions"] == {"statements": ["users by id"]}
    assert answer.content == (await play.ask(DASHBOARD, plain=True)).content
    hits = play.first.hits
    await play.ask(DASHBOARD)
    assert play.first.hits - hits == 1


async def test_a_part_is_shared_by_documents(play: Play) -> None:
    await play.ask("{ a: dashboard { recentLeads { id } integrationStatus { score } } }")
    document = "query Other { b: dashboard { integrationStatus { score } recentLeads { id status } } }"
    await play.ask(document)
    play.time.passes(61)
    await play.ask(document)
    await play.first.settle()
    hits = play.first.hits
    await play.ask(document)
    assert play.first.hits - hits == 1


@pytest.mark.parametrize(
    "document", ["{ dashboard(maxAge: 0) { recentLeads { id } } }", "{ dashboard { range } }"]
)
async def test_exact_figures_and_answers_without_figures_are_not_kept(play: Play, document: str) -> None:
    assert await play.data(document) == await play.data(document)
    assert (play.first.hits, len(play.first.cached.fragments)) == (0, 0)


async def test_an_age_limit_is_kept_to_the_second(play: Play) -> None:
    document = "{ dashboard(maxAge: 30) { conversionMetrics { totalLeads asOf } } }"
    before = await play.data(document)
    play.time.passes(29)
    assert await play.data(document) == before
    assert play.first.hits == 1
    play.time.passes(2)
    assert (await play.data(document))["dashboard"]["conversionMetrics"]["asOf"] > before["dashboard"][
        "conversionMetrics"
    ]["asOf"]
    assert play.first.hits == 1


async def test_no_fragment_is_older_than_an_exact_answer_before_it(play: Play) -> None:
    document = "{ dashboard { conversionMetrics { totalLeads asOf } } }"
    for _ in range(3):  # the entries of later exact answers are written in the background
        await play.data(document)
        play.time.passes(5)
        exact = await play.data(document.replace("dashboard", "dashboard(maxAge: 0)"))
        assert await play.data(document) == exact


async def test_a_new_quarter_of_an_hour_ends_all_fragments(play: Play) -> None:
    document = (
        "{ dashboard(range: ROLLING_MONTH) { window { end } conversionMetrics { newLeads { value } } } }"
    )
    before = await play.data(document)
    play.time.passes(QUARTER.total_seconds() - 61)
    assert await play.data(document) == before
    hits = play.first.hits
    play.time.passes(2)
    later = await play.data(document)
    assert later["dashboard"]["window"]["end"] > before["dashboard"]["window"]["end"]
    assert play.first.hits == hits == 1


@pytest.mark.parametrize("process", [0, 1])
async def test_own_writes_are_in_the_next_answer_of_every_process(play: Play, process: int) -> None:
    for number in (0, 1):
        await play.ask(LEADS, process=number)
        await play.ask(LEADS, process=number)
    lead = (await play.data(LEADS))["dashboard"]["recentLeads"][0]["id"]
    await play.mutate(f'changeLeadStatus(input: {{ id: "{lead}", status: CONVERTED }})', process=process)
    for number in (0, 1):
        found = (await play.data(LEADS, process=number))["dashboard"]["recentLeads"]
        assert {one["id"]: one["status"] for one in found}[lead] == "CONVERTED"


async def test_fragments_of_shared_figures_are_current_in_every_process(shared: Play) -> None:
    first = await shared.ask(LEADS)
    assert (await shared.ask(LEADS)).json()["data"] == first.json()["data"]
    assert await shared.statements(LEADS) == ["users by id"]
    assert shared.first.hits == 2
    lead = first.json()["data"]["dashboard"]["recentLeads"][0]["id"]
    await shared.mutate(f'changeLeadStatus(input: {{ id: "{lead}", status: CONVERTED }})', process=1)
    found = (await shared.data(LEADS))["dashboard"]["recentLeads"]
    assert {one["id"]: one["status"] for one in found}[lead] == "CONVERTED"
    assert shared.first.hits == 2
    shared.time.passes(61)  # the other process has the stale leads refreshed
    await shared.ask(LEADS, process=1)
    await shared.processes[1].settle()
    hits = shared.first.hits
    assert await shared.data(LEADS) == await shared.data(LEADS, process=1)
    assert shared.first.hits == hits + 1  # of the metrics; the leads are built anew


async def test_a_store_that_fails_leaves_the_answers_right(shared: Play) -> None:
    first = await shared.data(LEADS)
    shared.first.cached.store._backend.heads = _failing  # type: ignore[assignment, method-assign]
    assert await shared.data(LEADS) == first
    # The store is not used after its first failure, so the figures were computed again.
    assert (shared.first.hits, shared.first.cached.statistics.errors) == (0, 1)


@pytest.mark.usefixtures("no_row_security")
async def test_a_row_that_was_read_in_vain_is_no_excess(
    shared: Play, caplog: pytest.LogCaptureFixture
) -> None:
    """Another process, or the store itself, may have dropped the figures of a likely fragment."""
    document = "{ dashboard { recentLeads { id } } }"
    await shared.ask(document)
    assert await shared.statements(document) == ["users by id"]
    backend = shared.first.cached.store._backend
    assert isinstance(backend, RedisBackend)
    await backend.client.flushall()
    assert await shared.statements(document) == ["users by id", "users by id", "leads_recent"]
    assert "bound" not in caplog.text


async def _failing(*_: object) -> None:
    raise OSError("the store is away")


@pytest.mark.usefixtures("row_security")
async def test_row_security_reads_the_row_in_its_transaction(play: Play) -> None:
    assert await play.data(LEADS) == await play.data(LEADS)
    assert await play.statements(LEADS) == ["users by id"]
    assert play.first.hits == 2
    assert await play.data(LEADS, "ben") != await play.data(LEADS)


@pytest.mark.usefixtures("no_row_security")
async def test_a_write_of_this_process_costs_no_further_statement(play: Play) -> None:
    await play.ask(LEADS)
    lead = (await play.world.rows("leads", "ann"))[0]["id"]
    write = f'changeLeadStatus(input: {{ id: "{encode("Lead", lead)}", status: CONTACTED }})'
    await play.mutate(write)
    assert await play.statements(LEADS) == ["users by id", "leads_recent + user_id slots"]
    assert await play.statements(LEADS) == ["users by id"]
    await play.mutate(
        write.replace("CONTACTED", "CONVERTED"), process=1
    )  # the row of a likely fragment is read in vain
    assert await play.statements(LEADS) == ["users by id", "users by id", "leads_recent + user_id slots"]


@pytest.mark.parametrize(
    "change", ["time_zone = 'Asia/Tokyo'", "week_start = 3", "data_version = data_version + 1"]
)
async def test_a_changed_setting_of_the_viewer_ends_the_fragments(play: Play, change: str) -> None:
    await play.ask(DASHBOARD)
    await play.world.pool.execute(f"UPDATE users SET {change} WHERE id = $1", play.world.users["ann"])
    found = await play.data(DASHBOARD)
    assert play.first.hits == 0
    assert found == await play.data(DASHBOARD, plain=True)


async def test_ingest_appears_as_late_as_the_figures_allow(play: Play) -> None:
    document = "{ dashboard { conversionMetrics { conversionRate { denominator } } } }"
    before = await play.data(document)
    await add_mention(play.world.pool, (await play.world.rows("keywords", "ann"))[0]["id"], external_id="x")
    assert await play.data(document) == before
    assert play.first.hits == 1
    play.time.passes(3600)
    later = await play.data(document)
    assert later["dashboard"]["conversionMetrics"]["conversionRate"]["denominator"] == 13


ROWS = {
    "a row of a live keyword": "{ dashboard { recentLeads { keyword { user { mentionsCount } } } } }",
    "a list": "{ dashboard { keywordPerformance { keyword { mentions { totalCount } } } } }",
    "the analysis": "{ dashboard { recentLeads { mention { analysis { status } } } } }",
    "a figure of one integration": "{ dashboard { integrationStatus { integration { health { score } } } } }",
}


@pytest.mark.parametrize("name", ROWS)
async def test_values_that_other_rows_decide_are_not_kept(play: Play, name: str) -> None:
    document = ROWS[name]
    assert await play.data(document) == await play.data(document)
    assert play.first.hits == 0
    assert len(play.first.cached.fragments) == 0


async def test_other_parts_beside_such_values_are_kept(play: Play) -> None:
    document = "{ dashboard { recentLeads { keyword { user { id } } } analytics { leads { total } } } }"
    await play.ask(document)
    assert len(play.first.cached.fragments) == 2  # analytics, and the leads below


async def test_values_with_errors_are_not_kept(play: Play) -> None:
    document = "{ dashboard { integrationStatus { score } recentLeads { id } } }"
    play.keys["few"] = await add_key(play.world.pool, play.world.users["ann"], (api_key.READ_LEADS,))
    for _ in range(2):
        assert "errors" in (await play.ask(document, "few")).json()
    assert play.first.hits == 0


async def test_viewers_never_get_fragments_of_others(play: Play) -> None:
    """Two members, an operator, and a key with fewer scopes ask in turn, in both orders."""
    ann = play.world.users["ann"]
    play.keys["leads"] = await add_key(play.world.pool, ann, (api_key.READ_LEADS,))
    play.keys["all"] = await add_key(play.world.pool, ann, tuple(api_key.ALL_SCOPES))
    documents = [
        DASHBOARD,
        LEADS,
        "{ viewer { dashboard { recentLeads { id } } } }",
        f'{{ user(id: "{encode("User", ann)}") {{ analytics {{ leads {{ total }} overTime {{ asOf }} }} }} }}',
        "{ analytics(range: TODAY) { keywords { keyword { id } } integrations { score } } }",
    ]
    expected = {}
    for document in documents:
        for key in ("ann", "ben", "olga", "leads", "all"):
            expected[document, key] = _without_ids((await play.ask(document, key, plain=True)).json())
    order = list(expected) * 3
    random.Random(7).shuffle(order)  # noqa: S311 - an order that repeats
    for document, key in order:
        assert _without_ids((await play.ask(document, key)).json()) == expected[document, key], (
            document,
            key,
        )
    assert play.first.hits > len(documents) * 3


def _without_ids(answer: Any) -> Any:
    for error in answer.get("errors", ()):
        del error["extensions"]["requestId"]
    return answer.get("data"), answer.get("errors")


async def test_a_mutation_and_a_watched_operation_get_ordinary_values(play: Play, pool: Pool) -> None:
    await play.ask(LEADS)
    lead = (await play.world.rows("leads", "ann"))[0]["id"]
    payload = f"""mutation {{ updateLead(input: {{ id: "{encode("Lead", lead)}", notes: "x" }}) {{
        lead {{ user {{ dashboard {{ recentLeads {{ id }} }} }} }} userErrors {{ message }} }} }}"""
    await play.data(payload)
    assert play.first.hits == 0
    cached = Cached(pool)
    app = create_app(pool, cached=cached, guard="fail")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        for _ in range(2):
            headers = {"authorization": f"Bearer {play.keys['ann']}"}
            assert (
                "errors" not in (await client.post("/graphql", json={"query": LEADS}, headers=headers)).json()
            )
    assert (cached.statistics.fragment_hits, cached.statistics.fragment_misses) == (0, 0)


async def test_large_responses_have_no_fragments(play: Play) -> None:
    many = " ".join(
        f"a{n}: integrationStatus(first: 100) {{ uptime {{ day runs succeeded }} }}" for n in range(9)
    )
    document = f"{{ dashboard {{ {many} }} }}"
    assert await play.data(document) == await play.data(document)
    assert (play.first.hits, len(play.first.cached.fragments)) == (0, 0)


async def test_conditional_requests_get_the_same_tags(play: Play) -> None:
    document = "{ dashboard { recentLeads { id } conversionMetrics { totalLeads } } }"
    tags = [
        (await play.ask(document, plain=plain, known='"none"')).headers.get("etag")
        for plain in (True, False, False)
    ]
    assert play.first.hits == 1
    assert len(set(tags)) == 1
    assert tags[0] is not None
    assert (await play.ask(document, known=tags[0])).status_code == 304


async def test_the_memory_is_bounded_and_counted(play: Play) -> None:
    await play.ask(DASHBOARD)
    store = play.first.cached.fragments
    sizes = [each.size_bytes for each in store._fragments.values()]
    assert (store.size_bytes, len(store)) == (sum(sizes), len(sizes)) == (store.size_bytes, 11)
    await play.ask(DASHBOARD)
    assert store.size_bytes == sum(sizes)
    store._largest_bytes = max(sizes) * 2
    for key in ("ben", "olga"):
        await play.ask(DASHBOARD, key)
        assert 0 < store.size_bytes <= store._largest_bytes
    store._largest_bytes = min(sizes) - 1
    await play.ask(LEADS)
    assert play.first.hits == 1


# Random interleavings


Write = Callable[[Play, random.Random], Awaitable[None]]


async def change_lead(play: Play, dice: random.Random) -> None:
    lead = dice.choice(await play.world.rows("leads", "ann"))["id"]
    status = dice.choice(["NEW", "CONTACTED", "QUALIFIED", "CONVERTED"])
    await play.mutate(
        f'changeLeadStatus(input: {{ id: "{encode("Lead", lead)}", status: {status} }})',
        process=dice.randrange(2),
    )


async def ingest(play: Play, dice: random.Random) -> None:
    keyword = dice.choice(await play.world.rows("keywords", "ann"))["id"]
    await add_mention(play.world.pool, keyword, external_id=str(dice.random()))


async def edit_keyword(play: Play, dice: random.Random) -> None:
    keyword = dice.choice(await play.world.rows("keywords", "ann"))["id"]
    verb = dice.choice(["pauseKeyword", "resumeKeyword"])
    await play.mutate(f'{verb}(input: {{ id: "{encode("Keyword", keyword)}" }})', process=dice.randrange(2))


async def record_run(play: Play, dice: random.Random) -> None:
    integration = dice.choice(await play.world.rows("integrations", "ann"))["id"]
    await play.mutate(
        f'recordIntegrationRun(input: {{ integrationId: "{encode("Integration", integration)}", status: SUCCEEDED, '
        f'message: "run {dice.random()}" }})',
        process=dice.randrange(2),
    )


async def change_zone(play: Play, dice: random.Random) -> None:
    zone = dice.choice(["UTC", "Asia/Tokyo", "America/New_York"])
    await play.mutate(f'updateViewer(input: {{ timeZone: "{zone}" }})', process=dice.randrange(2))


WRITES: tuple[Write, ...] = (change_lead, ingest, ingest, edit_keyword, record_run, change_zone)
DOCUMENTS = (
    DASHBOARD,
    DASHBOARD,
    LEADS,
    "{ dashboard(range: TODAY, maxAge: 90) { conversionMetrics { newLeads { value previousToDate } } asOf } }",
    "{ a: analytics { leads { total } } b: dashboard { recentLeads { status } } keywords { nodes { status } } }",
    '{ viewer { leadsCount dashboard(timeZone: "Europe/Berlin") { analytics { overTime { points { leads } } } } } }',
    "{ dashboard { keywordPerformance { overTime { points { mentions } } keyword { keyword } } } }",
)


async def test_random_interleavings_give_the_answers_of_a_process_without_fragments(play: Play) -> None:
    """After each step, an answer is compared with one of the same figures. A refresh may fall between the two."""
    dice = random.Random(20261130)  # noqa: S311 - a plan that repeats
    document = DASHBOARD
    for number in range(INTERLEAVINGS):
        for write in dice.choices(WRITES, k=dice.choice([0, 0, 0, 0, 1, 2])):
            await write(play, dice)
        play.time.passes(dice.choice([0, 0, 0, 0, 1, 20, 61, 130, 400, 1000]))
        process = dice.randrange(2)
        document = dice.choice([document, document, *DOCUMENTS])
        key = dice.choice(["ann"] * 5 + ["ben"])
        await play.processes[process].settle()
        before = (await play.ask(document, key, plain=True, process=process)).json()
        answer = (await play.ask(document, key, process=process)).json()
        await play.processes[process].settle()
        after = (await play.ask(document, key, plain=True, process=process)).json()
        assert "errors" not in answer, answer
        assert answer["data"] in (before["data"], after["data"]), (number, document)
        assert await play.data(document, key, process=process) == after["data"], (number, document)
        counts = await _counts(play, key)
        if document == LEADS:
            assert answer["data"]["dashboard"]["conversionMetrics"]["totalLeads"] == counts["leads_count"]
    assert sum(process.hits for process in play.processes) > INTERLEAVINGS // 6


async def _counts(play: Play, key: str) -> Mapping[str, Any]:
    return await play.world.row("users", id=play.world.users[key])
