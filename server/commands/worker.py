"""`leadgraph worker`."""

from typing import Annotated

import typer

from server.runtime import database
from server.runtime.logs import configure_logging
from server.runtime.settings import load_settings
from server.serving import work


def worker(
    at_once: Annotated[
        int, typer.Option(min=1, max=32, help="Number of exports to write at the same time.")
    ] = 2,
) -> None:
    """Write exports and run background tasks. Requires a migrated database."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    with database.migrated_database(settings, wait_seconds=settings.database_wait_seconds) as url:
        work(
            settings,
            url,
            at_once,
            when_ready=lambda: typer.echo("The worker is running. Press Ctrl-C to stop it."),
        )
