"""Writers by SQL: batches, cascades, savepoints, rollbacks, and transactions that stay open for seconds."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

from db.engine.pool import Connection

LONGEST_SECONDS: Final = 3.0
STAYS_OPEN, ROLLS_BACK, LOCKS_FIRST, SAVEPOINT = 0.04, 0.15, 0.8, 0.1
"""Shares of transactions that stay open, that roll back, that lock their user first, and of actions undone alone."""
MOST_KEYWORDS: Final = 12
BROKEN = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)

Action = Callable[[Connection, int], Awaitable[Any]]


class SqlWriter:
    """A connection that writes rows of some users at random. A lost connection is opened again."""

    def __init__(self, url: str, users: Sequence[int], choose: random.Random, batch: int) -> None:
        self._url, self._users, self._choose, self._batch = url, users, choose, batch
        self._number = 0
        self._connection: Connection | None = None
        self.commits = self.rollbacks = self.failures = 0
        weights: list[tuple[int, Action]] = [
            (8, self._add_mentions),
            (8, self._update_mentions),
            (3, self._delete_mentions),
            (2, self._add_keyword),
            (2, self._update_keyword),
            (1, self._delete_keyword),
            (2, self._add_leads),
            (3, self._update_leads),
            (1, self._delete_leads),
            (1, self._change_integrations),
        ]
        self._weights, self._actions = zip(*weights, strict=True)

    async def run(self, goes_on: Callable[[], bool]) -> None:
        while goes_on():
            try:
                await self._transact()
            except BROKEN:
                self.failures += 1
                await self.close()
                await asyncio.sleep(self._choose.uniform(0.02, 0.2))

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*BROKEN):
                await connection.close(timeout=2)

    async def _transact(self) -> None:
        if self._connection is None:
            self._connection = await asyncpg.connect(self._url, timeout=5, command_timeout=60)
        connection, chance = self._connection, self._choose
        user = chance.choice(self._users)
        transaction = connection.transaction()
        await transaction.start()
        try:
            if chance.random() < LOCKS_FIRST:
                await connection.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user)
            for _ in range(chance.randint(1, 4)):
                await self._act(connection, user)
            if chance.random() < STAYS_OPEN:
                await asyncio.sleep(chance.uniform(0.5, LONGEST_SECONDS))
            if chance.random() < ROLLS_BACK:
                await transaction.rollback()
                self.rollbacks += 1
            else:
                await transaction.commit()
                self.commits += 1
        except asyncpg.PostgresError:
            await transaction.rollback()
            raise

    async def _act(self, connection: Connection, user: int) -> None:
        (action,) = self._choose.choices(self._actions, self._weights)
        if self._choose.random() >= SAVEPOINT:
            await action(connection, user)
            return
        savepoint = connection.transaction()
        await savepoint.start()
        await action(connection, user)
        await savepoint.rollback()

    def _many(self) -> int:
        return self._choose.choice((1, 10, self._batch, self._choose.randint(1, self._batch)))

    def _few(self) -> int:
        return self._choose.randint(1, 10)

    def _word(self) -> str:
        self._number += 1
        return f"{self._choose.randrange(10**9)} {self._number}"

    async def _keyword(self, connection: Connection, user: int) -> int | None:
        found = await connection.fetch("SELECT id FROM keywords WHERE user_id = $1", user)
        return self._choose.choice(found)["id"] if found else None

    async def _add_keyword(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "INSERT INTO keywords (user_id, keyword) SELECT $1, $2 "
            "WHERE (SELECT count(*) FROM keywords WHERE user_id = $1) < $3",
            user, self._word(), MOST_KEYWORDS,
        )  # fmt: skip

    async def _update_keyword(self, connection: Connection, user: int) -> None:
        keyword = await self._keyword(connection, user)
        await connection.execute(
            "UPDATE keywords SET auto_lead_score = $2 WHERE id = $1", keyword, self._choose.randrange(100)
        )

    async def _delete_keyword(self, connection: Connection, user: int) -> None:
        await connection.execute("DELETE FROM keywords WHERE id = $1", await self._keyword(connection, user))

    async def _add_mentions(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "SELECT $1, id, 'web', $3 || ' ' || n, 'https://posts.example', 'a post about words' "
            "FROM keywords, generate_series(1, $4) AS n WHERE id = $2",
            user, await self._keyword(connection, user), self._word(), self._many(),
        )  # fmt: skip

    async def _update_mentions(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "UPDATE mentions SET likes = likes + 1, read_at = now() WHERE id IN "
            "(SELECT id FROM mentions WHERE user_id = $1 AND id % 7 = $2 ORDER BY id DESC LIMIT $3)",
            user, self._choose.randrange(7), self._many(),
        )  # fmt: skip

    async def _delete_mentions(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "DELETE FROM mentions WHERE id IN "
            "(SELECT id FROM mentions WHERE user_id = $1 ORDER BY id LIMIT $2)",
            user, self._many(),
        )  # fmt: skip

    async def _add_leads(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "INSERT INTO leads (mention_id, company) SELECT id, $3 FROM mentions WHERE user_id = $1 "
            "AND NOT EXISTS (SELECT FROM leads WHERE mention_id = mentions.id) ORDER BY id DESC LIMIT $2",
            user, self._few(), self._word(),
        )  # fmt: skip

    async def _update_leads(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "UPDATE leads SET company = $3 WHERE id IN "
            "(SELECT id FROM leads WHERE user_id = $1 ORDER BY md5(id::text || $3) LIMIT $2)",
            user, self._few(), self._word(),
        )  # fmt: skip

    async def _delete_leads(self, connection: Connection, user: int) -> None:
        await connection.execute(
            "DELETE FROM leads WHERE id IN (SELECT id FROM leads WHERE user_id = $1 ORDER BY id LIMIT $2)",
            user, self._few(),
        )  # fmt: skip

    async def _change_integrations(self, connection: Connection, user: int) -> None:
        how = self._choose.randrange(3)
        if how == 0:
            await connection.execute(
                "INSERT INTO integrations (user_id, provider, kind, name, external_account_id) "
                "VALUES ($1, 'rss', 'source', $2, $2)",
                user, self._word(),
            )  # fmt: skip
        elif how == 1:
            await connection.execute(
                "UPDATE integrations SET name = $2 WHERE user_id = $1", user, self._word()
            )
        else:
            await connection.execute(
                "DELETE FROM integrations WHERE id = (SELECT min(id) FROM integrations WHERE user_id = $1)",
                user,
            )
