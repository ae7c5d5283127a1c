"""Admission of requests to the database: running and waiting ones, the waits, and the refusals."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from server.http.admission import Admission
from server.metrics.distribution import SECONDS, Distributions


class AdmissionMetrics(Collector):
    """The metrics of one process's admission."""

    def __init__(self, registry: CollectorRegistry, admission: Admission) -> None:
        self._admission = admission
        waits = Distributions(
            "leadgraph_admission_wait_seconds",
            "Time that requests waited for a slot of their user, or until they were refused. Requests that got a slot "
            "at once are not counted.",
            bounds=SECONDS,
        )
        admission.on_wait = waits.of().observe
        registry.register(waits)
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        requests = GaugeMetricFamily(
            "leadgraph_admission_requests",
            "Requests that hold a slot for the database, and requests that wait for one.",
            labels=("state",),
        )
        requests.add_metric(["running"], self._admission.running)
        requests.add_metric(["waiting"], self._admission.waiting)
        yield requests
        refused = CounterMetricFamily(
            "leadgraph_admission_refused",
            "Requests that got no slot. Reasons: user (too many at once, status 429); server (all users together, "
            "status 503).",
            labels=("reason",),
        )
        for reason, number in self._admission.refused.items():
            refused.add_metric([reason], number)
        yield refused
