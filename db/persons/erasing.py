"""Delete mentions of a person with their copies, in the transaction of the caller."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
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


class Counting:
    """The rows that an erasure would take, of all its batches together. A copy that several batches find counts once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Counter[str] = Counter()
        self._holders: set[int] = set()
        self._places: defaultdict[str, set[str]] = defaultdict(set)

    async def add(self, user_id: int, mention_ids: Sequence[int]) -> None:
        """Count a batch of the user's mentions. All batches are of one snapshot."""
        holders = {user_id, *await traces.operators(self._connection)}
        self._holders |= holders
        self._rows += await _rows(self._connection, mention_ids)
        words = await traces.words_of(self._connection, mention_ids)
        self._found(await traces.places(self._connection, sorted(holders), words))

    async def total(self) -> Counter[str]:
        """Return the number of rows by table that `erase` would delete or clear."""
        self._found(await traces.places(self._connection, sorted(self._holders)))
        copies = {trace.table: len(self._places[trace.table]) for trace in traces.TRACES}
        return Counter({**self._rows, **copies})

    def _found(self, places: Mapping[str, set[str]]) -> None:
        for table, found in places.items():
            self._places[table] |= found


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
