"""`leadgraph serve` as a process of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def served(
    database_url: str,
    home: Path,
    more: Mapping[str, str] = MappingProxyType({}),
    *,
    stderr: IO[str] | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """Start the server, yield its origin and its process id, and stop it in the end. `more` are further settings."""
    port = free_port()
    settings = {
        "DATABASE_URL": database_url,
        "HOME": str(home),
        "PORT": str(port),
        "DRAIN_SECONDS": "0",
        **more,
    }
    async with running_command("serve", b"Leadgraph serves http", settings, stderr) as process:
        yield f"http://127.0.0.1:{port}", process.pid


@asynccontextmanager
async def running_command(
    command: str, says: bytes, settings: dict[str, str], stderr: IO[str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start `leadgraph` with the command, yield its process after its first line, and stop it in the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", command),
        cwd=ROOT,
        env={**os.environ, **{f"LEADGRAPH_{name}": value for name, value in settings.items()}},
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
    )
    assert process.stdout is not None
    try:
        assert says in await process.stdout.readline()
        yield process
    finally:
        with suppress(ProcessLookupError):  # a test may have stopped the server itself
            process.terminate()
        code = await process.wait()
    assert code == 0


def ended(command: str, home: Path, settings: Mapping[str, str]) -> tuple[int, str]:
    """Run `leadgraph` with a command that ends. Return its exit code, and all that it printed."""
    variables = {"HOME": str(home), "PORT": str(free_port()), **settings}
    run = subprocess.run(
        [sys.executable, "-m", "server.cli", *command.split()],
        env={**os.environ, **{f"LEADGRAPH_{name}": value for name, value in variables.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout
