"""Read the file of an export for its user."""

from db.engine.pool import Pool
from db.models import Export
from db.statements import export as exports
from services.accounts.viewer import Viewer


async def find(pool: Pool, viewer: Viewer, export_id: int) -> Export | None:
    """Return the viewer's export, or None if it does not exist or holds rows that the viewer may no longer read."""
    export = await exports.find(pool, viewer.user_id, export_id)
    if export is None or (export.everybody and not viewer.scope.everybody):
        return None
    return export


async def read_from(pool: Pool, viewer: Viewer, export_id: int, position: int) -> bytes:
    """Return the file's bytes from a position to the end of the stored part, or nothing if the file was deleted."""
    return await exports.part_from(pool, viewer.user_id, export_id, position)
