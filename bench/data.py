"""The databases of all servers, created once a day, since dashboards show the last days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.filling import MENTIONS, Amount, fill, recipe
from db.engine import databases, migrations, row_security
from db.engine.pool import Connection
from services.accounts import api_key
from services.accounts.api_keys import issue_key

USERS = 100
KEY_NAME = "bench"


@dataclass(frozen=True, slots=True)
class Data:
    """A filled database with a user, the user's API key and newest leads."""

    url: str
    user_id: int
    api_key: str
    lead_ids: list[int]
    rows: dict[str, int]


async def prepare(
    server_url: str, scale: float, say: Callable[[str], None], *, mentions: int = MENTIONS
) -> Data:
    """Return the database of this scale. Create it unless it was created today."""
    amount = Amount(max(1, round(USERS * scale)), mentions)
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    made_of = f"{recipe(amount)} {end.date()}"
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{amount.name}"))
    if await _comment(server_url, amount.name) != made_of:
        await recreate(server_url, amount.name)
        await migrations.upgrade(url)
        await row_security.install(url)
        await fill(url, amount, end, say)
        await _set_comment(server_url, amount.name, made_of)
    return await _describe(url, amount.asked_user)


async def _comment(server_url: str, name: str) -> str | None:
    """Return the recipe of the database, or None if it is missing or incomplete."""
    connection = await asyncpg.connect(server_url)
    try:
        found: str | None = await connection.fetchval(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1", name
        )
    finally:
        await connection.close()
    return found


async def _set_comment(server_url: str, name: str, comment: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"COMMENT ON DATABASE {name} IS '{comment}'")
    finally:
        await connection.close()


async def recreate(server_url: str, name: str) -> None:
    """Replace the database of this name with an empty one."""
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()
    await databases.ensure(server_url, name)


async def _describe(url: str, user_id: int) -> Data:
    connection = await asyncpg.connect(url)
    try:
        newest = "SELECT id FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100"
        lead_ids = [row[0] for row in await connection.fetch(newest, user_id)]
        totals = "SELECT count(*), sum(keywords_count), sum(mentions_count), sum(leads_count) FROM users"
        counted = await connection.fetchrow(totals)
        key = await new_key(connection, user_id)
    finally:
        await connection.close()
    names = ("users", "keywords", "mentions", "leads")
    rows = {name: int(number) for name, number in zip(names, counted or (), strict=True)}
    return Data(url, user_id, key, lead_ids, rows)


async def new_key(connection: Connection, user_id: int, scopes: list[str] | None = None) -> str:
    """Return a new key, by default for large pages. Delete the user's keys of earlier runs."""
    await connection.execute("DELETE FROM api_keys WHERE name = $1 AND user_id = $2", KEY_NAME, user_id)
    return await issue_key(connection, user_id, KEY_NAME, [api_key.BULK_READ] if scopes is None else scopes)
