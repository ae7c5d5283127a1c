"""Rankings of keywords."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Keyword, Lead, Mention
from db.statements import keyword_ranking
from db.statements.buckets import Period
from db.statements.keyword_ranking import RankedKeyword, Ranking
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class BestKeywordsByUser(DataLoader[int, Sequence[RankedKeyword]]):
    """The keywords of a user that are among the first `most` of any of the rankings, in no order."""

    models = (Keyword, Mention, Lead)
    rankings: tuple[Ranking, ...]
    most: int
    periods: tuple[Period, ...]

    async def read(
        self, reader: Reader, scope: Scope, keys: Sequence[int]
    ) -> Sequence[Sequence[RankedKeyword]]:
        found = await keyword_ranking.ranked(reader, scope, keys, self.rankings, self.most, self.periods)
        return [found.get(key, []) for key in keys]


@dataclass(frozen=True, slots=True)
class EfficiencyByKeyword(DataLoader[int, tuple[int, int] | None]):
    """The rank of a keyword among its user's keywords by efficiency: how many are at most as efficient as the
    keyword, itself included, and how many are compared. None for a keyword without leads.
    """

    model = Keyword

    async def read(
        self, reader: Reader, scope: Scope, keys: Sequence[int]
    ) -> Sequence[tuple[int, int] | None]:
        found = await keyword_ranking.efficiency(reader, scope, keys)
        return [found.get(key) for key in keys]
