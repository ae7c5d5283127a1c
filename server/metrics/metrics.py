"""All metrics of one process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, generate_latest

from db.engine.pool import Pool
from schema.prepared.cache import PreparedOperations
from server.http.admission import Admission
from server.metrics.admission import AdmissionMetrics
from server.metrics.audit import AuditMetrics
from server.metrics.cache import CacheMetrics
from server.metrics.database import ActivityMetrics, PoolMetrics
from server.metrics.documents import DocumentMetrics
from server.metrics.jobs import JobMetrics
from server.metrics.live import LiveMetrics
from server.metrics.operations import OperationMetrics
from server.metrics.other_processes import OtherProcesses
from server.metrics.process import ProcessMetrics
from server.metrics.replicas import ReplicaMetrics
from server.metrics.requests import RequestMetrics
from server.metrics.sign_ins import SignInMetrics
from server.metrics.webhooks import WebhookMetrics
from server.runtime.background import in_background
from server.runtime.job_run import JobRun
from server.runtime.observation import Observation
from services.browsers.sign_in import Outcome
from services.figures.cache import Cached
from services.replicas import Replicas


class WorkerMetrics:
    """The metrics of a worker: its process, its pool, its jobs, webhooks, statements. No metric identifies a user."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._jobs = JobMetrics(self.registry)
        self.webhooks = WebhookMetrics(self.registry)
        self._pools = PoolMetrics(self.registry)
        self._process = ProcessMetrics(self.registry)
        self._activity = ActivityMetrics(self.registry)
        self.others: OtherProcesses | None = None
        """The other processes of the server, whose metrics this process tells, too."""

    def observe_job(self, run: JobRun) -> None:
        """Observe a turn of a job."""
        self._jobs.observe(run)
        self._activity.observe(run.activity)

    @asynccontextmanager
    async def observing_jobs(self, pool: Pool) -> AsyncIterator[None]:
        """Observe the pool of jobs. It keeps its last values after the context."""
        self._pools.observe(pool, "jobs")
        yield

    @asynccontextmanager
    async def watching(self, pool: Pool, tasks: Collection[str] = ()) -> AsyncIterator[None]:
        """Measure the event loop, the queues of jobs and the webhooks. `tasks` names background tasks that are on."""
        async with (
            self.watching_process(),
            in_background(self._jobs.watch(pool, tasks)),
            in_background(self.webhooks.watch(pool)),
        ):
            yield

    @asynccontextmanager
    async def watching_process(self) -> AsyncIterator[None]:
        """Measure the event loop alone during the context: another process of the server measures the rest."""
        async with in_background(self._process.watch()):
            yield

    async def encoded(self) -> bytes:
        """Return all metrics as text. A thread encodes them, since thousands of lines would block requests."""
        if self.others is not None:
            return await self.others.encoded()
        return await asyncio.to_thread(generate_latest, self.registry)


class Metrics(WorkerMetrics):
    """The metrics of a server, which may also run jobs. `observe` receives all requests."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.audit = AuditMetrics(self.registry)
        self._requests = RequestMetrics(self.registry)
        self._operations = OperationMetrics(self.registry)
        self.live = LiveMetrics(self.registry)
        self._pools.observe(pool, "requests")

    def observe(self, request: Observation) -> None:
        self._requests.observe(request)
        seconds = self._activity.observe(request.activity)
        if request.route == "graphql":
            self._operations.observe(request, seconds)

    def observe_documents(self, caches: Mapping[str, PreparedOperations]) -> None:
        """Observe the caches of prepared documents, by their callers."""
        self.registry.register(DocumentMetrics(caches))

    def observe_cache(self, cached: Cached) -> None:
        self.registry.register(CacheMetrics(cached))

    def observe_replicas(self, replicas: Replicas | None) -> None:
        """Observe the read replicas of this process, if it has any."""
        if replicas is not None:
            self.registry.register(ReplicaMetrics(replicas))

    def observe_sign_ins(self, outcomes: Counter[Outcome]) -> None:
        """Observe the checks of passwords."""
        self.registry.register(SignInMetrics(outcomes))

    def observe_admission(self, admission: Admission) -> None:
        """Observe the admission of this process. Call this once."""
        AdmissionMetrics(self.registry, admission)
