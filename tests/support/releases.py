"""Two releases side by side: the previous one from a git worktree, and the next one with a further revision.

The previous release is the last commit before the newest revision of this checkout, if servers of that commit can
restart on newer schemas; otherwise it is this commit. The next release is this working tree with one more revision,
which has a table, a column, an index, and rows to fill.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.engine import revisions

ROOT = Path(__file__).resolve().parents[2]
NEXT = "9001"
REVISION = '''"""Add notes of the drill.

Revision ID: {next}
Revises: {head}
"""

import sqlalchemy as sa
from alembic import op

from db.engine.online_ddl import create_indexes

revision = "{next}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_indexes({{"ix_leads_drill": "leads (user_id, company, id)"}})
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.add_column("mentions", sa.Column("drill_rank", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table("drill_notes", sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False))
    op.execute("UPDATE backfills SET finished_at = NULL, reached_id = 0 WHERE name = 'mention_lexemes'")
'''
MODELS = """from sqlalchemy import BigInteger, Column, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.models.lead import Lead
from db.models.mention import Mention

Mention.__table__.append_column(Column("drill_rank", BigInteger, server_default="0", nullable=False))
Index("ix_leads_drill", Lead.__table__.c.user_id, Lead.__table__.c.company, Lead.__table__.c.id)


class DrillNote(Base):
    __tablename__ = "drill_notes"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
"""


@dataclass(frozen=True)
class Release:
    """A source tree with a Python that has its dependencies."""

    folder: Path
    python: Path

    @property
    def newest_revision(self) -> str:
        return max(path.name.split("_")[0] for path in (self.folder / "alembic" / "versions").glob("*.py"))

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")}
        variables = {f"LEADGRAPH_{name}": value for name, value in settings.items()}
        return {**kept, **variables, "PYTHONPATH": str(self.folder)}

    async def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Run a command of the release, and return its exit code and output."""
        process = await asyncio.create_subprocess_exec(
            *(str(self.python), "-m", "server.cli", *arguments),
            cwd=self.folder,
            env=self.environment(**settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()

    @asynccontextmanager
    async def served(self, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start a server, yield its process when it is ready, and stop it in the end unless it was killed."""
        process = await asyncio.create_subprocess_exec(
            *(str(self.python), "-m", "server.cli", "serve"),
            cwd=self.folder,
            env=self.environment(**settings),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        line = await process.stdout.readline()
        assert b"Leadgraph serves http" in line, line
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def has_history() -> bool:
    """Return whether the tests run in a git checkout."""
    return shutil.which("git") is not None and (ROOT / ".git").exists()


def previous_commit() -> str:
    """Return the commit of the previous release."""
    newest = f"alembic/versions/{revisions.head()}_*.py"
    added = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", newest)
    modules = ("revisions", "migrations")
    if added and any("oldest_revision" in _source(f"{added}^", module) for module in modules):
        return f"{added}^"
    return "HEAD"


def _source(commit: str, module: str) -> str:
    """Return the source of a module of `db.engine` in the commit, or "" if it is missing."""
    command = ["git", "show", f"{commit}:db/engine/{module}.py"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


@contextmanager
def previous_release(folder: Path) -> Iterator[Release]:
    """Yield the previous release, in a worktree that is removed afterwards."""
    place = folder / "previous"
    _git("worktree", "prune")
    _git("worktree", "add", "--detach", str(place), previous_commit())
    try:
        yield Release(place, _python(place))
    finally:
        _git("worktree", "remove", "--force", str(place))


def _python(place: Path) -> Path:
    """Return this environment's Python if the release has the same dependencies, else one of its own."""
    locks = Path("locks") / "runtime.txt"
    if (place / locks).read_bytes() == (ROOT / locks).read_bytes():
        return Path(sys.executable)
    subprocess.run([sys.executable, "bootstrap.py", "runtime"], cwd=place, check=True)
    return place / ".venv" / "bin" / "python"


def next_release(folder: Path) -> Release:
    """Copy the working tree, and add a revision with its models."""
    place = folder / "next"
    for name in _git("ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)
    revision = REVISION.format(next=NEXT, head=revisions.head())
    (place / "alembic" / "versions" / f"{NEXT}_drill.py").write_text(revision)
    (place / "db" / "models" / "drill_note.py").write_text(MODELS)
    return Release(place, Path(sys.executable))
