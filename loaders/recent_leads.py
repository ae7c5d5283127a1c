"""The newest leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Keyword, Lead, Mention
from db.statements import recent_leads
from db.statements.recent_leads import RecentLead
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class RecentLeadsByUser(DataLoader[int, list[RecentLead]]):
    """The newest leads of a user with their mentions and keywords, newest first."""

    models = (Lead, Mention, Keyword)
    most: int

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[list[RecentLead]]:
        found = await recent_leads.recent_leads(reader, scope, keys, self.most)
        return [found.get(key, []) for key in keys]
