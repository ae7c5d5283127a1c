"""The observers of requests and jobs, as the settings choose them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from server.runtime.errors import CommandError
from server.runtime.job_run import JobObserver
from server.runtime.observation import Observer
from server.runtime.request_log import SlowLog, log_job, log_request
from server.runtime.settings import Settings


class Observers(NamedTuple):
    """The observers of requests, and those of turns of jobs."""

    requests: Sequence[Observer]
    jobs: Sequence[JobObserver]


@contextmanager
def observing(settings: Settings, url: str) -> Iterator[Observers]:
    """Yield the observers. Tracing comes first, since it gives a request the trace that the log names."""
    logs: list[Observer] = [log_request]
    if settings.slow_ms:
        logs.append(SlowLog(settings.slow_ms))
    if not settings.tracing:
        yield Observers(logs, [log_job])
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
        yield Observers([tracing, *logs], [tracing.observe_job, log_job])
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
