"""Find the mentions of a person, in ranges of IDs.

No index has the authors of all users: it would cost each ingest, for a few erasures a year. A range of mentions is a
part of the table on adjacent pages.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from db.engine.pool import Connection, Pool
from db.persons.person import FORM, Person

IDS_PER_RANGE: Final = 50_000

# $1 to $3 are `Person.values`. A null equals nothing.
IS_OF_PERSON: Final = f"""(
    mentions.platform = $1 AND {FORM % "mentions.author"} = $2
    OR EXISTS (
        SELECT FROM leads WHERE leads.mention_id = mentions.id AND (
            {FORM % "leads.contact_email"} = $3
            OR mentions.platform = $1 AND {FORM % "leads.contact_handle"} = $2
        )
    )
)"""
"""SQL: whether a mention is one of the person."""
_RANGE: Final = f"""
SELECT id, user_id FROM mentions WHERE id > $4 AND id <= $5 AND {IS_OF_PERSON} ORDER BY user_id, id
"""  # noqa: S608 - our own conditions
_LAST: Final = "SELECT coalesce(max(id), 0) FROM mentions"


class Found(NamedTuple):
    """Mentions of a person in the data of one user, by ID."""

    user_id: int
    mention_ids: Sequence[int]


async def find(database: Pool | Connection, person: Person) -> AsyncIterator[Found]:
    """Yield the person's mentions that exist now, by ranges of IDs and by user."""
    last: int = await database.fetchval(_LAST)
    for first in range(0, last, IDS_PER_RANGE):
        by_user: dict[int, list[int]] = {}
        until = min(first + IDS_PER_RANGE, last)
        for row in await database.fetch(_RANGE, *person.values, first, until):
            by_user.setdefault(row["user_id"], []).append(row["id"])
        for user_id, ids in by_user.items():
            yield Found(user_id, ids)
