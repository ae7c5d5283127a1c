"""Concurrent writes of members and operators to the same rows, and deletes of large objects in batches."""

import asyncio
import random
from collections import Counter
from typing import Any

import httpx
import pytest

from db.engine.pool import open_pool
from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from schema.graph import Graph
from server.app import create_app
from tests.support.world import Ask, World

OPERATIONS = 400
WRITERS = 8


class Writers:
    """Writers of random mutations on few rows, so that the writers conflict."""

    def __init__(self, ask: Ask, world: World) -> None:
        self._ask, self._world = ask, world
        self._random = random.Random(1)  # noqa: S311 - the same operations in every run
        self.codes: Counter[str] = Counter()

    async def _some(self, table: str, most: int = 1) -> list[int]:
        rows = await self._world.pool.fetch(f"SELECT id FROM {table}")
        ids = sorted(row["id"] for row in rows) or [1]
        return self._random.sample(ids, min(most, len(ids)))

    async def _one(self, tag: str, table: str) -> str:
        (id_,) = await self._some(table)
        return encode(tag, id_)

    async def operation(self) -> tuple[str, dict[str, object]]:  # noqa: PLR0911 - a case each
        choice = self._random.randrange(10)
        match choice:
            case 0:
                given: dict[str, object] = {"keyword": f"new {self._random.randrange(30)}"}
                return "createKeyword", given
            case 1:
                return "deleteKeyword", {"id": await self._one("Keyword", "keywords")}
            case 2:
                action = self._random.choice(["pause", "resume", "archive"])
                return f"{action}Keyword", {"id": await self._one("Keyword", "keywords")}
            case 3 | 4:
                ids = [encode("Mention", id_) for id_ in await self._some("mentions", 8)]
                return "triageMentions", {"ids": ids, "read": self._random.random() < 0.5}
            case 5 | 6:
                return "createLead", {"mentionId": await self._one("Mention", "mentions")}
            case 7 | 8:
                status = self._random.choice(["CONTACTED", "QUALIFIED", "CONVERTED", "DISQUALIFIED"])
                return "changeLeadStatus", {"id": await self._one("Lead", "leads"), "status": status}
            case _:
                return "deleteLead", {"id": await self._one("Lead", "leads")}

    async def write(self, number: int) -> None:
        viewer = ("ann", "ben", "olga", "olga")[number % 4]
        for _ in range(OPERATIONS // WRITERS):
            name, given = await self.operation()
            type_ = f"{name[0].upper()}{name[1:]}Input"
            document = f"mutation($i: {type_}!) {{ result: {name}(input: $i) {{ userErrors {{ code }} }} }}"
            answer = await self._ask(document, viewer=viewer, i=given)
            found = answer.data["result"]["userErrors"]
            self.codes[found[0]["code"] if found else name] += 1


async def test_concurrent_writers_cause_neither_deadlocks_nor_drift(ask: Ask, world: World) -> None:
    for name in ("ann", "ben"):
        await world.add_keywords(name, keywords=10, mentions=10)
    writers = Writers(ask, world)
    await asyncio.gather(*(writers.write(number) for number in range(WRITERS)))
    assert sum(writers.codes.values()) == OPERATIONS
    mutations = {name for name in writers.codes if not name.isupper()}
    assert len(mutations) == 9, writers.codes
    assert await drifts(world.pool) == []
    assert (
        await world.pool.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        == 0
    )
    statuses = await world.pool.fetch(
        "SELECT leads.status AS now, last.to_status AS logged FROM leads JOIN LATERAL (SELECT to_status FROM lead_events "
        "WHERE lead_id = leads.id AND to_status IS NOT NULL ORDER BY id DESC LIMIT 1) AS last ON true"
    )
    assert all(row["now"] == row["logged"] for row in statuses)
    assert len(statuses) > 5


async def test_deleting_a_large_keyword_takes_the_statements_of_a_small_one(ask: Ask, world: World) -> None:
    document = "mutation($id: ID!) { deleteKeyword(input: { id: $id }) { deletedKeywordId } }"
    await world.add_keywords("ann", keywords=1, mentions=5000)
    ids = [
        row["id"]
        for row in sorted(await world.rows("keywords", "ann"), key=lambda row: row["mentions_count"])
    ]
    for id_ in (ids[0], ids[-1]):
        answer = await ask(document, id=encode("Keyword", id_))
        assert answer.statements == ["lock_user", "keywords delete"]
    (user,) = await world.rows("users", "ann")
    assert (user["keywords_count"], user["mentions_count"], user["leads_count"]) == (2, 8, 4)
    assert await drifts(world.pool) == []


async def test_a_write_does_not_wait_for_the_read_connection_of_its_own_operation(
    world: World, graph: Graph, database_url: str
) -> None:
    """Ten operations share two connections. Each operation writes, reads, writes and reads."""
    pool = await open_pool(database_url, size=2)
    transport = httpx.ASGITransport(app=create_app(pool, graph=graph))
    document = """
    mutation($a: CreateKeywordInput!, $b: CreateKeywordInput!) {
      a: createKeyword(input: $a) { keyword { user { keywordsCount } } }
      b: createKeyword(input: $b) { keyword { user { keywordsCount } } }
    }
    """
    async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:
        headers = {"authorization": f"Bearer {world.keys['ann']}"}

        async def ask(number: int) -> Any:
            given = {name: {"keyword": f"{name} {number}"} for name in "ab"}
            return await client.post(
                "/graphql", json={"query": document, "variables": given}, headers=headers
            )

        answers = await asyncio.gather(*map(ask, range(10)))
    await pool.close()
    assert all("errors" not in answer.json() for answer in answers)
    assert len(await world.rows("keywords", "ann")) == 23


DELETE_KEYWORD = (
    "mutation($id: ID!) { deleteKeyword(input: { id: $id }) { deletedKeywordId userErrors { code } } }"
)
DELETE_INTEGRATION = """
mutation($id: ID!) { deleteIntegration(input: { id: $id }) { deletedIntegrationId userErrors { code } } }
"""


@pytest.mark.parametrize(("viewer", "locks"), [("ann", "lock_user"), ("olga", "keywords lock_owners")])
async def test_a_very_large_keyword_is_deleted_in_batches(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch, viewer: str, locks: str
) -> None:
    monkeypatch.setattr("services.keyword.MOST_AT_ONCE", 5)
    await world.add_keywords("ann", keywords=1, mentions=12)
    large = max(await world.rows("keywords", "ann"), key=lambda row: row["mentions_count"])
    others = await world.rows("mentions", "ben")
    answer = await ask(DELETE_KEYWORD, viewer=viewer, id=encode("Keyword", large["id"]))
    assert answer.data["deleteKeyword"]["userErrors"] == []
    assert answer.statements == [
        *(locks, "keywords delete", "keywords read id"),
        *(locks, "set_keyword_status", "mentions delete_some keyword_id") * 3,
        *(locks, "keywords delete"),
    ]
    assert large["id"] not in {row["keyword_id"] for row in await world.rows("mentions", "ann")}
    assert large["id"] not in {row["id"] for row in await world.rows("keywords", "ann")}
    assert await world.rows("mentions", "ben") == others
    assert await drifts(world.pool) == []


async def test_a_delete_in_batches_refuses_keywords_of_other_users(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.keyword.MOST_AT_ONCE", 1)
    before = await world.rows("mentions"), await world.rows("keywords")
    for id_ in ((await world.rows("keywords", "ben"))[0]["id"], 999_999):
        answer = await ask(DELETE_KEYWORD, id=encode("Keyword", id_))
        assert answer.data["deleteKeyword"]["userErrors"] == [{"code": "NOT_FOUND"}]
        assert answer.statements == ["lock_user", "keywords delete", "keywords read id"]
    assert (await world.rows("mentions"), await world.rows("keywords")) == before


async def test_a_very_large_integration_is_deleted_in_batches_and_its_mentions_stay(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.integrations.removal.MOST_AT_ONCE", 4)
    await world.add_integrations("ann", integrations=1, logs=9)
    (large,) = await world.pool.fetch(
        "SELECT integration_id AS id FROM integration_logs GROUP BY 1 HAVING count(*) = 9"
    )
    await world.pool.execute(
        "UPDATE mentions SET integration_id = $1 WHERE user_id = $2", large["id"], world.users["ann"]
    )
    mentions = len(await world.rows("mentions", "ann"))
    assert mentions == 12
    answer = await ask(DELETE_INTEGRATION, id=encode("Integration", large["id"]))
    assert answer.data["deleteIntegration"]["userErrors"] == []
    detach = ("lock_user", "mentions detach_some integration_id")
    assert [name for name in answer.statements if not name.startswith("integrations update")] == [
        *("lock_user", "integrations delete", "integrations read id"),
        *detach * 3,
        *(*detach, "integration_logs delete_some integration_id") * 3,
        *("lock_user", "integrations delete"),
    ]
    rows = await world.rows("mentions", "ann")
    assert [row["integration_id"] for row in rows] == [None] * mentions
    assert large["id"] not in {row["integration_id"] for row in await world.rows("integration_logs")}
    assert await drifts(world.pool) == []
