"""`leadgraph import-posts` of a file, interrupted on the way: no post lost, none doubled, exact counts."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from db.engine.pool import Pool
from tests.support.command import Command
from tests.support.proxy import Proxy
from tests.support.rows import add_keyword, add_user

ROOT = Path(__file__).resolve().parents[3]
POSTS, BROKEN = 12_000, 12
PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the command."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LEADGRAPH_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
async def ann(pool: Pool) -> int:
    user_id = await add_user(pool, "ann@example.com")
    await add_keyword(pool, user_id, "crm")
    return user_id


def json_line(number: int) -> str:
    """Return a post. Each thousandth lacks its ID and its address."""
    ids = "" if number % 1000 == 999 else f'"id": "p{number}", "url": "https://example.com/{number}", '
    return f'{{{ids}"text": "A CRM, number {number}"}}\n'


def csv_line(number: int) -> str:
    ids = "," if number % 1000 == 999 else f"p{number},https://example.com/{number}"
    return f"{ids},A CRM {number}\n"


def write_file(path: Path, posts: int = POSTS) -> Path:
    """Write posts in the format of the name."""
    if ".csv" in path.name:
        text = "id,url,text\n" + "".join(map(csv_line, range(posts)))
    else:
        lines = [json_line(number) for number in range(posts)]
        text = f"[{','.join(lines)}]" if ".json." in f"{path.name}." else "".join(lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def start(url: str, file: Path, *arguments: object, **variables: str) -> subprocess.Popen[str]:
    given = map(str, (file, "--user", "ann@example.com", "--platform", "web", "--json", *arguments))
    return subprocess.Popen(
        [sys.executable, "-m", "server.cli", "import-posts", *given],
        cwd=ROOT,
        env={**os.environ, "LEADGRAPH_DATABASE_URL": url, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = await asyncio.to_thread(process.communicate, timeout=PATIENCE_SECONDS)
    return process.returncode, output, errors


async def written(pool: Pool, process: subprocess.Popen[str], number: int) -> None:
    """Wait until the import has written so many posts."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await pool.fetchval("SELECT mentions_count FROM users") < number:
            assert process.poll() is None, process.communicate()
            await asyncio.sleep(0.005)


async def interrupted(
    pool: Pool, process: subprocess.Popen[str], interrupt: Callable[[], None], at: int
) -> int:
    """Interrupt the import when it has written some posts. Return the number of written posts."""
    await written(pool, process, at)
    interrupt()
    await ended(process)
    # A transaction that PostgreSQL still executes may commit.
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await pool.fetchval(busy):
            await asyncio.sleep(0.02)
    return await positions(pool)


async def positions(pool: Pool) -> int:
    """Return the number of posts that the stored position counts, or 0 without a position."""
    found = await pool.fetchval(
        "SELECT sum((response -> 'summary' ->> 'read')::int) FROM idempotency_keys WHERE key LIKE 'import %'"
    )
    return int(found or 0)


async def all_stored(pool: Pool, posts: int = POSTS) -> None:
    """Check that each valid post is stored once, and counted."""
    found = await pool.fetch("SELECT external_id FROM mentions ORDER BY substr(external_id, 2)::int")
    assert [row["external_id"] for row in found] == [f"p{n}" for n in range(posts) if n % 1000 != 999]
    assert await pool.fetchval("SELECT mentions_count FROM users") == len(found)


def rejected_numbers(file: Path) -> list[int]:
    return [json.loads(line)["line"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("posts.jsonl", signal.SIGKILL),
        ("posts.json", signal.SIGINT),
        ("posts.csv.gz", signal.SIGKILL),
    ],
)
async def test_an_interrupted_import_continues_after_the_last_batch(
    database_url: str, pool: Pool, tmp_path: Path, home: Path, name: str, how: signal.Signals
) -> None:
    file = write_file(tmp_path / name)
    process = start(database_url, file)
    done = await interrupted(pool, process, lambda: process.send_signal(how), at=3000)
    assert 3000 <= done < POSTS
    code, output, errors = await ended(start(database_url, file))
    assert code == 0
    assert (
        errors
        == f"An earlier run has imported {done:,} posts of this file. The import continues after them.\n"
    )
    report = json.loads(output)
    assert {
        name: report[name] for name in ("read", "created", "duplicates", "rejected", "resumed_after")
    } == {
        "read": POSTS,
        "created": POSTS - BROKEN,
        "duplicates": 0,
        "rejected": BROKEN,
        "resumed_after": done,
    }
    await all_stored(pool)
    (rejects,) = (home / "rejected-rows").iterdir()
    first = 1000 if name.endswith("jsonl") else 1001
    if name != "posts.json":
        assert rejected_numbers(rejects) == list(range(first, first + POSTS, 1000))
    assert len(set(rejected_numbers(rejects))) == BROKEN
    assert await positions(pool) == 0

    code, output, errors = await ended(start(database_url, file))
    report = json.loads(output)
    assert (code, errors, report["created"], report["duplicates"]) == (0, "", 0, POSTS - BROKEN)


async def test_other_options_a_changed_file_and_a_lost_file_of_rejected_rows_begin_anew(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file, rejects = write_file(tmp_path / "posts.jsonl"), tmp_path / "rejected.jsonl"
    process = start(database_url, file, "--rejects", rejects)
    done = await interrupted(pool, process, process.kill, at=3000)
    assert done

    code, output, errors = await ended(start(database_url, file, "--dry-run"))
    assert (code, errors, json.loads(output)["read"]) == (0, "", POSTS)
    code, output, errors = await ended(start(database_url, file, "--ignore", "nothing"))
    assert (code, errors, json.loads(output)["duplicates"]) == (0, "", done - done // 1000)
    assert await positions(pool) == done

    rejects.unlink()
    code, output, errors = await ended(start(database_url, file, "--rejects", rejects))
    assert (code, errors, json.loads(output)["resumed_after"]) == (0, "", 0)
    assert rejected_numbers(rejects) == list(range(1000, POSTS + 1, 1000))
    assert await positions(pool) == 0


async def test_a_file_of_rejected_rows_with_other_rows_begins_anew(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file, rejects = write_file(tmp_path / "posts.jsonl"), tmp_path / "rejected.jsonl"
    process = start(database_url, file, "--rejects", rejects)
    assert await interrupted(pool, process, process.kill, at=3000)

    (other := tmp_path / "other.jsonl").write_text('{"text": "A CRM without an ID"}\n' * 500)
    code, output, _ = await ended(start(database_url, other, "--rejects", rejects))
    assert (code, json.loads(output)["rejected"]) == (0, 500)
    code, output, errors = await ended(start(database_url, file, "--rejects", rejects))
    assert (code, errors, json.loads(output)["resumed_after"]) == (0, "", 0)
    assert rejected_numbers(rejects) == list(range(1000, POSTS + 1, 1000))
    await all_stored(pool)


async def test_each_user_has_a_file_of_rejected_rows(
    database_url: str, pool: Pool, tmp_path: Path, home: Path
) -> None:
    await add_keyword(pool, await add_user(pool, "ben@example.com"), "crm")
    file = write_file(tmp_path / "posts.jsonl", 2000)
    code, output, _ = await ended(start(database_url, file))
    first = json.loads(output)["rejected_rows"]
    code, output, _ = await ended(start(database_url, file, "--user", "ben@example.com"))
    assert (code, {str(path) for path in (home / "rejected-rows").iterdir()}) == (
        0,
        {first, json.loads(output)["rejected_rows"]},
    )
    assert len(list((home / "rejected-rows").iterdir())) == 2


async def test_an_import_causes_no_warning(command: Command, tmp_path: Path) -> None:
    """In this process, each warning is an error."""
    file = write_file(tmp_path / "posts.jsonl", 3)
    result = await command(
        "import-posts", str(file), "--user", "ann@example.com", "--platform", "web", "--json"
    )
    assert json.loads(result.stdout)["created"] == 3


async def test_an_import_can_begin_anew_on_request(database_url: str, pool: Pool, tmp_path: Path) -> None:
    file = write_file(tmp_path / "posts.csv")
    process = start(database_url, file)
    done = await interrupted(pool, process, process.kill, at=3000)
    await add_keyword(pool, await pool.fetchval("SELECT id FROM users"), "number", status="active")
    code, output, errors = await ended(start(database_url, file, "--from-start"))
    assert (code, errors, json.loads(output)["duplicates"]) == (0, "", done - done // 1000)
    await all_stored(pool)


async def test_an_import_waits_for_a_database_that_restarts(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file, proxy = write_file(tmp_path / "posts.jsonl"), Proxy(database_url)
    await proxy.accept()
    process = start(proxy.url, file)
    try:
        for reached in (2000, 5000):
            await written(pool, process, reached)
            proxy.refuse()
            proxy.cut()
            await asyncio.sleep(0.5)
            assert process.poll() is None
            await proxy.accept()
        code, output, errors = await ended(process)
    finally:
        process.kill()
        await proxy.close()
    assert code == 0
    assert errors.count(" posts. The import waits for it.\n") == 2
    report = json.loads(output)
    assert (report["created"], report["duplicates"], report["rejected"]) == (POSTS - BROKEN, 0, BROKEN)
    await all_stored(pool)


async def test_an_import_gives_up_on_a_database_that_stays_away(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    file, proxy = write_file(tmp_path / "posts.jsonl"), Proxy(database_url)
    await proxy.accept()
    process = start(proxy.url, file, LEADGRAPH_DATABASE_WAIT_SECONDS="1")
    try:
        await written(pool, process, 2000)
        proxy.refuse()
        proxy.cut()
        code, output, errors = await ended(process)
    finally:
        process.kill()
        await proxy.close()
    assert (code, output) == (1, "")
    assert "leadgraph: The database failed after " in errors
    assert "The import waits for it." in errors
    assert errors.endswith(
        "Fix the cause. Run the same command again. Posts that are already imported are skipped.\n"
    )
    code, output, _ = await ended(start(database_url, file))
    assert (code, json.loads(output)["created"]) == (0, POSTS - BROKEN)
    await all_stored(pool)
