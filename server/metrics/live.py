"""Subscriptions and live queries: connections, operations, events, runs, the lag, and subscribers cut off."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from server.metrics.distribution import Distributions

TRANSPORTS: Final = ("websocket", "sse")
OPERATIONS: Final = ("subscription", "query")
LAGS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class LiveMetrics(Collector):
    """The metrics of one process's live connections."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._connections: Counter[str] = Counter()
        self._operations: Counter[str] = Counter()
        self._events = self._runs = self._cut_off = 0
        lags = Distributions(
            "leadgraph_live_lag_seconds",
            "Time from a change to its result, ready for a subscriber. A subscriber who catches up counts, too.",
            bounds=LAGS,
        )
        self._lag = lags.of()
        if registry is not None:
            registry.register(lags)
            registry.register(self)

    @contextmanager
    def connection(self, transport: str) -> Iterator[None]:
        """Count a connection during the context."""
        self._connections[transport] += 1
        try:
            yield
        finally:
            self._connections[transport] -= 1

    @contextmanager
    def operation(self, kind: str) -> Iterator[None]:
        """Count a subscription or a live query during the context."""
        self._operations[kind] += 1
        try:
            yield
        finally:
            self._operations[kind] -= 1

    def note_event(self, at: datetime, subscribers: int = 1) -> None:
        """Count an event that so many subscribers get at once, and its lag."""
        self._events += subscribers
        self._lag.observe(max(0.0, (datetime.now(UTC) - at).total_seconds()), subscribers)

    def note_run(self) -> None:
        """Count a run for one or more subscribers."""
        self._runs += 1

    def note_cut_off(self) -> None:
        """Count a subscriber who read too slowly."""
        self._cut_off += 1

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        connections = GaugeMetricFamily(
            "leadgraph_live_connections", "Open WebSockets and event streams.", labels=("transport",)
        )
        for transport in TRANSPORTS:
            connections.add_metric([transport], self._connections[transport])
        yield connections
        operations = GaugeMetricFamily(
            "leadgraph_live_operations",
            "Subscriptions, and queries with @live, that are open.",
            labels=("kind",),
        )
        for kind in OPERATIONS:
            operations.add_metric([kind], self._operations[kind])
        yield operations
        for name, description, value in (
            ("leadgraph_live_events", "Results of events that subscribers got.", self._events),
            ("leadgraph_live_runs", "Runs for events and live queries. Subscribers share them.", self._runs),
            (
                "leadgraph_live_cut_off",
                "Subscriptions that ended because their client read too slowly.",
                self._cut_off,
            ),
        ):
            yield CounterMetricFamily(name, description, value=value)
