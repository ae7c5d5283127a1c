from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import User, UserRole, UserStatus
from loaders.rows import RowById
from resolvers.framework.context import Context
from resolvers.framework.errors import ForbiddenError
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import Resolver, mutation, takes, values_as
from resolvers.framework.payload import Payload
from resolvers.framework.requires import Bound, requires
from services import user as service
from services import user_accounts as accounts
from services.accounts.api_key import WRITE_SETTINGS, WRITE_USERS
from services.user import UserSettings
from services.user_accounts import NewUser


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


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPayload(Payload):
    """A user after a change by an operator."""

    user: User | None = None


async def _by_operator(context: Context, request: Any) -> Any:
    """Return the input. Raise `ForbiddenError` unless the viewer is an operator."""
    if context.viewer.role != UserRole.OPERATOR:
        raise ForbiddenError("Only an operator may do this.")
    return request


operator_writes = mutation(WRITE_USERS, UserPayload, prepare=_by_operator)


@takes(2)
@operator_writes
async def create_user(writer: Writer, context: Context, request: Any) -> UserPayload:
    new = NewUser(request.email, request.name, request.role, request.time_zone)
    return UserPayload(user=await accounts.create_by_operator(writer, context.viewer, new))


def _sets(status: UserStatus) -> Resolver:
    async def work(writer: Writer, context: Context, request: Any) -> UserPayload:
        user_id = row_id(request.id, User)
        changed = await accounts.set_status_by_operator(writer, context.viewer, user_id, status)
        return UserPayload(user=changed)

    return takes(3)(operator_writes(work))


suspend_user = _sets(UserStatus.SUSPENDED)
resume_user = _sets(UserStatus.ACTIVE)
delete_user = _sets(UserStatus.DELETED)
