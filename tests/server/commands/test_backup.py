"""`leadgraph backup` and `leadgraph restore`."""

import asyncio
import errno
import json
import os
import re
import stat
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner, Result

from db.backup import dump, programs
from db.backup.archive import read_manifest
from db.backup.contents import read_contents
from db.backup.dump import connected
from db.backup.error import BackupError
from db.embedded import EmbeddedPostgres
from db.engine import databases, migrations, revisions
from db.engine.pool import Pool, open_pool
from db.engine.reader import Reader
from db.integrity import audit
from db.language.scope import EVERYBODY
from db.models import Base
from server.commands.app import app as cli
from server.runtime.errors import CommandError
from services.accounts.vault import id_of, new_key
from services.changes import feed
from tests.support.backups import rewrite_manifest
from tests.support.command import Command
from tests.support.databases import copied_database
from tests.support.rows import add_integration, add_lead, add_mention, add_user

TABLES = len(Base.metadata.tables) + 1
"""The number of tables of a database, with Alembic's."""


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder of the commands."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LEADGRAPH_HOME", str(folder))
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "leadgraph.backup"


@pytest.fixture
async def empty_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    async with copied_database(postgres, "template0") as name:
        yield postgres.url(name)


@asynccontextmanager
async def pool_of(url: str) -> AsyncIterator[Pool]:
    async with await open_pool(url) as pool:
        yield pool


@pytest.fixture
def restore(monkeypatch: pytest.MonkeyPatch, command: Command, empty_url: str) -> Command:
    """Run `leadgraph restore` on an empty database."""

    async def run(*arguments: str) -> Result:
        monkeypatch.setenv("LEADGRAPH_DATABASE_URL", empty_url)
        return await command("restore", *arguments)

    return lambda *arguments: asyncio.ensure_future(run(*arguments))


def problem(result: Result) -> str:
    assert isinstance(result.exception, CommandError), result.output
    return str(result.exception)


async def tables_of(url: str) -> list[str]:
    async with connected(url) as connection:
        return list(await read_contents(connection))


async def write_until(stop: asyncio.Event, pool: Pool) -> int:
    """Add mentions and leads one after the other, and return their number."""
    written = 0
    while not stop.is_set():
        mention = await add_mention(pool, 1 + written % 3)
        await add_lead(pool, mention)
        written += 1
    return written


async def test_a_backup_beside_writers_holds_one_moment_and_restores_with_right_counters(
    three_users: Pool, command: Command, restore: Command, file: Path, empty_url: str
) -> None:
    stop = asyncio.Event()
    writers = [asyncio.create_task(write_until(stop, three_users)) for _ in range(3)]
    saved = await command("backup", str(file))
    stop.set()
    assert sum(await asyncio.gather(*writers)) > 10  # on a busy machine; the backup was made among writes
    assert saved.exit_code == 0, saved.output
    manifest = read_manifest(file)
    assert 6 < manifest.tables["mentions"].rows < await three_users.fetchval("SELECT count(*) FROM mentions")
    result = await restore(str(file))
    assert result.stdout == (
        f"Restored {manifest.rows:,} rows of {TABLES} tables, as of {manifest.created_at}. Rows and checksums agree with the "
        "backup.\nAll counters are right.\n"
    )
    assert result.exit_code == 0
    async with pool_of(empty_url) as there:
        assert await audit.drifts(there) == []
        assert await there.fetchval("SELECT sum(leads_count) FROM users") == manifest.tables["leads"].rows
        await add_mention(there, 1)  # identities and triggers work
        assert await audit.drifts(there) == []
    await migrations.check(empty_url)


@pytest.mark.usefixtures("three_users")
async def test_a_backup_is_private_and_its_tools_are_pg_restore_and_unzip(
    command: Command, file: Path, database_url: str
) -> None:
    result = await command("backup", str(file))
    assert result.stdout == (
        f"Backed up {read_manifest(file).rows} rows of {TABLES} tables at revision {revisions.head()} to {file} ({file.stat().st_size:,} bytes).\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as directory:
        assert directory.namelist() == ["manifest.json"]
        assert json.loads(directory.read("manifest.json"))["tables"]["mentions"]["rows"] == 6
    client = programs.client_programs(await databases.server_major(database_url))
    assert "TABLE DATA public mentions" in await client.run("pg_restore", "--list", file)


@pytest.mark.usefixtures("three_users")
async def test_older_backups_are_deleted_after_a_new_one_and_other_files_stay(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("notes.txt", "broken.backup", "other.backup.new"):
        (folder / name).write_text("not a backup")
    for name in ("a", "b", "c"):
        assert (await command("backup", str(folder / f"{name}.backup"))).exit_code == 0
    result = await command("backup", str(folder / "d.backup"), "--keep", "2")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Deleted 2 older backups, from a.backup to b.backup."
    others = ["broken.backup", "notes.txt", "other.backup.new"]
    assert sorted(each.name for each in folder.iterdir()) == sorted(["c.backup", "d.backup", *others])
    monkeypatch.setenv("LEADGRAPH_BACKUPS_KEPT", "1")
    assert (await command("backup", str(folder / "e.backup"), "--keep", "0")).exit_code == 0
    assert (folder / "c.backup").exists()
    assert (await command("backup", str(folder / "f.backup"))).exit_code == 0
    assert sorted(each.name for each in folder.iterdir()) == sorted(["f.backup", *others])


async def test_a_backup_replaces_no_file(command: Command, file: Path) -> None:
    file.write_text("precious")
    assert problem(await command("backup", str(file))) == (
        f"{file} exists already: choose another name, or remove the file."
    )
    assert file.read_text() == "precious"
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.usefixtures("three_users")
async def test_a_restore_refuses_a_database_with_tables_and_replaces_it_only_when_asked(
    pool: Pool, database_url: str, command: Command, file: Path, postgres: EmbeddedPostgres
) -> None:
    assert (await command("backup", str(file))).exit_code == 0
    await pool.execute("INSERT INTO users (email) VALUES ('later@example.com')")
    name = urlsplit(database_url).path[1:]
    refused = f"The database {name} has tables already: pass --replace"
    assert problem(await command("restore", str(file))).startswith(refused)
    assert problem(await command("restore", "--replace", str(file))) == (
        f"1 other sessions use the database {name}: stop the servers and workers, and restore again."
    )
    assert await pool.fetchval("SELECT count(*) FROM users") == 4
    await pool.close()
    result = await command("restore", "--replace", str(file))
    assert result.exit_code == 0, result.output
    (replaced,) = [line.rsplit('"', 2)[1] for line in result.stdout.splitlines() if "DROP DATABASE" in line]
    assert await users_of(database_url) == 3
    assert await users_of(postgres.url(replaced)) == 4
    async with connected(postgres.url("postgres")) as connection:
        await connection.execute(f'DROP DATABASE "{replaced}"')


async def users_of(url: str) -> int:
    async with connected(url) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM users"))


@pytest.mark.usefixtures("three_users")
async def test_a_truncated_damaged_or_foreign_file_is_refused_before_the_database_is_used(
    command: Command, restore: Command, file: Path, empty_url: str
) -> None:
    assert (await command("backup", str(file))).exit_code == 0
    whole = file.read_bytes()
    unusable = f"{file} is not a backup of Leadgraph, or it is truncated: use another backup."
    for content in (whole[: len(whole) // 2], whole[:-1], b"", b"hello"):
        file.write_bytes(content)
        assert problem(await restore(str(file))) == unusable
    middle = read_size(whole, file) // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    assert problem(await restore(str(file))) == (
        f"{file} is damaged (the SHA-256 of its first {read_size(whole, file)} bytes is wrong): use another backup."
    )
    assert problem(await restore("/nowhere.backup")) == (
        "/nowhere.backup cannot be read (No such file or directory): check the name and the permissions."
    )
    assert await tables_of(empty_url) == []


def read_size(whole: bytes, file: Path) -> int:
    copy = file.with_suffix(".copy")
    copy.write_bytes(whole)
    return read_manifest(copy).dump_bytes


@pytest.mark.usefixtures("three_users")
async def test_a_restore_compares_rows_and_checksums_with_the_manifest(
    command: Command, restore: Command, file: Path
) -> None:
    assert (await command("backup", str(file))).exit_code == 0
    rewrite_manifest(file, lambda values: values["tables"]["keywords"].update(checksum="0" * 16))
    assert problem(await restore(str(file))) == (
        "The restored rows differ from the backup in keywords: drop the restored database, and use another backup."
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"revision": "9999"}, "The backup is at revision 9999, which is unknown to this release"),
        ({"major": 99}, "The backup is of PostgreSQL 99, and the server is PostgreSQL"),
    ],
)
@pytest.mark.usefixtures("three_users")
async def test_a_backup_of_a_newer_release_or_server_is_refused(
    command: Command, restore: Command, file: Path, empty_url: str, changed: dict[str, object], sentence: str
) -> None:
    assert (await command("backup", str(file))).exit_code == 0
    rewrite_manifest(file, lambda values: values.update(changed))
    assert problem(await restore(str(file))).startswith(sentence)
    assert await tables_of(empty_url) == []


async def test_wrong_counters_of_a_backup_are_reported_after_the_restore(
    three_users: Pool, command: Command, restore: Command, file: Path
) -> None:
    await three_users.execute("UPDATE users SET leads_count = 7 WHERE id = 2")
    assert (await command("backup", str(file))).exit_code == 0
    result = await restore(str(file))
    assert result.stdout.splitlines()[-1] == (
        "1 counters are wrong, as they were in the backup. Run `leadgraph counters repair`."
    )
    assert result.exit_code == 1


async def test_a_missing_program_is_one_sentence(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(programs, "_folders", lambda: iter([file.parent]))
    major = await databases.server_major(database_url)
    assert problem(await command("backup", str(file))) == (
        f"The server is PostgreSQL {major}, and pg_dump and pg_restore of that version are not installed: install them "
        f"(Debian's package postgresql-client-{major}), or set LEADGRAPH_PG_BINDIR to their folder."
    )
    assert list(file.parent.iterdir()) == []


async def add_credentials(pool: Pool, key: str) -> None:
    user_id = await add_user(pool)
    await add_integration(pool, user_id, credentials=b"sealed", credentials_key_id=id_of(key))


async def test_a_backup_leaves_the_key_out_and_the_restore_names_the_missing_key(
    pool: Pool, command: Command, restore: Command, file: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    key = new_key()
    await add_credentials(pool, key)
    monkeypatch.setenv("LEADGRAPH_CREDENTIALS_KEY", key)
    saved = await command("backup", str(file))
    assert saved.stdout.splitlines()[1] == (
        f"The file does not hold the keys of credentials ({id_of(key)}). Keep LEADGRAPH_CREDENTIALS_KEY in another place."
    )
    assert key.encode() not in file.read_bytes()
    monkeypatch.delenv("LEADGRAPH_CREDENTIALS_KEY")
    result = await restore(str(file))
    assert result.stdout.splitlines()[-1] == (
        f"The credentials of 1 integrations need the key {id_of(key)}, which is missing. Add it to "
        f"{home}/credentials.key from the place where you keep it. If the key is lost, disconnect and reconnect these "
        "accounts."
    )
    assert not (home / "credentials.key").exists()


@pytest.mark.parametrize("present", ["", "its own", "the same"])
async def test_a_backup_takes_the_key_along_when_asked_and_the_restore_overwrites_no_key(
    pool: Pool, command: Command, restore: Command, file: Path, home: Path, present: str
) -> None:
    key = new_key()
    await add_credentials(pool, key)
    home.mkdir()
    own = home / "credentials.key"
    own.write_text(key)
    saved = await command("backup", str(file), "--with-credentials-key")
    assert len(saved.stdout.splitlines()) == 1
    kept = {"": "", "its own": new_key(), "the same": key}[present]
    own.write_text(kept) if kept else own.unlink()
    last = (await restore(str(file))).stdout.splitlines()[-1]
    assert (
        last
        == {
            "": f"Wrote the keys of credentials to {own}.",
            "its own": f"The credentials of 1 integrations need the key {id_of(key)}, which is missing. The backup has it: "
            f"add the output of `unzip -p {file} credentials.key` to {own}.",
            "the same": "All counters are right.",
        }[present]
    )
    assert own.read_text() == (kept or key)
    assert stat.S_IMODE(own.stat().st_mode) == 0o600 or kept


async def test_a_server_without_a_key_cannot_put_it_into_a_backup(command: Command, file: Path) -> None:
    assert problem(await command("backup", str(file), "--with-credentials-key")) == (
        "This server has no key of credentials: leave out --with-credentials-key."
    )


async def test_an_empty_database_has_no_backup(
    command: Command, file: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", empty_url)
    assert problem(await command("backup", str(file))) == (
        "The database is empty. Run `leadgraph migrate` or `leadgraph restore`."
    )


async def test_the_embedded_server_is_backed_up_and_restored_without_a_url(
    server_folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(home: str, *arguments: str) -> int:
        monkeypatch.setenv("LEADGRAPH_HOME", str(server_folder / home))
        return CliRunner().invoke(cli, arguments).exit_code

    assert await asyncio.to_thread(run, "old", "migrate") == 0
    with EmbeddedPostgres(server_folder / "old" / "postgres").running() as old:
        async with pool_of(old.url("leadgraph")) as there:
            await add_user(there, "bea@example.com")
    assert await asyncio.to_thread(run, "old", "backup", str(file)) == 0
    assert await asyncio.to_thread(run, "new", "restore", str(file)) == 0
    with EmbeddedPostgres(server_folder / "new" / "postgres").running() as new:
        assert await users_of(new.url("leadgraph")) == 1


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        (
            "postgresql://ann:s%40e@db:5432/x?sslmode=require&jit=off",
            "postgresql://ann@db:5432/x?sslmode=require",
            "s@e",
        ),
        ("postgres://ann@a:1,b:2/x", "postgres://ann@a:1,b:2/x", None),
        ("postgresql://ann@db/x?password=s%40e", "postgresql://ann@db/x", "s@e"),
        (
            "postgresql://ann@db/x?application_name=my%20backup",
            "postgresql://ann@db/x?application_name=my%20backup",
            None,
        ),
        ("postgresql:///x?host=%2Frun", "postgresql:///x?host=%2Frun", None),
    ],
)
def test_command_lines_hold_no_password_and_no_options_of_the_driver(
    url: str, shown: str, password: str | None
) -> None:
    assert programs._without_password(url) == shown
    assert programs._password(url).get("PGPASSWORD") == password


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.usefixtures("three_users")
async def test_a_full_disk_is_not_taken_for_the_database(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump, "add_manifest", no_space)
    assert problem(await command("backup", str(file))) == (
        f"{file} cannot be written (No space left on device): free space, or choose another folder."
    )
    assert list(file.parent.iterdir()) == []


@pytest.mark.usefixtures("three_users")
async def test_a_backup_needs_no_links_of_the_file_system_and_replaces_no_file_there(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_: Path, to: Path) -> None:
        if crowded:
            to.write_text("precious")
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    crowded = False
    assert (await command("backup", str(file))).exit_code == 0
    assert read_manifest(file).tables["mentions"].rows == 6
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    file.unlink()
    crowded = True
    assert problem(await command("backup", str(file))) == (
        f"{file} was created meanwhile: choose another name."
    )
    assert file.read_text() == "precious"


async def test_a_killed_program_is_named_with_its_signal(tmp_path: Path) -> None:
    for name, script in (("pg_dump", "kill -9 $$"), ("pg_restore", "exit 3")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    client = programs.ClientPrograms(tmp_path, 16)
    with pytest.raises(BackupError, match=re.escape("pg_dump failed (the signal SIGKILL ended it).")):
        await client.run("pg_dump")
    with pytest.raises(BackupError, match=re.escape("pg_restore failed (exit code 3).")):
        await client.run("pg_restore")


@pytest.mark.usefixtures("three_users")
async def test_a_restore_names_the_database_that_a_killed_restore_left(
    command: Command, restore: Command, file: Path, empty_url: str, postgres: EmbeddedPostgres
) -> None:
    assert (await command("backup", str(file))).exit_code == 0
    left = f"{urlsplit(empty_url).path[1:]}_new_20261130_095911"
    async with connected(postgres.url("postgres")) as connection:
        await connection.execute(f'CREATE DATABASE "{left}"')
        try:
            result = await restore(str(file))
        finally:
            await connection.execute(f'DROP DATABASE "{left}"')
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == (
        f"The database {left} is of a restore that did not finish. Unless that restore still runs, delete it: "
        f'DROP DATABASE "{left}";'
    )


async def test_a_restore_keeps_the_changes_and_renews_the_feed(
    pool: Pool, command: Command, restore: Command, file: Path, empty_url: str
) -> None:
    await add_user(pool)
    before = await feed.now(Reader(pool, single=True), EVERYBODY)
    await pool.execute("UPDATE change_feed SET expired_id = 1, expired_xid = '1'")
    await pool.execute("UPDATE changes SET xid = '1000000'")  # a transaction of a server that is far ahead
    await command("backup", str(file))
    result = await restore(str(file))
    assert result.exit_code == 0, result.output
    async with pool_of(empty_url) as there:
        reader = Reader(there, single=True)
        with pytest.raises(feed.ExpiredPositionError):
            await feed.page(reader, EVERYBODY, before, limit=10)
        kept = await feed.page(reader, EVERYBODY, None, limit=10)
        assert [event.row_id for event in kept.events] == [1]
        await add_user(there, "eve@example.com")
        new = await feed.page(reader, EVERYBODY, kept.after, limit=10)
        assert [event.row_id for event in new.events] == [2]
