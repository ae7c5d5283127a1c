"""The resolvers of the dashboard."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from db.models import Keyword, Lead, Mention, User
from db.statements.keyword_ranking import Ranking
from db.statements.recent_leads import RecentLead
from resolvers.analytics import Totals
from resolvers.framework.context import Context
from resolvers.framework.paging import bounded
from resolvers.framework.requires import Bound, joins_of, requires
from resolvers.keyword_performance import BEST_KEYWORDS, KeywordPerformance, best_of_users
from resolvers.timeframe import Overview, figures
from services.figures import dashboard as service
from services.figures.analytics import UserFigures
from services.figures.cache import STATE_COLUMNS, Figure
from services.figures.keyword_performance import best_keywords
from services.figures.rates import OF_ALL_TIME, PARTS, Rate, RateBasis

MOST_LEADS = 50


@requires(loads=0)
def rate_of_all_time(
    parents: Sequence[Totals], context: Context, basis: RateBasis | None = None
) -> Sequence[Rate]:
    """Return the rate of all time, from the counters."""
    del context
    chosen = basis or RateBasis.CONVERTED_PER_MENTION
    return [_rate(one.figure.value, chosen) for one in parents]


def _rate(of_user: UserFigures, basis: RateBasis) -> Rate:
    counted = {part: of_user.counters[column] for part, column in OF_ALL_TIME.items()}
    over, under = ({**counted, "qualified": of_user.ever.qualified}[part] for part in PARTS[basis])
    return Rate(over, under, basis)


@requires(others={User: STATE_COLUMNS}, loads=2, bound=BEST_KEYWORDS, models=best_keywords.models)
async def top_performing_keyword(
    parents: Sequence[Totals], context: Context
) -> Sequence[KeywordPerformance | None]:
    """Return the keyword with the most leads of each user, or None if no keyword has leads."""
    best = await best_of_users([one.overview for one in parents], context, Ranking.LEADS, 1)
    return [some[0] if some and some[0].keyword.leads_count else None for some in best]


@requires(
    others={User: STATE_COLUMNS},
    loads=2,
    joins=joins_of(Mention, Keyword),
    bound=Bound(owner_rows=True),
    models=service.recent_leads.models,
)
async def recent_leads(
    overviews: Sequence[Overview], context: Context, first: int | None = None
) -> Sequence[Sequence[Lead]]:
    """Return the newest leads of each user, and remember their mentions and keywords."""
    most = bounded(first, service.USUALLY_MOST, MOST_LEADS)
    return [[one.lead for one in figure.value[:most]] for figure in await _recent(overviews, context, most)]


@requires(
    others={User: STATE_COLUMNS},
    loads=2,
    bound=Bound(owner_rows=True),
    models=service.recent_leads.models,
)
async def recent_leads_as_of(overviews: Sequence[Overview], context: Context) -> Sequence[datetime]:
    return [figure.as_of for figure in await _recent(overviews, context, service.USUALLY_MOST)]


async def _recent(
    overviews: Sequence[Overview], context: Context, most: int
) -> Sequence[Figure[list[RecentLead]]]:
    frames, size = [overview.frame for overview in overviews], service.USUALLY_MOST
    if most > size:
        # `asOf` describes the list of the usual size. A longer list in the cache might be older, so it is read now.
        frames, size = [replace(frame, max_age=0) for frame in frames], MOST_LEADS
    questions = [service.RecentLeadsOf(overview.user_id, size) for overview in overviews]
    found = await figures(context, service.recent_leads, frames, questions)
    shown = [one for figure in found for one in figure.value]
    context.remember_snapshot_rows([one.mention for one in shown], Mention)
    context.remember_snapshot_rows([one.keyword for one in shown], Keyword)
    return found
