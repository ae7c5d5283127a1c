"""The rows of a file of posts: read one by one, in bounded memory, with the line numbers of an editor."""

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
    """Nothing can be read from the file, or not in this way: one sentence says what and what to do."""


class DamagedFileError(Exception):
    """Reading has to end at a line: what follows cannot be told from damage."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be used. `line` is its first line, counted from 1."""

    line: int
    reason: str


class Row(NamedTuple):
    line: int
    values: Any


class Source:
    """An open file, plain or gzip whatever its name. `bytes_read` of `size_bytes` are behind the reader;
    both are 0 for a pipe.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
            compressed = self._file.peek(2).startswith(_GZIP)
        except FileNotFoundError as missing:
            raise UnusableFileError(f"There is no file {path}.") from missing
        except IsADirectoryError as directory:
            raise UnusableFileError(f"{path} is a directory; name a file of posts.") from directory
        except (OSError, ValueError) as refused:
            raise UnusableFileError(f"{path} cannot be opened: {refused}.") from refused
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


class Lines(Iterator[str]):
    """The decoded lines of a stream, each with its line feed. `number` is that of the line given last.

    The lines of the record that is being read are kept, so that they can be given once more.
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

    def give_again(self, *, but_first: int) -> None:
        """The record's lines, except so many at its beginning, are the next ones."""
        again = self._record[but_first:]
        self.number -= len(again)
        self._again.extendleft(reversed(again))

    def __next__(self) -> str:
        if self._record_length > LONGEST_BYTES:
            raise DamagedFileError(
                self.first,
                f"a quotation mark is opened here and not closed within {LONGEST_BYTES:,} characters",
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
            self._damage = DamagedFileError(self.number + 1, f"the file cannot be read on: {problem}")
        raise self._damage

    def _decoded(self, line: bytes) -> str:
        """Raises `DamagedFileError` for what is no line of text, `StopIteration` at the end."""
        number = self.number + 1
        if not line:
            self.ended = True
            raise StopIteration
        if len(line) > LONGEST_BYTES:
            raise DamagedFileError(number, f"the line is longer than {LONGEST_BYTES:,} bytes")
        if number == 1 and line.startswith(_UTF16):
            raise DamagedFileError(number, "the file is UTF-16; save it as UTF-8")
        if b"\0" in line:
            raise DamagedFileError(number, f"byte {line.index(0) + 1} of the line is NUL, so this is no text")
        try:
            return line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as invalid:
            raise DamagedFileError(
                number, f"byte {invalid.start + 1} of the line is not UTF-8; save the file as UTF-8"
            ) from invalid


def peek(lines: Lines, *, most: int) -> list[str]:
    """The lines that come next, up to so many or to a bound of their length; they are still to come.

    Stops silently before damage: it is met again when the lines are read.
    """
    found: list[str] = []
    lines.start_record()
    try:
        while len(found) < most and lines.record_length <= LONGEST_BYTES:
            found.append(next(lines))
    except (StopIteration, DamagedFileError):
        lines.ended = False
    lines.give_again(but_first=0)
    lines.start_record()
    return found


def csv_rows(lines: Lines) -> Iterator[Row | Rejected]:
    """Rows of fields, the header first. Blank lines are left out.

    Where quotation marks do not pair up, only the line in which the row began is rejected and the lines
    after it are read once more: otherwise one forgotten mark would take innocent rows with it.
    """
    csv.field_size_limit(LONGEST_BYTES * 2)  # Lines has the bound; the module's own is lower, and global
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
                raise DamagedFileError(line, "a quotation mark is opened here and never closed") from error
            lines.give_again(but_first=1)
            yield Rejected(line, "quotation marks do not pair up, or a carriage return stands alone")
        else:
            if values:
                yield Row(lines.first, values)


def _delimiter(lines: Lines) -> str:
    """The character that divides the header into most columns."""
    header = next((line for line in peek(lines, most=100) if line.strip()), "").replace("\r", "")
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))


def json_rows(lines: Lines) -> Iterator[Row | Rejected]:
    """Rows that are dictionaries. Blank lines are left out."""
    for line in lines:
        lines.start_record()
        text = line.strip()
        if not text:
            continue
        try:
            values = orjson.loads(text)
        except orjson.JSONDecodeError as invalid:
            yield Rejected(lines.number, f"not JSON: {invalid.msg} (column {invalid.colno})")
            continue
        if isinstance(values, dict):
            yield Row(lines.number, values)
        else:
            yield Rejected(lines.number, "JSON, but not an object")
