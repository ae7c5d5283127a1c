"""The observers of a server's requests, as the settings choose them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from server.runtime.errors import CommandError
from server.runtime.observation import Observer
from server.runtime.request_log import SlowLog, log_request
from server.runtime.settings import Settings


@contextmanager
def observing(settings: Settings, url: str) -> Iterator[Sequence[Observer]]:
    """Yield the observers. Tracing comes first, since it gives a request the trace that the log names."""
    logs: list[Observer] = [log_request]
    if settings.slow_ms:
        logs.append(SlowLog(settings.slow_ms))
    if not settings.tracing:
        yield logs
        return
    _require_http()
    try:
        from server.runtime.tracing import Tracing, database_of  # noqa: PLC0415 - its packages may be absent
    except ImportError as missing:
        raise CommandError(
            "LEADGRAPH_TRACING=1 requires the packages of the extra `otel`: install leadgraph[otel], or unset it."
        ) from missing
    tracing = Tracing(database_of(url))
    try:
        yield [tracing, *logs]
    finally:
        tracing.close()


def _require_http() -> None:
    """Raise `CommandError` if the standard variables ask for a protocol that the exporter lacks."""
    for variable in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        given = os.environ.get(variable, "")
        if given:
            if given != "http/protobuf":
                raise CommandError(f"{variable} must be http/protobuf, not {given[:40]!r}.")
            return
