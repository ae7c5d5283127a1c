"""Read posts from CSV and JSON Lines files with arbitrary column names."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import orjson

from db.models import Platform
from db.statements.ingest import NewPost
from services.importing.parse_lines import (
    DamagedFileError,
    FileRow,
    LineReader,
    RejectedRow,
    Source,
    UnusableFileError,
    csv_rows,
    json_rows,
    peek,
)
from services.importing.parse_values import UnusableValueError, post_of, shown

_SHOWN_COLUMNS = 30
_SAMPLED_LINES = 100


class FileFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab"), FileFormat.CSV),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), FileFormat.JSONL),
}


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """The names of a file's columns; None for a column with a usual name."""

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


class PostRow(NamedTuple):
    """A post, and the number of its first line in the file, counted from 1."""

    line: int
    post: NewPost


class PostFile:
    """An open file of posts. Iterate over it once to get its rows in order, as posts or as rejections.

    Raises `DamagedFileError` during the iteration at a line after which the file cannot be read reliably.
    """

    def __init__(
        self, source: Source, rows: Iterator[FileRow | RejectedRow], platform: Platform, zone: tzinfo
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

    def __iter__(self) -> Iterator[PostRow | RejectedRow]:
        for row in self._rows:
            yield row if isinstance(row, RejectedRow) else self._post(row)

    def _post(self, row: FileRow) -> PostRow | RejectedRow:
        try:
            return PostRow(row.line, post_of(row.values, self._platform, self._zone))
        except UnusableValueError as unusable:
            return RejectedRow(row.line, str(unusable))


@contextmanager
def open_posts(
    path: Path,
    platform: Platform,
    *,
    names: ColumnNames | None = None,
    file_format: FileFormat | None = None,
    zone: tzinfo = UTC,
) -> Iterator[PostFile]:
    """Open a file and find its columns. `zone` applies to times without a zone.

    Raises `UnusableFileError`, or `DamagedFileError` if the file is damaged before the first post.
    """
    file_format = file_format or _format_of(path)
    source = Source(path)
    try:
        lines = LineReader(source.stream)
        if not peek(lines, most=1):
            next(lines, None)  # raises if the file is damaged
            raise UnusableFileError(f"{path} is empty.")
        rows = _csv_posts if file_format == FileFormat.CSV else _json_posts
        yield PostFile(source, rows(lines, names or ColumnNames()), platform, zone)
    finally:
        source.close()


def _format_of(path: Path) -> FileFormat:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in _ENDINGS:
        raise UnusableFileError(
            f"The file name {path.name} does not tell the format. Add --format csv or --format jsonl."
        )
    return _ENDINGS[ending]


def _csv_posts(lines: LineReader, names: ColumnNames) -> Iterator[FileRow | RejectedRow]:
    rows = csv_rows(lines)
    header = next(rows, None)
    if isinstance(header, RejectedRow):
        raise DamagedFileError(header.line, f"the header is invalid: {header.reason}")
    if header is None:
        raise UnusableFileError("The file lacks a header. Its first line must name the columns.")
    found = columns(header.values, names)
    places = {field: header.values.index(column) for field, column in found.items()}
    return _placed(rows, lines, places, len(header.values))


def _placed(
    rows: Iterator[FileRow | RejectedRow], lines: LineReader, places: Mapping[str, int], width: int
) -> Iterator[FileRow | RejectedRow]:
    for row in rows:
        if isinstance(row, RejectedRow):
            yield row
        elif len(row.values) == width:
            yield FileRow(row.line, {field: row.values[place] for field, place in places.items()})
        else:
            runs = f" (up to line {lines.number})" if lines.number > row.line else ""
            yield RejectedRow(
                row.line, f"the header has {width} fields, but this row{runs} has {len(row.values)}"
            )


def _json_posts(lines: LineReader, names: ColumnNames) -> Iterator[FileRow | RejectedRow]:
    found = columns(_names_of(peek(lines, most=_SAMPLED_LINES)), names)
    return (
        row
        if isinstance(row, RejectedRow)
        else FileRow(row.line, {field: row.values.get(column) for field, column in found.items()})
        for row in json_rows(lines)
    )


def _names_of(lines: Sequence[str]) -> list[str]:
    """Return all keys of the lines' objects, in order. Raise `UnusableFileError` if the lines lack such keys."""
    found: dict[str, None] = {}
    for line in lines:
        with suppress(orjson.JSONDecodeError):
            values = orjson.loads(line)
            found |= dict.fromkeys(values) if isinstance(values, dict) else {}
    first = next(filter(None, map(str.strip, lines)), "")
    if first.startswith("[") and not (found and first.endswith("]")):
        raise UnusableFileError(
            "The file is a JSON array, but must have one object per line. Convert it with `jq -c '.[]' FILE`."
        )
    if not found:
        raise UnusableFileError(
            "The file lacks a JSON object in its first lines. JSON Lines must have one object per line."
        )
    return list(found)


def columns(present: Sequence[str], names: ColumnNames) -> dict[str, str]:
    """Return the column of each field that has one. Raises `UnusableFileError` if the ID or text is missing."""
    by_name: dict[str, str] = {}
    for column in present:
        by_name.setdefault(_plain(column), column)
    found: dict[str, str] = {}
    for field in fields(ColumnNames):
        chosen: str | None = getattr(names, field.name)
        usual: str = getattr(USUAL_NAMES, field.name)
        candidates = usual.split() if chosen is None else [_plain(chosen)]
        matching = next((by_name[name] for name in candidates if name in by_name), None)
        if matching is not None:
            found[field.name] = matching
        elif chosen is not None:
            raise UnusableFileError(
                f'The column "{chosen}" of --{field.name}-column does not exist; {_listed(present)}.'
            )
    if "id" not in found:
        raise UnusableFileError(f"The ID column is unknown. Name it with --id-column; {_listed(present)}.")
    if "title" not in found and "content" not in found:
        raise UnusableFileError(
            "The text column is unknown. Name it with --title-column or --content-column; "
            f"{_listed(present)}."
        )
    return found


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _listed(present: Sequence[str]) -> str:
    more = ", …" if len(present) > _SHOWN_COLUMNS else ""
    return (
        "the file has " + (", ".join(shown(column) for column in present[:_SHOWN_COLUMNS]) or "none") + more
    )
