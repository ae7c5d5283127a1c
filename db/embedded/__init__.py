"""A PostgreSQL server that comes with the project and needs no administrator.

Its home folder contains:

    data             the database; created once, never overwritten or removed
    password         the password of the only user; mode 0600
    port             a free port on 127.0.0.1; reused while it is free
    postgres.log     the server's log; one older file is kept
    start-stop.lock  held while the server is started or stopped
    in-use.lock      shared by all processes that use the server; the last one stops the server
    server.lock      held by the server's processes, so that two servers never run at once

The locks are taken in this order. The operating system releases them with their processes, even after a kill.
"""

from db.embedded.error import EmbeddedError
from db.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedError", "EmbeddedPostgres"]
