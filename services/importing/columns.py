"""Open files of posts: CSV and JSON with arbitrary column names."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from db.models import Platform
from services.importing.dates import DateOrder, DateReader, FoundOrder, order_shown
from services.importing.json_documents import document_rows, is_document, posts_of
from services.importing.names import ALL_COLUMNS, Column, ColumnOptions, Plan, named, plan_of
from services.importing.own_export import IdReader, no_ids
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
from services.importing.parse_values import shown
from services.importing.post_rows import LongTexts, PostBuilder, PostRow, flat
from services.importing.usage import Usage

DELIMITERS = ",;\t|"
_SHOWN_COLUMNS = 30
_SAMPLED_LINES = 100
_HEADER_WITHIN = 50
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class FileFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab"), FileFormat.CSV),
    **dict.fromkeys((".jsonl", ".ndjson", ".json", ".js"), FileFormat.JSONL),
}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of reading. `zone` applies to times without a zone, `order` to dates such as 1/2/2026.

    `read_id` recognizes the global IDs in exports of this product.
    """

    columns: ColumnOptions = ALL_COLUMNS
    file_format: FileFormat | None = None
    zone: tzinfo = UTC
    order: DateOrder | None = None
    long_texts: LongTexts = LongTexts.CUT
    read_id: IdReader = no_ids


_DEFAULTS = ImportOptions()


class _PlannedRow(NamedTuple):
    """A row, and the columns of its fields."""

    row: FileRow
    plan: Plan


_Rows = Iterator[_PlannedRow | RejectedRow]


class PostFile:
    """An open file of posts. Iterate over it once to get its rows in order, as posts or as rejections.

    Raises `DamagedFileError` during the iteration at a line after which the file cannot be read.
    """

    def __init__(self, source: Source, platform: Platform, options: ImportOptions) -> None:
        self._source = source
        self._options = options
        self._dates = DateReader(options.zone, options.order, self._find_order)
        self._builder = PostBuilder(
            platform, options.columns, options.long_texts, self._dates.read, options.read_id
        )
        head = source.head()
        self._format = options.file_format or _format_of(source.path)
        self._delimiter = ","
        self._sample: list[str] = []
        self._is_document = self._format == FileFormat.JSONL and is_document(head)
        lines = LineReader(source.stream)
        if not self._is_document:
            self._sample = peek(lines, most=_SAMPLED_LINES)
            if not self._sample:
                next(lines, None)  # raises if the file is damaged
                raise UnusableFileError(f"{source.path} is empty.")
            if self._format == FileFormat.JSONL:
                _require_json(self._sample)
        self._rows = self._rows_of(source.stream, lines, self.usage)

    @property
    def size_bytes(self) -> int:
        return self._source.size_bytes

    @property
    def bytes_read(self) -> int:
        return self._source.bytes_read

    @property
    def usage(self) -> Usage:
        """The columns and values of the rows read so far."""
        return self._builder.usage

    def __iter__(self) -> Iterator[PostRow | RejectedRow]:
        is_csv = self._format == FileFormat.CSV
        for row in self._rows:
            yield row if isinstance(row, RejectedRow) else self._builder.build(*row, is_csv=is_csv)

    def skip(self, rows: int) -> int:
        """Read the next rows without building posts. Return the number of rows, which is lower at the end."""
        return sum(1 for _ in islice(self._rows, rows))

    def notes(self) -> list[str]:
        """Return the sentences of the report about the file as a whole."""
        notes = list(self.usage.notes)
        if self._dates.guessed:
            order = self._dates.order
            first, other = ("day", "mdy") if order == DateOrder.DMY else ("month", "dmy")
            notes.append(
                f"No date of the file shows the order of day and month. Dates read with the {first} first: "
                f"{self._dates.guessed:,}. If that is wrong, pass --date-order {other}."
            )
        notes += [
            f"The column {shown(name)} of an option does not exist in the file."
            for name in self.usage.missing(self._options.columns)
        ]
        return notes

    def _rows_of(self, stream: io.BufferedReader, lines: LineReader, usage: Usage | None) -> _Rows:
        """Return the rows of the file. The columns of a CSV file are noted in `usage`."""
        if self._format == FileFormat.CSV:
            return self._csv_rows(lines, usage)
        return self._objects(document_rows(stream) if self._is_document else _posts_in(json_rows(lines)))

    def _objects(self, rows: Iterator[FileRow | RejectedRow]) -> _Rows:
        for row in rows:
            if isinstance(row, RejectedRow):
                yield row
            else:
                values = flat(row.values)
                yield _PlannedRow(FileRow(row.line, values), self._builder.plan_of_object(values))

    def _csv_rows(self, lines: LineReader, usage: Usage | None) -> _Rows:
        header_place = _find_header(self._sample, self._options.columns)
        self._delimiter = header_place.delimiter
        for _ in range(header_place.lines_before):
            lines.start_record()
            next(lines)
        rows = csv_rows(lines, self._delimiter, spaced=header_place.is_spaced)
        header = next(rows, None)
        if isinstance(header, RejectedRow):
            raise DamagedFileError(header.line, f"the header is invalid: {header.reason}")
        if header is None:
            raise UnusableFileError("The file lacks a header. Its first line must name the columns.")
        plan = _checked_plan(header.values, self._options.columns)
        if usage is not None:
            usage.saw(header.values)
            if header_place.preamble:
                usage.notes.append(
                    f"Lines skipped before the header in line {header.line}: {header_place.preamble:,}."
                )
        return _placed(rows, lines, plan, len(header.values))

    def _find_order(self) -> FoundOrder:
        """Read the dates of the whole file, or of the first lines of a pipe, and return their order."""
        found: set[DateOrder] = set()
        for value in self._date_values():
            order = order_shown(value)
            if order is not None:
                found.add(order)
        if len(found) > 1:
            return FoundOrder(None, is_shown=True)
        if found:
            return FoundOrder(found.pop(), is_shown=True)
        # Spreadsheets write semicolons in those countries that put the day first.
        return FoundOrder(DateOrder.DMY if self._delimiter == ";" else DateOrder.MDY, is_shown=False)

    def _date_values(self) -> Iterator[object]:
        with _read_again(self._source, self._sample) as stream:
            rows = self._rows_of(stream, LineReader(stream), None)
            try:
                for row in rows:
                    if isinstance(row, _PlannedRow):
                        yield from (row.row.values[column.key] for column in row.plan.of("published"))
            except DamagedFileError:
                return  # reported by the import itself


@contextmanager
def open_posts(path: Path, platform: Platform, options: ImportOptions = _DEFAULTS) -> Iterator[PostFile]:
    """Open a file and find its format.

    Raises `UnusableFileError`, or `DamagedFileError` if the file is damaged before the first post.
    """
    source = Source(path)
    try:
        yield PostFile(source, platform, options)
    finally:
        source.close()


def _format_of(path: Path) -> FileFormat:
    ending = Path(path.name.lower().removesuffix(".gz")).suffix
    if ending not in _ENDINGS:
        raise UnusableFileError(
            f"The file name {path.name} does not tell the format. Add --format csv or --format jsonl."
        )
    return _ENDINGS[ending]


@contextmanager
def _read_again(source: Source, sample: Sequence[str]) -> Iterator[io.BufferedReader]:
    """Open the file a second time, or the first lines of a pipe."""
    if not source.is_file:
        yield io.BufferedReader(io.BytesIO("".join(sample).encode()))
        return
    again = Source(source.path)
    try:
        yield again.stream
    finally:
        again.close()


def _require_json(sample: Sequence[str]) -> None:
    """Raise `UnusableFileError` if no line begins like JSON."""
    if not any(line.lstrip("\ufeff \t").startswith(("{", "[")) for line in sample):
        raise UnusableFileError(
            "The file lacks a JSON object in its first lines. JSON Lines must have one object per line."
        )


def _posts_in(rows: Iterator[FileRow | RejectedRow]) -> Iterator[FileRow | RejectedRow]:
    """Yield the posts of each row: the row itself, or those of a page of an API."""
    for row in rows:
        if isinstance(row, RejectedRow):
            yield row
            continue
        for post in posts_of(row.values):
            if isinstance(post, dict):
                yield FileRow(row.line, post)
            else:
                yield RejectedRow(row.line, "JSON, but not an object", post)


class _Header(NamedTuple):
    """The place of a CSV header. `preamble` is the number of lines before it that are no data.

    `is_spaced` tells that a space follows each delimiter.
    """

    delimiter: str
    lines_before: int = 0
    preamble: int = 0
    is_spaced: bool = False


def _find_header(sample: Sequence[str], options: ColumnOptions) -> _Header:
    """Return the first line whose columns make posts; without such a line, the first line."""
    separator = _SEPARATOR_LINE.fullmatch(sample[0].lstrip("\ufeff").strip())
    delimiters, start = (separator[1], 1) if separator else (DELIMITERS, 0)
    first = next((line for line in sample[start:] if line.strip()), "")
    if first.count('"') % 2 == 0:  # otherwise the header has several lines
        for place, line in enumerate(sample[start:_HEADER_WITHIN], start):
            delimiter = _best_delimiter(line, delimiters)
            if _makes_posts(_plan(_cells(line, delimiter), options)):
                skipped = sum(bool(before.strip()) for before in sample[start:place])
                return _Header(delimiter, place, skipped, _is_spaced(line, delimiter))
    return _Header(_best_delimiter(first, delimiters), start)


def _best_delimiter(line: str, delimiters: str) -> str:
    """Return the character that splits the line into the most columns."""
    return max(delimiters, key=lambda delimiter: len(_cells(line, delimiter)))


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.replace("\r", "").replace("\n", "")], delimiter=delimiter), [])


def _is_spaced(line: str, delimiter: str) -> bool:
    cells = _cells(line, delimiter)[1:]
    return bool(cells) and all(cell.startswith(" ") for cell in cells)


def _plan(header: Sequence[str], options: ColumnOptions) -> Plan:
    return plan_of([Column(place, name) for place, name in enumerate(header) if name.strip()], options)


def _makes_posts(plan: Plan) -> bool:
    return bool(plan.of("id") and (plan.of("title") or plan.of("content")))


def _checked_plan(header: Sequence[str], options: ColumnOptions) -> Plan:
    """Return the plan of a CSV file. Raises `UnusableFileError` if the ID or text is missing, or a name is double."""
    columns = [Column(place, name) for place, name in enumerate(header)]
    has = "the file has " + (", ".join(shown(name) for name in header[:_SHOWN_COLUMNS]) or "none")
    has += ", …" if len(header) > _SHOWN_COLUMNS else ""
    for field, names in options.named.items():
        for name in names:
            if not named(columns, name):
                raise UnusableFileError(
                    f"The column {shown(name)} of --column {field}={name} does not exist; {has}."
                )
    plan = _plan(header, options)
    if not plan.of("id"):
        raise UnusableFileError(f"The ID column is unknown. Name it with --column id=NAME; {has}.")
    if not _makes_posts(plan):
        raise UnusableFileError(f"The text column is unknown. Name it with --column text=NAME; {has}.")
    _refuse_doubles(plan)
    return plan


def _refuse_doubles(plan: Plan) -> None:
    for field in plan.columns:
        names: dict[str, Column] = {}
        for column in plan.of(field):
            other = names.setdefault(column.name.strip().lower(), column)
            if other.key != column.key:
                raise UnusableFileError(
                    f"The columns {other.key + 1} and {column.key + 1} have the same name {shown(column.name.strip())}. "
                    f"Rename one of them in the header, or drop both with --ignore."
                )


def _placed(rows: Iterator[FileRow | RejectedRow], lines: LineReader, plan: Plan, width: int) -> _Rows:
    for row in rows:
        if isinstance(row, RejectedRow):
            yield row
            continue
        if not any(map(str.strip, row.values)):
            continue  # a blank row of a spreadsheet
        if len(row.values) == width:
            yield _PlannedRow(row, plan)
        else:
            runs = f" (up to line {lines.number})" if lines.number > row.line else ""
            reason = f"the header has {width} fields, but this row{runs} has {len(row.values)}"
            yield RejectedRow(row.line, reason, row.values)
