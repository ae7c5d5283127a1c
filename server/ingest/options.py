"""The query parameters of `POST /ingest/mentions`."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.datastructures import QueryParams

from server.http.protocol import RequestError
from services.ingest.write import ErrorPolicy

_MOST_DIGITS = 15


class Results(StrEnum):
    """The rows that get a response line."""

    ALL = "all"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """The options of a stream.

    `first_line` is the number of the first line sent, more than 1 if a client resumes a file. With `analyze`, the
    built-in analyser analyses new mentions.
    """

    on_error: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS
    results: Results = Results.ALL
    first_line: int = 1
    analyze: bool = False


def options_of(parameters: QueryParams) -> IngestOptions:
    """Return the options of a URL. Raise `RequestError` with the name of an invalid parameter."""
    options: dict[str, object] = {}
    for name, value in parameters.multi_items():
        if name not in _READERS:
            raise RequestError(400, f"The parameter {name[:50]!r} does not exist. Use {', '.join(_READERS)}.")
        attribute, read = _READERS[name]
        if attribute in options:
            raise RequestError(400, f"The parameter {name} must not be repeated.")
        options[attribute] = read(name, value)
    return IngestOptions(**options)  # type: ignore[arg-type]


def _one_of(kind: type[StrEnum]) -> Callable[[str, str], object]:
    members = {member.name: member for member in kind}

    def read(name: str, value: str) -> object:
        if value not in members:
            raise RequestError(400, f"The parameter {name} must be one of {', '.join(members)}.")
        return members[value]

    return read


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS and int(value) > 0):
        raise RequestError(400, f"The parameter {name} must be a line number from 1.")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise RequestError(400, f"The parameter {name} must be true or false.")
    return value == "true"


_READERS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "onError": ("on_error", _one_of(ErrorPolicy)),
    "results": ("results", _one_of(Results)),
    "firstLine": ("first_line", _number),
    "analyze": ("analyze", _flag),
}
