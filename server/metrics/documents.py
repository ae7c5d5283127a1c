"""The caches of prepared documents, by the callers for whom they are: with an API key, or without one."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from schema.prepared.cache import PreparedOperations


class DocumentMetrics(Collector):
    """The operations that were found or prepared, and the size of the caches, read when Prometheus collects them."""

    def __init__(self, caches: Mapping[str, PreparedOperations]) -> None:
        self._caches = caches

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        lookups = CounterMetricFamily(
            "leadgraph_document_lookups",
            "Lookups of operations: found in the cache, or prepared (parsed, validated and planned).",
            labels=("callers", "outcome"),
        )
        kept = GaugeMetricFamily(
            "leadgraph_documents_kept", "Operations in the cache of prepared documents.", labels=("callers",)
        )
        size = GaugeMetricFamily(
            "leadgraph_documents_bytes",
            "Estimated memory of the operations in the cache.",
            labels=("callers",),
        )
        for callers, cache in self._caches.items():
            lookups.add_metric([callers, "found"], cache.hits)
            lookups.add_metric([callers, "prepared"], cache.misses)
            kept.add_metric([callers], len(cache))
            size.add_metric([callers], cache.bytes_held)
        yield lookups
        yield kept
        yield size
