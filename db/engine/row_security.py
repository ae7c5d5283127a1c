"""Row-level security: PostgreSQL's own check that a member's transaction touches only rows of that member.

The statements of the API carry the condition already (`db.language.scope`). The policies hold where a statement lacks
it by mistake. A member's transaction runs under the role `leadgraph_member`, which cannot log in. SET LOCAL ends with
the transaction, so poolers in transaction mode work. Operators, workers and migrations run as the tables' owner, whom
policies do not limit (docs/decisions/0043-second-fence.md).

The setting LEADGRAPH_ROW_SECURITY turns it on. `install` derives the policies from the models, so each new table with a
column `user_id` has its policy after the next `leadgraph migrate`.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import asyncpg

from db.engine.databases import connected
from db.engine.pool import Connection, Pool
from db.language.scope import Scope
from db.models import ChangeFeed, RowChange, User
from db.models.base import models

ROLE: Final = "leadgraph_member"
_LOCK: Final = 5_499_013_172_208_614
"""The advisory lock of `install`: an arbitrary number."""
SETTING: Final = "leadgraph.user_id"
_USERS: Final = User.__tablename__
_READ_ONLY: Final = RowChange.__tablename__
"""The table that triggers alone write."""
_OF_ALL: Final = ChangeFeed.__tablename__
"""The table without rows of users that members may read."""
_FIXED_OF_USERS: Final = frozenset({"id", "email", "role", "status"})
"""The columns of users that a member's transaction must not change."""
LEAVE: Final = "SET LOCAL ROLE NONE"
RETURN: Final = f"SET LOCAL ROLE {ROLE}"
_OWN_ID: Final = f"(SELECT NULLIF(current_setting('{SETTING}', true), '')::bigint)"
"""The user of the transaction. The subquery runs once for each statement."""

_LACKING: Final = """
SELECT t.name FROM unnest($1::text[]) AS t (name)
WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(t.name) AND relrowsecurity)
    OR (SELECT count(*) FROM pg_policies WHERE schemaname = current_schema() AND tablename = t.name
        AND policyname = ANY ('{all_rows,own_rows}')) < 2
    OR NOT has_table_privilege($2, t.name, 'SELECT')
    OR t.name = 'users' AND EXISTS (
        SELECT FROM unnest($3::text[]) AS c (name) WHERE NOT has_column_privilege($2, t.name, c.name, 'UPDATE')
    )
"""
_READY: Final = """
SELECT pg_has_role(current_user, oid, 'MEMBER')
    AND (SELECT count(*) FROM pg_policies WHERE schemaname = current_schema() AND policyname = 'own_rows') >= $2
FROM pg_roles WHERE rolname = $1
"""


def tables() -> dict[str, str]:
    """Return the tables with rows of users, and the column that names the user."""
    found = {_USERS: "id"}
    found |= {model.__tablename__: "user_id" for model in models() if "user_id" in model.__table__.c}
    return found


def entering(scope: Scope) -> tuple[str, ...]:
    """Return the commands that begin a transaction of the scope, after BEGIN and in the same round trip."""
    return () if scope.everybody else (f"SET LOCAL ROLE {ROLE}", f"SET LOCAL {SETTING} = '{scope.user_id:d}'")


class NoRoleError(Exception):
    """The database's role may not create the role of members, or not take it."""

    def __init__(self, user: str) -> None:
        super().__init__(
            f"The database's role {user} may not create the role {ROLE} of row-level security. Let an administrator run: "
            f"CREATE ROLE {ROLE} NOLOGIN NOINHERIT; GRANT {ROLE} TO {user};"
        )


async def is_ready(pool: Pool | Connection) -> bool:
    """Return whether the connection's role may use the policies, and all tables have them."""
    return bool(await pool.fetchval(_READY, ROLE, len(tables())))


async def install(url: str) -> None:
    """Create the role and the policies that are missing, in a database at the newest revision.

    Each table is locked only for a moment. Raise `NoRoleError` if the role cannot be created, and the driver's
    `LockNotAvailableError` if others hold a table too long.
    """
    async with connected(url) as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)  # until the connection ends
        try:
            await _ensure_role(connection)
        except asyncpg.InsufficientPrivilegeError as denied:
            raise NoRoleError(await connection.fetchval("SELECT quote_ident(current_user)")) from denied
        known = tables()
        await connection.execute(f"GRANT SELECT ON {_OF_ALL} TO {ROLE}")
        for row in await connection.fetch(_LACKING, list(known), ROLE, _columns_of_users()):
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '3s'")
                for statement in _statements(row["name"], known[row["name"]]):
                    await connection.execute(statement)


async def _ensure_role(connection: Connection) -> None:
    """Create the role unless it exists, and let the current user take it."""
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", ROLE):
        # Another database of the server may create the role first.
        with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"CREATE ROLE {ROLE} NOLOGIN NOINHERIT")
    if not await connection.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", ROLE):
        await connection.execute(f"GRANT {ROLE} TO CURRENT_USER")


def _columns_of_users() -> list[str]:
    """Return the columns of users that a member's transaction may change."""
    return sorted({column.name for column in User.__table__.c} - _FIXED_OF_USERS)


def _statements(table: str, owner: str) -> Iterator[str]:
    """Return the policies and the privileges of a table.

    A restrictive policy limits members only. The permissive one leaves other roles as they are.

    The planner cannot use the wrapped comparison for an index: see `db.language.scope.visible_among`. The statement's own
    condition chooses the plan, and the policy checks the rows that it finds.
    """
    own = f"COALESCE({owner} = {_OWN_ID}, false)"
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS all_rows ON {table}"
    yield f"DROP POLICY IF EXISTS own_rows ON {table}"
    yield f"CREATE POLICY all_rows ON {table} USING (true)"
    yield f"CREATE POLICY own_rows ON {table} AS RESTRICTIVE TO {ROLE} USING ({own})"
    yield f"REVOKE ALL ON {table} FROM {ROLE}"
    if table == _USERS:
        yield f"GRANT SELECT, UPDATE ({', '.join(_columns_of_users())}) ON {table} TO {ROLE}"
        return
    if table == _READ_ONLY:
        yield f"GRANT SELECT ON {table} TO {ROLE}"
        return
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {ROLE}"
    yield (
        f"DO $$ BEGIN IF to_regclass('{table}_id_seq') IS NOT NULL THEN "
        f"GRANT USAGE ON SEQUENCE {table}_id_seq TO {ROLE}; END IF; END $$"
    )
