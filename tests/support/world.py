"""Users with a few rows, and functions that query the API as one of these users."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from db.engine.pool import Pool
from db.integrity import backfill
from services.accounts.vault import new_key
from services.figures.cache.cached import Cached
from tests.support import rows

Row = Mapping[str, Any]

KEYWORDS, MENTIONS = 3, 4


@dataclass
class World:
    """Users by name, with their API keys. Tests change rows through `pool`. `vault_key` encrypts credentials."""

    pool: Pool
    vault_key: str = field(default_factory=new_key)
    users: dict[str, int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    async def add_user(self, name: str, role: str = "member") -> int:
        """Add a user with a key that may do everything."""
        user_id = await rows.add_user(self.pool, f"{name}@example.com", name=name, role=role)
        self.users[name], self.keys[name] = user_id, await rows.add_key(self.pool, user_id)
        return user_id

    async def add_keyword(self, name: str, keyword: str = "words", **values: object) -> int:
        """Add a keyword of the user and return its id."""
        return await rows.add_keyword(self.pool, self.users[name], keyword, **values)

    async def add_mention(self, keyword_id: int, **values: object) -> int:
        """Add a mention of the keyword and return its id."""
        return await rows.add_mention(self.pool, keyword_id, **values)

    async def add_lead(self, mention_id: int, **values: object) -> int:
        """Add the lead of the mention and return its id."""
        return await rows.add_lead(self.pool, mention_id, **values)

    async def add(
        self, table: str, rows: Sequence[Mapping[str, object]], *, returning: str = "id"
    ) -> list[int]:
        """Insert rows that all have the same columns, and return their ids."""
        columns = ", ".join(rows[0])
        found = await self.pool.fetch(
            f"INSERT INTO {table} ({columns}) "
            f"SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, $1) RETURNING {returning}",
            list(rows),
        )
        return [row[returning] for row in found]

    async def rows(self, table: str, owner: str | None = None) -> list[Row]:
        """Return all rows of a table, or those of a user."""
        if owner is None:
            return await self.fetch(f"SELECT * FROM {table}")
        column = "id" if table == "users" else "user_id"
        return await self.fetch(f"SELECT * FROM {table} WHERE {column} = $1", self.users[owner])

    async def fetch(self, sql: str, *arguments: object) -> list[Row]:
        """Return the rows of a query. The records of the driver are mappings, but its types do not say so."""
        found: Any = await self.pool.fetch(sql, *arguments)
        return list(found)

    async def row(self, table: str, **values: object) -> Row:
        """Return the only row that has these values."""
        tests = " AND ".join(f"{column} = ${n}" for n, column in enumerate(values, 1))
        (found,) = await self.fetch(f"SELECT * FROM {table} WHERE {tests}", *values.values())
        return found

    async def change(self, table: str, id_: int, **values: object) -> None:
        """Set columns of the row with this id."""
        columns = ", ".join(f"{column} = ${n}" for n, column in enumerate(values, 2))
        done = await self.pool.execute(f"UPDATE {table} SET {columns} WHERE id = $1", id_, *values.values())
        assert done == "UPDATE 1", f"{table} has no row {id_}."

    async def set_scopes(self, name: str, *scopes: str) -> None:
        """Set the scopes of the user's key. A server that already trusts the key notices them a few seconds later."""
        await self.pool.execute(
            "UPDATE api_keys SET scopes = $2 WHERE user_id = $1", self.users[name], list(scopes)
        )

    async def contents(self) -> dict[str, list[dict[str, object]]]:
        """Return the rows of all tables, to compare with a later state.

        The times of the last use of keys and users are left out, because authentication writes them. So are the
        users' last moments, which each lock takes, also for a write that finds nothing to do.
        """
        found = {}
        for (table,) in await self.pool.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        ):
            rows = await self.pool.fetch(
                f"SELECT to_jsonb(t) - '{{last_used_at, last_seen_at, last_write_at}}'::text[] AS row "
                f"FROM {table} AS t ORDER BY 1"
            )
            found[table] = [row["row"] for row in rows]
        return found

    async def index_mentions(self) -> None:
        """Give mentions and leads that SQL inserted the lexemes that the application gives."""
        for name in (backfill.MENTION_LEXEMES, backfill.LEAD_LEXEMES):
            async for _ in backfill.fill(self.pool, name):
                pass

    async def add_keywords(self, name: str, *, keywords: int = KEYWORDS, mentions: int = MENTIONS) -> None:
        """Add keywords with mentions one minute apart. Every second mention has an analysis and a lead."""
        await self.pool.execute(
            """
            WITH made AS (
                INSERT INTO keywords (user_id, keyword)
                SELECT $1, format('%s %s', $2::text, n + (SELECT count(*) FROM keywords))
                FROM generate_series(1, $3) AS n RETURNING id
            )
            INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at)
            SELECT $1, made.id, 'web', format('%s-%s', made.id, n), 'https://example.com', format('post %s', n),
                timestamptz '2026-01-01 00:00+00' + n * interval '1 minute'
            FROM made CROSS JOIN generate_series(1, $4) AS n ORDER BY made.id, n
            """,
            self.users[name],
            name,
            keywords,
            mentions,
        )
        for table, extra in (
            ("leads (mention_id, user_id, keyword_id, status)", "user_id, keyword_id, 'qualified'"),
            (
                "analysis_results (mention_id, user_id, status, sentiment, relevance)",
                "user_id, 'succeeded', 'positive', 'high'",
            ),
        ):
            await self.pool.execute(
                f"INSERT INTO {table} SELECT id, {extra} FROM mentions "
                "WHERE user_id = $1 AND id % 2 = 0 ON CONFLICT DO NOTHING",
                self.users[name],
            )

    async def add_integrations(self, name: str, *, integrations: int = 2, logs: int = 3) -> None:
        await self.pool.execute(
            """
            WITH made AS (
                INSERT INTO integrations (user_id, provider, kind, external_account_id)
                SELECT $1, 'rss', 'source', gen_random_uuid()::text FROM generate_series(1, $2) RETURNING id
            )
            INSERT INTO integration_logs (user_id, integration_id, kind, status, message, created_at)
            SELECT $1, made.id, 'sync', 'succeeded', format('run %s', n),
                timestamptz '2026-01-01 00:00+00' + n * interval '1 minute'
            FROM made CROSS JOIN generate_series(1, $3) AS n
            """,
            self.users[name],
            integrations,
            logs,
        )


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def statements(self) -> list[str]:
        found: list[str] = self.body["extensions"]["statements"]
        return found

    @property
    def error(self) -> dict[str, Any]:
        (only,) = self.body["errors"]
        found: dict[str, Any] = only
        return found

    @property
    def code(self) -> str:
        return str(self.error["extensions"]["code"])


class Ask(Protocol):
    """A function that sends a document as ann, as another user, or without a key (viewer=None)."""

    async def __call__(self, document: str, *, viewer: str | None = "ann", **variables: object) -> Answer: ...


@dataclass
class Clock:
    """The current time for windows: the time that a test has set, or the real one."""

    at: datetime | None = None

    def __call__(self) -> datetime:
        return self.at or datetime.now(UTC)


@dataclass(frozen=True)
class Asker:
    """A function that sends documents to the database of a test module. An INTERNAL error fails the test."""

    world: World
    client: httpx.AsyncClient
    cached: Cached
    clock: Clock

    async def forget(self) -> None:
        """Invalidate all cached figures, as a write of every user would."""
        await self.world.pool.execute("UPDATE users SET data_version = data_version + 1")

    async def __call__(self, document: str, *, viewer: str | None = "ann", **variables: object) -> Answer:
        # ASCII escapes allow a test to send invalid text, such as an unpaired surrogate.
        body = json.dumps({"query": document, "variables": variables})
        headers = {"content-type": "application/json"}
        if viewer:
            headers["authorization"] = f"Bearer {self.world.keys[viewer]}"
        response = await self.client.post("/graphql", content=body, headers=headers)
        answer = Answer(response.status_code, response.json())
        for error in answer.body.get("errors", ()):
            assert error["extensions"]["code"] != "INTERNAL", (document, variables, error)
            assert error["message"]
        return answer
