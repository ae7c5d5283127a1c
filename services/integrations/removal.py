"""Delete integrations."""

from collections.abc import Sequence
from functools import partial

from db.engine.writer import Writer
from db.models import Integration, IntegrationLog, Mention
from db.statements import write_rows
from db.statements.chunked_delete import DeleteCursor, Dependent, delete_small, delete_some, detach_some
from services.accounts.viewer import Viewer
from services.integrations.accounts import DISCONNECTED, read
from services.rules.large_deletes import MOST_AT_ONCE, TooManyRowsError
from services.rules.user_locks import lock_for_rows

_DEPENDENTS: Sequence[Dependent] = ((Mention, "integration_id"), (IntegrationLog, "integration_id"))


async def delete(writer: Writer, viewer: Viewer, integration_id: int) -> int:
    """Delete the integration with its logs, keep its mentions, and return the ID of its user.

    Raises `UserErrors`, and `TooManyRowsError` for an integration with too many mentions and logs.
    """
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    user_id = await delete_small(
        writer, viewer.scope, Integration, integration_id, *_DEPENDENTS, most=MOST_AT_ONCE
    )
    if user_id is None:
        await read(writer, viewer, integration_id)
        cursors = DeleteCursor(), DeleteCursor()
        raise TooManyRowsError(
            partial(_delete_batch, viewer=viewer, integration_id=integration_id, cursors=cursors)
        )
    return user_id


async def _delete_batch(
    writer: Writer, *, viewer: Viewer, integration_id: int, cursors: tuple[DeleteCursor, DeleteCursor]
) -> bool:
    """Disconnect the integration, and detach or delete a batch of its rows. Return whether more may be left."""
    await lock_for_rows(writer, viewer, Integration, [integration_id])
    if await write_rows.update_one(writer, viewer.scope, Integration, integration_id, DISCONNECTED) is None:
        return False
    batch = {"key": integration_id, "most": MOST_AT_ONCE}
    done = await detach_some(writer, viewer.scope, Mention, "integration_id", cursors[0], **batch)
    if done < MOST_AT_ONCE:
        done = await delete_some(writer, viewer.scope, IntegrationLog, "integration_id", cursors[1], **batch)
    return done == MOST_AT_ONCE
