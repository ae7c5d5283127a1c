"""Node and the packages of the Node servers, in `build`. The sources are copied beside `node_modules`.

`overrides` in `package.json` replaces Ruru, the query page of PostGraphile, which no server here loads and which is four
fifths of all bytes. It also gives GraphQL Yoga the graphql-jit of Mercurius.
"""

import shutil
from pathlib import Path

from web import node as web_node

SOURCES = Path(__file__).resolve().parent / "node"
FOLDER = SOURCES.parents[1] / "build" / "bench-node"


class NoNodeError(Exception):
    """Node or its packages cannot be installed. The message names the failed step and the log."""


def prepare() -> Path:
    """Install missing packages in `FOLDER`, and return the path of `node`. Raise `NoNodeError` if that fails."""
    log = FOLDER.with_name("npm.log")
    try:
        node = web_node.kept_node(log)
        with web_node.installing(node, SOURCES, FOLDER):
            for source in SOURCES.iterdir():
                shutil.copyfile(source, FOLDER / source.name)
    except (web_node.StepFailed, OSError) as failure:
        raise NoNodeError(f"{failure} (see {log})") from failure
    return node.program
