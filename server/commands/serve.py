"""`leadgraph serve`. The module imports no library of the command line."""

import sys

from server.runtime import database
from server.runtime.logs import configure_logging
from server.runtime.settings import load_settings
from server.serving import bind, origin
from server.serving import serve as serve_until_stopped


def serve() -> None:
    """Serve the API on LEADGRAPH_HOST, by default on loopback. Requires a migrated database."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    with database.migrated_database(settings, wait_seconds=settings.database_wait_seconds) as url:
        database.require_filled(url)
        listening = bind(settings.host, settings.port)  # no earlier: clients would wait for the database, too

        def announce() -> None:
            sys.stdout.write(f"Leadgraph serves {origin(listening)}/graphql\n")
            sys.stdout.flush()

        serve_until_stopped(settings, url, listening, when_ready=announce)
