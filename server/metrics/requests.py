"""Requests of all routes: number, duration, outcomes and error codes."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from server.metrics.distribution import SECONDS, Distributions
from server.runtime.observation import Observation, Outcome, Route


class RequestMetrics:
    """The metrics of requests. All series exist from the start, so that a rate sees the first failure."""

    def __init__(self, registry: CollectorRegistry) -> None:
        seconds = Distributions(
            "leadgraph_request_seconds",
            "Duration of requests until the response is ready, or until the stream has ended. Outcomes: answered; "
            "errors (in some fields); refused (not executed); failed (server error); unavailable (no database).",
            bounds=SECONDS,
            labels=("route", "outcome"),
        )
        self._seconds = {
            (route, outcome): seconds.of(route, outcome)
            for route in get_args(Route)
            for outcome in get_args(Outcome)
        }
        self._codes: Counter[tuple[str, str]] = Counter()
        registry.register(seconds)
        registry.register(_Codes(self._codes))

    def observe(self, request: Observation) -> None:
        self._seconds[request.route, request.outcome].observe(request.seconds)
        if request.code is not None:
            self._codes[request.route, request.code] += 1


class _Codes(Collector):
    """The error codes that decided the outcomes of requests."""

    def __init__(self, codes: Counter[tuple[str, str]]) -> None:
        self._codes = codes

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "leadgraph_request_errors",
            "Requests with errors, by their gravest code.",
            labels=("route", "code"),
        )
        for labels, number in list(self._codes.items()):
            family.add_metric(labels, number)
        yield family
