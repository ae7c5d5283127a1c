"""Performance of keywords: scores over all time, and sums within a window and the previous window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from db.language.snapshots import KeywordSnapshot
from db.models import Keyword, User
from db.statements.keyword_ranking import RankedKeyword, Ranking
from loaders.buckets import BucketSumsByParent
from loaders.dataloader import DataLoaders
from loaders.keyword_ranking import BestKeywordsByUser
from services.figures.cache import cached_figure
from services.figures.group_by import ask_by_group
from services.figures.rates import half_up
from services.figures.window_sums import WindowSums, spans_of
from services.figures.windows import Period, usual_period

TTL_SECONDS = 300
USUAL = (Ranking.LEADS, Ranking.LEADS_PER_MENTION)
"""The rankings of a dashboard, read together."""
USUALLY_MOST = 20


def performance_score(mentions: int, leads: int) -> int:
    """Return 0.3 · mentions + 0.7 · leads, rounded half up. The score grows with the volume and is unbounded."""
    return half_up(3 * mentions + 7 * leads, 10)


def efficiency_score(compared: tuple[int, int] | None) -> int | None:
    """Return the percentile of a keyword's efficiency among the user's keywords with mentions, rounded half up.

    `compared` is the number of keywords that are not more efficient, and that of all compared keywords. The most
    efficient keyword scores 100. Efficiency is the lower bound of the 95 % Wilson interval of leads per mention, which
    is low for small samples. Keywords without leads have no score: the bound is 0 for all of them, and says nothing.
    """
    if compared is None:
        return None
    not_better, among = compared
    return half_up(100 * not_better, among)


@dataclass(frozen=True, slots=True)
class BestKeywordsOf:
    """The first `most` keywords of each ranking, with a window and the previous window (as in `Period`)."""

    user_id: int
    previous_start: datetime
    previous_cut: datetime
    start: datetime
    end: datetime
    rankings: tuple[Ranking, ...] = USUAL
    most: int = USUALLY_MOST


def best_keywords_of(user_id: int, period: Period, ranking: Ranking, most: int) -> BestKeywordsOf:
    """Return a question whose answer has the first keywords of the ranking, preferably the usual question."""
    if ranking in USUAL and most <= USUALLY_MOST:
        return BestKeywordsOf(user_id, *period)
    return BestKeywordsOf(user_id, *period, (ranking,), most)


class KeywordFigures(NamedTuple):
    keyword: KeywordSnapshot
    efficiency_score: int | None
    window: WindowSums


@dataclass(frozen=True, slots=True)
class BestKeywordsFound:
    """`rankings` contains indices of `keywords`, best first."""

    keywords: list[KeywordFigures]
    rankings: dict[Ranking, list[int]]

    def first(self, ranking: Ranking, most: int) -> list[KeywordFigures]:
        return [self.keywords[index] for index in self.rankings[ranking][:most]]


def _warm_questions(user: User, now: datetime) -> Sequence[BestKeywordsOf]:
    return [BestKeywordsOf(user.id, *usual_period(user.time_zone, now))]


@cached_figure(
    "best_keywords",
    models=(Keyword,),
    version=3,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_warm_questions,
)
async def best_keywords(
    loaders: DataLoaders, questions: Sequence[BestKeywordsOf]
) -> Sequence[BestKeywordsFound]:
    async def ask(group: BestKeywordsOf, members: Sequence[BestKeywordsOf]) -> Sequence[BestKeywordsFound]:
        loader = BestKeywordsByUser(group.rankings, group.most, spans_of(group))
        found = await loaders.load(loader, [question.user_id for question in members])
        return [_found(ranked, group.rankings, group.most) for ranked in found]

    return await ask_by_group(questions, lambda question: replace(question, user_id=0), ask)


def _found(ranked: Sequence[RankedKeyword], rankings: Sequence[Ranking], most: int) -> BestKeywordsFound:
    figures = [
        KeywordFigures(row.keyword, efficiency_score(row.compared), WindowSums.of(row.bucket_sums))
        for row in ranked
    ]
    indices = {ranking: _indices(ranked, number, most) for number, ranking in enumerate(rankings)}
    return BestKeywordsFound(figures, indices)


def _indices(ranked: Sequence[RankedKeyword], ranking: int, most: int) -> list[int]:
    by_rank = sorted((row.places[ranking], index) for index, row in enumerate(ranked))
    return [index for rank, index in by_rank if rank <= most]


@dataclass(frozen=True, slots=True)
class KeywordWindowOf:
    user_id: int
    keyword_id: int
    previous_start: datetime
    previous_cut: datetime
    start: datetime
    end: datetime


@cached_figure(
    "keyword_window",
    models=(Keyword,),
    version=3,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
)
async def keyword_window(loaders: DataLoaders, questions: Sequence[KeywordWindowOf]) -> Sequence[WindowSums]:
    async def ask(group: KeywordWindowOf, members: Sequence[KeywordWindowOf]) -> Sequence[WindowSums]:
        spans = spans_of(group)
        keys = [(question.keyword_id, spans) for question in members]
        found = await loaders.load(BucketSumsByParent("keyword_id"), keys)
        return [WindowSums.of(sums) for sums in found]

    return await ask_by_group(questions, lambda question: replace(question, user_id=0, keyword_id=0), ask)
