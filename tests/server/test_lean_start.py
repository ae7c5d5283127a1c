"""A server imports only what serving needs, and its memory and its start stay within bounds."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from bench import processes
from bench.dashboard import DOCUMENT
from bench.starting import LIBRARIES
from db.engine.pool import Pool
from tests.support.rows import add_key
from tests.support.serving import served

UNUSED = {
    "aiocache", "alembic", "cryptography", "mako", "opentelemetry", "pydantic", "pydantic_settings", "redis", "rich",
    "server.commands.app", "sqlalchemy.ext.asyncio", "throttled", "typer", "vader",
}  # fmt: skip
REPORTING = """
import atexit
import sys
from pathlib import Path

atexit.register(lambda: Path({path!r}).write_text("\\n".join(sys.modules)))
"""
LARGEST_BYTES = 115_000_000
"""Measured: 97 MB after the first dashboard, and 142 MB with the unused modules."""
LONGEST_RATIO = 8
"""Measured: 2.2. The bound is generous, because the tests run in parallel."""


async def test_a_server_imports_only_what_serving_needs(
    three_users: Pool, database_url: str, server_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tmp_path / "modules"
    (tmp_path / "sitecustomize.py").write_text(REPORTING.format(path=str(modules)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    key = await add_key(three_users, 1)
    began = time.perf_counter()
    async with served(database_url, server_folder) as (site, pid):
        seconds = time.perf_counter() - began
        answer = httpx.post(
            f"{site}/graphql",
            json={"query": DOCUMENT},
            headers={"authorization": f"Bearer {key}"},
            timeout=30,
        )
        assert answer.json()["data"]["dashboard"]["range"] == "LAST_30_DAYS"
        resident = processes.resident_bytes(pid)
    assert set(modules.read_text().splitlines()) & UNUSED == set()
    assert resident is None or resident < LARGEST_BYTES
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)
    assert seconds < LONGEST_RATIO * (time.perf_counter() - began)
