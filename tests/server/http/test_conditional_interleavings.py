"""Random interleavings of conditional reads and writes: 304 never stands for an answer that has changed."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from server.app import create_app
from server.http.auth import Authenticator
from services.accounts.api_keys import ApiKeys
from services.figures.cache import Cached
from tests.support.fence import require_written_users
from tests.support.world import Clock, World

INTERLEAVINGS = 400
"""Enough for each kind of write beside each document. 10,000 were run when the tags were made."""
START, LONGEST = datetime.now(UTC), timedelta(days=5)
TAGS_KEPT = 12
CHANGES_DOCUMENT = 0.3

COUNTS = "{ viewer { name mentionsCount leadsCount qualifiedLeadsCount } }"
LISTS = """{
    keywords(first: 4) { totalCount nodes { id status mentions(first: 3) { nodes { id starredAt lead { id status version } } } } }
    integrations(first: 3) { nodes { id healthScore logs(first: 1) { nodes { id message } } } }
}"""
LEADS = "{ leads(first: 5) { totalCount nodes { id status notes events(first: 3) { nodes { id type } } } } }"
SEARCH = '{ mentions(first: 5, filter: { search: "fresh" }) { totalCount nodes { id content analysis { sentiment } } } }'
STATS = "{ mentionStats { count byPlatform { platform count } overTime(by: DAY) { start count partial } } }"
TODAY = """{ dashboard(range: TODAY, maxAge: 0) {
    window { start end } previousWindowToDate { end } conversionMetrics { totalLeads newLeads { value previous } }
    recentLeads(first: 3) { id status }
} }"""
OLD = "{ dashboard { keywordPerformance(first: 3) { mentions { value } } conversionMetrics { totalLeads newLeadsToday } } analytics { leads { total } } }"
DOCUMENTS = (COUNTS, LISTS, LEADS, SEARCH, STATS, TODAY, OLD)
WEIGHTS = (1, 2, 2, 1, 1, 2, 4)


@dataclass
class Play:
    """Two processes over one database. Their caches of figures differ."""

    world: World
    clients: list[httpx.AsyncClient]
    clock: Clock
    random: random.Random
    answers: dict[str, dict[str, bytes]] = field(default_factory=lambda: {each: {} for each in DOCUMENTS})
    """The bodies of the latest tags of each document."""
    new: int = 0
    not_modified: int = 0
    whole: int = 0

    async def send(self, document: str, known: str | None, client: httpx.AsyncClient) -> httpx.Response:
        headers = {
            "authorization": f"Bearer {self.world.keys['ann']}",
            "content-type": "application/json",
            **({} if known is None else {"if-none-match": known}),
        }
        method = "POST" if known is None else "QUERY"
        content = json.dumps({"query": document})
        answer = await client.request(method, "/graphql", content=content, headers=headers)
        assert answer.status_code in {200, 304}, answer.text
        return answer

    async def read(self, document: str) -> None:
        """Ask with some known tags, while others write. A tag that comes here is compared later."""
        kept = self.answers[document]
        known = ", ".join(self.random.sample(list(kept), min(len(kept), 3))) or '"none"'
        await self.pause()
        answer = await self.send(document, known, self.random.choice(self.clients))
        if answer.status_code == 200 and "etag" in answer.headers:
            self.keep(document, answer)

    def keep(self, document: str, answer: httpx.Response) -> None:
        kept = self.answers[document]
        kept[answer.headers["etag"]] = answer.content
        while len(kept) > TAGS_KEPT:
            del kept[next(iter(kept))]

    async def check(self, document: str) -> None:
        """Compare, while no one writes, the answer of a 304 with the whole answer."""
        kept, client = self.answers[document], self.random.choice(self.clients)
        answer = await self.send(document, ", ".join(kept) or '"none"', client)
        if answer.status_code == 200:
            self.whole += 1
            if "etag" in answer.headers:
                self.keep(document, answer)
            return
        self.not_modified += 1
        exact = document.replace("dashboard {", "dashboard(maxAge: 0) {").replace(
            "analytics {", "analytics(maxAge: 0) {"
        )
        whole = await self.send(exact, None, client)
        assert kept[answer.headers["etag"]] == whole.content

    async def pause(self) -> None:
        for _ in range(self.random.randrange(12)):
            await asyncio.sleep(0)

    async def mutate(self, field_: str) -> None:
        await self.pause()
        answer = await self.send(
            f"mutation {{ {field_} {{ userErrors {{ message }} }} }}", None, self.clients[0]
        )
        assert "errors" not in answer.json(), answer.text

    async def some(self, table: str) -> str:
        found = await self.world.fetch(
            f"SELECT id FROM {table} WHERE user_id = $1 ORDER BY id DESC LIMIT 8", self.world.users["ann"]
        )
        names = {"keywords": "Keyword", "mentions": "Mention", "integrations": "Integration"}
        return encode(names[table], self.random.choice(found)["id"])

    # The writes

    async def rename(self) -> None:
        self.new += 1
        await self.mutate(f'updateViewer(input: {{ name: "name {self.new}" }})')

    async def ingest(self) -> None:
        self.new += 1
        keyword = await self.some("keywords")
        await self.mutate(f"""ingestMentions(input: {{ items: [{{ keywordId: "{keyword}", platform: WEB,
            externalId: "e{self.new}", url: "https://example.com", content: "fresh post {self.new}" }}],
            analyze: {"true" if self.random.random() < 0.5 else "false"} }})""")

    async def triage(self) -> None:
        starred = "true" if self.random.random() < 0.5 else "false"
        await self.mutate(
            f'triageMention(input: {{ id: "{await self.some("mentions")}", starred: {starred} }})'
        )

    async def pause_keyword(self) -> None:
        verb = self.random.choice(["pauseKeyword", "resumeKeyword"])
        await self.mutate(f'{verb}(input: {{ id: "{await self.some("keywords")}" }})')

    async def create_lead(self) -> None:
        await self.mutate(f'createLead(input: {{ mentionId: "{await self.some("mentions")}" }})')

    async def change_lead(self) -> None:
        found = await self.world.fetch(
            "SELECT mention_id FROM leads WHERE user_id = $1 ORDER BY random() LIMIT 1",
            self.world.users["ann"],
        )
        if found:
            self.new += 1
            lead = encode("Lead", found[0]["mention_id"])
            await self.mutate(
                self.random.choice(
                    [
                        f'changeLeadStatus(input: {{ id: "{lead}", status: CONTACTED }})',
                        f'updateLead(input: {{ id: "{lead}", notes: "note {self.new}" }})',
                        f'deleteLead(input: {{ id: "{lead}" }})',
                    ]
                )
            )

    async def record_run(self) -> None:
        self.new += 1
        await self.mutate(f"""recordIntegrationRun(input: {{ integrationId: "{await self.some("integrations")}",
            status: SUCCEEDED, message: "run {self.new}" }})""")

    async def other_users_write(self) -> None:
        await self.world.pool.execute(
            "UPDATE users SET data_version = data_version + 1 WHERE id = $1", self.world.users["ben"]
        )


WRITES: tuple[Callable[[Play], Awaitable[None]], ...] = (
    Play.rename,
    Play.ingest,
    Play.ingest,
    Play.triage,
    Play.pause_keyword,
    Play.create_lead,
    Play.change_lead,
    Play.record_run,
    Play.other_users_write,
)
PASSED = (0, 0, 0, 0, 0, 1, 60, 400, 900, 90_000)  # seconds


@pytest.fixture
async def play(pool: Pool) -> AsyncIterator[Play]:
    world = World(pool)
    for name in ("ann", "ben"):
        await world.add_user(name)
        await world.add_keywords(name)
        await world.add_integrations(name)
    await world.index_mentions()
    await pool.execute("UPDATE users SET last_seen_at = clock_timestamp()")
    await require_written_users(pool)
    clock, authenticator = Clock(START), Authenticator(ApiKeys(pool), trust_seconds=600)
    apps = [create_app(pool, authenticator=authenticator, cached=Cached(pool), clock=clock) for _ in range(2)]
    clients = [
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") for app in apps
    ]
    yield Play(world, clients, clock, random.Random(20260601))  # noqa: S311 - a plan that repeats
    for client in clients:
        await client.aclose()
    await authenticator.close()


async def test_304_never_stands_for_an_answer_that_has_changed(play: Play) -> None:
    """Each interleaving is followed by a check. Several use the same document, so that its tags have a chance."""
    document = DOCUMENTS[0]
    for _ in range(INTERLEAVINGS):
        if play.random.random() < CHANGES_DOCUMENT:
            (document,) = play.random.choices(DOCUMENTS, WEIGHTS)
        writes = play.random.choices(WRITES, k=play.random.choice([0, 0, 0, 1, 1, 2]))
        reads: list[Any] = [play.read(document) for _ in range(play.random.choice([1, 1, 2]))]
        tasks = [*reads, *(write(play) for write in writes)]
        play.random.shuffle(tasks)
        await asyncio.gather(*tasks)
        assert play.clock.at is not None
        play.clock.at += timedelta(seconds=play.random.choice(PASSED))
        if play.clock.at > START + LONGEST:
            play.clock.at = START
        await play.check(document)
    assert play.not_modified > INTERLEAVINGS // 6
    assert play.whole > INTERLEAVINGS // 6
