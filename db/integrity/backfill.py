"""Fill what a revision added for rows older than the revision: online, in batches, resumable.

A revision creates tables, columns and triggers, which cover all later changes. Roll-ups lack the rows before the
revision. A batch of them is filled in the same way as `db.integrity.audit` repairs one. Keywords, mentions and leads
before the revision lack the normal form and the lexemes of this release. Servers do not start before all is filled.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import asyncpg

from db.engine.pool import Connection, Pool
from db.integrity import audit
from db.integrity.audit import COUNT_RECOMPUTATION, LARGEST_ID, AuditBatch, Ids
from db.integrity.counters import LOCK_USERS
from db.models.lead import SEARCHED
from text.lexemes import OLD, vector, vector_of_fields
from text.normal_form import keyword_form

KEYWORD_FORMS, MENTION_LEXEMES, LEAD_LEXEMES = "keyword_forms", "mention_lexemes", "lead_lexemes"
NAMES = [*audit.TABLES, KEYWORD_FORMS, MENTION_LEXEMES, LEAD_LEXEMES]
"""The names of all backfills, in order."""
ROWS = {KEYWORD_FORMS: "keywords", MENTION_LEXEMES: "mentions", LEAD_LEXEMES: "leads"}
"""The backfills that fill rows themselves, and their tables."""
_BATCH = 500


async def pending(database: Connection | Pool) -> list[str]:
    """Return the names of the unfinished backfills, in order."""
    found = await database.fetch("SELECT name FROM backfills WHERE finished_at IS NULL")
    names = {row["name"] for row in found}
    return [name for name in NAMES if name in names]


async def extent(pool: Pool, name: str, ids: Ids = audit.EVERY_ID) -> Ids | None:
    """Return the smallest and the largest ID of the rows to fill, or None without rows."""
    if name not in ROWS:
        return await audit.extent(pool, name, ids)
    found = await pool.fetchrow(f"SELECT min(id), max(id) FROM {ROWS[name]}")  # noqa: S608 - our names
    return Ids(*found) if found and found["min"] is not None else None


async def fill(pool: Pool, name: str, *, batch: int | None = None) -> AsyncIterator[AuditBatch]:
    """Fill the rest of a backfill, and yield its batches. Store the progress after each batch.

    Mentions and leads that writers of an earlier release wrote meanwhile are filled at the end, also in later calls.
    """
    reached = await pool.fetchval(
        "SELECT reached_id FROM backfills WHERE name = $1 AND finished_at IS NULL", name
    )
    if reached is not None:
        async for filled in _fill_after(pool, name, reached, batch):
            await pool.execute("UPDATE backfills SET reached_id = $2 WHERE name = $1", name, filled.ids.last)
            yield filled
        await pool.execute("UPDATE backfills SET finished_at = clock_timestamp() WHERE name = $1", name)
    if name in _MARKED:
        async for filled in _fill_rows(pool, name, _MARKED[name], 0, batch):
            yield filled


async def _fill_after(pool: Pool, name: str, reached: int, batch: int | None) -> AsyncIterator[AuditBatch]:
    if name not in ROWS:
        async for filled in audit.repair(pool, name, Ids(reached + 1, LARGEST_ID), batch=batch):
            yield filled
        return
    async for filled in _fill_rows(pool, name, _NEXT[name], reached, batch):
        yield filled


async def _fill_rows(
    pool: Pool, name: str, select: str, reached: int, batch: int | None
) -> AsyncIterator[AuditBatch]:
    """Fill the selected rows after an ID, up to the last ID of now. Later rows are complete or marked."""
    within = await extent(pool, name)
    while within is not None:
        async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            found = await connection.fetch(select, reached, within.last, batch or _BATCH)
            if not found:
                return
            owners = sorted({row["user_id"] for row in found})
            await connection.execute(LOCK_USERS, owners)
            await connection.execute(COUNT_RECOMPUTATION, owners)  # a search may find other rows now
            await _WRITE[name](connection, [row["id"] for row in found])
        reached = found[-1]["id"]
        yield AuditBatch(name, Ids(found[0]["id"], reached), len(found), ())


_NEXT = {
    name: f"SELECT id, user_id FROM {rows} WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3"  # noqa: S608 - our names
    for name, rows in ROWS.items()
}
_MARKED = {
    name: f"SELECT id, user_id FROM {ROWS[name]} "  # noqa: S608 - our names
    f"WHERE id > $1 AND id <= $2 AND search @@ $q$'{OLD}'$q$::tsquery ORDER BY id LIMIT $3"
    for name in (MENTION_LEXEMES, LEAD_LEXEMES)
}
_MENTIONS = "SELECT id, title, content FROM mentions WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"
_WRITE_LEXEMES = """
    UPDATE mentions SET search = new.search FROM unnest($1::bigint[], $2::tsvector[]) AS new (id, search)
    WHERE mentions.id = new.id
"""
_LEADS = (
    f"SELECT id, version, {', '.join(SEARCHED)} FROM leads WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608 - our names
)
_WRITE_LEAD_LEXEMES = """
    UPDATE leads SET search = new.search FROM unnest($1::bigint[], $2::tsvector[]) AS new (id, search)
    WHERE leads.id = new.id
"""
_KEYWORDS = """
    SELECT id, user_id, match_type, status, keyword, keyword_norm FROM keywords
    WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE
"""
_WRITE_FORMS = """
    UPDATE keywords SET keyword_norm = new.form FROM unnest($1::bigint[], $2::text[]) AS new (id, form)
    WHERE keywords.id = new.id AND (keywords.status = 'archived' OR NOT EXISTS (
        SELECT FROM keywords AS other
        WHERE other.user_id = keywords.user_id AND other.match_type = keywords.match_type
            AND other.keyword_norm = new.form AND other.status <> 'archived' AND other.id <> keywords.id
    ))
"""


async def _write_mentions(connection: Connection, ids: Sequence[int]) -> None:
    rows = await connection.fetch(_MENTIONS, ids)
    vectors = [vector(row["title"], row["content"]) for row in rows]
    await connection.execute(_WRITE_LEXEMES, [row["id"] for row in rows], vectors)


async def _write_leads(connection: Connection, ids: Sequence[int]) -> None:
    rows = await connection.fetch(_LEADS, ids)
    vectors = [vector_of_fields([row[name] for name in SEARCHED], row["version"]) for row in rows]
    await connection.execute(_WRITE_LEAD_LEXEMES, [row["id"] for row in rows], vectors)


async def _write_keywords(connection: Connection, ids: Sequence[int]) -> None:
    """Write the normal forms. Of keywords that look alike, the first gets it, and the others stay as they are."""
    forms = _first_forms(await connection.fetch(_KEYWORDS, ids))
    await connection.execute(_WRITE_FORMS, list(forms), list(forms.values()))


def _first_forms(rows: Sequence[asyncpg.Record]) -> dict[int, str]:
    """Return the normal forms that differ from the stored ones, by ID, without repetitions in use."""
    used: set[tuple[int, str, str]] = set()
    forms: dict[int, str] = {}
    for row in rows:
        form = keyword_form(row["keyword"])
        place = (row["user_id"], row["match_type"], form)
        if not form or form == row["keyword_norm"] or place in used:
            continue
        forms[row["id"]] = form
        if row["status"] != "archived":
            used.add(place)
    return forms


_WRITE: Mapping[str, Callable[[Connection, Sequence[int]], Awaitable[None]]] = {
    KEYWORD_FORMS: _write_keywords,
    MENTION_LEXEMES: _write_mentions,
    LEAD_LEXEMES: _write_leads,
}
