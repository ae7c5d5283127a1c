"""`leadgraph backup` and `leadgraph restore`: one file with the whole database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from db.backup import archive, dump
from db.backup import restore as restoring
from db.backup.archive import KEY_FILE, Manifest
from db.backup.error import BackupError
from db.backup.programs import client_programs
from db.engine import databases, migrations, revisions
from db.engine.pool import open_pool
from db.engine.private_file import write_private
from db.integrity import audit
from server.runtime import credentials
from server.runtime.database import running_database
from server.runtime.errors import CommandError
from server.runtime.key_files import split_keys
from server.runtime.settings import Settings, load_settings
from services.accounts.vault import id_of

AUDIT_SECONDS = 3600

File = Annotated[Path, typer.Argument(help="The file of the backup.", show_default=False)]


def back_up(
    file: File,
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-credentials-key", help="Put the keys of integrations' credentials into the file, too."
        ),
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Afterwards, delete all but so many of the newest backups in the folder of the file. 0: delete none. "
            "Default: LEADGRAPH_BACKUPS_KEPT.",
        ),
    ] = None,
) -> None:
    """Write a backup of the database to a new file. Servers and workers go on meanwhile.

    The file holds the state of one moment. It does not hold the keys that decrypt integrations' credentials, unless
    --with-credentials-key is given: keep these keys in another place.
    """
    settings = load_settings()
    keys = credentials.key_text(settings)
    if with_key and not keys:
        raise CommandError("This server has no key of credentials: leave out --with-credentials-key.")
    with running_database(settings) as url, _one_sentence():
        manifest = asyncio.run(_back_up(url, file.absolute(), keys if with_key else None))
    typer.echo(
        f"Backed up {manifest.rows:,} rows of {len(manifest.tables)} tables at revision {manifest.revision} to {file} "
        f"({file.stat().st_size:,} bytes)."
    )
    _remove_older(file, settings.backups_kept if keep is None else keep)
    if manifest.credentials_keys and not with_key:
        typer.echo(
            f"The file does not hold the keys of credentials ({', '.join(manifest.credentials_keys)}). Keep "
            f"{_place_of_keys(settings)} in another place."
        )


def _remove_older(file: Path, keep: int) -> None:
    """Delete the older backups beside the new one. Zero keeps all."""
    if keep:
        with _one_sentence():
            removed = archive.remove_older(file.absolute(), keep=keep)
        if removed:
            typer.echo(f"Deleted {len(removed)} older backups, from {removed[-1].name} to {removed[0].name}.")


async def _back_up(url: str, file: Path, key_text: str | None) -> Manifest:
    revision = await migrations.current(url)
    if revision is None:
        raise CommandError("The database is empty. Run `leadgraph migrate` or `leadgraph restore`.")
    programs = client_programs(await databases.server_major(url))
    return await dump.back_up(url, programs, file, revision=revision, key_text=key_text)


def restore(
    file: File,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put the backup in the place of a database that has tables."),
    ] = False,
) -> None:
    """Restore a backup into the empty database, and verify rows, checksums and counters.

    A damaged file is refused before the database is used. With --replace, the present database is renamed and keeps its
    data.

    The exit code is 0 if all is right, and 1 if a counter is wrong or the restore failed.
    """
    settings = load_settings()
    with _one_sentence():
        manifest = archive.read_manifest(file.absolute())
        _require_known(manifest)
        with running_database(settings) as url, _one_sentence():
            replaced = asyncio.run(_restore(url, file.absolute(), manifest, replace=replace))
            typer.echo(
                f"Restored {manifest.rows:,} rows of {len(manifest.tables)} tables, as of {manifest.created_at}. Rows and "
                "checksums agree with the backup."
            )
            if replaced is not None:
                typer.echo(
                    f'The replaced database is now named {replaced}. To delete it: DROP DATABASE "{replaced}";'
                )
            wrong = _audit(url, manifest)
            _report_unfinished(url)
    _restore_keys(file, settings)
    _report_missing_keys(file, settings, manifest)
    raise typer.Exit(1 if wrong else 0)


def _require_known(manifest: Manifest) -> None:
    if not revisions.is_known(manifest.revision):
        raise CommandError(
            f"The backup is at revision {manifest.revision}, which is unknown to this release (newest: "
            f"{revisions.head()}). Restore it with the release that wrote it, or a newer one."
        )


async def _restore(url: str, file: Path, manifest: Manifest, *, replace: bool) -> str | None:
    """Restore the file. Return the new name of a replaced database."""
    major = await databases.server_major(url)
    if major < manifest.major:
        raise CommandError(
            f"The backup is of PostgreSQL {manifest.major}, and the server is PostgreSQL {major}: restore it on version "
            f"{manifest.major} or newer."
        )
    programs = client_programs(major)
    if replace:
        return await restoring.restore_and_replace(url, programs, file, manifest)
    await restoring.restore(url, programs, file, manifest)
    return None


def _audit(url: str, manifest: Manifest) -> int:
    """Count the counters again, print the result, and return the number of wrong ones."""
    if manifest.revision != revisions.head():
        typer.echo(
            "The backup is of an earlier release. Run `leadgraph migrate` and `leadgraph counters verify`."
        )
        return 0
    wrong = asyncio.run(_wrong_counters(url))
    typer.echo(
        f"{wrong} counters are wrong, as they were in the backup. Run `leadgraph counters repair`."
        if wrong
        else "All counters are right."
    )
    return wrong


async def _wrong_counters(url: str) -> int:
    async with await open_pool(url, size=1, statement_timeout_seconds=AUDIT_SECONDS) as pool:
        return len(await audit.drifts(pool))


def _report_unfinished(url: str) -> None:
    for name in asyncio.run(restoring.unfinished(url)):
        typer.echo(
            f"The database {name} is of a restore that did not finish. Unless that restore still runs, delete it: "
            f'DROP DATABASE "{name}";'
        )


def _restore_keys(file: Path, settings: Settings) -> None:
    """Write the keys of the backup into the data folder, unless this server has keys."""
    keys, path = archive.read_keys(file), settings.home / KEY_FILE
    if keys and not credentials.key_text(settings):
        settings.home.mkdir(parents=True, exist_ok=True)
        write_private(path, keys)
        typer.echo(f"Wrote the keys of credentials to {path}.")


def _report_missing_keys(file: Path, settings: Settings, manifest: Manifest) -> None:
    present = {id_of(key) for key in split_keys(credentials.key_text(settings))}
    for key_id, integrations in manifest.credentials_keys.items():
        if key_id not in present:
            typer.echo(
                f"The credentials of {integrations} integrations need the key {key_id}, which is missing. "
                + _remedy(file, settings)
            )


def _remedy(file: Path, settings: Settings) -> str:
    if archive.read_keys(file):
        return f"The backup has it: add the output of `unzip -p {file} {KEY_FILE}` to {_place_of_keys(settings)}."
    return (
        f"Add it to {_place_of_keys(settings)} from the place where you keep it. If the key is lost, disconnect and "
        "reconnect these accounts."
    )


def _place_of_keys(settings: Settings) -> str:
    return "LEADGRAPH_CREDENTIALS_KEY" if settings.credentials_key else str(settings.home / credentials.FILE)


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except BackupError as problem:
        raise CommandError(str(problem)) from problem
    except asyncpg.InsufficientPrivilegeError as refused:
        raise CommandError(
            f"The database refuses this ({refused}): use the role that owns the database, with the right to create "
            "databases for --replace."
        ) from refused
