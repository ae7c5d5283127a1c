"""The setting LEADGRAPH_ROW_SECURITY."""

import asyncpg

from db.engine import row_security
from db.engine.pool import Pool
from server.runtime.errors import CommandError
from server.runtime.settings import Settings


async def uses_row_security(pool: Pool, settings: Settings) -> bool:
    """Return whether transactions of members run under row-level security.

    Raise `CommandError` if the setting requires it and the database lacks it.
    """
    if settings.row_security == "off":
        return False
    if not await row_security.is_ready(pool):
        raise CommandError(
            f"LEADGRAPH_ROW_SECURITY is on, but the database lacks the role {row_security.ROLE} or its policies, or the "
            "server's role may not use them. Run `leadgraph migrate` with the same setting, or set it to off."
        )
    return True


async def install_row_security(url: str) -> None:
    """Create the role and the policies that are missing. Raise `CommandError` if that is impossible."""
    try:
        await row_security.install(url)
    except row_security.NoRoleError as lacking:
        raise CommandError(
            f"{lacking} Run `leadgraph migrate` again afterwards, or set LEADGRAPH_ROW_SECURITY to off."
        ) from lacking
    except asyncpg.LockNotAvailableError as locked:
        raise CommandError(
            "The policies of row-level security got no lock in time, because other transactions use their tables. Run "
            "`leadgraph migrate` again."
        ) from locked
