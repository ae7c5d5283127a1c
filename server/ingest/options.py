"""What the URL of `POST /ingest/mentions` asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.datastructures import QueryParams

from server.http.protocol import RequestError
from services.ingest.write import ErrorPolicy

_MOST_DIGITS = 15


class Results(StrEnum):
    """For which rows a line is answered."""

    ALL = "all"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """`first_line` is the number of the first line that is sent: more than 1 where a file is sent on from there.

    `analyze` has new mentions analysed by the built-in analyser.
    """

    on_error: ErrorPolicy = ErrorPolicy.REJECT_FAILED_ROWS
    results: Results = Results.ALL
    first_line: int = 1
    analyze: bool = False


def options_of(given: QueryParams) -> IngestOptions:
    """Raises `RequestError` that names the parameter."""
    found: dict[str, object] = {}
    for name, value in given.multi_items():
        if name not in _READERS:
            raise RequestError(400, f"There is no parameter {name[:50]!r}; there are {', '.join(_READERS)}.")
        attribute, read = _READERS[name]
        if attribute in found:
            raise RequestError(400, f"The parameter {name} stands twice in the URL.")
        found[attribute] = read(name, value)
    return IngestOptions(**found)  # type: ignore[arg-type]


def _one_of(kind: type[StrEnum]) -> Callable[[str, str], object]:
    members = {member.name: member for member in kind}

    def read(name: str, value: str) -> object:
        if value not in members:
            raise RequestError(400, f"The parameter {name} has to be one of {', '.join(members)}.")
        return members[value]

    return read


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS and int(value) > 0):
        raise RequestError(400, f"The parameter {name} has to be the number of a line, from 1 on.")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise RequestError(400, f"The parameter {name} has to be true or false.")
    return value == "true"


_READERS: dict[str, tuple[str, Callable[[str, str], object]]] = {
    "onError": ("on_error", _one_of(ErrorPolicy)),
    "results": ("results", _one_of(Results)),
    "firstLine": ("first_line", _number),
    "analyze": ("analyze", _flag),
}
