"""Jobs that do not come to their end, and keys that come to it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from db.engine.pool import Pool
from db.models.export import UNFINISHED


class Waiting(NamedTuple):
    """The number of exports that wait for a worker, and the time since when the first one waits."""

    number: int
    since: datetime | None


class FailingExport(NamedTuple):
    """An unfinished export, and the number of its failed turns in a row."""

    id: int
    failures: int


class ExpiringKey(NamedTuple):
    """An API key with its user's e-mail address, and the time when the key expires."""

    id: int
    name: str
    email: str
    expires_at: datetime


_WAITING = f"""
SELECT count(*) AS number, min(due_at) AS since FROM exports WHERE {UNFINISHED} AND due_at < statement_timestamp() - $1::interval
"""  # noqa: S608 - a constant of the models
_FAILING = f"""
SELECT id, failures FROM exports WHERE {UNFINISHED} AND failures >= $1 ORDER BY id
"""  # noqa: S608 - the same
_UNPURGED = """
SELECT count(*) AS number, min(expires_at) AS since FROM exports
WHERE expires_at < statement_timestamp() - $1::interval AND purged_at IS NULL
"""
# A key with a successor of the same name and scopes has been rotated.
_EXPIRING = """
SELECT key.id, key.name, email, key.expires_at FROM api_keys AS key JOIN users ON users.id = key.user_id
WHERE key.revoked_at IS NULL AND key.expires_at > statement_timestamp()
AND key.expires_at < statement_timestamp() + $1::interval
AND NOT EXISTS (
    SELECT FROM api_keys AS next WHERE next.user_id = key.user_id AND next.name = key.name AND next.scopes = key.scopes
    AND next.id > key.id AND next.revoked_at IS NULL AND (next.expires_at IS NULL OR next.expires_at > key.expires_at)
)
ORDER BY key.expires_at, key.id
"""


async def waiting_exports(pool: Pool, longer_than: timedelta) -> Waiting:
    """Return the exports that were due this long ago."""
    (row,) = await pool.fetch(_WAITING, longer_than)
    return Waiting(**row)


async def failing_exports(pool: Pool, failures: int) -> list[FailingExport]:
    """Return the exports whose last turns failed this often."""
    return [FailingExport(**row) for row in await pool.fetch(_FAILING, failures)]


async def unpurged_exports(pool: Pool, longer_than: timedelta) -> Waiting:
    """Return the exports whose files expired this long ago and still exist."""
    (row,) = await pool.fetch(_UNPURGED, longer_than)
    return Waiting(**row)


async def expiring_keys(pool: Pool, within: timedelta) -> list[ExpiringKey]:
    """Return the API keys that expire within this time and have no successor, the first one first."""
    return [ExpiringKey(**row) for row in await pool.fetch(_EXPIRING, within)]
