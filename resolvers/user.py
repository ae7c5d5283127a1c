from collections.abc import Sequence

from db.language.keyset import LATEST_ID_FIRST, NEWEST_FIRST
from db.models import Integration, Keyword, Lead, Mention, User
from loaders.rows import RowByColumn
from resolvers.framework.context import Context
from resolvers.framework.paging import Listing
from resolvers.framework.relation import by_id, children, everything
from resolvers.framework.requires import requires


@requires()
async def viewer(parents: Sequence[None], context: Context) -> Sequence[User | None]:
    return await context.load(RowByColumn(User), [context.viewer.user_id] * len(parents))


user = by_id(User)
users = everything(Listing(User, LATEST_ID_FIRST))
keywords = children(Listing(Keyword, LATEST_ID_FIRST, parent="user_id", counter="keywords_count"))
mentions = children(Listing(Mention, NEWEST_FIRST, parent="user_id", counter="mentions_count"))
leads = children(Listing(Lead, NEWEST_FIRST, parent="user_id", counter="leads_count"))
integrations = children(Listing(Integration, LATEST_ID_FIRST, parent="user_id"))
