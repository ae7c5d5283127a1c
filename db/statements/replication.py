"""The facts by which a replica is recognized as a standby of a primary."""

from typing import Final, NamedTuple

import asyncpg

from db.engine.pool import Connection

# The last position of a standby is the one that it has replayed, and of a primary the one that it has written.
_FACTS: Final = """
SELECT pg_is_in_recovery() AS is_standby,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
    (SELECT version_num FROM alembic_version) AS revision,
    pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END, '0/0')::bigint
        AS position
"""
_SYSTEM: Final = "SELECT system_identifier FROM pg_control_system()"


class ServerFacts(NamedTuple):
    """The facts about a server: whether it is a standby, its database and revision, and its position in the log.

    `system` identifies the cluster and its copies; None if the role may not ask.
    """

    is_standby: bool
    database: int
    revision: str | None
    position: int | None
    system: int | None


async def server_facts(connection: Connection, *, seconds: float) -> ServerFacts:
    """Return the facts. Raise the driver's error if the server does not answer, or lacks the schema."""
    row = await connection.fetchrow(_FACTS, timeout=seconds)
    assert row is not None  # noqa: S101 - for the type checker
    try:
        system = await connection.fetchval(_SYSTEM, timeout=seconds)
    except asyncpg.InsufficientPrivilegeError:
        system = None
    return ServerFacts(row["is_standby"], row["database"], row["revision"], row["position"], system)


def difference(primary: ServerFacts, replica: ServerFacts) -> str | None:
    """Return why the replica is no standby of the primary, or None if it is one."""
    if not replica.is_standby:
        return "is no standby: it accepts writes of its own"
    if primary.system is not None and replica.system is not None and primary.system != replica.system:
        return "is a standby of another server"
    if primary.database != replica.database:
        return "leads to another database"
    if primary.revision != replica.revision:
        return f"is at revision {replica.revision}, but the primary is at {primary.revision}"
    return None
