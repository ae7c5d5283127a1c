"""The database as requests see it: statements, batches of data loaders, the pool and the waits for it."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector

from db.engine.activity import Activity
from db.engine.pool import Pool
from server.metrics.distribution import SECONDS, Distribution, Distributions
from server.metrics.names import Names

STATEMENTS_KEPT = 300
KEYS = (1, 2, 5, 10, 25, 50, 100, 250, 1_000, 10_000)


class _Total:
    """The runs of one statement."""

    __slots__ = ("rows", "runs", "seconds")

    def __init__(self) -> None:
        self.runs = self.rows = 0
        self.seconds = 0.0


class ActivityMetrics(Collector):
    """The statements and the batches of operations."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._names = Names(STATEMENTS_KEPT)
        self._statements: dict[str, _Total] = {}
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
        """Observe the activity of one request. Return the seconds of all statements."""
        whole = 0.0
        for run in activity.runs:
            total = self._statements.get(run.name) or self._total(run.name)
            total.runs += 1
            total.seconds += run.seconds
            total.rows += run.rows
            whole += run.seconds
        for batch in activity.batches:
            known = self._loaders.get(batch.loader)
            if known is None:
                known = self._loaders[batch.loader] = self._batches.of(batch.loader)
            known.observe(batch.keys)
        return whole

    def _total(self, name: str) -> _Total:
        return self._statements.setdefault(self._names.kept(name), _Total())

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


class PoolMetrics:
    """The connections of a pool, and the waits for them by requests, jobs and audits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        waits = Distributions(
            "leadgraph_pool_wait_seconds",
            "Time until a connection of the pool was free, or the wait was given up.",
            bounds=SECONDS,
        )
        self._waits = waits.of()
        self._registry = registry
        registry.register(waits)

    def observe(self, pool: Pool) -> None:
        """Observe the pool of this process."""
        pool.on_wait = self._waits.observe
        connections = Gauge(
            "leadgraph_pool_connections", "Connections to the database.", ["state"], registry=self._registry
        )
        connections.labels("idle").set_function(pool.get_idle_size)
        connections.labels("busy").set_function(lambda: pool.get_size() - pool.get_idle_size())
        most = Gauge(
            "leadgraph_pool_connections_max",
            "Maximum number of connections to the database.",
            registry=self._registry,
        )
        most.set(pool.get_max_size())
        self._registry.register(_Timeouts(pool))


class _Timeouts(Collector):
    """The waits that the pool gave up."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[CounterMetricFamily]:
        documentation = "Waits for a connection of the pool that were given up."
        yield CounterMetricFamily("leadgraph_pool_timeouts", documentation, value=self._pool.timeouts)
