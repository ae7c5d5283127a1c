"""Erase the author of posts from the data of all users, in short transactions while other writers go on.

An erasure that was interrupted is begun again: it finds the rest. A transaction takes the mentions of one user with all
copies of them, so that no copy outlives its row.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from db.engine.pool import Pool
from db.models import Platform
from db.persons import erasing, finding
from db.persons.person import Person, name_form

MENTIONS_AT_ONCE: Final = 500
_ATTEMPTS: Final = 5


class PersonError(Exception):
    """The description does not name one person. The message says why."""


@dataclass(frozen=True, slots=True)
class ErasedBatch:
    """The rows that one transaction deleted or cleared in the data of a user, by table."""

    user_id: int
    rows: Counter[str]


def person_of(platform: Platform | None, author: str | None, email: str | None) -> Person:
    """Return the person. Raise `PersonError` without a name on a platform and without an e-mail address."""
    if author is not None and not name_form(author):
        raise PersonError("--author must not be empty: posts without an author are of many persons.")
    if (platform is None) != (author is None):
        raise PersonError("--platform and --author belong together: a name is one person on one platform.")
    if email is not None and "@" not in email.strip("@ "):
        raise PersonError(f"--email must be an e-mail address, but is {email!r}.")
    if author is None and email is None:
        raise PersonError("Pass --platform and --author, or --email, or all of them.")
    return Person(platform, author, email)


async def count(pool: Pool, person: Person) -> Counter[str]:
    """Return the number of rows by table that `erase` would delete or clear now."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        counting = erasing.Counting(connection)
        async for found in finding.find(connection, person):
            for ids in _batches(found.mention_ids):
                await counting.add(found.user_id, ids)
        return await counting.total()


async def erase(pool: Pool, person: Person) -> AsyncIterator[ErasedBatch]:
    """Erase the person, and yield each batch after its commit."""
    async for found in finding.find(pool, person):
        for ids in _batches(found.mention_ids):
            rows = await _erase(pool, person, found.user_id, ids)
            if rows:
                yield ErasedBatch(found.user_id, rows)


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), MENTIONS_AT_ONCE):
        yield ids[start : start + MENTIONS_AT_ONCE]


async def _erase(pool: Pool, person: Person, user_id: int, ids: Sequence[int]) -> Counter[str]:
    """Erase a batch. A writer that ignores the order of locks can deadlock with it: try again."""
    for attempt in range(_ATTEMPTS):
        try:
            async with pool.acquire() as connection, connection.transaction(isolation="read_committed"):
                return await erasing.erase(connection, person, user_id, ids)
        except asyncpg.DeadlockDetectedError:
            if attempt == _ATTEMPTS - 1:
                raise
    return Counter()
