"""Retention: delete mentions that are older than the operator keeps them, in short transactions."""

from datetime import timedelta
from typing import Final, NamedTuple

from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.writer import Writer, in_transaction
from db.statements import retention
from db.statements import user as users

MENTIONS_AT_ONCE: Final = 2000


class DeletedMentions(NamedTuple):
    """The number of deleted mentions of a user. `has_more` says that the user may have further old ones."""

    user_id: int
    number: int
    has_more: bool


async def delete_next_mentions(
    pool: Pool, first: int, keep: timedelta, *, most: int = MENTIONS_AT_ONCE
) -> DeletedMentions | None:
    """Delete old mentions of the next user from this ID on, the oldest first. Return None without such a user.

    Mentions with leads and starred ones stay. The lock of the user lasts for one batch.
    """
    user_id = await retention.next_with_old_mentions(Reader(pool, single=True), first, keep)
    if user_id is None:
        return None

    async def work(writer: Writer) -> int:
        await users.lock(writer, user_id, [user_id])
        return await retention.delete_old_mentions(writer, user_id, keep, most)

    number = await in_transaction(pool, work)
    return DeletedMentions(user_id, number, number == most)
