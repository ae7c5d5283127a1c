"""Settings of PostgreSQL that lose data in a crash, or let tables grow."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection import remedies
from db.inspection.settings import unsafe_settings
from services.doctor.report import Check, Finding

_PROBLEMS = {
    "autovacuum": "dead rows are never removed",
    "default_transaction_read_only": "the database refuses writes",
    "fsync": "a crash of the machine can destroy the database",
    "full_page_writes": "a crash of the machine can destroy pages",
    "synchronous_commit": "a crash loses the last writes that clients believe to be stored",
    "track_counts": "autovacuum does not work",
}


async def check(pool: Pool) -> Sequence[Finding]:
    """Find settings with unsafe values."""
    return [
        Finding(
            Check.SETTINGS,
            one.name,
            f"{one.name} is {one.value}: {_PROBLEMS[one.name]}.",
            remedies.reset_setting(one),
        )
        for one in await unsafe_settings(pool)
    ]
