"""How the cache does, as numbers since the start of the process."""

from dataclasses import dataclass


@dataclass(slots=True)
class Statistics:
    """Each question counts once among `hits`, `stale`, `waited` and `misses`; an exact one among `misses`."""

    hits: int = 0
    """Answered from the store, as good as new."""
    stale: int = 0
    """Answered from the store within the metric's bound, while a new value was asked for."""
    waited: int = 0
    """Answered by somebody else's computation that was under way."""
    misses: int = 0
    """Answered by a computation of the caller's own, or not at all because it failed."""
    computed: int = 0
    """Values computed, for callers and in the background."""
    failed_refreshes: int = 0
    """Computations in the background that failed; the next caller tries again."""
    errors: int = 0
    """Operations of the store that failed or took too long, and entries that were none."""
    skipped: int = 0
    """Operations that were not tried because the store had just failed repeatedly."""
