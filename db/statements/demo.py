"""Write the demo's users with their rows, in the transaction of the caller's connection."""

from collections.abc import Iterable, Sequence
from typing import Any

from db.engine.pool import Connection
from db.models.lead import SEARCHED
from text.lexemes import vector, vector_of_fields
from text.normal_form import keyword_form

Row = dict[str, Any]


async def insert_user(connection: Connection, user: Row) -> int:
    """Insert the user and return the ID.

    The insert also locks the row, as each writer of a user must do first.
    """
    (user_id,) = await _insert(connection, "users", [user])
    return user_id


async def insert_rows(connection: Connection, table: str, user_id: int, rows: Sequence[Row]) -> list[int]:
    """Insert keywords or integrations of the user, and return their IDs."""
    complete = [{"user_id": user_id, **row} for row in rows]
    if table == "keywords":
        complete = [{**row, "keyword_norm": keyword_form(row["keyword"])} for row in complete]
    return await _insert(connection, table, complete)


async def copy_mentions(
    connection: Connection, user_id: int, keyword_ids: Sequence[int], mentions: Sequence[Row]
) -> list[int]:
    """Copy the mentions and return their IDs, in the order of the rows."""
    ids = await _reserve_ids(connection, "mentions", len(mentions))
    rows = [
        {
            **row,
            "id": id_,
            "user_id": user_id,
            "keyword_id": keyword_ids[row["keyword"]],
            "search": vector(row.get("title"), row["content"]),
        }
        for id_, row in zip(ids, mentions, strict=True)
    ]
    await _copy(connection, "mentions", rows, leave_out="keyword")
    return ids


async def copy_dependents_of_mentions(
    connection: Connection, table: str, user_id: int, mention_ids: Sequence[int], rows: Iterable[Row]
) -> None:
    """Copy analyses or leads. A trigger replaces the user and keyword given here by those of the mention."""
    owner: Row = {"user_id": user_id} | ({"keyword_id": 0} if table == "leads" else {})
    complete = [{**row, **owner, "mention_id": mention_ids[row["mention"]]} for row in rows]
    if table == "leads":
        complete = [{**row, "search": _lexemes(row)} for row in complete]
    await _copy(connection, table, complete, leave_out="mention")


def _lexemes(lead: Row) -> bytes | None:
    return vector_of_fields([lead.get(name) for name in SEARCHED], version=1)


async def write_history(connection: Connection, user_id: int) -> None:
    """Insert the events of the user's leads, derived from the timestamps of the leads."""
    await connection.execute(
        """
        INSERT INTO lead_events (lead_id, type, from_status, to_status, data, created_at)
        SELECT leads.id, step.type, step.from_status, step.to_status, step.data, step.at
        FROM leads CROSS JOIN LATERAL (VALUES
            (1, 'created', NULL, 'new', created_at, '{}'::jsonb),
            (2, 'status_changed', 'new', 'contacted', contacted_at, '{}'),
            (3, 'status_changed', 'contacted', 'qualified', qualified_at, '{}'),
            (4, 'status_changed', 'qualified', 'converted', converted_at, '{}'),
            (5, 'status_changed', CASE WHEN contacted_at IS NULL THEN 'new' ELSE 'contacted' END, 'disqualified',
                disqualified_at, CASE WHEN disqualify_reason IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(
                    'changes', jsonb_build_object('disqualify_reason', jsonb_build_array(NULL, disqualify_reason))
                ) END)
        ) AS step (place, type, from_status, to_status, at, data)
        WHERE leads.user_id = $1 AND step.at IS NOT NULL
        ORDER BY leads.id, step.place
        """,
        user_id,
    )


async def copy_logs(
    connection: Connection, user_id: int, integration_ids: Sequence[int], logs: Iterable[Row]
) -> None:
    rows = [
        {**row, "user_id": user_id, "integration_id": integration_ids[row["integration"]]} for row in logs
    ]
    await _copy(connection, "integration_logs", rows, leave_out="integration")


async def lead_ids(connection: Connection, user_id: int) -> list[int]:
    found = await connection.fetch("SELECT id FROM leads WHERE user_id = $1", user_id)
    return [row["id"] for row in found]


async def analyze(connection: Connection) -> None:
    """Update the planner's statistics."""
    await connection.execute("ANALYZE")


async def _insert(connection: Connection, table: str, rows: Sequence[Row]) -> list[int]:
    columns = list(rows[0])
    parameters = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({parameters}) RETURNING id"  # noqa: S608 - our names
    return [await connection.fetchval(sql, *(row[column] for column in columns)) for row in rows]


async def _reserve_ids(connection: Connection, table: str, number: int) -> list[int]:
    sql = "SELECT nextval(pg_get_serial_sequence($1, 'id')) FROM generate_series(1, $2)"
    return [row[0] for row in await connection.fetch(sql, table, number)]


async def _copy(connection: Connection, table: str, rows: Sequence[Row], *, leave_out: str) -> None:
    columns = sorted({column for row in rows for column in row} - {leave_out})
    if not rows:
        return
    # COPY applies defaults to whole columns only, so rows are grouped by the columns that they have.
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        grouped.setdefault(tuple(column for column in columns if column in row), []).append(row)
    for present, group in grouped.items():
        records = [tuple(row[column] for column in present) for row in group]
        await connection.copy_records_to_table(table, records=records, columns=present)
