"""The server's metrics for Prometheus, at `/metrics`.

Callers choose the names of operations, so only the first hundred names have their own time series. All others share
one. No metric identifies a user.
"""

import asyncio
from collections.abc import Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from db.engine.pool import Pool
from server.runtime.observation import Observation
from services.figures.cache.statistics import Statistics

NAMES_KEPT = 100
LONGEST_NAME = 100
NO_NAME, OTHER_NAMES, NOT_RUN = "(anonymous)", "(other)", "(none)"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one server. `respond` is the route."""

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "leadgraph_operation_seconds",
            "Duration of GraphQL operations by name, from the request to the encoded response. Outcomes: answered; "
            "errors (in some fields); refused (not executed); failed (server error); unavailable (no database).",
            ["operation", "outcome"],
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._known: dict[tuple[str, str], Histogram] = {}
        self._names: set[str] = set()
        self.audit = AuditMetrics(self.registry)
        _observe_pool(pool, self.registry)
        ProcessCollector(registry=self.registry)

    def observe(self, request: Observation) -> None:
        """Observe a GraphQL request. Others have no metrics."""
        if request.route != "graphql":
            return
        name = NOT_RUN if request.operation is None else request.operation or NO_NAME
        seconds = self._known.get((name, request.outcome))
        if seconds is None:
            seconds = self._series(name, request.outcome)
        seconds.observe(request.seconds)

    def _series(self, name: str, outcome: str) -> Histogram:
        if name not in self._names:
            if len(self._names) >= NAMES_KEPT or len(name) > LONGEST_NAME:
                return self._seconds.labels(OTHER_NAMES, outcome)
            self._names.add(name)
        seconds = self._known[name, outcome] = self._seconds.labels(name, outcome)
        return seconds

    def observe_cache(self, statistics: Statistics) -> None:
        self.registry.register(_Cache(statistics))

    async def respond(self, _: Request) -> Response:
        """Respond with all metrics. A thread encodes them, since thousands of lines would block other requests."""
        text = await asyncio.to_thread(generate_latest, self.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


class AuditMetrics:
    """The metrics of the audit (`server/runtime/audit.py`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str) -> Counter:
            return Counter(f"leadgraph_audit_{name}", documentation, ["table"], registry=registry)

        self.checked = counter("counters_checked", "Counters and roll-ups that were checked.")
        self.wrong = counter(
            "counters_wrong", "Counters and roll-ups that were wrong. Any value but 0 is a bug."
        )
        self.skipped = counter("parents_skipped", "Users and keywords skipped because of the time limit.")
        self.failures = Counter(
            "leadgraph_audit_failures", "Rounds that failed because of the database.", registry=registry
        )
        self.finished_at = Gauge(
            "leadgraph_audit_finished_timestamp_seconds",
            "Time of the last complete round.",
            registry=registry,
        )


def _observe_pool(pool: Pool, registry: CollectorRegistry) -> None:
    connections = Gauge(
        "leadgraph_pool_connections", "Connections to the database.", ["state"], registry=registry
    )
    connections.labels("idle").set_function(pool.get_idle_size)
    connections.labels("busy").set_function(lambda: pool.get_size() - pool.get_idle_size())
    most = Gauge(
        "leadgraph_pool_connections_max", "Maximum number of connections to the database.", registry=registry
    )
    most.set(pool.get_max_size())


class _Cache(Collector):
    """The statistics of the cache, read when Prometheus collects them."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[CounterMetricFamily]:
        figures = "Requested figures, by outcome."
        yield self._family("leadgraph_cache_figures", figures, "outcome", "hits", "stale", "waited", "misses")
        events = "Other events of the cache."
        names = ("computed", "failed_refreshes", "errors", "skipped")
        yield self._family("leadgraph_cache_events", events, "event", *names)

    def _family(self, name: str, documentation: str, label: str, *values: str) -> CounterMetricFamily:
        family = CounterMetricFamily(name, documentation, labels=[label])
        for value in values:
            family.add_metric([value], getattr(self._statistics, value))
        return family
