"""The rows of a person as lines of JSON, without secrets."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from db.engine.pool import Connection
from db.engine.row_security import tables
from db.models.base import models, table_of
from db.persons.columns import NOT_EXPORTED, TABLES_NOT_EXPORTED

_BY_MENTION: Final = {
    "mentions": "id = ANY ($2::bigint[])",
    "analysis_results": "mention_id = ANY ($2::bigint[])",
    "leads": "mention_id = ANY ($2::bigint[])",
    "lead_events": "lead_id IN (SELECT id FROM leads WHERE mention_id = ANY ($2::bigint[]))",
}
_ROWS_AT_ONCE: Final = 500


def explained() -> Mapping[str, str]:
    """Return one sentence about the rows of each table."""
    return {model.__tablename__: (model.__doc__ or "").strip().partition("\n")[0] for model in models()}


async def of_user(connection: Connection, user_id: int) -> AsyncIterator[tuple[str, AsyncIterator[str]]]:
    """Yield each table with rows of users, and the user's rows. The caller's transaction has one snapshot."""
    for table, owner in sorted(tables().items()):
        if table not in TABLES_NOT_EXPORTED:
            yield table, _lines(connection, table, f"{owner} = $2::bigint", user_id)


async def of_mentions(
    connection: Connection, mention_ids: Sequence[int]
) -> AsyncIterator[tuple[str, AsyncIterator[str]]]:
    """Yield the tables with mentions, their analyses, leads and events, and the rows of these mentions."""
    for table, condition in _BY_MENTION.items():
        yield table, _lines(connection, table, condition, mention_ids)


async def _lines(connection: Connection, table: str, condition: str, value: Any) -> AsyncIterator[str]:
    order = ", ".join(f"t.{column.name}" for column in _KEYS[table])
    sql = f"SELECT (to_jsonb(t) - $1::text[])::text FROM {table} AS t WHERE {condition} ORDER BY {order}"  # noqa: S608 - our own names
    async for row in connection.cursor(sql, NOT_EXPORTED.get(table, ()), value, prefetch=_ROWS_AT_ONCE):
        yield row[0]


_KEYS: Final = {model.__tablename__: list(table_of(model).primary_key.columns) for model in models()}
