"""All metrics of one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, generate_latest

from db.engine.pool import Pool
from server.metrics.audit import AuditMetrics
from server.metrics.cache import CacheMetrics
from server.metrics.database import ActivityMetrics, PoolMetrics
from server.metrics.jobs import JobMetrics
from server.metrics.operations import OperationMetrics
from server.metrics.process import ProcessMetrics
from server.metrics.requests import RequestMetrics
from server.runtime.background import in_background
from server.runtime.observation import Observation
from services.figures.cache.statistics import Statistics


class WorkerMetrics:
    """The metrics of a worker: its process, its pool and its jobs. No metric identifies a user."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.jobs = JobMetrics(self.registry)
        self._pool_metrics = PoolMetrics(self.registry)
        self._process = ProcessMetrics(self.registry)

    def observe_pool(self, pool: Pool) -> None:
        """Observe the pool. Call this once."""
        self._pool_metrics.observe(pool)

    @asynccontextmanager
    async def watching(self, pool: Pool) -> AsyncIterator[None]:
        """Measure the event loop and the queue of jobs during the context."""
        async with in_background(self._process.watch()), in_background(self.jobs.watch(pool)):
            yield

    @asynccontextmanager
    async def watching_pool(self, pool: Pool) -> AsyncIterator[None]:
        """Observe the pool too during the context."""
        self.observe_pool(pool)
        async with self.watching(pool):
            yield

    async def encoded(self) -> bytes:
        """Return all metrics as text. A thread encodes them, since thousands of lines would block requests."""
        return await asyncio.to_thread(generate_latest, self.registry)


class Metrics(WorkerMetrics):
    """The metrics of a server, which may also run jobs. `observe` receives all requests."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.audit = AuditMetrics(self.registry)
        self._requests = RequestMetrics(self.registry)
        self._operations = OperationMetrics(self.registry)
        self._activity = ActivityMetrics(self.registry)
        self.observe_pool(pool)

    def observe(self, request: Observation) -> None:
        self._requests.observe(request)
        if request.route == "graphql":
            self._operations.observe(request, self._activity.observe(request.activity))

    def observe_cache(self, statistics: Statistics) -> None:
        self.registry.register(CacheMetrics(statistics))
