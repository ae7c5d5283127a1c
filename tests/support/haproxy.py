"""HAProxy in front of servers, as an operator sets it up."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.ports import free_port

PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
CHECKS_MILLISECONDS = 200

# A request is repeated on the other server if its connection broke before an answer. Callers of mutations pass an
# idempotency key, so that a repeated write happens once.
CONFIGURATION = """
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout check 10s
    option redispatch 1
    retries 5
    retry-on conn-failure empty-response 503
frontend public
    bind 127.0.0.1:{port}
    default_backend servers
backend servers
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter {inter}ms fall 1 rise 1
{servers}
"""


@asynccontextmanager
async def balanced(ports: Sequence[int], folder: Path) -> AsyncIterator[str]:
    """Run HAProxy before the servers on these ports, and yield its origin when it accepts connections."""
    port = free_port()
    servers = "\n".join(f"    server s{number} 127.0.0.1:{number}" for number in ports)
    file = folder / "haproxy.cfg"
    file.write_text(CONFIGURATION.format(port=port, inter=CHECKS_MILLISECONDS, servers=servers))
    assert PROGRAM is not None
    with (folder / "haproxy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(PROGRAM, "-db", "-f", file, stdout=log, stderr=log)
    try:
        while not await _listens(port):
            assert process.returncode is None, "HAProxy has ended: haproxy.log in the folder says why."
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
