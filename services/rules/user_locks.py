"""Whose rows are written: they are locked before anything else."""

from collections.abc import Sequence

from db.engine.writer import Writer
from db.models import Base, UserStatus
from db.statements.user import LockedUser, lock, lock_keeping_version, lock_owners
from services.accounts.viewer import Viewer
from services.rules.user_errors import InactiveViewerError, not_found


async def lock_for_rows(
    writer: Writer, viewer: Viewer, model: type[Base], ids: Sequence[int], also: Sequence[int] = ()
) -> list[LockedUser]:
    """Locks the users whose rows these are. A member's rows are the member's, or are hidden from them."""
    if viewer.scope.everybody:
        locked = await lock_owners(writer, viewer.user_id, model, ids, also)
    else:
        locked = await lock(writer, viewer.user_id, sorted({viewer.user_id, *also}))
    return _of_active_viewer(locked)


async def lock_for_new_rows(writer: Writer, viewer: Viewer, owner_id: int | None) -> int:
    """Locks the user whose rows will be created, by default the viewer. Raises `RefusedError`."""
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
    """Locks the viewer, for what is the viewer's alone and changes no figure."""
    if await lock_keeping_version(writer, viewer.user_id) != UserStatus.ACTIVE:
        raise InactiveViewerError
