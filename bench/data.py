"""The databases of all servers, created once a day, since dashboards show the last days."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.filling import Amount, fill, recipe
from db.engine import databases, migrations, row_security
from db.engine.pool import Connection
from services.accounts import api_key
from services.accounts.api_keys import issue_key

USERS = 100
KEY_NAME = "bench"
SCOPES = [*sorted(api_key.ALL_SCOPES), api_key.BULK_READ]


@dataclass(frozen=True, slots=True)
class Data:
    """A filled database with a user, the user's API key and newest leads.

    `ids` are IDs of the user's rows by typename, of leads of other users (`foreign`), and of leads whose status changes
    back and forth (`changing`). `middle` is a mention in the middle of the user's list.
    """

    url: str
    user_id: int
    api_key: str
    lead_ids: list[int] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    ids: Mapping[str, list[int]] = field(default_factory=dict)
    middle: tuple[int, datetime] | None = None


async def prepare(server_url: str, scale: float, say: Callable[[str], None]) -> Data:
    """Return the database of this scale, created today."""
    return await prepare_amount(server_url, Amount(max(1, round(USERS * scale))), say)


async def prepare_amount(server_url: str, amount: Amount, say: Callable[[str], None]) -> Data:
    """Return the database of this amount. Create it unless it was created today."""
    url = await filled_today(
        server_url, amount.name, recipe(amount), lambda url, end: fill(url, amount, end, say)
    )
    return await describe(url, amount.asked_user)


async def filled_today(
    server_url: str, name: str, recipe_: str, fill_: Callable[[str, datetime], Awaitable[None]]
) -> str:
    """Return the URL of the database of this name. Create and fill it unless this was done today by the same recipe."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    made_of = f"{recipe_} {end.date()}"
    url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    if await _comment(server_url, name) != made_of:
        await recreate(server_url, name)
        await migrations.upgrade(url)
        await row_security.install(url)
        await fill_(url, end)
        await _set_comment(server_url, name, made_of)
    return url


IDS_SQL = """
SELECT
    ARRAY(SELECT id FROM keywords WHERE user_id = $1 ORDER BY id DESC LIMIT 20) AS "Keyword",
    ARRAY(SELECT id FROM mentions WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100) AS "Mention",
    ARRAY(SELECT id FROM leads WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100) AS "Lead",
    ARRAY(SELECT id FROM integrations WHERE user_id = $1 ORDER BY id DESC LIMIT 10) AS "Integration",
    ARRAY(SELECT id FROM leads WHERE user_id <> $1 ORDER BY id DESC LIMIT 20) AS "foreign",
    ARRAY(
        SELECT id FROM leads WHERE user_id = $1 AND status IN ('contacted', 'qualified')
        ORDER BY created_at, id LIMIT 100
    ) AS "changing"
"""
MIDDLE_SQL = """
SELECT id, created_at FROM mentions WHERE user_id = $1 ORDER BY created_at DESC, id DESC
LIMIT 1 OFFSET (SELECT mentions_count / 2 FROM users WHERE id = $1)
"""


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


async def describe(url: str, user_id: int) -> Data:
    """Return the description of a filled database, with a new key of the user."""
    connection = await asyncpg.connect(url)
    try:
        ids = await connection.fetchrow(IDS_SQL, user_id)
        middle = await connection.fetchrow(MIDDLE_SQL, user_id)
        totals = "SELECT count(*), sum(keywords_count), sum(mentions_count), sum(leads_count) FROM users"
        counted = await connection.fetchrow(totals)
        key = await new_key(connection, user_id, SCOPES)
    finally:
        await connection.close()
    names = ("users", "keywords", "mentions", "leads")
    rows = {name: int(number) for name, number in zip(names, counted or (), strict=True)}
    found, position = dict(ids or {}), None if middle is None else (middle[0], middle[1])
    return Data(url, user_id, key, found["Lead"], rows, found, position)


async def new_key(connection: Connection, user_id: int, scopes: list[str] | None = None) -> str:
    """Return a new key, by default for large pages. Delete the user's keys of earlier runs."""
    await connection.execute("DELETE FROM api_keys WHERE name = $1 AND user_id = $2", KEY_NAME, user_id)
    return await issue_key(connection, user_id, KEY_NAME, [api_key.BULK_READ] if scopes is None else scopes)
