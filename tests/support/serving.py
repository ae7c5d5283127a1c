"""`leadgraph serve` as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def served(
    database_url: str, home: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[tuple[str, int]]:
    """Start the server, yield its origin and its process id, and stop it in the end."""
    port = free_port()
    settings = {
        "DATABASE_URL": database_url,
        "HOME": str(home),
        "PORT": str(port),
        "DRAIN_SECONDS": "0",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "serve"),
        cwd=ROOT,
        env={**os.environ, **{f"LEADGRAPH_{name}": value for name, value in settings.items()}},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert b"Leadgraph serves http" in await process.stdout.readline()
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        with suppress(ProcessLookupError):  # a test may have stopped the server itself
            process.terminate()
        code = await process.wait()
    assert code == 0
