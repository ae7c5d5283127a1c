"""A TCP proxy in front of PostgreSQL or Valkey that stalls, delays, refuses and cuts connections."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

from tests.support.ports import free_port


class Proxy:
    """The proxy of a database. `url` is the address of the database through the proxy, which may speak TLS."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._target = urlsplit(url)
        self._port = free_port()
        login, _, _ = self._target.netloc.rpartition("@")
        self.url = urlunsplit(self._target._replace(netloc=f"{login}@127.0.0.1:{self._port}"))
        self.delay_seconds = 0.0
        """Time that each piece of bytes waits."""
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        """Accept connections and bytes, and pass nothing on, like a database that hangs."""
        self._flows.clear()

    def flow(self) -> None:
        """Pass on all bytes, also those of the stall."""
        self._flows.set()

    async def accept(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, ssl=self._tls)

    def refuse(self) -> None:
        """Refuse new connections. The present ones go on."""
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """Abort all connections, as a failing network does."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def close(self) -> None:
        """Refuse, cut and forget all connections."""
        self.refuse()
        self.flow()
        self.cut()
        await asyncio.gather(*self._tasks)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._writers |= {writer, back}
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
            self._writers -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def proxied(url: str, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    """Run a proxy in front of the database, and end all of its connections afterwards."""
    proxy = Proxy(url, tls=tls)
    await proxy.accept()
    try:
        yield proxy
    finally:
        await proxy.close()
