"""Histograms without locks, for observations by one event loop."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The upper bounds of the buckets of durations."""


class Distribution:
    """Counts of observed values by bucket, and the sum of the values."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        self._counts[bisect_left(self._bounds, value)] += times
        self.total += value * times

    def buckets(self) -> list[tuple[str, float]]:
        """Return the upper bound of each bucket with the number of values up to the bound."""
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))


class Distributions(Collector):
    """A histogram with a distribution for each combination of label values."""

    def __init__(
        self, name: str, documentation: str, *, bounds: Sequence[float], labels: Sequence[str] = ()
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = tuple(bounds)
        self._labels = labels
        self._known: dict[tuple[str, ...], Distribution] = {}

    def of(self, *values: str) -> Distribution:
        """Return the distribution of the label values, for the caller to keep."""
        found = self._known.get(values)
        if found is None:
            found = self._known[values] = Distribution(self._bounds)
        return found

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        # A copy: the event loop adds distributions while a thread collects.
        for values, distribution in list(self._known.items()):
            family.add_metric(values, distribution.buckets(), distribution.total)
        yield family
