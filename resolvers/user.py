from collections.abc import Sequence

from db.keyset import LATEST_ID_FIRST
from db.models import Integration, Keyword, User
from loaders.rows import RowBy
from resolvers.context import Context
from resolvers.paging import Connection, Listing, PageArguments, pages_of_each

KEYWORDS = Listing(Keyword, LATEST_ID_FIRST, parent="user_id", counter="keywords_count")
INTEGRATIONS = Listing(Integration, LATEST_ID_FIRST, parent="user_id")


async def viewer(parents: Sequence[None], context: Context) -> Sequence[User | None]:
    return await context.load(RowBy(User), [context.viewer.user_id] * len(parents))


async def keywords(
    users: Sequence[User], context: Context, page: PageArguments
) -> Sequence[Connection[Keyword]]:
    return await pages_of_each(KEYWORDS, users, context, page)


async def integrations(
    users: Sequence[User], context: Context, page: PageArguments
) -> Sequence[Connection[Integration]]:
    return await pages_of_each(INTEGRATIONS, users, context, page)
