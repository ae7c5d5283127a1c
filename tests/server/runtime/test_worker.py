"""`leadgraph worker` as a process and in the server: killed, stopped, several at once, and its memory."""

import asyncio
import gzip
import json
import re
import signal
import subprocess
import time
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from db.engine.pool import Pool
from db.models import ExportEntity
from db.statements.export import CHANNEL
from resolvers.framework.export_columns import columns_of
from resolvers.framework.global_id import encode
from server.runtime.worker import Worker
from tests.support.demo import Demo
from tests.support.rows import add_integration, add_key, add_user
from tests.support.workers import Workers

QUESTION = {
    "where": {"all": []},
    "order": {"name": "oldest", "columns": ["created_at", "id"], "descending": False, "search": None},
}
ADD_LOGS = """
INSERT INTO integration_logs (user_id, integration_id, kind, status, message, created_at)
SELECT $1, $2, 'sync', 'succeeded', repeat('post ' || n || ' ', 10), '2026-01-01'::timestamptz + n / 3 * interval '1 second'
FROM generate_series(1, $3::integer) AS n
"""


@pytest.fixture
async def user_id(pool: Pool) -> int:
    return await add_user(pool)


async def add_logs(pool: Pool, user_id: int, number: int) -> list[int]:
    """Add logs, three per timestamp, and return their IDs in the order OLDEST."""
    integration_id = await add_integration(pool, user_id)
    await pool.execute(ADD_LOGS, user_id, integration_id, number)
    return [row["id"] for row in await pool.fetch("SELECT id FROM integration_logs ORDER BY created_at, id")]


async def add_export(pool: Pool, user_id: int, columns: list[str] | None = None) -> int:
    found: int = await pool.fetchval(
        "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
        "VALUES ($1, false, 'integration_logs', 'json_lines', $2, $3) RETURNING id",
        user_id,
        columns or ["id"],
        QUESTION,
    )
    await pool.execute(f"NOTIFY {CHANNEL}")
    return found


async def progress(pool: Pool, export_id: int) -> asyncpg.Record:
    row = await pool.fetchrow("SELECT * FROM exports WHERE id = $1", export_id)
    assert row is not None
    return row


async def until(pool: Pool, export_id: int, reached: Callable[[asyncpg.Record], bool]) -> asyncpg.Record:
    give_up_at = time.monotonic() + 120
    while not reached(row := await progress(pool, export_id)):
        assert time.monotonic() < give_up_at, dict(row)
        await asyncio.sleep(0.005)
    return row


def has_ended(row: asyncpg.Record) -> bool:
    return row["finished_at"] is not None


async def ids_in_file(pool: Pool, export_id: int, *, whole: bool = True) -> list[str]:
    parts = await pool.fetch(
        "SELECT data FROM export_parts WHERE export_id = $1 ORDER BY starts_at", export_id
    )
    file = b"".join(part["data"] for part in parts)
    text = gzip.decompress(file) if whole else zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(file)
    return [json.loads(line)["id"] for line in text.splitlines()]


async def test_a_worker_resumes_the_export_of_a_killed_worker(
    pool: Pool, user_id: int, workers: Workers
) -> None:
    """Three workers are killed with SIGKILL. The file contains each row once, in order."""
    ids = await add_logs(pool, user_id, 60_000)
    export_id = await add_export(pool, user_id)
    reached = [0]
    for _ in range(3):
        process = workers.start()
        row = await until(pool, export_id, lambda row: row["rows_count"] >= reached[-1] + 5000)
        process.kill()
        process.wait()
        row = await progress(pool, export_id)
        assert row["status"] == "running"
        reached.append(row["rows_count"])
    assert reached == sorted(set(reached))
    assert reached[-1] < len(ids)
    parts = await pool.fetch("SELECT starts_at, md5(data) FROM export_parts ORDER BY starts_at")

    workers.start()
    row = await until(pool, export_id, has_ended)
    assert (row["status"], row["rows_count"], row["rows_total"], row["failures"]) == (
        "succeeded",
        60_000,
        60_000,
        0,
    )
    assert await ids_in_file(pool, export_id) == [encode("IntegrationLog", id_) for id_ in ids]
    after = await pool.fetch("SELECT starts_at, md5(data) FROM export_parts ORDER BY starts_at")
    assert after[: len(parts)] == parts  # earlier parts are unchanged


async def test_several_workers_share_the_exports(pool: Pool, user_id: int, workers: Workers) -> None:
    ids = await add_logs(pool, user_id, 10_000)
    for _ in range(2):
        workers.start("--at-once", "3")
    made = [await add_export(pool, user_id) for _ in range(5)]
    expected = [encode("IntegrationLog", id_) for id_ in ids]
    for export_id in made:
        assert (await until(pool, export_id, has_ended))["status"] == "succeeded"
        assert await ids_in_file(pool, export_id) == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stopped_worker_finishes_its_current_turn(
    pool: Pool, user_id: int, workers: Workers, number: int
) -> None:
    ids = await add_logs(pool, user_id, 40_000)
    export_id = await add_export(pool, user_id)
    process = workers.start()
    await until(pool, export_id, lambda row: row["rows_count"] >= 3000)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")
    row = await progress(pool, export_id)
    assert row["status"] == "running"
    assert await ids_in_file(pool, export_id, whole=False) == [
        encode("IntegrationLog", id_) for id_ in ids[: row["rows_count"]]
    ]
    assert await pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'") == 0  # fmt: skip


async def test_a_worker_survives_lost_connections(pool: Pool, user_id: int, workers: Workers) -> None:
    ids = await add_logs(pool, user_id, 20_000)
    process = workers.start()
    export_id = await add_export(pool, user_id)
    lose = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> ALL ($1::integer[])"
    )
    async with pool.acquire() as connection:
        own = await connection.fetchval("SELECT pg_backend_pid()")
        for rows in (1000, 5000, 9000):
            while (await connection.fetchval("SELECT rows_count FROM exports")) < rows:
                await asyncio.sleep(0.005)
            await connection.execute(lose, [own])
    row = await until(pool, export_id, has_ended)
    assert (row["status"], row["failures"]) == ("succeeded", 0)
    assert await ids_in_file(pool, export_id) == [encode("IntegrationLog", id_) for id_ in ids]
    assert process.poll() is None
    assert (await until(pool, await add_export(pool, user_id), has_ended))["status"] == "succeeded"


def peak_bytes(process: subprocess.Popen[str]) -> int:
    """Return the peak memory of the process."""
    (found,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(found) * 1024


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="Linux tells how much memory a process has had."
)
async def test_memory_of_a_worker_does_not_grow_with_the_file(
    pool: Pool, user_id: int, workers: Workers
) -> None:
    """200,000 rows need as much memory as 20,000. The allowed growth is less than a tenth of the file."""
    await add_logs(pool, user_id, 200_000)
    export_id = await add_export(pool, user_id, list(columns_of(ExportEntity.INTEGRATION_LOGS)))
    process = workers.start("--at-once", "1")
    await until(pool, export_id, lambda row: row["rows_count"] >= 20_000)
    after_a_tenth = peak_bytes(process)
    row = await until(pool, export_id, has_ended)
    assert (row["status"], row["rows_count"]) == ("succeeded", 200_000)
    assert row["content_bytes"] > 200_000_000
    assert peak_bytes(process) - after_a_tenth < 16_000_000


async def test_a_server_writes_exports_beside_its_requests(new_demo: Demo) -> None:
    """A single server creates an export, writes the file and sends it."""
    new_demo.start("--scale", "0.05")
    key = new_demo.facts["api_key"]
    made = new_demo.ask("mutation { createExport(input: {list: {leads: {}}}) { export { id } } }")
    id_ = made["createExport"]["export"]["id"]
    give_up_at = time.monotonic() + 30
    while True:
        shown = new_demo.ask("query($id: ID!) { export(id: $id) { status url rowsCount } }", id=id_)["export"]
        if shown["status"] == "SUCCEEDED":
            break
        assert time.monotonic() < give_up_at, shown
        await asyncio.sleep(0.02)
    url = httpx.URL(new_demo.facts["url"]).join(shown["url"])
    answer = httpx.get(url, headers={"authorization": f"Bearer {key}"})
    assert len(gzip.decompress(answer.content).splitlines()) == shown["rowsCount"] > 10
    code, output = new_demo.stop(signal.SIGTERM)
    assert (code, "Traceback" in output) == (0, False)


async def test_a_server_without_workers_leaves_exports_to_other_processes(
    new_demo: Demo, pool: Pool, database_url: str, workers: Workers
) -> None:
    new_demo.start("--scale", "0.05", LEADGRAPH_DATABASE_URL=database_url, LEADGRAPH_WORKERS="0")
    made = new_demo.ask("mutation { createExport(input: {list: {leads: {}}}) { export { id status } } }")
    assert made["createExport"]["export"]["status"] == "QUEUED"
    listening = await pool.fetch("SELECT query FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    assert {row["query"] for row in listening} <= {
        'LISTEN "credentials"'
    }  # of the tail, the last of its channels
    (export_id,) = [row["id"] for row in await pool.fetch("SELECT id FROM exports")]
    assert (await progress(pool, export_id))["status"] == "queued"
    workers.start()
    assert (await until(pool, export_id, has_ended))["status"] == "succeeded"


async def test_a_worker_on_an_old_database_asks_to_migrate(
    new_demo: Demo, pool: Pool, database_url: str
) -> None:
    await pool.execute("UPDATE alembic_version SET version_num = '0001'")
    done = new_demo.run("worker", LEADGRAPH_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert done.stderr.startswith("leadgraph: The database is at revision 0001, but this release requires ")


# Tests of the class `Worker` with jobs of their own.


@pytest.fixture
async def running() -> AsyncIterator[list[tuple[Worker, "asyncio.Task[None]"]]]:
    started: list[tuple[Worker, asyncio.Task[None]]] = []
    yield started
    for worker, task in started:
        await worker.stop()
        await asyncio.wait_for(task, 10)


async def test_a_notification_wakes_an_idle_worker(pool: Pool, running: Any) -> None:
    looked: asyncio.Queue[None] = asyncio.Queue()
    listens = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )

    async def look(_: Pool) -> bool:
        looked.put_nowait(None)
        return False

    worker = Worker(pool, jobs=[look], housekeeping=[])
    worker.poll_seconds = 3600.0
    running.append((worker, asyncio.create_task(worker.run())))
    await looked.get()
    while not await pool.fetchval(listens):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    while not looked.empty():
        looked.get_nowait()
    await pool.execute(f"NOTIFY {CHANNEL}")
    await asyncio.wait_for(looked.get(), 30)


async def test_failed_jobs_do_not_end_a_worker(
    pool: Pool, running: Any, caplog: pytest.LogCaptureFixture
) -> None:
    done = asyncio.Event()
    calls = 0

    async def fail_twice(_: Pool) -> bool:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise ZeroDivisionError
        done.set()
        return False

    worker = Worker(pool, jobs=[fail_twice], housekeeping=[])
    running.append((worker, asyncio.create_task(worker.run())))
    for _ in range(2):
        await pool.execute(f"NOTIFY {CHANNEL}")
        await asyncio.sleep(0.2)
    await asyncio.wait_for(done.wait(), 60)
    assert caplog.text.count("A job of the worker failed") == 2


async def test_a_worker_runs_at_most_the_given_number_of_turns_at_once(pool: Pool, running: Any) -> None:
    at_once, most = 0, 0
    left = 12

    async def job(_: Pool) -> bool:
        nonlocal at_once, most, left
        if left == 0:
            return False
        left -= 1
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return True

    worker = Worker(pool, at_once=3, jobs=[job], housekeeping=[])
    running.append((worker, asyncio.create_task(worker.run())))
    while left:
        await asyncio.sleep(0.01)
    assert most == 3


async def test_the_user_downloads_the_file_that_a_worker_wrote(
    pool: Pool, user_id: int, origin: str, running: Any
) -> None:
    """The application runs on a socket, with a worker beside it."""
    key = await add_key(pool, user_id, ["read:integrations"])
    ids = await add_logs(pool, user_id, 2500)
    worker = Worker(pool)
    running.append((worker, asyncio.create_task(worker.run())))
    export_id = await add_export(pool, user_id)
    await until(pool, export_id, has_ended)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=origin, headers=headers) as client:
        answer = await client.get(f"/exports/{encode('Export', export_id)}/download")
    found = [json.loads(line)["id"] for line in gzip.decompress(answer.content).splitlines()]
    assert found == [encode("IntegrationLog", id_) for id_ in ids]
