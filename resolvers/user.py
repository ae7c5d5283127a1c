from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import User
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.mutation import mutation, takes, values_as
from resolvers.framework.payload import Payload
from resolvers.framework.requires import Bound, requires
from services import user as service
from services.accounts.api_key import WRITE_SETTINGS
from services.user import UserSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerPayload(Payload):
    """The viewer after a change of settings."""

    viewer: User | None = None


@requires(bound=Bound(viewer_row=True))
async def viewer(parents: Sequence[None], context: Context) -> Sequence[User | None]:
    return await context.load(RowById(User), [context.viewer.user_id] * len(parents))


@takes(2)
@mutation(WRITE_SETTINGS, ViewerPayload)
async def update_viewer(writer: Writer, context: Context, request: Any) -> ViewerPayload:
    changed = await service.change(writer, context.viewer, values_as(UserSettings, request))
    return ViewerPayload(viewer=changed)
