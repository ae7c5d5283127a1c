"""Node and the packages of the Node servers, in `build`. The sources are copied beside `node_modules`."""

import shutil
from pathlib import Path

from web import node as web_node

SOURCES = Path(__file__).resolve().parent / "node"
LOCK = "package-lock.json"


class NoNodeError(Exception):
    """Node or its packages cannot be installed. The message names the failed step and the log."""


def prepare(folder: Path) -> Path:
    """Install missing packages, and return the path of `node`. Raise `NoNodeError` if that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder.with_name("npm.log")
    try:
        with web_node.locked(folder):
            node = web_node.kept_node(log)
            _install(node, folder)
    except (web_node.StepFailed, OSError) as failure:
        raise NoNodeError(f"{failure} (see {log})") from failure
    return node.program


def _install(node: web_node.Node, folder: Path) -> None:
    stamp = folder / ".stamp"
    for source in SOURCES.iterdir():
        shutil.copyfile(source, folder / source.name)
    lock = (folder / LOCK).read_bytes()
    if not stamp.is_file() or stamp.read_bytes() != lock:
        stamp.unlink(missing_ok=True)
        node.install_packages(folder)
        stamp.write_bytes(lock)
