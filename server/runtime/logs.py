"""The log of a process on standard error: lines of text for people, or lines of JSON for programs.

A line has the identity of the request or the job whose task wrote it. Modules use the logger `leadgraph` of the
standard library and know nothing of this.
"""

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, TypeAlias

import orjson
from pythonjsonlogger.orjson import OrjsonFormatter

from server.runtime.observation import observed

LogFormat: TypeAlias = Literal["text", "json"]
LogLevel: TypeAlias = Literal["info", "warning", "error"]

LOGGER: Final = "leadgraph"
_logger = logging.getLogger(LOGGER)

_OWN_ATTRIBUTES: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
_PLAIN: Final = re.compile(r"[\w.:/+-]+", re.ASCII)
_LEVELS: Final = {logging.WARNING: "warning", logging.ERROR: "error", logging.INFO: "info"}
_NO_FIELDS: Final[Mapping[str, object]] = {}

_fields: ContextVar[Mapping[str, object]] = ContextVar("fields", default=_NO_FIELDS)


@contextmanager
def log_fields(**fields: object) -> Iterator[None]:
    """Add the fields to each line that the current task logs during the context."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def configure_logging(form: LogFormat, level: LogLevel | None = None) -> None:
    """Let this process log to standard error.

    Without a level, JSON has a line for each request, and text has warnings and errors only.
    """
    # No line names the thread, the process or the task.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = _Handler()
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    logging.getLogger(LOGGER).setLevel((level or ("info" if form == "json" else "warning")).upper())


def log_info(message: str, fields: dict[str, Any]) -> None:
    """Log a line with the fields, which the function may change. Callers check the level first.

    Lines of JSON about requests are frequent, so they go straight to the stream, under the handler's lock. A record, with
    its formatter, would take several times as long.
    """
    handlers = logging.root.handlers
    if len(handlers) == 1 and not _logger.handlers and not _logger.filters:
        handler = handlers[0]
        if isinstance(handler, _Handler) and handler.write_json(message, fields):
            return
    record = logging.LogRecord(LOGGER, logging.INFO, __file__, 0, message, (), None)
    record.__dict__.update(fields)
    _logger.handle(record)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to the present `sys.stderr`, and adds the fields of the current task."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr

    def handle(self, record: logging.LogRecord) -> bool:
        _add_fields_of_task(record.__dict__)
        return bool(super().handle(record))

    def write_json(self, message: str, fields: dict[str, Any]) -> bool:
        """Write a line of the level info as `JsonFormatter` does. Return whether that was possible."""
        if not isinstance(self.formatter, JsonFormatter) or self.filters:
            return False
        _add_fields_of_task(fields)
        line = {"level": "info", "logger": LOGGER, "message": message, **fields, "time": datetime.now(UTC)}
        try:
            text = orjson.dumps(line).decode() + "\n"
        except TypeError:  # a value that only the formatter can encode
            return False
        with self.lock or nullcontext():
            try:
                self.stream.write(text)
                self.flush()
            except Exception:  # noqa: BLE001 - as other lines of the log, which report this
                self.handleError(logging.LogRecord(LOGGER, logging.INFO, __file__, 0, message, (), None))
        return True


def _add_fields_of_task(known: dict[str, Any]) -> None:
    """Add the fields of the current request or job that are not known yet."""
    request = observed.get()
    if request is not None:
        known.setdefault("request_id", request.request_id)
        if request.trace_id is not None:
            known.setdefault("trace_id", request.trace_id)
    for name, value in _fields.get().items():
        known.setdefault(name, value)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that a record has beside those of every record."""
    return {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}


class JsonFormatter(OrjsonFormatter):
    """One object per line. `exception` holds a traceback."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack"}
        super().__init__(["levelname", "name", "message"], timestamp="time", rename_fields=names)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data["level"] = _LEVELS.get(record.levelno, record.levelname.lower())


class TextFormatter(logging.Formatter):
    """A message, and its fields as `name=value`."""

    converter = time.gmtime  # type: ignore[assignment]
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - overrides the library's
        pairs = (f"{name}={_text(value)}" for name, value in fields_of(record).items() if value is not None)
        return " ".join([super().formatMessage(record), *pairs])


def _text(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return orjson.dumps(value, default=str).decode()
