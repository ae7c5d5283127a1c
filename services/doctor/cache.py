"""The cache of figures: its store, and its hit rate in this process."""

from collections.abc import Sequence

from services.doctor.report import Check, Finding, Limits
from services.figures.cache import Cached


async def check(cached: Cached, limits: Limits) -> Sequence[Finding]:
    """Find a store that does not respond, and a low hit rate."""
    failure = await cached.failure()
    if failure is not None:
        problem = (
            f"The store of figures does not respond ({type(failure).__name__}): each figure is computed."
        )
        return [Finding(Check.CACHE, "store", problem, "redis-cli ping")]
    asked = cached.statistics
    total = asked.hits + asked.stale + asked.waited + asked.misses
    percent = 100 * (total - asked.misses) // max(total, 1)
    if total < limits.cache_requests or percent >= limits.cache_percent:
        return []
    problem = f"Only {percent} % of {total:,} figures came from the cache since this process started."
    return [
        Finding(
            Check.CACHE, "hit rate", problem, "leadgraph cache warm, or a larger LEADGRAPH_CACHE_MEMORY_MB"
        )
    ]
