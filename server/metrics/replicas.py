"""Read replicas: who answers reads, how far replicas are behind, and when they were taken out."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from services.replicas import Replicas


class ReplicaMetrics(Collector):
    """The replicas of one process, by host and port."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        yield from self._states()
        yield from self._reads()

    def _states(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        works = GaugeMetricFamily(
            "leadgraph_replica_works", "1 if reads go to the replica, else 0.", labels=("replica",)
        )
        lag_bytes = GaugeMetricFamily(
            "leadgraph_replica_lag_bytes",
            "Bytes of the log that the replica has not replayed.",
            labels=("replica",),
        )
        lag_seconds = GaugeMetricFamily(
            "leadgraph_replica_lag_seconds",
            "Seconds since the primary was where the replica is.",
            labels=("replica",),
        )
        changes = CounterMetricFamily(
            "leadgraph_replica_changes",
            "Times that the replica was taken out, or came back.",
            labels=("replica", "to"),
        )
        for replica in self._replicas.replicas:
            works.add_metric([replica.name], int(replica.works))
            if replica.lag_bytes is not None and replica.lag_seconds is not None:
                lag_bytes.add_metric([replica.name], replica.lag_bytes)
                lag_seconds.add_metric([replica.name], replica.lag_seconds)
            for to, number in replica.changes.items():
                changes.add_metric([replica.name, to], number)
        yield from (works, lag_bytes, lag_seconds, changes)

    def _reads(self) -> Iterator[CounterMetricFamily]:
        answers = CounterMetricFamily(
            "leadgraph_replica_reads", "Operations that the replica answered.", labels=("replica",)
        )
        reruns = CounterMetricFamily(
            "leadgraph_replica_reruns",
            "Operations that began on the replica and ran again elsewhere. Reasons: stale (it lacked a write of the viewer), "
            "conflict (with recovery), lost (no connection or no answer), error.",
            labels=("replica", "reason"),
        )
        for replica in self._replicas.replicas:
            answers.add_metric([replica.name], replica.answers)
            for reason, number in replica.reruns.items():
                reruns.add_metric([replica.name, reason], number)
        primary = CounterMetricFamily(
            "leadgraph_primary_reads",
            "Reads that the primary answered. Reasons: stale (no replica has the newest write of the viewer), rows (only the "
            "primary tells them), none works, mark unknown, and those of the last attempt on a replica.",
            labels=("reason",),
        )
        for reason, number in self._replicas.primary_reads.items():
            primary.add_metric([reason], number)
        yield from (answers, reruns, primary)
