"""An application on a socket of this process, behind the server's own connections."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from starlette.types import ASGIApp

from server.http.limits import ConnectionLimits
from server.runtime.stopping import Stopping
from server.serving import Server, bind


class ListeningServer(Server):
    """A server whose signals are left to pytest."""

    port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(
    app: ASGIApp,
    *,
    limits: ConnectionLimits | None = None,
    stopping: Stopping | None = None,
    drain_seconds: float = 0,
    origins: Sequence[str] = (),
) -> AsyncIterator[ListeningServer]:
    """Serve the application, yield the server, and stop it in the end."""
    socket = bind("127.0.0.1", 0)
    stopping = stopping or Stopping(10, stream_seconds=0)
    server = ListeningServer(
        app,
        limits=limits or ConnectionLimits(),
        stopping=stopping,
        drain_seconds=drain_seconds,
        origins=origins,
    )
    server.port = socket.getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=[socket]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await serving
