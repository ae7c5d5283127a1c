"""Files of backups for tests."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.backup.archive import read_manifest


def rewrite_manifest(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Replace the manifest of a backup by a changed one."""
    manifest = read_manifest(file)
    with zipfile.ZipFile(file) as directory:
        values = json.loads(directory.read("manifest.json"))
    change(values)
    file.write_bytes(file.read_bytes()[: manifest.dump_bytes])
    with zipfile.ZipFile(file, "a") as directory:
        directory.writestr("manifest.json", json.dumps(values))
