"""The HTTP client of webhooks: one POST to a checked address, with bounds on time and size.

The client connects to an address that the fence has checked, and keeps the name for TLS and the header `Host`. A name
that changes its address in between therefore gains nothing. The client follows no redirects and uses no proxy.
"""

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Self

from services.webhooks.addresses import Fence, RefusedAddressError
from services.webhooks.outcome import Outcome

if TYPE_CHECKING:
    import httpcore

SECONDS: Final = 15.0
"""Time of an attempt, from the name's resolution to the end of the response."""
CONNECT_SECONDS: Final = 5.0
MOST_RESPONSE_BYTES: Final = 65_536
EXCERPT_BYTES: Final = 2_000
MOST_CONNECTIONS: Final = 100
IDLE_SECONDS: Final = 30.0
MOST_ADDRESSES: Final = 3
"""The most addresses of a host that one attempt tries."""

_REDIRECTS: Final = range(300, 400)


class Client:
    """Sends messages. `async with` closes the kept connections."""

    def __init__(self, fence: Fence, *, seconds: float = SECONDS) -> None:
        self._fence, self._seconds = fence, seconds
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send the body and return the outcome. Failures of the receiver and of the network are outcomes, too."""
        began = perf_counter()
        try:
            self._fence.check_url(url)
            async with asyncio.timeout(self._seconds):
                status, retry_after, excerpt = await self._post(url, headers, body)
        except RefusedAddressError as refused:
            return Outcome(error=f"The fence refuses the URL. {refused}", seconds=perf_counter() - began)
        except TimeoutError:
            return Outcome(
                error=f"No response within {self._seconds:g} seconds.", seconds=perf_counter() - began
            )
        except Exception as failure:  # noqa: BLE001 - a receiver can cause any failure of the client
            return Outcome(error=_sentence(failure), seconds=perf_counter() - began)
        error = "The client follows no redirects." if status in _REDIRECTS else ""
        return Outcome(status, excerpt, retry_after, perf_counter() - began, error)

    async def _post(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, timedelta | None, bytes]:
        timeouts = dict.fromkeys(("read", "write", "pool"), self._seconds) | {"connect": CONNECT_SECONDS}
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with self._connections().stream(
            "POST", url, headers=sent, content=body, extensions={"timeout": timeouts}
        ) as response:
            received = bytearray()
            async for chunk in response.aiter_stream():
                received += chunk
                if len(received) > MOST_RESPONSE_BYTES:  # the end of the context closes the connection
                    break
            found = {name.lower(): value for name, value in response.headers}
            retry_after = _retry_after(found.get(b"retry-after", b"").decode("latin-1"))
            return response.status, retry_after, bytes(received[:EXCERPT_BYTES])

    def _connections(self) -> "httpcore.AsyncConnectionPool":
        if self._pool is None:
            import httpcore  # noqa: PLC0415 - 6 MB that only processes with webhooks need

            self._pool = httpcore.AsyncConnectionPool(
                max_connections=MOST_CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
                http1=True,
                http2=False,
                retries=0,
                network_backend=_checked_backend(self._fence),
            )
        return self._pool


def _checked_backend(fence: Fence) -> "httpcore.AsyncNetworkBackend":
    """Return a network backend that resolves a name once, checks all its addresses, and connects to one of these."""
    import httpcore  # noqa: PLC0415 - as above

    class Checked(httpcore.AnyIOBackend):
        async def connect_tcp(self, host: str, port: int, **options: Any) -> httpcore.AsyncNetworkStream:  # type: ignore[override]
            addresses = await resolved(host, port)
            fence.check_addresses(addresses)
            problem: Exception = httpcore.ConnectError("The name has no address.")
            for address in addresses[:MOST_ADDRESSES]:
                try:
                    return await super().connect_tcp(address, port, **options)
                except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                    problem = failure
            raise problem

    return Checked()


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of the name, each once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _retry_after(text: str) -> timedelta | None:
    """Return the wait of a header `Retry-After`: seconds or a date. Return None for other texts."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:10]), 10**8))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(), (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC))


def _sentence(failure: Exception) -> str:
    """Return the reason of a failure without the addresses of the network."""
    if isinstance(failure, socket.gaierror):
        return "The name of the host cannot be resolved."
    reasons = {
        "ConnectError": "The connection failed.",
        "ConnectTimeout": f"The connection was not made within {CONNECT_SECONDS:g} seconds.",
        "RemoteProtocolError": "The response is not HTTP/1.1.",
        "ReadError": "The receiver closed the connection.",
        "WriteError": "The receiver closed the connection.",
    }
    cause = f"{failure} {failure.__cause__ or ''}"
    if "CERTIFICATE_VERIFY_FAILED" in cause:
        return "The certificate of the host is not valid."
    return reasons.get(type(failure).__name__, f"The attempt failed ({type(failure).__name__}).")
