"""Statistics of the cache since the start of the process."""

from dataclasses import dataclass


@dataclass(slots=True)
class Statistics:
    """Each question counts once, in `hits`, `stale`, `waited` or `misses`. An exact question counts as a miss."""

    hits: int = 0
    """Questions answered by a fresh entry of the store."""
    stale: int = 0
    """Questions answered by a stale entry, which is then refreshed."""
    waited: int = 0
    """Questions answered by a running computation of another task or process."""
    misses: int = 0
    """Questions whose caller computed the answer, successfully or not."""
    computed: int = 0
    """Values computed for callers and in the background."""
    failed_refreshes: int = 0
    """Failed background computations. The next caller triggers a retry."""
    fragment_hits: int = 0
    """Fields answered by a fragment."""
    fragment_misses: int = 0
    """Marked fields that were resolved although fragments were allowed."""
    errors: int = 0
    """Store operations that failed or timed out, and invalid entries."""
    skipped: int = 0
    """Store operations skipped after repeated failures."""
