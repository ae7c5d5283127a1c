"""Node with the package `standardwebhooks` of npm, in the folder `build`."""

import shutil
from pathlib import Path
from typing import Final

from web import node as web_node

SOURCES: Final = Path(__file__).resolve().parent / "verify"
FOLDER: Final = SOURCES.parents[2] / "build" / "webhook-verifier"
SCRIPT: Final = FOLDER / "verify.mjs"


def prepared_node() -> Path:
    """Install missing packages, and return the path of `node`. Raise `web.node.StepFailed` if that fails."""
    node = web_node.kept_node(FOLDER.with_name("npm.log"))
    with web_node.installing(node, SOURCES, FOLDER):
        for source in SOURCES.iterdir():
            shutil.copyfile(source, FOLDER / source.name)
    return node.program
