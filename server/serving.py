"""Serving on loopback until somebody says stop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from types import FrameType

import uvicorn

from db.engine.pool import open_pool
from schema.schema import build
from server.app import LOOPBACK, create_app
from server.runtime.audit import auditing
from server.runtime.cache import open_cached
from server.runtime.credentials import vault, warn_of_missing_keys
from server.runtime.errors import CommandError
from server.runtime.metrics import Metrics
from server.runtime.settings import Settings
from server.runtime.worker import working

HOST = "127.0.0.1"
GRACE_SECONDS = 10
GARBAGE_THRESHOLDS = (10_000, 20, 50)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def bind(port: int) -> socket.socket:
    """A socket on the port, taken at once so that nothing else is set up in vain."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
        taken.listen(2048)
    except OSError as error:
        taken.close()
        raise CommandError(
            f"Port {port} cannot be used ({error.strerror}): stop the program that listens there, or choose "
            "another port, for example with LEADGRAPH_PORT=8001."
        ) from error
    return taken


class _Server(uvicorn.Server):
    """Tells when it answers, and returns when it was told to stop."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._when_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that was obeyed is not raised a second time: the caller has a database
        to stop.
        """
        before = {number: signal.signal(number, self.handle_exit) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(
    settings: Settings,
    url: str,
    listening: socket.socket,
    *,
    demo_key: str | None = None,
    when_ready: Callable[[], None] = lambda: None,
) -> None:
    """Answers on the socket until SIGINT or SIGTERM; requests under way are finished."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, url, listening, demo_key, when_ready))


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
    demo_key: str | None,
    when_ready: Callable[[], None],
) -> None:
    pool = await open_pool(
        url, size=settings.pool_size, statement_timeout_seconds=settings.statement_timeout_seconds
    )
    try:
        metrics = Metrics(pool)
        keys = vault(settings)
        await warn_of_missing_keys(pool, keys)
        app = create_app(
            pool,
            schema=build(settings.executor),
            vault=keys,
            cached=await open_cached(settings, pool),
            warm=settings.warm_at_start,
            metrics=metrics,
            demo_key=demo_key,
            hosts=LOOPBACK if demo_key else ("*",),
            explain=demo_key is not None,
        )
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        # What lives from here on to the end need not be walked by every collection of garbage.
        gc.collect()
        gc.freeze()
        # An answer is thousands of containers that die together: looking through them half-way finds nothing.
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        every, parents = settings.audit_every_seconds, settings.audit_sample
        async with AsyncExitStack() as beside:
            await beside.enter_async_context(
                auditing(pool, metrics.audit, every_seconds=every, parents=parents)
            )
            if settings.workers:
                await beside.enter_async_context(working(url, settings.workers))
            await _Server(config, when_ready).serve(sockets=[listening])
    finally:
        pool.terminate()


def work(url: str, at_once: int, *, when_ready: Callable[[], None]) -> None:
    """Works until SIGINT or SIGTERM; what is under way is ended. Raises what ended the worker before that."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_work(url, at_once, when_ready))


async def _work(url: str, at_once: int, when_ready: Callable[[], None]) -> None:
    told = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with working(url, at_once) as task:
        when_ready()
        waiting = asyncio.create_task(told.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()


def stop_on_sigterm() -> None:
    """Makes SIGTERM unwind the program like Ctrl-C does, so that everything started is stopped."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
