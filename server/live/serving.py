"""All parts of live connections of one process, put together."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from db.engine.pool import Pool
from db.language.scope import EVERYBODY
from db.statements.live_credential import CHANNEL
from server.http.auth import Authenticator
from server.http.endpoint import GraphQLEndpoint, NewCondition
from server.http.schema_access import SchemaAccess
from server.live.answering import Answering
from server.live.limits import LiveLimits
from server.live.presence import Presence
from server.live.runs import Runs
from server.live.sse import EventStreams
from server.live.streams import Streams
from server.live.websocket import WebSocketEndpoint
from server.metrics.live import LiveMetrics
from server.runtime.background import in_background
from server.runtime.observation import Observer
from server.runtime.stopping import Stopping
from services.accounts.rate_limit import RateLimits
from services.changes.tail import OverflowedError, RenewedError, Tail


@dataclass(frozen=True, slots=True)
class Live:
    """The WebSockets and event streams of one process, and what they share."""

    websocket: WebSocketEndpoint
    event_streams: EventStreams
    _streams: Streams
    _presence: Presence
    _tail: Tail

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read changes during the context."""
        async with in_background(self._tail.run()), in_background(self._watch_users()):
            yield
            await self._streams.close()
            await self._presence.close()

    async def _watch_users(self) -> None:
        """Look up credentials when a user has changed: their status and role count.

        Without connections, nothing follows the feed, and changes cost this process no statement.
        """
        while True:
            await self._presence.occupied.wait()
            with suppress(OverflowedError, RenewedError):
                async with self._tail.follow(EVERYBODY) as following:
                    async for batch in following:
                        if any(event.entity == "User" for event in batch):
                            self._presence.note_change()
                        if not self._presence.occupied.is_set():
                            break


def live(
    pool: Pool,
    endpoint: GraphQLEndpoint,
    authenticator: Authenticator,
    new_condition: NewCondition,
    runs: Runs,
    *,
    observers: Sequence[Observer],
    rate_limits: RateLimits | None,
    access: SchemaAccess,
    limits: LiveLimits,
    stopping: Stopping,
    metrics: LiveMetrics,
    hosts: Collection[str],
) -> Live:
    """Return the live connections of a process. Event streams then come from the endpoint."""
    answering = Answering(endpoint, authenticator, new_condition, observers, rate_limits, access)
    presence = Presence(pool, limits)
    tail = Tail(pool, listeners={CHANNEL: presence.note_change})
    streams = Streams(answering, runs, tail, metrics, limits)
    websocket = WebSocketEndpoint(streams, authenticator, presence, limits, metrics, hosts)
    event_streams = EventStreams(streams, presence, limits, stopping, metrics)
    endpoint.event_stream = event_streams
    return Live(websocket, event_streams, streams, presence, tail)
