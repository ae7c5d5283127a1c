"""`leadgraph serve`. The module imports no library of the command line."""

import sys
from dataclasses import replace

from server.runtime import database
from server.runtime.logs import configure_logging
from server.runtime.settings import load_settings
from server.serving import bind, origin
from server.serving import serve as serve_until_stopped


def serve(workers: int | None = None) -> None:
    """Serve the API on LEADGRAPH_HOST, by default on loopback. Requires a migrated database.

    So many `workers` serve together, by default those of LEADGRAPH_PROCESSES.
    """
    settings = load_settings()
    settings = replace(settings, processes=workers or settings.processes)
    configure_logging(settings.log_format, settings.log_level)
    with database.migrated_database(settings, wait_seconds=settings.database_wait_seconds) as url:
        database.require_filled(url)
        listening = bind(settings.host, settings.port)  # no earlier: clients would wait for the database, too

        def announce() -> None:
            together = f" in {settings.processes} processes" if settings.processes > 1 else ""
            sys.stdout.write(f"Leadgraph serves {origin(listening)}/graphql{together}\n")
            sys.stdout.flush()

        serve_until_stopped(settings, url, listening, when_ready=announce)
