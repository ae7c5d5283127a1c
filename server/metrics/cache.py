"""The cache of figures."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from services.figures.cache.statistics import Statistics


class CacheMetrics(Collector):
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
