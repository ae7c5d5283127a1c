"""Migration of the database, with a sentence for each of its failures."""

import asyncio
import sys

from db.engine import migrations, revisions
from server.runtime.database import unsupported
from server.runtime.errors import CommandError


def migrate(url: str, *, wait_seconds: float = migrations.WAIT_SECONDS) -> str:
    """Apply the missing revisions, and return the revision of the database. Raise `CommandError` if that fails."""
    try:
        return asyncio.run(
            migrations.upgrade(url, wait_seconds=wait_seconds, when_waiting=_say_that_another_migration_runs)
        )
    except revisions.UnsupportedReleaseError as revision:
        raise CommandError(unsupported(revision)) from revision
    except migrations.MigrationRunsError as other:
        raise CommandError(
            f"Another migration of this database still runs after {wait_seconds:g} seconds. Run `leadgraph migrate` "
            "again when it is finished."
        ) from other
    except migrations.LockNotGrantedError as revision:
        raise CommandError(
            f"Revision {revision} got no lock in time, because other transactions use its tables. Run "
            "`leadgraph migrate` again. `leadgraph preflight` lists long transactions."
        ) from revision
    except migrations.SlowRevisionError as revision:
        raise CommandError(
            f"A statement of revision {revision} exceeded its time limit. Run `leadgraph migrate` again when the "
            "database has less to do."
        ) from revision


def _say_that_another_migration_runs() -> None:
    sys.stderr.write("Another migration of this database runs. Waiting for its end.\n")
