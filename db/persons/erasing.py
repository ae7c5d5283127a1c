"""Delete mentions of a person with their copies, in the transaction of the caller."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from db.engine.pool import Connection
from db.integrity.counters import LOCK_USERS
from db.persons import traces
from db.persons.finding import IS_OF_PERSON
from db.persons.person import Person

_NEW_VERSION: Final = "UPDATE users SET data_version = data_version + 1 WHERE id = ANY ($1)"
"""Expire the cached figures of the users."""
_COUNT: Final = """
SELECT count(*) AS mentions, count(analysis.mention_id) AS analysis_results, count(leads.id) AS leads,
    coalesce(sum((SELECT count(*) FROM lead_events WHERE lead_id = leads.id)), 0)::bigint AS lead_events
FROM mentions LEFT JOIN analysis_results AS analysis ON analysis.mention_id = mentions.id
LEFT JOIN leads ON leads.mention_id = mentions.id
WHERE mentions.id = ANY ($1)
"""
_DELETE: Final = f"DELETE FROM mentions WHERE id = ANY ($4) AND {IS_OF_PERSON} RETURNING id"  # noqa: S608 - our own conditions
_STILL: Final = f"SELECT id FROM mentions WHERE id = ANY ($4) AND {IS_OF_PERSON} ORDER BY id"  # noqa: S608 - our own conditions


async def count(connection: Connection, user_id: int, mention_ids: Sequence[int]) -> Counter[str]:
    """Return the number of rows by table that `erase` would delete or clear. Copies of a user's rows count once each call."""
    found = await traces.words_of(connection, mention_ids)
    holders = sorted({user_id, *await traces.operators(connection)})
    return await _rows(connection, mention_ids) + Counter(await traces.counts(connection, holders, found))


async def erase(
    connection: Connection, person: Person, user_id: int, mention_ids: Sequence[int]
) -> Counter[str]:
    """Delete the user's mentions among the IDs that are still those of the person, and all copies of them.

    Return the number of deleted or cleared rows by table. Analyses, leads and events go with their mentions.
    """
    holders = sorted({user_id, *await traces.operators(connection)})
    await traces.hold_exports(connection, holders)
    await connection.execute(LOCK_USERS, holders)
    await connection.execute(_NEW_VERSION, holders)
    ids = [row["id"] for row in await connection.fetch(_STILL, *person.values, mention_ids)]
    found, rows = await traces.words_of(connection, ids), await _rows(connection, ids)
    await connection.execute(_DELETE, *person.values, ids)
    return rows + Counter(await traces.erase(connection, holders, found)) if ids else Counter()


async def erase_copies_of_user(connection: Connection, user_id: int) -> None:
    """Erase copies of a deleted user's rows that operators have: their files of all users, messages and responses."""
    row = await connection.fetchrow("SELECT email, name FROM users WHERE id = $1", user_id)
    holders = [id_ for id_ in await traces.operators(connection) if id_ != user_id]
    if row is None or not holders:
        return
    await traces.hold_exports(connection, holders)
    await connection.execute(LOCK_USERS, sorted(holders))
    await traces.erase(connection, holders, traces.words([row["email"], row["name"]], ()))


async def _rows(connection: Connection, mention_ids: Sequence[int]) -> Counter[str]:
    row = await connection.fetchrow(_COUNT, mention_ids)
    assert row is not None  # noqa: S101 - an aggregate has a row
    return Counter(dict(row))
