"""Alembic's environment.

It uses the connection of `db.engine.migrations`, or connects to LEADGRAPH_DATABASE_URL.
"""

import asyncio

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection

from db.engine.migrations import engine_for
from db.models import Base
from db.models.base import is_partition


def is_declared(name: str | None, type_: str, _: object) -> bool:
    """Return whether a model declares the table: workers create its partitions."""
    return type_ != "table" or name is None or not is_partition(name)


def migrate(connection: Connection) -> None:
    """Run the migrations on the connection, each in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        include_name=is_declared,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def write_sql() -> None:
    """Print the statements instead of running them: `alembic upgrade head --sql`, for linters."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_migrate(url: str) -> None:
    """Connect to the database and run the migrations."""
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


def url_of_settings() -> str:
    """Return the address of the database, without a pooler if one is named. Raise Alembic's `CommandError` unless the settings are valid and name one."""
    from server.runtime.errors import CommandError as SettingsError  # noqa: PLC0415 - for Alembic's own command only
    from server.runtime.settings import load_settings  # noqa: PLC0415 - as above

    try:
        settings = load_settings()
    except SettingsError as problem:
        raise CommandError(str(problem)) from problem
    url = settings.direct_database_url or settings.database_url
    if url is None:
        raise CommandError("LEADGRAPH_DATABASE_URL must name the database to migrate.")
    return url.reveal()


def main() -> None:
    """Run the migrations, or print them in offline mode."""
    connection = context.config.attributes.get("connection")
    if context.is_offline_mode():
        write_sql()
    elif connection is not None:
        migrate(connection)
    else:
        asyncio.run(connect_and_migrate(url_of_settings()))


main()
