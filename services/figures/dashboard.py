"""The newest leads of a dashboard, with their mentions and keywords."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Lead, User
from db.statements.recent_leads import RecentLead
from loaders.dataloader import DataLoaders
from loaders.recent_leads import RecentLeadsByUser
from services.figures.cache import cached_figure
from services.figures.group_by import ask_by_group

TTL_SECONDS = 60
USUALLY_MOST = 10


@dataclass(frozen=True, slots=True)
class RecentLeadsOf:
    user_id: int
    most: int = USUALLY_MOST


def _warm_questions(user: User, _: datetime) -> Sequence[RecentLeadsOf]:
    return [RecentLeadsOf(user.id)]


@cached_figure(
    "recent_leads",
    models=(Lead,),
    version=2,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_warm_questions,
)
async def recent_leads(
    loaders: DataLoaders, questions: Sequence[RecentLeadsOf]
) -> Sequence[list[RecentLead]]:
    async def ask(most: int, members: Sequence[RecentLeadsOf]) -> Sequence[list[RecentLead]]:
        return await loaders.load(RecentLeadsByUser(most), [question.user_id for question in members])

    return await ask_by_group(questions, lambda question: question.most, ask)
