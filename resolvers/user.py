from collections.abc import Sequence

from db.models import User
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.requires import requires


@requires()
async def viewer(parents: Sequence[None], context: Context) -> Sequence[User | None]:
    return await context.load(RowById(User), [context.viewer.user_id] * len(parents))
