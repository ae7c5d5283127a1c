"""Distributions are the histograms of Prometheus' own client."""

import random

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from server.metrics.distribution import SECONDS, Distributions


def test_a_distribution_is_encoded_like_a_histogram_of_the_client() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    made = Distributions("seconds", "Duration.", bounds=SECONDS, labels=("route", "outcome"))
    ours.register(made)
    reference = Histogram("seconds", "Duration.", ["route", "outcome"], buckets=SECONDS, registry=theirs)
    chosen = random.Random(1)  # noqa: S311 - no secret
    values = [0, *SECONDS, 31, *(chosen.expovariate(10) for _ in range(1000))]
    for labels in (("graphql", "answered"), ("ingest", "failed")):
        for value in values:
            made.of(*labels).observe(value)
            reference.labels(*labels).observe(value)
    lines = [
        [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
        for registry in (ours, theirs)
    ]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 2 + 2 * (len(SECONDS) + 3)
