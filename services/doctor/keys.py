"""API keys that are about to expire."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection.jobs import ExpiringKey, expiring_keys
from services.doctor.report import Check, Finding, Limits
from services.doctor.revision import require_current


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Find API keys that expire soon."""
    await require_current(pool)
    return [_finding(key) for key in await expiring_keys(pool, limits.expiring)]


def _finding(key: ExpiringKey) -> Finding:
    named = f" {key.name}" if key.name else ""
    problem = f"The API key{named} of {key.email} expires at {key.expires_at.isoformat(timespec='seconds')}."
    return Finding(Check.KEYS, f"key {key.id}", problem, f"leadgraph keys rotate {key.id}")
