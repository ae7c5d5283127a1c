"""Node from its wheel, and the npm packages of `tests/clients`. Both stay in the folder `build`."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from web.node import Node, installing, kept_node

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "tests" / "clients"
INSTALLED = ROOT / "build" / "test-clients"
SECONDS = 120


def required_node() -> Node:
    """Return Node. Skip the test where Node is left out."""
    if os.environ.get("LEADGRAPH_SKIP_WEB") == "1":
        pytest.skip("LEADGRAPH_SKIP_WEB=1 leaves out Node.")
    return kept_node(ROOT / "build" / "node.log")


def installed_clients() -> Node:
    """Return Node, after the packages of the lock file are in place. Skip the test where Node is left out."""
    node = required_node()
    with installing(node, SOURCES, INSTALLED):
        for script in SOURCES.glob("*.mjs"):
            shutil.copyfile(script, INSTALLED / script.name)
    return node


async def output_of(node: Node, script: str, *arguments: str) -> Any:
    """Return the JSON that a script of `tests/clients` prints. A script that fails fails the test."""
    process = await asyncio.create_subprocess_exec(
        node.program,
        INSTALLED / script,
        *arguments,
        cwd=INSTALLED,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, errors.decode()
    return json.loads(output)
