"""Node and the packages of the Node servers, in `build`. The sources are copied beside `node_modules`.

`overrides` in `package.json` replaces Ruru, the query page of PostGraphile, which no server here loads and which is four
fifths of all bytes. It also gives GraphQL Yoga the graphql-jit of Mercurius.
"""

import shutil
from pathlib import Path

from web import node as web_node

SOURCES = Path(__file__).resolve().parent / "node"
FOLDER = SOURCES.parents[1] / "build" / "bench-node"
LOCK = "package-lock.json"


class NoNodeError(Exception):
    """Node or its packages cannot be installed. The message names the failed step and the log."""


def prepare() -> Path:
    """Install missing packages in `FOLDER`, and return the path of `node`. Raise `NoNodeError` if that fails."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER.with_name("npm.log")
    try:
        with web_node.locked(FOLDER):
            node = web_node.kept_node(log)
            _install(node, FOLDER)
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
