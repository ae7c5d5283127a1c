"""Read the rows of a file one by one, in bounded memory, with the line numbers of an editor."""

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

LONGEST_BYTES = 1_000_000
DELIMITERS = ",;\t|"
_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class UnusableFileError(Exception):
    """The file cannot be read, or not with these options. The message says what to do."""


class DamagedFileError(Exception):
    """The file is damaged at a line and cannot be read beyond it."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be imported, and the number of its first line, counted from 1."""

    line: int
    reason: str


class FileRow(NamedTuple):
    line: int
    values: Any


class Source:
    """An open file, plain or gzip by its content. `bytes_read` and `size_bytes` are 0 for a pipe."""

    def __init__(self, path: Path) -> None:
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
        self.stream: BinaryIO = (
            io.BufferedReader(gzip.GzipFile(fileobj=self._file)) if compressed else self._file
        )

    @property
    def bytes_read(self) -> int:
        return self._file.tell() if self._file.seekable() else 0

    def close(self) -> None:
        self.stream.close()
        self._file.close()


class LineReader(Iterator[str]):
    """The decoded lines of a stream, each with its line feed. `number` is the number of the last line read.

    The lines of the current record are kept, so that they can be read again.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.number = 0
        self.ended = False
        self._stream = stream
        self._record: list[str] = []
        self._record_length = 0
        self._again: deque[str] = deque()
        self._damage: DamagedFileError | None = None

    @property
    def first(self) -> int:
        """The number of the record's first line."""
        return self.number - len(self._record) + 1

    @property
    def record_length(self) -> int:
        return self._record_length

    def start_record(self) -> None:
        self._record = []
        self._record_length = 0

    def read_again(self, *, but_first: int) -> None:
        """Make the record's lines the next ones, except its first `but_first` lines."""
        again = self._record[but_first:]
        self.number -= len(again)
        self._again.extendleft(reversed(again))

    def __next__(self) -> str:
        if self._record_length > LONGEST_BYTES:
            raise DamagedFileError(
                self.first,
                f"a quotation mark opens here and is not closed within {LONGEST_BYTES:,} characters",
            )
        line = self._again.popleft() if self._again else self._read()
        self.number += 1
        self._record.append(line)
        self._record_length += len(line)
        return line

    def _read(self) -> str:
        try:
            if self._damage is None:
                return self._decoded(self._stream.readline(LONGEST_BYTES + 1))
        except DamagedFileError as damage:
            self._damage = damage
        except (EOFError, OSError, zlib.error) as problem:
            self._damage = DamagedFileError(
                self.number + 1, f"the rest of the file cannot be read: {problem}"
            )
        raise self._damage

    def _decoded(self, line: bytes) -> str:
        """Return the line as text. Raises `DamagedFileError`, and `StopIteration` at the end."""
        number = self.number + 1
        if not line:
            self.ended = True
            raise StopIteration
        if len(line) > LONGEST_BYTES:
            raise DamagedFileError(number, f"the line is longer than {LONGEST_BYTES:,} bytes")
        if number == 1 and line.startswith(_UTF16):
            raise DamagedFileError(number, "the file is UTF-16. Save it as UTF-8")
        if b"\0" in line:
            raise DamagedFileError(
                number, f"byte {line.index(0) + 1} of the line is NUL, so the file is not text"
            )
        try:
            return line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as invalid:
            raise DamagedFileError(
                number, f"byte {invalid.start + 1} of the line is not UTF-8. Save the file as UTF-8"
            ) from invalid


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
        lines.ended = False
    lines.read_again(but_first=0)
    lines.start_record()
    return found


def csv_rows(lines: LineReader) -> Iterator[FileRow | RejectedRow]:
    """Yield the rows of fields, the header first. Blank lines are skipped.

    If the quotation marks of a row do not pair up, only its first line is rejected and the lines after it are read
    again. Otherwise one missing mark would also lose valid rows.
    """
    csv.field_size_limit(LONGEST_BYTES * 2)  # LineReader has the bound; the module's own is lower, and global
    reader = csv.reader(lines, delimiter=_delimiter(lines), strict=True)
    while True:
        lines.start_record()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = lines.first
            if lines.ended:
                raise DamagedFileError(line, "a quotation mark opens here and is never closed") from error
            lines.read_again(but_first=1)
            yield RejectedRow(
                line, "the quotation marks do not pair up, or a carriage return lacks its line feed"
            )
        else:
            if values:
                yield FileRow(lines.first, values)


def _delimiter(lines: LineReader) -> str:
    """Return the character that splits the header into the most columns."""
    header = next((line for line in peek(lines, most=100) if line.strip()), "").replace("\r", "")
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))


def json_rows(lines: LineReader) -> Iterator[FileRow | RejectedRow]:
    """Yield the rows as dictionaries. Blank lines are skipped."""
    for line in lines:
        lines.start_record()
        text = line.strip()
        if not text:
            continue
        try:
            values = orjson.loads(text)
        except orjson.JSONDecodeError as invalid:
            yield RejectedRow(lines.number, f"not JSON: {invalid.msg} (column {invalid.colno})")
            continue
        if isinstance(values, dict):
            yield FileRow(lines.number, values)
        else:
            yield RejectedRow(lines.number, "JSON, but not an object")
