"""The database as requests see it: statements, batches of data loaders, the pool and the waits for it."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector

from db.engine.activity import Activity, StatementSum
from db.engine.pool import Pool
from server.metrics.distribution import SECONDS, Distribution, Distributions
from server.metrics.names import Names

PoolName: TypeAlias = Literal["requests", "jobs"]

STATEMENTS_KEPT = 300
KEYS = (1, 2, 5, 10, 25, 50, 100, 250, 1_000, 10_000)


class ActivityMetrics(Collector):
    """The statements and the batches of requests and jobs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._names = Names(STATEMENTS_KEPT)
        self._statements: dict[str, StatementSum] = {}
        self._loaders: dict[str, Distribution] = {}
        self._batches = Distributions(
            "leadgraph_loader_batch_keys",
            "Keys of each batch that a data loader read.",
            bounds=KEYS,
            labels=("loader",),
        )
        registry.register(self._batches)
        registry.register(self)

    def observe(self, activity: Activity) -> float:
        """Observe the activity of a request or of a turn of a job. Return the seconds of all listed statements."""
        whole = 0.0
        for run in activity.runs:
            total = self._statements.get(run.name) or self._total(run.name)
            total.runs += 1
            total.seconds += run.seconds
            total.rows += run.rows
            whole += run.seconds
        for name, unlisted in activity.unlisted.items():
            total = self._statements.get(name) or self._total(name)
            total.runs += unlisted.runs
            total.seconds += unlisted.seconds
            total.rows += unlisted.rows
        for batch in activity.batches:
            known = self._loaders.get(batch.loader)
            if known is None:
                known = self._loaders[batch.loader] = self._batches.of(batch.loader)
            known.observe(batch.keys)
        return whole

    def _total(self, name: str) -> StatementSum:
        return self._statements.setdefault(self._names.kept(name), StatementSum())

    def collect(self) -> Iterator[SummaryMetricFamily | CounterMetricFamily]:
        seconds = SummaryMetricFamily(
            "leadgraph_statement_seconds", "Runs and time of SQL statements by name.", labels=("statement",)
        )
        rows = CounterMetricFamily(
            "leadgraph_statement_rows", "Rows of SQL statements by name.", labels=("statement",)
        )
        for name, total in list(self._statements.items()):
            seconds.add_metric([name], total.runs, total.seconds)
            rows.add_metric([name], total.rows)
        yield seconds
        yield rows


class PoolMetrics(Collector):
    """The connections of the pools of a process, and the waits for them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._pools: dict[PoolName, Pool] = {}
        self._waits = Distributions(
            "leadgraph_pool_wait_seconds",
            "Time until a connection of the pool was free, or the wait was given up.",
            bounds=SECONDS,
            labels=("pool",),
        )
        registry.register(self._waits)
        registry.register(self)

    def observe(self, pool: Pool, name: PoolName) -> None:
        """Observe a pool of this process. A pool of the same name takes the place of the former one."""
        pool.on_wait = self._waits.of(name).observe
        self._pools[name] = pool

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        connections = GaugeMetricFamily(
            "leadgraph_pool_connections", "Connections to the database.", labels=("pool", "state")
        )
        most = GaugeMetricFamily(
            "leadgraph_pool_connections_max",
            "Maximum number of connections to the database.",
            labels=("pool",),
        )
        timeouts = CounterMetricFamily(
            "leadgraph_pool_timeouts",
            "Waits for a connection of the pool that were given up.",
            labels=("pool",),
        )
        for name, pool in list(self._pools.items()):
            idle = pool.get_idle_size()
            connections.add_metric([name, "idle"], idle)
            connections.add_metric([name, "busy"], pool.get_size() - idle)
            most.add_metric([name], pool.get_max_size())
            timeouts.add_metric([name], pool.timeouts)
        yield connections
        yield most
        yield timeouts
