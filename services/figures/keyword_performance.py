"""How well keywords do: scores over all time, and what happened to them within a window and the one before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from db.language.snapshots import KeywordSnapshot
from db.models import User
from db.statements.buckets import BucketSums
from db.statements.keyword_ranking import RankedKeyword, Ranking
from loaders.buckets import SumsOfBuckets
from loaders.keyword_ranking import BestKeywords
from loaders.loader import Loads
from services.figures.cache.cached import cached_figure
from services.figures.group_by import ask_by_group
from services.figures.rates import half_up
from services.figures.windows import Period, usual_period

TTL_SECONDS = 300
USUAL = (Ranking.LEADS, Ranking.CONVERSION_RATE)
"""The rankings of a dashboard, which are read together."""
USUALLY_MOST = 20


def performance_score(mentions: int, leads: int) -> int:
    """0.3 · mentions + 0.7 · leads, half-up. It grows with the volume, and has no upper bound."""
    return half_up(3 * mentions + 7 * leads, 10)


def efficiency_score(not_better: int, among: int) -> int:
    """The part of the user's keywords with mentions that are no more efficient, in percent, half-up: 100 for the
    most efficient one. Efficiency is the lower bound of Wilson's interval of leads by mentions (95 %), which is
    low where there is little to go by.
    """
    return half_up(100 * not_better, among)


def efficiency_score_of(compared: tuple[int, int] | None) -> int | None:
    """Of how many are no better, and among how many; None for a keyword without mentions."""
    return None if compared is None else efficiency_score(*compared)


@dataclass(frozen=True, slots=True)
class BestKeywordsOf:
    """The first `most` keywords in each of the rankings, with a window and the one before it."""

    user_id: int
    previous_start: datetime
    start: datetime
    end: datetime
    rankings: tuple[Ranking, ...] = USUAL
    most: int = USUALLY_MOST


def best_keywords_of(user_id: int, period: Period, ranking: Ranking, most: int) -> BestKeywordsOf:
    """The question that has the first keywords of a ranking in its answer: the usual one if that is enough."""
    if ranking in USUAL and most <= USUALLY_MOST:
        return BestKeywordsOf(user_id, *period)
    return BestKeywordsOf(user_id, *period, (ranking,), most)


@dataclass(frozen=True, slots=True)
class KeywordFigures:
    keyword: KeywordSnapshot
    efficiency_score: int
    previous: BucketSums
    current: BucketSums


@dataclass(frozen=True, slots=True)
class BestKeywordsFound:
    """`rankings` has the places of `keywords`, from the best on."""

    keywords: list[KeywordFigures]
    rankings: dict[Ranking, list[int]]

    def first(self, ranking: Ranking, most: int) -> list[KeywordFigures]:
        return [self.keywords[place] for place in self.rankings[ranking][:most]]


async def _foresee_best(_: Loads, user: User, now: datetime) -> Sequence[BestKeywordsOf]:
    return [BestKeywordsOf(user.id, *usual_period(user.time_zone, now))]


@cached_figure(
    "best_keywords",
    version=1,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_foresee_best,
)
async def best_keywords(loads: Loads, questions: Sequence[BestKeywordsOf]) -> Sequence[BestKeywordsFound]:
    async def ask(alike: BestKeywordsOf, some: Sequence[BestKeywordsOf]) -> Sequence[BestKeywordsFound]:
        spans = ((alike.previous_start, alike.start), (alike.start, alike.end))
        loader = BestKeywords(alike.rankings, alike.most, spans)
        found = await loads.load(loader, [question.user_id for question in some])
        return [_found(ranked, alike.rankings, alike.most) for ranked in found]

    return await ask_by_group(questions, lambda one: replace(one, user_id=0), ask)


def _found(ranked: Sequence[RankedKeyword], rankings: Sequence[Ranking], most: int) -> BestKeywordsFound:
    figures = [
        KeywordFigures(one.keyword, efficiency_score(one.not_better, one.among), *one.bucket_sums)
        for one in ranked
    ]
    return BestKeywordsFound(figures, {ranking: _places(ranked, ranking, most) for ranking in rankings})


def _places(ranked: Sequence[RankedKeyword], ranking: Ranking, most: int) -> list[int]:
    by_rank = sorted((one.places[ranking], index) for index, one in enumerate(ranked))
    return [index for rank, index in by_rank if rank <= most]


@dataclass(frozen=True, slots=True)
class KeywordWindowOf:
    user_id: int
    keyword_id: int
    previous_start: datetime
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class KeywordWindow:
    previous: BucketSums
    current: BucketSums


@cached_figure("keyword_window", version=1, ttl_seconds=TTL_SECONDS, stale_seconds=TTL_SECONDS, shared=True)
async def keyword_window(loads: Loads, questions: Sequence[KeywordWindowOf]) -> Sequence[KeywordWindow]:
    async def ask(
        kind: tuple[datetime, datetime, datetime], some: Sequence[KeywordWindowOf]
    ) -> Sequence[KeywordWindow]:
        previous_start, start, end = kind
        loader = SumsOfBuckets("keyword_id", ((previous_start, start), (start, end)))
        found = await loads.load(loader, [question.keyword_id for question in some])
        return [KeywordWindow(*tallied) for tallied in found]

    return await ask_by_group(questions, lambda one: (one.previous_start, one.start, one.end), ask)
