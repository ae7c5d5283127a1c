"""A real PostgreSQL that comes with the project and needs no administrator.

In its home, a folder of its own:

    data             the database; made once, never overwritten or removed
    password         of its only user; mode 0600
    port             on 127.0.0.1; chosen free, and kept while it stays free
    postgres.log     what the server says; one older file is kept
    start-stop.lock  held while the server is started or stopped
    in-use.lock      shared by all who use the server: the last one out stops it
    server.lock      held by the server's own processes, so that there are never two servers

The locks are taken in this order. They end with their processes, so a kill leaves nothing to clean up.
"""

from db.embedded.error import EmbeddedError
from db.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedError", "EmbeddedPostgres"]
