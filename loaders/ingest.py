"""Reads of ingest before its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Keyword, Mention
from db.statements.ingest import Identity, active_keywords, find_mentions
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class ActiveKeywordsByUser(DataLoader[int, Sequence[Keyword]]):
    """The active keywords of a user, ordered by id, with the columns that matching needs."""

    model = Keyword

    async def read(self, reader: Reader, _: Scope, keys: Sequence[int]) -> Sequence[Sequence[Keyword]]:
        return [await active_keywords(reader, user_id) for user_id in keys]


@dataclass(frozen=True, slots=True)
class MentionIdByIdentity(DataLoader[Identity, int | None]):
    """The id of the user's mention with an identity (platform and external id); None if it does not exist yet."""

    model = Mention
    user_id: int

    async def read(self, reader: Reader, _: Scope, keys: Sequence[Identity]) -> Sequence[int | None]:
        found = await find_mentions(reader, self.user_id, keys)
        return [found.get(key) for key in keys]
