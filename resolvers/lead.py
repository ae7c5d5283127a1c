from collections.abc import Sequence

from db.models import Keyword, Lead, Mention
from loaders.rows import RowBy
from resolvers.context import Context


async def mention(leads: Sequence[Lead], context: Context) -> Sequence[Mention | None]:
    return await context.load(RowBy(Mention), [lead.mention_id for lead in leads])


async def keyword(leads: Sequence[Lead], context: Context) -> Sequence[Keyword | None]:
    return await context.load(RowBy(Keyword), [lead.keyword_id for lead in leads])
