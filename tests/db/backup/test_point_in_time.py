"""Point-in-time recovery with pgBackRest, by the commands of docs/guides/backup.md."""

import asyncio
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from db.backup.archive import read_manifest
from db.embedded import EmbeddedPostgres
from db.embedded.account import Account, account_for
from db.engine import databases, migrations
from db.engine.pool import Pool, open_pool
from db.integrity import audit
from server.commands.app import app as cli
from tests.support.folders import data_folder
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "backup.md").read_text()
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))

pytestmark = pytest.mark.skipif(
    not DEBIAN or shutil.which("pgbackrest") is None,
    reason="Debian's packages postgresql and pgbackrest are not installed",
)


def block(first: str) -> str:
    """Return the code block of the guide that begins with this line."""
    (found,) = re.findall(rf"```\w+\n\s*({re.escape(first)}.*?)\s*```", GUIDE, re.DOTALL)
    return str(found)


@dataclass(frozen=True)
class Place:
    """A PostgreSQL of Debian in an empty folder, and pgBackRest beside it."""

    folder: Path
    account: Account
    server: EmbeddedPostgres

    @property
    def url(self) -> str:
        return self.server.url("leadgraph")

    def run(self, line: str) -> None:
        """Run a command of the guide as the account of the server."""
        variables = {"PGPASSWORD": urlsplit(self.url).password or ""}
        done = self.account.run(shlex.split(configured(line, self.folder)), variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("LEADGRAPH_PG_BINDIR", str(DEBIAN[0].parent))
    with data_folder() as parent:
        folder, home = parent / "pgbackrest", parent / "postgres"
        folder.mkdir()
        account = account_for(home / "data")
        account.own(folder)
        settings = dict(re.findall(r"^(\w+) = '?(.*?)'?$", block("archive_mode"), re.MULTILINE))
        settings["archive_command"] = configured(settings["archive_command"], folder)
        settings |= {"unix_socket_directories": str(folder), "fsync": "off"}
        with EmbeddedPostgres(home, settings=settings).running() as server:
            (folder / "conf").write_text(configuration(folder, home, server.url("postgres")))
            yield Place(folder, account, server)


def configured(line: str, folder: Path) -> str:
    """Return the command with the file of this configuration instead of the usual one."""
    return line.replace("pgbackrest ", f"pgbackrest --config={folder}/conf ", 1)


def configuration(folder: Path, home: Path, url: str) -> str:
    """Return the guide's configuration with the paths and the role of this server."""
    text = block("[global]").replace("/var/lib/pgbackrest", f"{folder}/repository")
    text = re.sub(r"(?m)^pg1-path=.*", f"pg1-path={(home / 'data').resolve()}", text)
    own = f"log-path={folder}\nlock-path={folder}\nspool-path={folder}\n"
    return (
        text.replace("[global]\n", f"[global]\n{own}")
        + f"\npg1-port={urlsplit(url).port}\npg1-user=leadgraph\npg1-socket-path={folder}\n"
    )


async def add_leads(pool: Pool, number: int) -> None:
    keyword = await pool.fetchval("SELECT id FROM keywords")
    for _ in range(number):
        await add_lead(pool, await add_mention(pool, keyword))


async def test_the_moment_before_an_accident_comes_back(place: Place) -> None:
    await databases.ensure(place.server.url("postgres"), "leadgraph")
    await migrations.upgrade(place.url)
    create, check, back_up = block("pgbackrest --stanza=leadgraph stanza-create").splitlines()
    for command in (create, check, back_up):
        place.run(command)
    async with await open_pool(place.url) as pool:
        await add_keyword(pool, await add_user(pool))
        await add_leads(pool, 5)  # after the backup: only the archived log has them
        await asyncio.sleep(1.1)  # pgBackRest compares whole seconds
        before = str(await pool.fetchval("SELECT clock_timestamp()"))
        await asyncio.sleep(0.1)
        await pool.execute("DELETE FROM users")
        await pool.execute("SELECT pg_switch_wal()")
    place.server.stop()
    restore = block("pgbackrest --stanza=leadgraph --delta")
    place.run(re.sub(r"--target=[^\"]+", f"--target={before}", restore))
    place.server.start()
    async with await open_pool(place.url) as pool:
        while await pool.fetchval("SELECT pg_is_in_recovery()"):
            await asyncio.sleep(0.1)
        assert await pool.fetchval("SELECT leads_count FROM users") == 5
        assert await audit.drifts(pool) == []
        await add_leads(pool, 1)


async def test_a_server_of_another_version_is_backed_up_with_its_own_programs(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await databases.ensure(place.server.url("postgres"), "leadgraph")
    await databases.ensure(place.server.url("postgres"), "other")
    await migrations.upgrade(place.url)
    monkeypatch.delenv("LEADGRAPH_PG_BINDIR")
    monkeypatch.setenv("LEADGRAPH_HOME", str(tmp_path / "home"))
    file = tmp_path / "file"
    for verb, database in (("backup", "leadgraph"), ("restore", "other")):
        monkeypatch.setenv("LEADGRAPH_DATABASE_URL", place.server.url(database))
        result = await asyncio.to_thread(CliRunner().invoke, cli, [verb, str(file)])
        assert result.exit_code == 0, (result.output, result.exception)
    assert read_manifest(file).major == await databases.server_major(place.url)
