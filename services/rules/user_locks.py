"""Locks on users, which every write takes first on the users whose rows it changes."""

from collections.abc import Sequence

from db.engine.writer import Writer
from db.models import Base, UserStatus
from db.statements.user import LockedUser, lock, lock_keeping_version, lock_owners
from services.accounts.viewer import Viewer
from services.rules.user_errors import InactiveViewerError, not_found


async def lock_for_rows(
    writer: Writer, viewer: Viewer, model: type[Base], ids: Sequence[int], also: Sequence[int] = ()
) -> list[LockedUser]:
    """Lock the owners of the rows and the users in `also`. A member owns all rows that they can see."""
    if viewer.scope.everybody:
        locked = await lock_owners(writer, viewer.user_id, model, ids, also)
    else:
        locked = await lock(writer, viewer.user_id, sorted({viewer.user_id, *also}))
    return _of_active_viewer(locked)


async def lock_user(writer: Writer, viewer: Viewer, user_id: int) -> None:
    """Lock a user whose own row changes. The viewer must be this user or an operator."""
    _of_active_viewer(await lock(writer, viewer.user_id, [user_id]))


async def lock_for_new_rows(writer: Writer, viewer: Viewer, owner_id: int | None) -> int:
    """Lock the owner of new rows, by default the viewer, and return the owner's ID. Raises `UserErrors`."""
    user_id = viewer.user_id if owner_id is None else owner_id
    if not viewer.scope.everybody and user_id != viewer.user_id:
        raise not_found("user", "user_id")
    if not _of_active_viewer(await lock(writer, viewer.user_id, [user_id])):
        raise not_found("user", "user_id")
    return user_id


def _of_active_viewer(locked: list[LockedUser]) -> list[LockedUser]:
    if any(user.viewer_status != UserStatus.ACTIVE for user in locked):
        raise InactiveViewerError
    return locked


async def hold_viewer(writer: Writer, viewer: Viewer) -> None:
    """Lock the viewer for a write of rows that only they see and that change no figure."""
    if await lock_keeping_version(writer, viewer.user_id) != UserStatus.ACTIVE:
        raise InactiveViewerError
