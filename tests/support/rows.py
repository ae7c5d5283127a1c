"""Builders of rows. Each returns the id of the new row, and has defaults for values that a test does not give."""

import itertools
from collections.abc import Iterable
from datetime import datetime

from db.engine.pool import Connection, Pool
from db.models import Base
from db.models.base import table_of
from services.accounts import api_key
from services.accounts.api_keys import issue_key

_numbers = itertools.count(1)


async def insert(db: Pool | Connection, table: str, **values: object) -> int:
    """Insert one row and return its id."""
    columns, places = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    id_: int = await db.fetchval(
        f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", *values.values()
    )
    return id_


async def add_user(db: Pool | Connection, email: str = "ann@example.com", **values: object) -> int:
    return await insert(db, "users", email=email, **values)


async def add_keyword(db: Pool | Connection, user_id: int, keyword: str = "words", **values: object) -> int:
    return await insert(db, "keywords", user_id=user_id, keyword=keyword, **values)


async def add_integration(db: Pool | Connection, user_id: int, **values: object) -> int:
    """Add an integration, an RSS source unless the values say otherwise."""
    return await insert(db, "integrations", user_id=user_id, **{"provider": "rss", "kind": "source"} | values)


async def add_mention(db: Pool | Connection, keyword_id: int, **values: object) -> int:
    """Add a mention of the keyword's user, with a number of its own as its external id."""
    user_id = await db.fetchval("SELECT user_id FROM keywords WHERE id = $1", keyword_id)
    usual: dict[str, object] = {
        "platform": "web",
        "external_id": f"made {next(_numbers)}",
        "url": "https://example.com",
        "content": "text",
    }
    return await insert(db, "mentions", user_id=user_id, keyword_id=keyword_id, **usual | values)


async def add_lead(db: Pool | Connection, mention_id: int, **values: object) -> int:
    """Add the lead of a mention. The database takes the user and the keyword from the mention."""
    return await insert(db, "leads", mention_id=mention_id, **values)


async def add_key(pool: Pool, user_id: int, scopes: Iterable[str] = sorted(api_key.ALL_SCOPES)) -> str:
    """Add an API key of the user and return the text that requests send."""
    async with pool.acquire() as connection:
        return await issue_key(connection, user_id, "test", scopes)


async def fill_if_empty(pool: Pool, models: Iterable[type[Base]], *, each: int) -> None:
    """Insert rows into the models' empty tables: `each` for every row of the parent."""
    for model in models:
        if not await pool.fetchval(f"SELECT EXISTS (SELECT FROM {model.__tablename__})"):
            await pool.execute(_insert_for_parents(model), each)


def _insert_for_parents(model: type[Base]) -> str:
    """Return SQL that inserts $1 rows for every row of the parent, with a value in every required column.

    The parent is the table to which the foreign key with the most columns refers.
    """
    table = table_of(model)
    key = max(table.foreign_key_constraints, key=lambda key: len(key.elements))
    values = {element.parent.name: f"parent.{element.column.name}" for element in key.elements}
    usual: dict[type, str] = {str: "'text ' || n", int: "n", bool: "true", datetime: "now()"}
    for column in table.columns:
        given = column.nullable or column.server_default is not None or column.identity is not None
        if column.name not in values and not given:
            values[column.name] = usual[column.type.python_type]
    return (
        f"INSERT INTO {table.name} ({', '.join(values)}) SELECT {', '.join(values.values())} "
        f"FROM {key.referred_table.name} AS parent, generate_series(1, $1::integer) AS n"
    )
