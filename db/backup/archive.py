"""The file of a backup: write its manifest, and check the file before it is used."""

import hashlib
import json
import os
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.backup.contents import TableContents
from db.backup.error import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
KEY_FILE = "credentials.key"
_DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)
"""Errors of a file that has another form, or whose end is missing."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a backup.

    `dump_bytes` is the length of pg_dump's archive at the beginning of the file. `credentials_keys` has the
    number of integrations by the ID of the key that encrypts their credentials.
    """

    revision: str
    major: int
    tables: Mapping[str, TableContents]
    credentials_keys: Mapping[str, int]
    dump_bytes: int
    dump_sha256: str
    created_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    format: int = FORMAT

    @property
    def made_at(self) -> datetime:
        """The time of the backup."""
        return datetime.fromisoformat(self.created_at)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def add_manifest(file: Path, manifest: Manifest, key_text: str | None) -> None:
    """Append the manifest to pg_dump's archive, and the keys of credentials if their text is given."""
    with zipfile.ZipFile(file, "a") as directory:
        tables = {name: table._asdict() for name, table in manifest.tables.items()}
        directory.writestr(MANIFEST, json.dumps({**asdict(manifest), "tables": tables}, indent=1))
        if key_text is not None:
            directory.writestr(KEY_FILE, key_text)
    with file.open("rb") as written:
        os.fsync(written.fileno())


def newest_in(folder: Path) -> Path | None:
    """Return the backup that was made last, or None if the folder has no complete backup. Other files do not count."""
    return next(iter(_by_age(folder)), None)


def remove_older(new: Path, *, keep: int) -> list[Path]:
    """Delete all complete backups beside a new one but the newest ones. Return the deleted files, the newest first.

    The new one and other files stay, such as unfinished backups. Raise `BackupError` for a file that cannot be deleted.
    """
    older = [file for file in _by_age(new.parent) if file != new][keep - 1 :]
    for file in older:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise BackupError(f"The older backup {file} cannot be deleted ({error.strerror}).") from error
    return older


def _by_age(folder: Path) -> list[Path]:
    """Return the complete backups of a folder, the newest first."""
    times = {}
    for file in folder.iterdir():
        with suppress(BackupError, OSError):  # another process may have deleted the file
            times[file] = (_described(file).made_at, file.stat().st_mtime_ns)
    return sorted(times, key=times.__getitem__, reverse=True)


def read_manifest(file: Path) -> Manifest:
    """Return the manifest of a complete and undamaged backup. Raise `BackupError` for any other file."""
    manifest = _described(file)
    with _readable(file):
        size, digest = measure(file, manifest.dump_bytes)
    if digest != manifest.dump_sha256:
        raise BackupError(
            f"{file} is damaged (the SHA-256 of its first {size} bytes is wrong): use another backup."
        )
    return manifest


def _described(file: Path) -> Manifest:
    """Return the manifest of a file, which may be damaged before it. Raise `BackupError` for a file without one."""
    with _readable(file), zipfile.ZipFile(file) as directory:
        return _manifest(json.loads(directory.read(MANIFEST)))


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """Raise `BackupError` if the file cannot be read, or has another form."""
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{file} cannot be read ({error.strerror}): check the name and the permissions."
        ) from error
    except _DAMAGE as error:
        raise BackupError(
            f"{file} is not a backup of Leadgraph, or it is truncated: use another backup."
        ) from error


def _manifest(values: dict[str, Any]) -> Manifest:
    if values["format"] != FORMAT:
        raise ValueError("unknown format")
    tables = {name: TableContents(**table) for name, table in values.pop("tables").items()}
    manifest = Manifest(tables=tables, **values)
    if manifest.made_at.tzinfo is None:
        raise ValueError("time without a zone")
    return manifest


def read_keys(file: Path) -> str | None:
    """Return the text of the credentials' keys, or None for a backup without them."""
    with zipfile.ZipFile(file) as directory:
        return directory.read(KEY_FILE).decode() if KEY_FILE in directory.namelist() else None


def measure(file: Path, most: int | None = None) -> tuple[int, str]:
    """Return the length and the SHA-256 of the file's first `most` bytes, or of the whole file."""
    size = file.stat().st_size if most is None else most
    digest, left = hashlib.sha256(), size
    with file.open("rb") as content:
        while left and (piece := content.read(min(left, 2**20))):
            digest.update(piece)
            left -= len(piece)
    return size - left, digest.hexdigest()
