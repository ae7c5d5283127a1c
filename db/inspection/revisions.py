"""The revision of the database."""

from db.engine import migrations
from db.engine.pool import Pool


async def current(pool: Pool) -> str | None:
    """Return the revision, or None for a database without a revision."""
    if await pool.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await pool.fetchval("SELECT version_num FROM alembic_version")
    return found


def newest() -> str:
    """Return the newest revision of this release."""
    return migrations.head()


def is_known(revision: str) -> bool:
    """Return whether this release contains the revision."""
    return migrations.is_known(revision)
