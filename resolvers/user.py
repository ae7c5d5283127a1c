from collections.abc import Sequence

from db.models import User
from loaders.rows import RowById
from resolvers.entities import INTEGRATION, KEYWORD, LEAD, MENTION, USER
from resolvers.framework.context import Context
from resolvers.framework.paging import Listing
from resolvers.framework.relation import by_id, children, everything
from resolvers.framework.requires import requires


@requires()
async def viewer(parents: Sequence[None], context: Context) -> Sequence[User | None]:
    return await context.load(RowById(User), [context.viewer.user_id] * len(parents))


user = by_id(User)
users = everything(Listing.of(USER))
keywords = children(Listing.of(KEYWORD, parent="user_id", counter="keywords_count"))
mentions = children(Listing.of(MENTION, parent="user_id", counter="mentions_count"))
leads = children(Listing.of(LEAD, parent="user_id", counter="leads_count"))
integrations = children(Listing.of(INTEGRATION, parent="user_id"))
