"""Run the server or a worker until interrupted."""

import asyncio
import errno
import itertools
import logging
import math
import resource
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from db.engine.databases import connections_allowed, identity
from db.engine.pool import Pool, open_pool
from schema.graph import Graph, build
from server.app import LOOPBACK, create_app, create_metrics_app
from server.http.accepting import ABSENT, Acceptor, Loads
from server.http.admission import Admission, AdmissionLimits
from server.http.connection import Connection
from server.http.connections import Connections
from server.http.limits import ConnectionLimits
from server.http.trusted_documents import open_documents
from server.live.limits import LiveLimits
from server.metrics.endpoint import MetricsAccess
from server.metrics.metrics import Metrics, WorkerMetrics
from server.metrics.other_processes import OtherProcesses
from server.page.documents import page_documents
from server.runtime.addresses import split_address
from server.runtime.audit import auditing, note
from server.runtime.background import in_background
from server.runtime.cache import open_cached
from server.runtime.connection_budget import USUAL_POOL, pool_size
from server.runtime.credentials import vault, warn_of_missing_keys
from server.runtime.database import explained, requests_url, require_same_database
from server.runtime.download_links import link_signer
from server.runtime.errors import CommandError
from server.runtime.garbage import short_collections, without_collections
from server.runtime.job_run import JobObserver, JobRun
from server.runtime.listening import Notifications
from server.runtime.observers import Observers, observing
from server.runtime.processes import DRAIN, FORCE, NOW, Line, Supervisor
from server.runtime.replicas import open_replicas, require_replicas
from server.runtime.row_security import uses_row_security
from server.runtime.settings import Settings
from server.runtime.stopping import Stopping
from server.runtime.tasks import background_tasks
from server.runtime.worker import Job, Watching, working, write_exports_by
from server.webhooks.delivering import delivering
from services.accounts.rate_limit import RateLimits
from services.export.jobs import FileRules
from services.shared_store.availability import Availability

logger = logging.getLogger("leadgraph")

END_SECONDS = 3
"""Time after the grace in which clients read that their requests are refused."""
OPEN_FILES = 8192
OTHER_FILES = 200
"""Files besides connections of clients: those of the database, the cache and the process."""
SEND_BUFFER_BYTES = 131_072
"""Size of the kernel's buffer per connection. A slow client would wait long for a large one to empty."""
TICK_SECONDS = 0.1
LARGEST_MESSAGE_BYTES = 2_000_000
"""The largest message of a WebSocket, as large as the body of a request."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
JOBS_SECONDS = 10
"""Time after the end of the requests in which the jobs of a server end."""
LONGEST_FOLDER = 60
"""The path of a socket is limited to 107 bytes."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address."""
    return _bound(host, port, "LEADGRAPH_HOST", "LEADGRAPH_PORT=8001")


def bind_metrics(settings: Settings) -> socket.socket | None:
    """Return a socket that listens on the address of the metrics, or None if they have no own address."""
    if settings.metrics_address is None:
        return None
    host, port = split_address(settings.metrics_address)
    return _bound(host, port, "LEADGRAPH_METRICS_ADDRESS", "LEADGRAPH_METRICS_ADDRESS=127.0.0.1:9465")


def _bound(host: str, port: int, variable: str, example: str) -> socket.socket:
    """Return a socket that listens on the address.

    Raise `CommandError` with the variable of the address, or the example of another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise CommandError(
                f"{variable} must be an address of this machine, not {host}. Use 0.0.0.0 for all its addresses."
            ) from error
        raise CommandError(
            f"Port {port} cannot be used ({error.strerror}). Stop the program that listens there, or choose "
            f"another port, for example with {example}."
        ) from error
    return listening


def origin(listening: socket.socket) -> str:
    """Return the origin of the socket's URLs, such as `http://127.0.0.1:8000`."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _allow_files() -> int:
    """Raise the process's limit of open files towards `OPEN_FILES`, and return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return OPEN_FILES


def connection_limits(live: int = 0) -> ConnectionLimits:
    """Return the limits of connections, fewer connections if the process may open few files.

    So many `live` connections come on top of the usual number.
    """
    limits = ConnectionLimits()
    # A stream may have a temporary file beside its connection.
    possible = (_allow_files() - OTHER_FILES) // 2 - limits.spare_connections
    return replace(limits, connections=max(1, min(limits.connections + live, possible)))


class Server(uvicorn.Server):
    """A server with limits of its connections.

    It calls `when_ready` once it accepts requests, tells `stopping` of a signal to stop, and then returns.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        stopping: Stopping,
        limits: ConnectionLimits,
        origins: Sequence[str] = (),
        drain_seconds: float = 0,
        ping_seconds: float = 20,
        when_ready: Callable[[], None] = lambda: None,
        line: Line | None = None,
        loads: Loads | None = None,
    ) -> None:
        self.connections = Connections(limits, origins)
        protocol = partial(Connection, all_connections=self.connections)
        config = uvicorn.Config(
            app,
            http=cast(type[asyncio.Protocol], protocol),
            ws="none",  # `Connection` hands WebSockets over itself
            ws_ping_interval=ping_seconds,
            ws_ping_timeout=ping_seconds,
            ws_max_size=LARGEST_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # compressed sizes can tell secrets, and each connection needs memory for it
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=math.ceil(stopping.seconds) + END_SECONDS,
        )
        super().__init__(config)
        self.connections.requests = self.server_state.tasks
        self._stopping = stopping
        self._drain_seconds = drain_seconds
        self._when_ready = when_ready
        self._line = line
        self._loads = loads
        self._acceptors: list[Acceptor] = []

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        async with in_background(self.connections.watch()):
            with self._obeying():
                await super().serve(sockets=sockets)

    @contextmanager
    def _obeying(self) -> Iterator[None]:
        """Take orders from the supervisor during the context."""
        if self._line is None:
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(self._line.socket, self._obey, self._line)
        try:
            yield
        finally:
            loop.remove_reader(self._line.socket)

    def _obey(self, line: Line) -> None:
        orders = line.orders()
        if orders is None:  # the supervisor has died
            asyncio.get_running_loop().remove_reader(line.socket)
            orders = DRAIN
        if DRAIN in orders and not self._stopping.has_begun:
            for acceptor in self._acceptors:
                acceptor.start()
            if not self.should_exit:
                self.handle_exit(signal.SIGTERM, None)
        if NOW in orders:
            for _ in range(2):
                self.handle_exit(signal.SIGTERM, None)
        if FORCE in orders:
            for _ in range(2):
                self.handle_exit(signal.SIGINT, None)

    def _stop_alone(self, number: int, frame: FrameType | None = None) -> None:
        """Stop at the first signal, and leave new connections to the other processes.

        A supervisor of services may send the signal to all processes. Then the order of ours follows: until it does, this
        process cannot know that no other one accepts.
        """
        if not self.should_exit:
            self.handle_exit(number, frame)
            loop = asyncio.get_running_loop()
            for acceptor in self._acceptors:
                loop.call_soon_threadsafe(acceptor.stop)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, accept no connections any more, finish the running requests, and refuse those that take too long."""
        await self._drain()
        self._stopping.begin()
        for acceptor in self._acceptors:
            acceptor.stop()
        async with in_background(self._refuse_late_requests()):
            await super().shutdown(sockets=sockets)

    async def _drain(self) -> None:
        """Accept requests until balancers know that the server stops. Ctrl-C and a second signal shorten this."""
        self._stopping.drain()
        self.connections.drain()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._drain_seconds
        ticks = itertools.count()
        while loop.time() < until and self._captured_signals == [signal.SIGTERM]:
            await self.on_tick(next(ticks))
            await asyncio.sleep(TICK_SECONDS)

    async def _refuse_late_requests(self) -> None:
        await asyncio.sleep(self._stopping.seconds)
        refused = self.connections.refuse_running()
        if refused:
            logger.warning("%d requests were refused at the end of the server's grace", refused)
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        for task in list(self.server_state.tasks):
            task.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._line is None or self._loads is None:
            await super().startup(sockets=sockets)
        else:
            await super().startup(sockets=[])
            if self.started:
                self._accept_beside_others(sockets or (), self._line.place, self._loads)
        if self.started:
            self._when_ready()

    def _accept_beside_others(self, sockets: Sequence[socket.socket], place: int, loads: Loads) -> None:
        """Accept a share of the connections, because the other processes of the server accept the same sockets."""
        protocol = partial(
            cast("Callable[..., asyncio.Protocol]", self.config.http_protocol_class),
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        number = self.server_state.connections.__len__
        self._acceptors = [Acceptor(each, protocol, number, loads, place) for each in sockets]

    async def on_tick(self, counter: int) -> bool:
        for acceptor in self._acceptors:
            acceptor.note_load()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals to stop like uvicorn, but do not raise them again: the caller stops a database."""
        if self._line is None:
            before = {number: signal.signal(number, self.handle_exit) for number in STOP_SIGNALS}
        else:
            before = {signal.SIGTERM: signal.signal(signal.SIGTERM, self._stop_alone)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Return whether the record is about something else than a cancelled request, which has its answer."""
    return record.exc_info is None or record.exc_info[0] is not asyncio.CancelledError


@dataclass(frozen=True, slots=True)
class Part:
    """A process of a server. The first one also runs the jobs and the audit. `folder` holds sockets of metrics."""

    line: Line | None = None
    loads: Loads | None = None
    folder: Path | None = None

    @property
    def place(self) -> int:
        """The place of the process among those of the server."""
        return 0 if self.line is None else self.line.place

    @property
    def is_first(self) -> bool:
        return self.place == 0


def serve(
    settings: Settings,
    url: str,
    listening: socket.socket,
    *,
    demo_key: str | None = None,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the socket until SIGINT or SIGTERM, then finish the running requests."""
    if settings.direct_database_url is None:
        allowed = asyncio.run(connections_allowed(url))
        settings = replace(settings, pool_size=pool_size(settings, allowed))
    else:
        asyncio.run(require_same_database(settings, url))
    require_replicas(settings, url)
    metrics_socket = bind_metrics(settings)
    with without_collections():
        graph = build(settings.executor, settings.limits)

    def run(part: Part, when_ready: Callable[[], None]) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, url, listening, metrics_socket, graph, demo_key, when_ready, part))

    if settings.processes == 1:
        run(Part(), when_ready)
        return
    vault(settings)  # creates a missing key file once
    link_signer(settings)
    loads = Loads(settings.processes)
    with _folder() as folder:

        def work(line: Line) -> None:
            with explained(settings):
                run(Part(line, loads, folder), line.say_ready)

        Supervisor(
            work,
            settings.processes,
            sockets=[each for each in (listening, metrics_socket) if each is not None],
            seconds=settings.drain_seconds + settings.shutdown_seconds + END_SECONDS + JOBS_SECONDS,
            when_ready=when_ready,
            when_ended=lambda place: loads.note(place, ABSENT),
        ).run()


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder for sockets that only this user may enter."""
    parent = None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"  # noqa: S108 - a new folder of its own
    with tempfile.TemporaryDirectory(prefix="leadgraph-", dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - absent on platforms that it does not support
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(
    settings: Settings,
    url: str,
    listening: socket.socket,
    metrics_socket: socket.socket | None,
    graph: Graph,
    demo_key: str | None,
    when_ready: Callable[[], None],
    part: Part,
) -> None:
    with observing(settings, url) as observers:
        await _serve_observed(
            settings, url, listening, metrics_socket, graph, demo_key, when_ready, part, observers
        )


async def _serve_observed(
    settings: Settings,
    url: str,
    listening: socket.socket,
    metrics_socket: socket.socket | None,
    graph: Graph,
    demo_key: str | None,
    when_ready: Callable[[], None],
    part: Part,
    observers: Observers,
) -> None:
    documents = open_documents(settings, page_documents() if settings.page else {})
    requests, direct = requests_url(settings, url)
    pool = await open_pool(
        requests,
        direct_url=direct,
        size=settings.pool_size or USUAL_POOL,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        answer_seconds=settings.answer_timeout_seconds,
        wait_seconds=settings.pool_timeout_seconds,
    )
    try:
        pool.has_row_security = await uses_row_security(pool, settings)
        replicas = await open_replicas(settings, pool, size=settings.pool_size or USUAL_POOL)
        metrics = Metrics(pool)
        stopping = Stopping(settings.shutdown_seconds)
        keys = vault(settings)
        await warn_of_missing_keys(pool, keys)
        cached = await open_cached(settings, pool)
        app = create_app(
            pool,
            graph=graph,
            vault=keys,
            links=link_signer(settings),
            cached=cached,
            warm=settings.warm_at_start and (part.is_first or settings.redis_url is None),
            metrics=metrics,
            metrics_access=_metrics_access(settings) if metrics_socket is None else None,
            observers=observers.requests,
            demo_key=demo_key,
            hosts=LOOPBACK if demo_key else ("*",),
            origins=settings.origins,
            explain=demo_key is not None,
            guard=settings.guard_mode(is_demo=demo_key is not None),
            stopping=stopping,
            documents=documents,
            request_seconds=settings.request_seconds,
            admission=_admission(settings),
            rate_limits=await _rate_limits(settings, pool, cached.availability),
            introspection=settings.introspection,
            graphiql=settings.graphiql,
            has_page=settings.page,
            live_limits=_live_limits(settings),
            allow_private_webhooks=settings.webhooks_allow_private,
            replicas=replicas,
        )
        server = Server(
            app,
            stopping=stopping,
            limits=connection_limits(settings.live_connections),
            origins=settings.origins,
            ping_seconds=settings.live_ping_seconds,
            drain_seconds=0 if demo_key else settings.drain_seconds,
            when_ready=when_ready,
            line=part.line,
            loads=part.loads,
        )
        every, parents = settings.audit_every_seconds, settings.audit_sample
        tasks = background_tasks(settings, partial(note, observer=metrics.audit))
        queues = metrics.watching(pool, {task.name for task in tasks})
        async with (
            queues if part.is_first else metrics.watching_process(),
            _sharing_metrics(metrics, settings, part),
            _serving_metrics(metrics, settings, metrics_socket),
            auditing(pool, metrics.audit, every_seconds=every if part.is_first else 0, parents=parents),
            working(
                url,
                settings.workers,
                tasks,
                jobs=_jobs(settings),
                observe=_each(metrics.observe_job, *observers.jobs),
                watching=_both(
                    metrics.observing_jobs,
                    delivering(settings, keys, lambda: graph, metrics.webhooks.observe),
                ),
            )
            if settings.workers and part.is_first
            else nullcontext(),
        ):
            with short_collections():
                await server.serve(sockets=[listening])
    finally:
        pool.terminate()


@asynccontextmanager
async def _sharing_metrics(metrics: WorkerMetrics, settings: Settings, part: Part) -> AsyncIterator[None]:
    """Tell the other processes of the server the metrics of this one, and let it tell those of all."""
    if part.folder is None:
        yield
        return
    metrics.others = OtherProcesses(metrics.registry, part.folder, part.place, settings.processes)
    async with metrics.others.told():
        yield


def _jobs(settings: Settings) -> Sequence[Job]:
    """Return the jobs of workers."""
    rules = FileRules(timedelta(days=settings.exports_days), settings.export_mb or None)
    return [write_exports_by(rules)]


def _both(one: Callable[[Pool], AbstractAsyncContextManager[None]], other: Watching) -> Watching:
    """Return a context beside a worker that enters both contexts."""

    @asynccontextmanager
    async def entered(pool: Pool, notifications: Notifications) -> AsyncIterator[None]:
        async with one(pool), other(pool, notifications):
            yield

    return entered


def _each(*observers: JobObserver) -> JobObserver:
    """Return an observer that tells all observers of a turn."""

    def observe(run: JobRun) -> None:
        for each in observers:
            each(run)

    return observe


class _MetricsServer(Server):
    """A server of metrics beside another server or a worker, which handles the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _serving_metrics(
    metrics: WorkerMetrics, settings: Settings, listening: socket.socket | None
) -> AsyncIterator[None]:
    """Serve the metrics on a socket of their own during the context."""
    if listening is None:
        yield
        return
    app = create_metrics_app(metrics, _metrics_access(settings))
    server = _MetricsServer(app, stopping=Stopping(), limits=ConnectionLimits(connections=20))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _admission(settings: Settings) -> Admission:
    return Admission(
        AdmissionLimits.of_pool(
            settings.pool_size or USUAL_POOL,
            user_slots=settings.user_operations,
            wait_seconds=settings.pool_timeout_seconds,
        )
    )


async def _rate_limits(settings: Settings, pool: Pool, availability: Availability) -> RateLimits | None:
    if not settings.rate_points:
        return None
    if settings.redis_url is None:
        return RateLimits(settings.rate_points)
    redis_url = settings.redis_url.reveal()
    namespace = f":{await identity(pool)}"
    return RateLimits(settings.rate_points, redis_url, namespace=namespace, availability=availability)


def _live_limits(settings: Settings) -> LiveLimits:
    return LiveLimits(
        connections=settings.live_connections,
        user_connections=settings.live_user_connections,
        operations=settings.live_operations,
        buffered_events=settings.live_buffer_events,
        ping_seconds=settings.live_ping_seconds,
    )


def _metrics_access(settings: Settings) -> MetricsAccess:
    token = None if settings.metrics_token is None else settings.metrics_token.reveal()
    return MetricsAccess(token, own_address=settings.metrics_address is not None)


def work(settings: Settings, url: str, at_once: int, *, when_ready: Callable[[], None]) -> None:
    """Run a worker until SIGINT or SIGTERM, then finish the current work. Raise the worker's exception if it fails."""
    metrics_socket = bind_metrics(settings)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_work(settings, url, at_once, metrics_socket, when_ready))


async def _work(
    settings: Settings,
    url: str,
    at_once: int,
    metrics_socket: socket.socket | None,
    when_ready: Callable[[], None],
) -> None:
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = WorkerMetrics()
    tasks = background_tasks(settings)

    @asynccontextmanager
    async def watching(pool: Pool) -> AsyncIterator[None]:
        async with metrics.observing_jobs(pool), metrics.watching(pool, {each.name for each in tasks}):
            yield

    delivers = delivering(
        settings,
        vault(settings),
        lambda: build(settings.executor, settings.limits),
        metrics.webhooks.observe,
    )
    with observing(settings, url) as observers:
        observe = _each(metrics.observe_job, *observers.jobs)
        async with (
            working(
                url,
                at_once,
                tasks,
                jobs=_jobs(settings),
                observe=observe,
                watching=_both(watching, delivers),
            ) as task,
            _serving_metrics(metrics, settings, metrics_socket),
        ):
            when_ready()
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
