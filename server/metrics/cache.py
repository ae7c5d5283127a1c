"""The cache of figures, and the fragments that are made of them."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from services.figures.cache import Cached


class CacheMetrics(Collector):
    """The statistics of the cache, read when Prometheus collects them."""

    def __init__(self, cached: Cached) -> None:
        self._statistics = cached.statistics
        self._fragments = cached.fragments
        self._availability = cached.availability

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        figures = "Requested figures, by outcome."
        yield self._family("leadgraph_cache_figures", figures, "outcome", "hits", "stale", "waited", "misses")
        events = "Other events of the cache."
        names = ("computed", "failed_refreshes", "errors", "skipped")
        yield self._family("leadgraph_cache_events", events, "event", *names)
        yield self._lookups()
        kept = GaugeMetricFamily("leadgraph_fragments_kept", "Fragments in the memory of the process.")
        kept.add_metric([], len(self._fragments))
        yield kept
        size = GaugeMetricFamily("leadgraph_fragments_bytes", "Estimated memory of the fragments.")
        size.add_metric([], self._fragments.size_bytes)
        yield size
        yield from self._outages()

    def _outages(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        away = GaugeMetricFamily(
            "leadgraph_redis_unavailable", "1 while memory takes the place of LEADGRAPH_REDIS_URL."
        )
        away.add_metric([], not self._availability.is_used)
        yield away
        outages = CounterMetricFamily("leadgraph_redis_outages", "Outages of LEADGRAPH_REDIS_URL.")
        outages.add_metric([], self._availability.outages)
        yield outages

    def _lookups(self) -> CounterMetricFamily:
        lookups = CounterMetricFamily(
            "leadgraph_fragment_lookups",
            "Fields that a fragment can answer: answered by one, or resolved.",
            labels=["outcome"],
        )
        lookups.add_metric(["hits"], self._statistics.fragment_hits)
        lookups.add_metric(["misses"], self._statistics.fragment_misses)
        return lookups

    def _family(self, name: str, documentation: str, label: str, *values: str) -> CounterMetricFamily:
        family = CounterMetricFamily(name, documentation, labels=[label])
        for value in values:
            family.add_metric([value], getattr(self._statistics, value))
        return family
