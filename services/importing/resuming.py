"""The position that an import has reached, by which the next run of the same import continues.

The position is committed together with the rows of a batch. No row is therefore lost or counted twice, however the
import ends, and a restored backup restores the position, too.
"""

import os
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.statements import import_position
from services.importing.summary import Summary

KEPT_FOR: Final = timedelta(days=7)
_SAMPLED_BYTES: Final = 1 << 16


class WrittenRows(NamedTuple):
    """The size and the SHA-256 of a file of rejected rows. Another import may use the file in between."""

    size: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """The counts of the rows that are done, and the state of the file of their rejected rows."""

    summary: Summary
    rejected: WrittenRows


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The place of an import's position. `fingerprint` identifies the file and the options of the import."""

    user_id: int
    fingerprint: bytes
    kept_for: timedelta = KEPT_FOR

    @property
    def _key(self) -> str:
        return f"import {self.fingerprint.hex()}"

    async def find(self, pool: Pool) -> Position | None:
        """Return the position of an unfinished run. Return None if it does not exist."""
        found = await import_position.find(pool, self.user_id, self._key, self.fingerprint)
        if found is None:
            return None
        rejected = WrittenRows(found["rejected_bytes"], found.get("rejected_sha256", ""))
        return Position(Summary(**found["summary"]), rejected)

    async def keep(self, writer: Writer, position: Position) -> None:
        """Store the position in the transaction of its rows."""
        counts = {name: value for name, value in asdict(position.summary).items() if name != "damage"}
        stored: dict[str, Any] = {
            "summary": counts,
            "rejected_bytes": position.rejected.size,
            "rejected_sha256": position.rejected.sha256,
        }
        await import_position.keep(
            writer, self.user_id, self._key, self.fingerprint, stored, kept_for=self.kept_for
        )

    async def forget(self, pool: Pool) -> None:
        """Delete the position of a finished import."""
        await in_transaction(pool, lambda writer: import_position.forget(writer, self.user_id, self._key))


def fingerprint(path: Path, *options: object) -> bytes | None:
    """Return a hash of the options and of the file's size, time of change, first and last bytes.

    Return None for a pipe, which cannot be read a second time. A file that is changed gets another fingerprint.
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        first = file.read(_SAMPLED_BYTES)
        file.seek(max(0, state.st_size - _SAMPLED_BYTES))
        last = file.read(_SAMPLED_BYTES)
    facts = orjson.dumps([state.st_size, state.st_mtime_ns, options], default=str)
    return sha256(b"\0".join([facts, first, last])).digest()
