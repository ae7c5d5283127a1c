"""Standbys and replication slots."""

from typing import NamedTuple

from db.engine.pool import Pool


class Standby(NamedTuple):
    """A standby of this server, or this server if it is one, and the seconds by which it lags."""

    name: str
    seconds: float


class Slot(NamedTuple):
    """A replication slot without a consumer, and the bytes of the log that the server keeps for it."""

    name: str
    kept_bytes: int


_STANDBYS = """
SELECT application_name AS name, coalesce(extract(epoch FROM replay_lag), 0)::float8 AS seconds FROM pg_stat_replication
ORDER BY application_name
"""
# A standby that has replayed everything it received does not lag, however quiet the primary is.
_OWN_LAG = """
SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE extract(epoch FROM statement_timestamp() - pg_last_xact_replay_timestamp()) END::float8
WHERE pg_is_in_recovery()
"""
_SLOTS = """
SELECT slot_name AS name, coalesce(pg_wal_lsn_diff(
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn
), 0)::bigint AS kept_bytes
FROM pg_replication_slots WHERE NOT active AND NOT temporary ORDER BY slot_name
"""


async def standbys(pool: Pool) -> list[Standby]:
    """Return the standbys of this server, and the server itself if it is one."""
    found = [Standby(**row) for row in await pool.fetch(_STANDBYS)]
    own = await pool.fetchval(_OWN_LAG)
    return found if own is None else [*found, Standby("this server", own)]


async def unused_slots(pool: Pool) -> list[Slot]:
    """Return the replication slots without a consumer."""
    return [Slot(**row) for row in await pool.fetch(_SLOTS)]
