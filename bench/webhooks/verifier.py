"""Node with the package `standardwebhooks` of npm, in the folder `build`."""

import shutil
from pathlib import Path
from typing import Final

from web import node as web_node

SOURCES: Final = Path(__file__).resolve().parent / "verify"
FOLDER: Final = SOURCES.parents[2] / "build" / "webhook-verifier"
SCRIPT: Final = FOLDER / "verify.mjs"
_LOCK: Final = "package-lock.json"


def prepared_node() -> Path:
    """Install missing packages, and return the path of `node`. Raise `web.node.StepFailed` if that fails."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with web_node.locked(FOLDER):
        node = web_node.kept_node(FOLDER.with_name("npm.log"))
        for source in SOURCES.iterdir():
            shutil.copyfile(source, FOLDER / source.name)
        stamp, lock = FOLDER / ".stamp", (FOLDER / _LOCK).read_bytes()
        if not stamp.is_file() or stamp.read_bytes() != lock:
            stamp.unlink(missing_ok=True)
            node.install_packages(FOLDER)
            stamp.write_bytes(lock)
    return node.program
