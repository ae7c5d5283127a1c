"""Run the server or a worker until interrupted."""

import asyncio
import errno
import itertools
import logging
import math
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TypeAlias, cast

import uvicorn
from starlette.types import ASGIApp

from db.engine.databases import identity
from db.engine.pool import Pool, open_pool
from schema.graph import build
from server.app import LOOPBACK, create_app, create_metrics_app
from server.http.admission import Admission, AdmissionLimits
from server.http.connection import Connection
from server.http.connections import Connections
from server.http.limits import ConnectionLimits
from server.http.trusted_documents import open_documents
from server.live.limits import LiveLimits
from server.metrics.endpoint import MetricsAccess
from server.metrics.metrics import Metrics, WorkerMetrics
from server.page.documents import page_documents
from server.runtime.addresses import split_address
from server.runtime.audit import auditing, note
from server.runtime.background import in_background
from server.runtime.cache import open_cached
from server.runtime.credentials import vault, warn_of_missing_keys
from server.runtime.download_links import link_signer
from server.runtime.errors import CommandError
from server.runtime.garbage import short_collections, without_collections
from server.runtime.job_run import JobObserver, JobRun
from server.runtime.observers import Observers, observing
from server.runtime.row_security import uses_row_security
from server.runtime.settings import Settings
from server.runtime.stopping import Stopping
from server.runtime.tasks import background_tasks
from server.runtime.worker import working
from server.webhooks.delivering import delivering
from services.accounts.rate_limit import RateLimits

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

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        async with in_background(self.connections.watch()):
            await super().serve(sockets=sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, accept no connections any more, finish the running requests, and refuse those that take too long."""
        await self._drain()
        self._stopping.begin()
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
        await super().startup(sockets=sockets)
        if self.started:
            self._when_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals to stop like uvicorn, but do not raise them again: the caller stops a database."""
        before = {number: signal.signal(number, self.handle_exit) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Return whether the record is about something else than a cancelled request, which has its answer."""
    return record.exc_info is None or record.exc_info[0] is not asyncio.CancelledError


def serve(
    settings: Settings,
    url: str,
    listening: socket.socket,
    *,
    demo_key: str | None = None,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the socket until SIGINT or SIGTERM, then finish the running requests."""
    metrics_socket = bind_metrics(settings)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, url, listening, metrics_socket, demo_key, when_ready))


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
    demo_key: str | None,
    when_ready: Callable[[], None],
) -> None:
    with observing(settings, url) as observers:
        await _serve_observed(settings, url, listening, metrics_socket, demo_key, when_ready, observers)


async def _serve_observed(
    settings: Settings,
    url: str,
    listening: socket.socket,
    metrics_socket: socket.socket | None,
    demo_key: str | None,
    when_ready: Callable[[], None],
    observers: Observers,
) -> None:
    documents = open_documents(settings, page_documents() if settings.page else {})
    pool = await open_pool(
        url,
        size=settings.pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        answer_seconds=settings.answer_timeout_seconds,
        wait_seconds=settings.pool_timeout_seconds,
    )
    try:
        pool.has_row_security = await uses_row_security(pool, settings)
        metrics = Metrics(pool)
        stopping = Stopping(settings.shutdown_seconds)
        keys = vault(settings)
        await warn_of_missing_keys(pool, keys)
        with without_collections():
            graph = build(settings.executor, settings.limits)
        app = create_app(
            pool,
            graph=graph,
            vault=keys,
            links=link_signer(settings),
            cached=await open_cached(settings, pool),
            warm=settings.warm_at_start,
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
            rate_limits=await _rate_limits(settings, pool),
            introspection=settings.introspection,
            graphiql=settings.graphiql,
            has_page=settings.page,
            live_limits=_live_limits(settings),
            allow_private_webhooks=settings.webhooks_allow_private,
        )
        server = Server(
            app,
            stopping=stopping,
            limits=connection_limits(settings.live_connections),
            origins=settings.origins,
            ping_seconds=settings.live_ping_seconds,
            drain_seconds=0 if demo_key else settings.drain_seconds,
            when_ready=when_ready,
        )
        every, parents = settings.audit_every_seconds, settings.audit_sample
        tasks = background_tasks(settings, partial(note, observer=metrics.audit))
        async with (
            metrics.watching(pool, {task.name for task in tasks}),
            _serving_metrics(metrics, settings, metrics_socket),
            auditing(pool, metrics.audit, every_seconds=every, parents=parents),
            working(
                url,
                settings.workers,
                tasks,
                observe=_each(metrics.observe_job, *observers.jobs),
                watching=_both(
                    metrics.observing_jobs,
                    delivering(settings, keys, lambda: graph, metrics.webhooks.observe),
                ),
            )
            if settings.workers
            else nullcontext(),
        ):
            with short_collections():
                await server.serve(sockets=[listening])
    finally:
        pool.terminate()


Watching: TypeAlias = Callable[[Pool], AbstractAsyncContextManager[None]]


def _both(one: Watching, other: Watching) -> Watching:
    """Return a context of a pool that enters both contexts."""

    @asynccontextmanager
    async def entered(pool: Pool) -> AsyncIterator[None]:
        async with one(pool), other(pool):
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
            settings.pool_size,
            user_slots=settings.user_operations,
            wait_seconds=settings.pool_timeout_seconds,
        )
    )


async def _rate_limits(settings: Settings, pool: Pool) -> RateLimits | None:
    if not settings.rate_points:
        return None
    if settings.redis_url is None:
        return RateLimits(settings.rate_points)
    redis_url = settings.redis_url.reveal()
    return RateLimits(settings.rate_points, redis_url, namespace=f":{await identity(pool)}")


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
            working(url, at_once, tasks, observe=observe, watching=_both(watching, delivers)) as task,
            _serving_metrics(metrics, settings, metrics_socket),
        ):
            when_ready()
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
