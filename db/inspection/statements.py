"""Statements by duration, from the extension pg_stat_statements, with the names that the project gives them."""

import re
from typing import NamedTuple

from db.engine.pool import Pool
from db.models import Base

BACKUP = "backup contents"
"""The name of the statements with which a backup reads tables."""
_NAME = re.compile(r"/\* leadgraph: (.*?) \*/")
_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE) \"?(\w+)\"?", re.IGNORECASE)


class SlowStatement(NamedTuple):
    """A statement of this database. `share` is its part of the time of all statements, in percent."""

    query: str
    calls: int
    mean_ms: float
    max_ms: float
    share: float

    @property
    def name(self) -> str | None:
        """The statement's name in the project, or None for statements of other programs."""
        return name_in(self.query)

    @property
    def tables(self) -> list[str]:
        """The project's tables that the statement names."""
        return sorted(set(_TABLE.findall(self.query)) & Base.metadata.tables.keys())


_EXTENSION = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')
AND current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'
"""
_SLOW = """
SELECT query, calls, mean_exec_time AS mean_ms, max_exec_time AS max_ms,
    100 * total_exec_time / nullif(sum(total_exec_time) OVER (), 0) AS share
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY total_exec_time DESC
"""
_QUERIES = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b", re.IGNORECASE)


def name_in(query: str) -> str | None:
    """Return the statement's name from its comment, or None for statements of other programs."""
    match = _NAME.search(query)
    return match[1] if match else None


async def are_recorded(pool: Pool) -> bool:
    """Return whether the server and this database have pg_stat_statements."""
    return bool(await pool.fetchval(_EXTENSION))


async def slow(pool: Pool, *, mean_ms: float, calls: int = 1) -> list[SlowStatement]:
    """Return the queries and changes of rows that were called this often and take this long on average, by total time.

    Those of backups are left out: they read each table as a whole.
    """
    found = [SlowStatement(**row) for row in await pool.fetch(_SLOW)]
    return [one for one in found if one.mean_ms >= mean_ms and one.calls >= calls and _is_of_requests(one)]


def _is_of_requests(statement: SlowStatement) -> bool:
    return bool(_QUERIES.match(statement.query)) and statement.name != BACKUP
