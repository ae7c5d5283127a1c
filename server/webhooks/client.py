"""The HTTP client of webhooks: one POST to a checked address, with bounds on time and size.

The client follows no redirects and uses no proxy.
"""

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from services.webhooks.addresses import Fence, RefusedAddressError
from services.webhooks.outcome import Outcome

if TYPE_CHECKING:
    from server.webhooks.connections import Connections

SECONDS: Final = 15.0
"""Time of an attempt, from the name's resolution to the end of the response."""
_REDIRECTS: Final = range(300, 400)


class Client:
    """Sends messages. `async with` closes the kept connections."""

    def __init__(self, fence: Fence, *, seconds: float = SECONDS) -> None:
        self._fence, self.seconds = fence, seconds
        self._connections: Connections | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connections is not None:
            self._connections.close()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send the body and return the outcome. Failures of the receiver and of the network are outcomes, too."""
        began = perf_counter()
        try:
            self._fence.check_url(url)
            async with asyncio.timeout(self.seconds):
                response = await self._connected().post(urlsplit(url), headers, body)
        except RefusedAddressError as refused:
            return Outcome(error=f"The fence refuses the URL. {refused}", seconds=perf_counter() - began)
        except TimeoutError:
            return Outcome(
                error=f"No response within {self.seconds:g} seconds.", seconds=perf_counter() - began
            )
        except Exception as failure:  # noqa: BLE001 - a receiver can cause any failure of the client
            return Outcome(error=_sentence(failure), seconds=perf_counter() - began)
        error = "The client follows no redirects." if response.status in _REDIRECTS else ""
        retry_after = _retry_after(response.headers.get(b"retry-after", b"").decode("latin-1"))
        return Outcome(response.status, response.excerpt, retry_after, perf_counter() - began, error)

    def _connected(self) -> "Connections":
        if self._connections is None:
            from server.webhooks.connections import Connections  # noqa: PLC0415 - only senders need TLS

            self._connections = Connections(self._fence)
        return self._connections


async def send_once(fence: Fence, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Send one message over a connection of its own."""
    async with Client(fence) as client:
        return await client.send(url, headers, body)


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
    name = type(failure).__name__
    if name in {"NoConnectionError", "ClosedError"}:
        return str(failure)
    if name == "RemoteProtocolError":
        return "The response is not HTTP/1.1."
    return f"The attempt failed ({name})."
