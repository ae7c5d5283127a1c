"""Random worlds: a list and the changes after it give the state, whatever others write meanwhile.

A world has two members and three writers with short random histories of keywords. A member and an operator read the
list at a random moment, page by page, and then the changes after its first page. At the end, both copies must equal the
rows.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Final

import httpx

from bench.feed_soak.place import Place
from db.engine.pool import Connection, Pool, open_pool
from services.accounts import api_key
from services.accounts.api_keys import issue_key

TURNS: Final = 5
ADDS, DELETES, ROLLS_BACK = 0.5, 0.2, 0.2
MOST_WRONG: Final = 5
LIST: Final = """query($first: Int!, $after: String) {
    keywords(first: $first, after: $after) {
        nodes { id keyword autoLeadScore } pageInfo { hasNextPage endCursor changesAfter }
    }
}"""
CHANGES: Final = """query($first: Int!, $after: String) {
    changes(first: $first, after: $after, types: [KEYWORD]) {
        nodes { nodeId node { ... on Keyword { id keyword autoLeadScore } } } pageInfo { hasNextPage endCursor }
    }
}"""
Copy = dict[str, tuple[str, int | None]]


class _World:
    """One world of a number."""

    def __init__(self, pool: Pool, client: httpx.AsyncClient, number: int, seed: int) -> None:
        self._pool, self._client, self._number = pool, client, number
        self.choose = random.Random(f"{seed} {number}")  # noqa: S311 - to be repeated
        self._done = asyncio.Event()
        self._operator_key = self._member_key = ""
        self._users: list[int] = []

    async def live(self, operator_key: str) -> str | None:
        """Return what is wrong, or None."""
        async with self._pool.acquire() as connection:
            for name in ("ann", "bob"):
                insert = "INSERT INTO users (email) VALUES ($1) RETURNING id"
                user = await connection.fetchval(insert, f"{name}{self._number}@worlds.example")
                self._users.append(user)
            member_key = await issue_key(connection, self._users[0], "world", sorted(api_key.ALL_SCOPES))
        try:
            return await self._compared(member_key, operator_key)
        finally:
            await self._pool.execute("DELETE FROM keywords")

    async def _compared(self, member_key: str, operator_key: str) -> str | None:
        readers = [asyncio.create_task(self._read(key)) for key in (member_key, operator_key)]
        await asyncio.gather(*(self._write(user) for user in (self._users[0], *self._users)))
        self._done.set()
        states = [await self._state(member_key), await self._state(operator_key)]
        for who, reader, state in zip(("member", "operator"), readers, states, strict=True):
            copy = await reader
            if copy != state:
                differ = dict(copy.items() ^ state.items())
                return (
                    f"world {self._number}, {who}: {len(copy)} rows for {len(state)}, different are {differ}"
                )
        return None

    async def _write(self, user: int) -> None:
        async with self._pool.acquire() as connection:
            for _ in range(self.choose.randint(1, TURNS)):
                transaction = connection.transaction()
                await transaction.start()
                for _ in range(self.choose.randint(1, 3)):
                    await self._change(connection, user)
                    await asyncio.sleep(self.choose.choice((0, 0, 0.001, 0.004)))
                await (transaction.rollback() if self.choose.random() < ROLLS_BACK else transaction.commit())

    async def _change(self, connection: Connection, user: int) -> None:
        await connection.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user)
        known = await connection.fetch("SELECT id FROM keywords WHERE user_id = $1 ORDER BY id", user)
        how = self.choose.random()
        if how < ADDS or not known:
            insert = (
                "INSERT INTO keywords (user_id, keyword) SELECT $1, $2 || n FROM generate_series(1, $3) AS n"
            )
            word = f"{self.choose.randrange(10**9)} "
            await connection.execute(insert, user, word, self.choose.randint(1, 4))
            return
        chosen = [row["id"] for row in self.choose.sample(known, self.choose.randint(1, min(3, len(known))))]
        if how < ADDS + DELETES:
            await connection.execute("DELETE FROM keywords WHERE id = ANY ($1)", chosen)
        else:
            update = "UPDATE keywords SET auto_lead_score = $2 WHERE id = ANY ($1)"
            await connection.execute(update, chosen, self.choose.randrange(100))

    async def _ask(self, key: str, document: str, **variables: object) -> Any:
        body = {"query": document, "variables": variables}
        response = await self._client.post("/graphql", json=body, headers={"authorization": f"Bearer {key}"})
        return next(iter(response.json()["data"].values()))

    async def _read(self, key: str) -> Copy:
        """Return the copy that a client keeps."""
        await asyncio.sleep(self.choose.uniform(0, 0.08))
        copy, cursor = await self._list(key)
        while True:
            was_done = self._done.is_set()
            page = await self._ask(key, CHANGES, first=self.choose.randint(1, 20), after=cursor)
            for change in page["nodes"]:
                copy.pop(change["nodeId"], None)
                if change["node"]:
                    _keep(copy, change["node"])
            cursor = page["pageInfo"]["endCursor"]
            if was_done and not page["pageInfo"]["hasNextPage"]:
                return copy
            await asyncio.sleep(self.choose.uniform(0, 0.03))

    async def _list(self, key: str) -> tuple[Copy, str]:
        """Return the rows of all pages, and the cursor of the first page."""
        copy: Copy = {}
        cursor = after = None
        while True:
            page = await self._ask(key, LIST, first=self.choose.randint(1, 20), after=after)
            for node in page["nodes"]:
                _keep(copy, node)
            info = page["pageInfo"]
            cursor, after = cursor or info["changesAfter"], info["endCursor"]
            if not info["hasNextPage"]:
                return copy, cursor

    async def _state(self, key: str) -> Copy:
        """Return the rows as a list shows them at the end."""
        copy: Copy = {}
        after = None
        while True:
            page = await self._ask(key, LIST, first=100, after=after)
            for node in page["nodes"]:
                _keep(copy, node)
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return copy


def _keep(copy: Copy, node: Mapping[str, Any]) -> None:
    copy[node["id"]] = (node["keyword"], node["autoLeadScore"])


async def live_in(place: Place, worlds: int, seed: int) -> list[str]:
    """Run so many worlds one after the other, and return what is wrong."""
    wrong: list[str] = []
    pool = await open_pool(place.url, size=5)
    try:
        async with pool.acquire() as connection:
            await connection.execute("TRUNCATE keywords CASCADE")
            insert = (
                "INSERT INTO users (email, role) VALUES ('operator@worlds.example', 'operator') RETURNING id"
            )
            operator = await connection.fetchval(insert)
            key = await issue_key(connection, operator, "worlds", sorted(api_key.ALL_SCOPES))
        async with httpx.AsyncClient(base_url=place.origins[0], timeout=60) as client:
            for number in range(worlds):
                found = await _World(pool, client, number, seed).live(key)
                wrong += [found] if found else []
                if len(wrong) >= MOST_WRONG:
                    break
    finally:
        await pool.close()
    return wrong
