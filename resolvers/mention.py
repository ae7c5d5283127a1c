from collections.abc import Sequence

from db.models import AnalysisResult, Keyword, Lead, Mention
from loaders.rows import RowBy
from resolvers.context import Context


async def keyword(mentions: Sequence[Mention], context: Context) -> Sequence[Keyword | None]:
    return await context.load(RowBy(Keyword), [mention.keyword_id for mention in mentions])


async def lead(mentions: Sequence[Mention], context: Context) -> Sequence[Lead | None]:
    return await context.load(RowBy(Lead, "mention_id"), [mention.id for mention in mentions])


async def analysis(mentions: Sequence[Mention], context: Context) -> Sequence[AnalysisResult | None]:
    return await context.load(RowBy(AnalysisResult, "mention_id"), [mention.id for mention in mentions])
