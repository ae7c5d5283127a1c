"""The guide to a new entity: a copy of the checkout with the blocks of the guide serves the entity."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from db.engine import revisions
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "new-entity.md").read_text()
COPIED = (
    "alembic", "breadth", "db", "loaders", "resolvers", "schema", "server", "services", "tests", "tools",
)  # fmt: skip
STEP = re.compile(r"^## \d+\. .*?: `(\S+)`\n.*?^```(python|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOST_FILES = 8
LAST_REVISION = "0098"
"""The number that stands for the newest revision in the guide."""
OTHER_TESTS = (
    "tests/db/engine/test_migrations.py::test_models_and_triggers_create_the_schema_of_the_revisions",
    "tests/db/integrity/test_audit.py::test_a_table_is_verified_in_batches_of_ids",
    "tests/db/integrity/test_audit.py::test_every_single_counter_is_compared",
    "tests/db/integrity/test_counters.py::test_a_cascade_is_counted_once_for_all_its_rows",
    "tests/db/statements/test_indexes.py::test_an_index_that_no_path_names_serves_a_list_of_its_entity",
    "tests/db/statements/test_indexes.py::test_each_index_serves_an_access_path",
    *(
        f"tests/schema/test_walk.py::{name}"
        for name in (
            "test_every_field_is_answered_from_every_root_with_bounded_statements[note]",
            "test_every_field_is_answered_from_every_root_with_bounded_statements[notes]",
            "test_walks_from_all_roots_reach_every_field_of_the_schema",
            "test_a_relation_takes_the_same_statements_for_any_number_of_parents_and_rows[Note.keyword]",
            "test_a_walk_reaches_only_rows_of_the_viewer[notes]",
            "test_a_walk_from_an_object_of_another_user_finds_nothing[note]",
        )
    ),
    "tests/server/commands/test_counters.py::test_verify_sample_checks_the_given_number_of_parents",
)
"""Tests of other files that derive tables, counters, indexes or fields from the declarations."""
CREATE = """mutation($keyword: ID!, $text: String!) {
    createNote(input: { keywordId: $keyword, text: $text }) { note { id text } userErrors { code } }
}"""
LIST = "query($filter: NoteFilter) { notes(filter: $filter) { totalCount nodes { id text keyword { keyword } } } }"


def steps() -> dict[str, tuple[str, str]]:
    """Return the blocks of the guide by the paths of their files, each with its language."""
    return {path: (language, text) for path, language, text in STEP.findall(GUIDE)}


def apply_diff(text: str, diff: str) -> str:
    """Apply a diff without line numbers to a text. Each hunk must fit exactly one place."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] in " -")
        new = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(old) == 1, f"{text.count(old)} places fit:\n{hunk}"
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout with a database."""

    folder: Path
    database_url: str
    port: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("LEADGRAPH_")},
            "PYTHONPATH": str(self.folder),
            "LEADGRAPH_DATABASE_URL": self.database_url,
            "LEADGRAPH_HOME": str(self.folder / ".leadgraph"),
            "LEADGRAPH_PORT": str(self.port),
            "LEADGRAPH_DRAIN_SECONDS": "0",
        }

    def run(self, *arguments: str) -> str:
        """Run a Python module to its end, and return its output."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.cli", "serve"),
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            assert b"serves" in await process.stdout.readline()
            yield f"http://127.0.0.1:{self.port}/graphql"
        finally:
            process.terminate()
            await process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with all steps of the guide."""
    made = tmp_path_factory.mktemp("new-entity") / "checkout"
    for name in COPIED:
        shutil.copytree(ROOT / name, made / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    for path in ("pyproject.toml", "schema.graphql", "alembic.ini"):
        if (ROOT / path).exists():
            shutil.copyfile(ROOT / path, made / path)
    for path, (language, text) in steps().items():
        target = made / path
        assert target.exists() == (language == "diff")
        text = text.replace(LAST_REVISION, revisions.head())  # noqa: PLW2901 - the page knows no newest revision
        target.write_text(apply_diff(target.read_text(), text) if language == "diff" else text)
    return made


@pytest.fixture
def checkout(folder: Path, database_url: str) -> Iterator[Checkout]:
    """The copy with a migrated database of its own."""
    made = Checkout(folder, database_url, free_port())
    made.run("server.cli", "migrate")
    yield made
    shutil.rmtree(folder / ".leadgraph", ignore_errors=True)


async def post(url: str, key: str, document: str, **variables: object) -> Any:
    async with httpx.AsyncClient(timeout=60) as client:
        response = await client.post(
            url,
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {key}"},
        )
    body = response.json()
    assert "errors" not in body, body
    return body["data"]


def test_a_new_entity_touches_at_most_eight_files() -> None:
    table = re.findall(r"^\| \d+ \| `(\S+)` \|", GUIDE, re.MULTILINE)
    assert table == list(steps())
    assert len(table) <= MOST_FILES


async def test_the_served_api_has_the_new_entity(checkout: Checkout) -> None:
    connection = await asyncpg.connect(checkout.database_url)
    keys = {}
    for name in ("ann", "ben"):
        user_id = await connection.fetchval(
            "INSERT INTO users (email) VALUES ($1) RETURNING id", f"{name}@example.com"
        )
        await connection.execute(
            "INSERT INTO keywords (user_id, keyword) VALUES ($1, 'crm'), ($1, 'sales')", user_id
        )
        printed = checkout.run(
            *("server.cli", "keys", "create", "--user", f"{name}@example.com"),
            *("--scope", "read:keywords", "--scope", "write:keywords"),
        )
        keys[name] = re.findall(r"lg_live_\w+", printed)[0]
    async with checkout.served() as url:
        found = await post(url, keys["ann"], "{ keywords(orderBy: OLDEST) { nodes { id keyword } } }")
        crm, sales = found["keywords"]["nodes"]
        for keyword, text in ((crm, "call them back"), (sales, "too noisy"), (sales, "ask Jo")):
            made = await post(url, keys["ann"], CREATE, keyword=keyword["id"], text=text)
            assert made["createNote"]["note"]["text"] == text
        everything = await post(url, keys["ann"], LIST)
        assert everything["notes"]["totalCount"] == 3
        assert [node["text"] for node in everything["notes"]["nodes"]] == [
            "ask Jo",
            "too noisy",
            "call them back",
        ]
        filtered = await post(url, keys["ann"], LIST, filter={"keywordId": {"eq": sales["id"]}})
        assert [(node["text"], node["keyword"]["keyword"]) for node in filtered["notes"]["nodes"]] == [
            ("ask Jo", "sales"),
            ("too noisy", "sales"),
        ]
        assert filtered["notes"]["totalCount"] == 2
        foreign = await post(url, keys["ben"], LIST)
        assert foreign["notes"] == {"totalCount": 0, "nodes": []}
        refused = await post(url, keys["ben"], CREATE, keyword=crm["id"], text="mine")
        assert refused["createNote"] == {"note": None, "userErrors": [{"code": "NOT_FOUND"}]}
    counted = await connection.fetch("SELECT email, notes_count FROM users ORDER BY id")
    assert [tuple(row) for row in counted] == [("ann@example.com", 3), ("ben@example.com", 0)]
    await connection.execute("UPDATE users SET notes_count = 7 WHERE email = 'ann@example.com'")
    checkout.run("server.cli", "counters", "repair")
    assert await connection.fetchval("SELECT sum(notes_count) FROM users") == 3
    await connection.close()


def test_the_code_of_the_guide_passes_the_linter_and_the_formatter(checkout: Checkout) -> None:
    written = [path for path in steps() if path.endswith(".py")]
    checkout.run("ruff", "check", *written)
    checkout.run("ruff", "format", "--check", *written)


def test_the_tests_of_the_guide_and_of_the_house_pass_with_the_new_entity(checkout: Checkout) -> None:
    checkout.run("server.cli", "schema", "--write")
    checkout.run(
        *("pytest", "-q", "-p", "no:cacheprovider", "tests/schema/test_notes.py", "tests/test_house.py"),
        *OTHER_TESTS,
    )
