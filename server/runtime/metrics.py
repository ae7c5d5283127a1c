"""What the server counts about itself, as Prometheus reads it at `/metrics`.

Names of operations are their callers' choice, so only the first hundred have figures of their own; the rest are
one figure together. Nothing here names a user.
"""

import asyncio
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

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
from services.figures.cache.statistics import Statistics

NAMES_KEPT = 100
LONGEST_NAME = 100
NO_NAME, OTHER_NAMES, NOT_RUN = "(anonymous)", "(other)", "(none)"
_OURS = {"INTERNAL": "failed", "TIMEOUT": "failed", "UNAVAILABLE": "unavailable"}
"""The outcomes that callers cannot help, by the codes of errors."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The figures of one server; `respond` is the route."""

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "leadgraph_operation_seconds",
            "GraphQL operations by name, from the request to the encoded answer. Outcomes: answered; errors (some "
            "of its fields); refused (nothing was run); failed (an error of the server's); unavailable (of the "
            "database's).",
            ["operation", "outcome"],
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._known: dict[tuple[str, str], Histogram] = {}
        self._names: set[str] = set()
        self.audit = AuditMetrics(self.registry)
        _observe_pool(pool, self.registry)
        ProcessCollector(registry=self.registry)

    def note(self, operation: str | None, content: Mapping[str, Any], began: float) -> None:
        """The answer to a request that came when `perf_counter` said `began`. Without an operation, or a viewer
        who asked for it, there is no name: it is the empty text where the operation has none.
        """
        name = NOT_RUN if operation is None else operation or NO_NAME
        self._observe(name, _outcome(content), began)

    def note_refusal(self, code: str, began: float) -> None:
        """A request that was none of GraphQL, or nobody's, or for which the database was away."""
        self._observe(NOT_RUN, _OURS.get(code, "refused"), began)

    def _observe(self, name: str, outcome: str, began: float) -> None:
        seconds = self._known.get((name, outcome))
        if seconds is None:
            seconds = self._learned(name, outcome)
        seconds.observe(perf_counter() - began)

    def _learned(self, name: str, outcome: str) -> Histogram:
        if name not in self._names:
            if len(self._names) >= NAMES_KEPT or len(name) > LONGEST_NAME:
                return self._seconds.labels(OTHER_NAMES, outcome)
            self._names.add(name)
        seconds = self._known[name, outcome] = self._seconds.labels(name, outcome)
        return seconds

    def observe_cache(self, statistics: Statistics) -> None:
        self.registry.register(_Cache(statistics))

    async def respond(self, _: Request) -> Response:
        """Written in a thread: thousands of lines are no reason to let others wait."""
        text = await asyncio.to_thread(generate_latest, self.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)


def _outcome(content: Mapping[str, Any]) -> str:
    errors = content.get("errors")
    if not errors:
        return "answered"
    for code, outcome in _OURS.items():
        if any(error["extensions"]["code"] == code for error in errors):
            return outcome
    return "errors" if "data" in content else "refused"


class AuditMetrics:
    """What the audit found (`server/runtime/audit.py`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str) -> Counter:
            return Counter(f"leadgraph_audit_{name}", documentation, ["table"], registry=registry)

        self.checked = counter("counters_checked", "Counters and roll-ups that were counted again.")
        self.wrong = counter("counters_wrong", "Those that were wrong. Anything but 0 is a fault.")
        self.skipped = counter("parents_skipped", "Users and keywords that would have taken too long.")
        self.failures = Counter(
            "leadgraph_audit_failures", "Rounds that the database did not let end.", registry=registry
        )
        self.finished_at = Gauge(
            "leadgraph_audit_finished_timestamp_seconds", "When the last round ended.", registry=registry
        )


def _observe_pool(pool: Pool, registry: CollectorRegistry) -> None:
    connections = Gauge(
        "leadgraph_pool_connections", "Connections to the database.", ["state"], registry=registry
    )
    connections.labels("idle").set_function(pool.get_idle_size)
    connections.labels("busy").set_function(lambda: pool.get_size() - pool.get_idle_size())
    most = Gauge("leadgraph_pool_connections_max", "The most there can be.", registry=registry)
    most.set(pool.get_max_size())


class _Cache(Collector):
    """The cache counts for itself; its numbers are read when they are asked for."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[CounterMetricFamily]:
        asked = "Figures that were asked for, by how they were had."
        yield self._family("leadgraph_cache_figures", asked, "outcome", "hits", "stale", "waited", "misses")
        worked = "What else the cache did, or could not do."
        names = ("computed", "failed_refreshes", "errors", "skipped")
        yield self._family("leadgraph_cache_events", worked, "event", *names)

    def _family(self, name: str, documentation: str, label: str, *counted: str) -> CounterMetricFamily:
        family = CounterMetricFamily(name, documentation, labels=[label])
        for each in counted:
            family.add_metric([each], getattr(self._statistics, each))
        return family
