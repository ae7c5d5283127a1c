"""Changes of filled tables that revisions make while other processes write.

Each function first commits what its revision did before, and runs outside of a transaction. A revision that fails
after that runs again as a whole, so all its earlier statements must be repeatable.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

_IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
_REPEATABLE = "-- squawk-ignore prefer-robust-stmts\n"
"""A note for the lint: an existing constraint is found before it is added, and may be validated again."""
_IS_CHECKED = "SELECT true FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name"


def create_indexes(indexes: Mapping[str, str], *, unique: bool = False) -> None:
    """Build the missing indexes concurrently. The values are definitions, such as `leads (user_id, id)`.

    Writers continue, and wait for no lock of a build. A build waits for older transactions. An interrupted build
    leaves an invalid index, which the next attempt replaces. It keeps the indexes that are complete.
    """
    kind = "UNIQUE INDEX" if unique else "INDEX"
    with _without_transaction():
        for name, definition in indexes.items():
            if not _finds(_IS_VALID, name=name):
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
                op.execute(f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {definition}")


def add_checks(table: str, checks: Mapping[str, str]) -> None:
    """Add constraints without a lock for the time of the scan: first for new rows, then validated for all rows."""
    for name, condition in checks.items():
        if not _finds(_IS_CHECKED, table=table, name=name):
            op.execute(
                f"{_REPEATABLE}ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
            )
    with _without_transaction():
        for name in checks:
            op.execute(f"{_REPEATABLE}ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


@contextmanager
def _without_transaction() -> Iterator[None]:
    """Lift the time limits too: these statements take long, and block no reader and no writer meanwhile."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("SET statement_timeout = 0")
        yield
        op.execute("RESET lock_timeout")
        op.execute("RESET statement_timeout")


def _finds(sql: str, **names: str) -> bool:
    """Return whether the query returns true. Statements that are only printed assume an earlier schema."""
    return not op.get_context().as_sql and bool(op.get_bind().scalar(sa.text(sql), names))
