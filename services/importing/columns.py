"""Posts from files: CSV and JSON Lines, with columns of any names."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, tzinfo
from enum import StrEnum
from pathlib import Path

import orjson

from db.models import Platform
from services.importing.parse_lines import (
    DamagedFileError,
    Lines,
    Rejected,
    Row,
    Source,
    UnusableFileError,
    csv_rows,
    json_rows,
    peek,
)
from services.ingest.values import Post, UnusableValueError, post_of, shown

__all__ = [
    "ColumnNames",
    "DamagedFileError",
    "FileFormat",
    "Post",
    "PostFile",
    "Rejected",
    "UnusableFileError",
    "open_posts",
]

_LISTED = 30
_LOOKED_AT = 100


class FileFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab"), FileFormat.CSV),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), FileFormat.JSONL),
}


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """The names of a file's columns; None where a usual name is looked for."""

    id: str | None = None
    title: str | None = None
    content: str | None = None
    url: str | None = None
    author: str | None = None
    published: str | None = None
    likes: str | None = None
    comments: str | None = None


USUAL_NAMES = ColumnNames(
    id="id external_id post_id objectid",
    title="title headline subject",
    content="content text body selftext story_text",
    url="url link permalink",
    author="author user by username",
    published="created_at published_at published date time timestamp created_utc created_at_i",
    likes="num_points points score likes upvotes ups",
    comments="num_comments comments descendants",
)


class PostFile:
    """An open file of posts: iterating gives each row, once, as a post or as a rejection, in order.

    Raises `DamagedFileError` in the middle where nothing after a line can be trusted.
    """

    def __init__(
        self, source: Source, rows: Iterator[Row | Rejected], platform: Platform, zone: tzinfo
    ) -> None:
        self._source = source
        self._rows = rows
        self._platform = platform
        self._zone = zone

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    @property
    def bytes_read(self) -> int:
        return self._source.bytes_read

    def __iter__(self) -> Iterator[Post | Rejected]:
        for row in self._rows:
            yield row if isinstance(row, Rejected) else self._post(row)

    def _post(self, row: Row) -> Post | Rejected:
        try:
            return post_of(row.values, row.line, self._platform, self._zone)
        except UnusableValueError as unusable:
            return Rejected(row.line, str(unusable))


@contextmanager
def open_posts(
    path: Path,
    platform: Platform,
    *,
    names: ColumnNames | None = None,
    file_format: FileFormat | None = None,
    zone: tzinfo = UTC,
) -> Iterator[PostFile]:
    """Opens a file and finds its columns. `zone` is that of times that do not say theirs.

    Raises `UnusableFileError`, or `DamagedFileError` where the damage lies before the first post.
    """
    file_format = file_format or _format_of(path)
    source = Source(path)
    try:
        lines = Lines(source.stream)
        if not peek(lines, most=1):
            next(lines, None)  # meets the damage if there is any
            raise UnusableFileError(f"{path} is empty.")
        rows = _csv_posts if file_format == FileFormat.CSV else _json_posts
        yield PostFile(source, rows(lines, names or ColumnNames()), platform, zone)
    finally:
        source.close()


def _format_of(path: Path) -> FileFormat:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in _ENDINGS:
        raise UnusableFileError(
            f"The name {path.name} does not say what the file is: add --format csv or --format jsonl."
        )
    return _ENDINGS[ending]


def _csv_posts(lines: Lines, names: ColumnNames) -> Iterator[Row | Rejected]:
    rows = csv_rows(lines)
    header = next(rows, None)
    if isinstance(header, Rejected):
        raise DamagedFileError(header.line, f"this is no header: {header.reason}")
    if header is None:
        raise UnusableFileError("The file has no header: its first line has to name the columns.")
    found = columns(header.values, names)
    places = {field: header.values.index(column) for field, column in found.items()}
    return _placed(rows, lines, places, len(header.values))


def _placed(
    rows: Iterator[Row | Rejected], lines: Lines, places: Mapping[str, int], width: int
) -> Iterator[Row | Rejected]:
    for row in rows:
        if isinstance(row, Rejected):
            yield row
        elif len(row.values) == width:
            yield Row(row.line, {field: row.values[place] for field, place in places.items()})
        else:
            runs = f" (up to line {lines.number})" if lines.number > row.line else ""
            yield Rejected(row.line, f"the header has {width} fields, this row{runs} has {len(row.values)}")


def _json_posts(lines: Lines, names: ColumnNames) -> Iterator[Row | Rejected]:
    found = columns(_names_of(peek(lines, most=_LOOKED_AT)), names)
    return (
        row
        if isinstance(row, Rejected)
        else Row(row.line, {field: row.values.get(column) for field, column in found.items()})
        for row in json_rows(lines)
    )


def _names_of(lines: Sequence[str]) -> list[str]:
    """All names in the objects of the lines, the first object's first. Raises `UnusableFileError` for none."""
    found: dict[str, None] = {}
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            values = orjson.loads(line)
            found |= dict.fromkeys(values) if isinstance(values, dict) else {}
    first = next(filter(None, map(str.strip, lines)), "")
    if first.startswith("[") and not (found and first.endswith("]")):
        raise UnusableFileError(
            "The file is a JSON array; JSON Lines have one object in each line, as `jq -c '.[]' FILE` makes them."
        )
    if not found:
        raise UnusableFileError(
            "The file has no JSON object in its first lines; JSON Lines have one object in each line."
        )
    return list(found)


def columns(present: Sequence[str], names: ColumnNames) -> dict[str, str]:
    """The column of each field, where there is one. Raises `UnusableFileError` if the fields are not enough."""
    by_name: dict[str, str] = {}
    for column in present:
        by_name.setdefault(_plain(column), column)
    found: dict[str, str] = {}
    for field in fields(ColumnNames):
        asked: str | None = getattr(names, field.name)
        usual: str = getattr(USUAL_NAMES, field.name)
        candidates = usual.split() if asked is None else [_plain(asked)]
        matching = next((by_name[name] for name in candidates if name in by_name), None)
        if matching is not None:
            found[field.name] = matching
        elif asked is not None:
            raise UnusableFileError(
                f'There is no column "{asked}" for --{field.name}-column; {_listed(present)}.'
            )
    if "id" not in found:
        raise UnusableFileError(
            f"No column is known to be the id: name it by --id-column; {_listed(present)}."
        )
    if "title" not in found and "content" not in found:
        raise UnusableFileError(
            "No column is known to be the text: name one by --title-column or --content-column; "
            f"{_listed(present)}."
        )
    return found


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _listed(present: Sequence[str]) -> str:
    more = ", …" if len(present) > _LISTED else ""
    return "the file has " + (", ".join(shown(column) for column in present[:_LISTED]) or "none") + more
