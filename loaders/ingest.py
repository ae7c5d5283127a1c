from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Keyword
from db.statements.ingest import Identity, active_keywords, find_mentions
from loaders.dataloader import CHECKED_BY_CALLER, DataLoader


@dataclass(frozen=True, slots=True)
class ActiveKeywordsByUser(DataLoader[int, Sequence[Keyword]]):
    """Each user's keywords that are looked for, in id order, with what matching needs of them."""

    model = CHECKED_BY_CALLER

    async def read(self, reader: Reader, _: Scope, keys: Sequence[int]) -> Sequence[Sequence[Keyword]]:
        return [await active_keywords(reader, user_id) for user_id in keys]


@dataclass(frozen=True, slots=True)
class MentionIdByIdentity(DataLoader[Identity, int | None]):
    """The ids of the user's mentions by what tells them apart; None where there is none yet."""

    model = CHECKED_BY_CALLER
    user_id: int

    async def read(self, reader: Reader, _: Scope, keys: Sequence[Identity]) -> Sequence[int | None]:
        found = await find_mentions(reader, self.user_id, keys)
        return [found.get(key) for key in keys]
