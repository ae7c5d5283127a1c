"""Files that the product keeps in the data folder, and their retention."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from server.runtime.settings import Settings

REMOVED_AT_ONCE: Final = 1000
_DAY: Final = 86_400


def rejects_folder(settings: Settings) -> Path:
    """Return the folder of the rejected rows of imports."""
    return settings.home / "rejected-rows"


def remove_old_rejects(settings: Settings) -> int:
    """Delete up to a thousand files of rejected rows that are older than the setting. Return their number."""
    oldest = time.time() - settings.rejected_rows_days * _DAY
    removed = 0
    for file in _files(rejects_folder(settings)):
        with suppress(OSError):  # another process may have been faster
            if file.stat().st_mtime < oldest:
                file.unlink()
                removed += 1
        if removed == REMOVED_AT_ONCE:
            break
    return removed


def rejects_bytes(settings: Settings) -> int:
    """Return the size of all files of rejected rows."""
    total = 0
    for file in _files(rejects_folder(settings)):
        with suppress(OSError):
            total += file.stat().st_size
    return total


def _files(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from folder.glob("*.jsonl")
