"""The file of an import's rejected rows."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

from db.engine.private_file import open_private
from server.runtime.errors import CommandError
from services.importing.parse_lines import RejectedRow
from services.importing.resuming import WrittenRows

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


class RejectsFile:
    """A file of rejected rows as JSON Lines: line, reason, and the row as it was read.

    Without a path, the rows go nowhere. A file that is not `named` by the user is created with the first row.
    """

    def __init__(self, path: Path | None, *, is_named: bool, when_refused: str) -> None:
        self._path, self._is_named, self._when_refused = path, is_named, when_refused
        self._file: IO[bytes] | None = None
        self._written = WrittenRows()
        self._digest = sha256()

    @property
    def written_to(self) -> Path | None:
        """The file, if it has rows."""
        return self._path if self._written.size else None

    def begin(self) -> None:
        """Begin an empty file. Raise `CommandError` if it cannot be written."""
        self._written, self._digest = WrittenRows(), sha256()
        if self._path is None:
            return
        if self._is_named:
            self._open("wb")
        else:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def resume(self, written: WrittenRows) -> bool:
        """Go on after these rows. Return False if the file does not begin with them any more."""
        if not written.size:
            self.begin()
            return True
        digest = None if self._path is None else _digest_of(self._path, written.size)
        if digest is None or digest.hexdigest() != written.sha256:
            return False
        self._open("r+b")
        assert self._file is not None  # noqa: S101 - just opened
        self._file.truncate(written.size)
        self._file.seek(written.size)
        self._written, self._digest = written, digest
        return True

    def write(self, rows: Sequence[RejectedRow]) -> WrittenRows:
        """Append the rows, and return the state of the file. Raise `CommandError` if they cannot be written."""
        if self._path is None or not rows:
            return self._written
        if self._file is None:
            self._create()
        assert self._file is not None  # noqa: S101 - just opened
        text = "".join(_line(row) for row in rows).encode(errors="backslashreplace")
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as refused:
            raise CommandError(
                f"The rejected rows cannot be written: {refused}. Fix the cause. {self._when_refused}"
            ) from refused
        self._digest.update(text)
        self._written = WrittenRows(self._written.size + len(text), self._digest.hexdigest())
        return self._written

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # the failed write is reported already
                self._file.close()

    def _create(self) -> None:
        assert self._path is not None  # noqa: S101 - the caller has checked
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            raise CommandError(f"The rejected rows cannot be written: {refused}.") from refused
        self._open("wb")

    def _open(self, mode: str) -> None:
        assert self._path is not None  # noqa: S101 - the caller has checked
        try:
            if not self._is_named:
                self._file = os.fdopen(open_private(self._path), mode)
            else:
                self._file = self._path.open(mode)
        except OSError as refused:
            raise CommandError(f"The rejected rows cannot be written: {refused}.") from refused


def _digest_of(path: Path, size: int) -> "Hash | None":
    """Return the digest of the file's first bytes, or None if it cannot be read. A shorter file has another digest."""
    digest = sha256()
    try:
        with path.open("rb") as file:
            while size and (piece := file.read(min(size, 1 << 20))):
                digest.update(piece)
                size -= len(piece)
    except OSError:
        return None
    return digest


def _line(row: RejectedRow) -> str:
    return (
        json.dumps({"line": row.line, "reason": row.reason, "row": row.row}, ensure_ascii=False, default=str)
        + "\n"
    )
