"""Read the rows of a file one by one, in bounded memory, with the line numbers of an editor."""

import csv
import gzip
import io
import json
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from services.importing.file_kinds import LONGEST_HEAD, foreign_kind
from services.rules.json_text import described

LONGEST_BYTES = 1_000_000
_GZIP = b"\x1f\x8b"
_NOT_FINITE = re.compile(r"\b(?:NaN|Infinity)\b")


class UnusableFileError(Exception):
    """The file cannot be read, or not with these options. The message says what to do."""


class DamagedFileError(Exception):
    """The file is damaged at a line and cannot be read beyond it."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class RecordTooLongError(Exception):
    """A record of many lines exceeds the memory that is kept for it."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be imported, and the number of its first line, counted from 1.

    `row` has the values of the row, or the text of a line that cannot be read as values.
    """

    line: int
    reason: str
    row: Any = field(default=None, compare=False, repr=False)


class FileRow(NamedTuple):
    line: int
    values: Any


class Source:
    """An open file, plain or gzip by its content. `bytes_read` and `size_bytes` are 0 for a pipe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
            compressed = self._file.peek(2).startswith(_GZIP)
        except FileNotFoundError as missing:
            raise UnusableFileError(f"The file {path} does not exist.") from missing
        except IsADirectoryError as directory:
            raise UnusableFileError(f"{path} is a directory. Name a file of posts.") from directory
        except (OSError, ValueError) as failure:
            raise UnusableFileError(f"{path} cannot be opened: {failure}.") from failure
        self.size_bytes = path.stat().st_size
        self.stream: io.BufferedReader = (
            io.BufferedReader(gzip.GzipFile(fileobj=self._file)) if compressed else self._file
        )
        if self._has_only_returns():
            self.stream = io.BufferedReader(_LineFeeds(self.stream))

    @property
    def bytes_read(self) -> int:
        return self._file.tell() if self._file.seekable() else 0

    @property
    def is_file(self) -> bool:
        """Whether the file can be opened a second time."""
        return self.path.is_file()

    def head(self) -> bytes:
        """Return the first bytes, which are read again. Raise `UnusableFileError` for a file of another kind."""
        try:
            head = self.stream.peek(LONGEST_HEAD)
        except (EOFError, OSError, zlib.error):
            return b""  # raised again by the line that is read
        foreign = foreign_kind(head[:LONGEST_HEAD], self.path.name)
        if foreign is not None:
            raise UnusableFileError(f"{self.path} {foreign}")
        return head

    def _has_only_returns(self) -> bool:
        """Return whether the lines end as in files of the classic Mac OS, which some spreadsheets still write."""
        try:
            head = self.stream.peek(LONGEST_HEAD)
        except (EOFError, OSError, zlib.error):
            return False  # raised again by the line that is read
        return b"\r" in head[:-1] and b"\n" not in head

    def close(self) -> None:
        self.stream.close()
        self._file.close()


class _LineFeeds(io.RawIOBase):
    """A stream with line feeds in place of carriage returns."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read1(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(piece)] = piece
        return len(piece)


class _Line(NamedTuple):
    text: str
    fault: str | None


class LineReader(Iterator[str]):
    """The decoded lines of a stream, each with its line feed. `number` is the number of the last line read.

    The lines of the current record are kept, so that they can be read again. A line that is not text is a fault of its
    record.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.number = 0
        self.ended = False
        self._stream = stream
        self._record: list[_Line] = []
        self._record_length = 0
        self._again: deque[_Line] = deque()
        self._damage: DamagedFileError | None = None

    @property
    def first(self) -> int:
        """The number of the record's first line."""
        return self.number - len(self._record) + 1

    @property
    def record_length(self) -> int:
        return self._record_length

    @property
    def fault(self) -> RejectedRow | None:
        """The first line of the record that is not text."""
        for number, line in enumerate(self._record, self.first):
            if line.fault is not None:
                return RejectedRow(number, line.fault, self.text)
        return None

    @property
    def text(self) -> str:
        """The text of the record, with a replacement character for each byte that is not text."""
        return "".join(line.text for line in self._record)

    @property
    def first_text(self) -> str:
        return self._record[0].text if self._record else ""

    def start_record(self) -> None:
        self._record = []
        self._record_length = 0

    def read_again(self, *, but_first: int) -> None:
        """Make the record's lines the next ones, except its first `but_first` lines."""
        again = self._record[but_first:]
        self.number -= len(again)
        self._again.extendleft(reversed(again))
        self.ended = False

    def __next__(self) -> str:
        if self._record_length > LONGEST_BYTES:
            raise RecordTooLongError
        line = self._again.popleft() if self._again else self._read()
        self.number += 1
        self._record.append(line)
        self._record_length += len(line.text)
        return line.text

    def _read(self) -> _Line:
        try:
            if self._damage is None:
                return self._decoded(self._stream.readline(LONGEST_BYTES + 1))
        except (EOFError, OSError, zlib.error) as problem:
            self._damage = DamagedFileError(
                self.number + 1, f"the rest of the file cannot be read: {problem}"
            )
        raise self._damage

    def _decoded(self, line: bytes) -> _Line:
        """Return the line as text. Raises `StopIteration` at the end."""
        if not line:
            self.ended = True
            raise StopIteration
        if len(line) > LONGEST_BYTES:
            self._skip_line(line)
            return _Line("", f"the line is longer than {LONGEST_BYTES:,} bytes")
        if b"\0" in line:
            fault = f"byte {line.index(0) + 1} of the line is NUL, so it is not text"
            return _Line(line.decode(errors="replace"), fault)
        try:
            return _Line(line.decode("utf-8-sig" if self.number == 0 else "utf-8"), None)
        except UnicodeDecodeError as invalid:
            fault = f"byte {invalid.start + 1} of the line is not UTF-8. Save the file as UTF-8"
            return _Line(line.decode(errors="replace"), fault)

    def _skip_line(self, piece: bytes) -> None:
        while piece and not piece.endswith(b"\n"):
            piece = self._stream.readline(LONGEST_BYTES)


def peek(lines: LineReader, *, most: int) -> list[str]:
    """Return up to `most` of the next lines, in bounded memory, without consuming them.

    Stops before damage, which raises when the lines are read.
    """
    found: list[str] = []
    lines.start_record()
    try:
        while len(found) < most and lines.record_length <= LONGEST_BYTES:
            found.append(next(lines))
    except (StopIteration, DamagedFileError):
        pass
    lines.read_again(but_first=0)
    lines.start_record()
    return found


def csv_rows(lines: LineReader, delimiter: str, *, spaced: bool = False) -> Iterator[FileRow | RejectedRow]:
    """Yield the rows of fields, the header first. Blank lines are skipped. `spaced` skips spaces before fields.

    If the quotation marks of a row do not pair up, only its first line is rejected and the lines after it are read
    again. Otherwise one missing mark would also lose valid rows.
    """
    csv.field_size_limit(LONGEST_BYTES * 2)  # LineReader has the bound; the module's own is lower, and global
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=spaced)
    while True:
        lines.start_record()
        try:
            values = next(reader)
        except StopIteration:
            return
        except (csv.Error, RecordTooLongError) as error:
            yield _broken(lines, error)
        else:
            fault = lines.fault
            if fault is not None:
                first = lines.first
                yield (
                    fault
                    if fault.line == first
                    else RejectedRow(first, f"line {fault.line}: {fault.reason}", fault.row)
                )
            elif values:
                yield FileRow(lines.first, values)


def _broken(lines: LineReader, error: Exception) -> RejectedRow:
    """Return the rejection of the record's first line. The lines after it are read again."""
    line, fault, text = lines.first, lines.fault, lines.first_text
    if fault is not None and fault.line == line:
        reason = fault.reason
    elif isinstance(error, RecordTooLongError):
        reason = f"a quotation mark opens here and is not closed within {LONGEST_BYTES:,} characters"
    elif lines.ended:
        reason = "a quotation mark opens here and is never closed"
    else:
        reason = "the quotation marks do not pair up, or a carriage return lacks its line feed"
    lines.read_again(but_first=1)
    return RejectedRow(line, reason, text)


def json_rows(lines: LineReader) -> Iterator[FileRow | RejectedRow]:
    """Yield the rows as dictionaries. Blank lines are skipped."""
    lines.start_record()
    for line in lines:
        fault = lines.fault
        lines.start_record()
        if fault is not None:
            yield fault
            continue
        text = line.strip()
        if not text:
            continue
        try:
            values = object_of(text)
        except orjson.JSONDecodeError as invalid:
            reason = f"not JSON: {described(text, invalid)} (column {invalid.colno})"
            yield RejectedRow(lines.number, reason, line)
            continue
        if isinstance(values, dict):
            yield FileRow(lines.number, values)
        else:
            yield RejectedRow(lines.number, "JSON, but not an object", values)


def object_of(text: str) -> Any:
    """Return the JSON value. NaN and Infinity, which some programs write, become null."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if _NOT_FINITE.search(text) is None:
            raise
        try:
            return json.loads(text, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            pass
        raise
