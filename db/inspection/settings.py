"""Settings of the server that keep data safe and tables small."""

from typing import NamedTuple

from db.engine.pool import Pool

SAFE = {
    "autovacuum": "on",
    "default_transaction_read_only": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "track_counts": "on",
}
"""The value of each setting that Leadgraph relies on."""
_READ = "SELECT name, setting AS value, source FROM pg_settings WHERE name = ANY ($1) ORDER BY name"


class Setting(NamedTuple):
    """A setting as a new session gets it, and the kind of place that sets it."""

    name: str
    value: str
    source: str


async def unsafe_settings(pool: Pool) -> list[Setting]:
    """Return the settings that are less safe than `SAFE`. Values above `on` are as safe."""
    rows = await pool.fetch(_READ, list(SAFE))
    settings = [Setting(row["name"], row["value"], row["source"]) for row in rows]
    return [one for one in settings if (one.value == "off") != (SAFE[one.name] == "off")]
