from collections.abc import Sequence

from db.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Keyword, Mention
from loaders.rows import RowBy
from resolvers.context import Context
from resolvers.identifier import row_id
from resolvers.paging import Connection, Listing, PageArguments, page_of_all, pages_of_each

ALL = Listing(Keyword, LATEST_ID_FIRST, counter="keywords_count")
MENTIONS = Listing(Mention, NEWEST_FIRST, parent="keyword_id", counter="mentions_count")


async def keyword(parents: Sequence[None], context: Context, id: str) -> Sequence[Keyword | None]:  # noqa: A002 - the API's word
    return await context.load(RowBy(Keyword), [row_id(id, Keyword)] * len(parents))


async def keywords(
    parents: Sequence[None], context: Context, page: PageArguments
) -> Sequence[Connection[Keyword]]:
    return [await page_of_all(ALL, context, page)] * len(parents)


async def mentions(
    keywords: Sequence[Keyword], context: Context, page: PageArguments
) -> Sequence[Connection[Mention]]:
    return await pages_of_each(MENTIONS, keywords, context, page)
