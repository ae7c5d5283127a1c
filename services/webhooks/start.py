"""The positions of the change feed at which webhooks start."""

from db.engine.writer import Writer
from db.language.scope import Scope
from services.changes import feed
from services.changes.feed import ExpiredPositionError
from services.changes.position import BadPositionError, Position
from services.rules.user_errors import UserErrorCode, user_error
from services.webhooks.dispatch import last_change
from services.webhooks.endpoints import Start


async def start_now(writer: Writer, scope: Scope) -> Start:
    """Return the position after all changes that are committed now."""
    return _start(await feed.now(writer, scope))


async def start_at(writer: Writer, scope: Scope, after: str) -> Start:
    """Return the position of a cursor. Raise `UserErrors` for a damaged, foreign or expired one."""
    try:
        position = Position.parse(after)
        await feed.page(writer, scope, position, limit=1)
    except BadPositionError as wrong:
        message = "Must be a cursor that the change feed returned to the same user."
        raise user_error(UserErrorCode.INVALID, message, "after") from wrong
    except ExpiredPositionError as expired:
        message = (
            "The change feed no longer has the changes after this cursor. Omit `after` to go on from now."
        )
        raise user_error(UserErrorCode.INVALID, message, "after") from expired
    return _start(position)


def _start(position: Position) -> Start:
    return Start(str(position), last_change(position))
