"""The observers of a server's requests, as the settings choose them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from server.runtime.observation import Observer
from server.runtime.request_log import SlowLog, log_request
from server.runtime.settings import Settings


@contextmanager
def observing(settings: Settings) -> Iterator[Sequence[Observer]]:
    """Yield the observers."""
    logs: list[Observer] = [log_request]
    if settings.slow_ms:
        logs.append(SlowLog(settings.slow_ms))
    yield logs
