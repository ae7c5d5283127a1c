"""A checkout as the guides speak of it: the examples beside the schema, and the data folder of a running demo."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from web.node import Node, kept

Demo = Any  # tests/conftest.py

ROOT = Path(__file__).parents[2]
SECONDS = 300


@pytest.fixture(scope="session")
def node() -> Node:
    """Node from its wheel, which stays in `build/node`."""
    if os.environ.get("LEADGRAPH_SKIP_WEB") == "1":
        pytest.skip("Node is left out, as LEADGRAPH_SKIP_WEB=1 says.")
    return kept(ROOT / "build" / "node.log")


@dataclass(frozen=True)
class Checkout:
    """A folder, and the programs and variables that a reader of the guides has there."""

    folder: Path
    programs: Path
    demo: Demo

    @property
    def variables(self) -> dict[str, str]:
        path = os.pathsep.join(map(str, (self.programs, Path(sys.executable).parent, os.environ["PATH"])))
        return {
            **self.demo.environment(),
            "PATH": path,
            "LEADGRAPH_URL": self.demo.facts["url"],
            "LEADGRAPH_API_KEY": self.demo.facts["api_key"],
        }

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """What a shell does with the script, in the folder."""
        return subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=self.folder,
            env=self.variables | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def output(self, script: str, **variables: str) -> str:
        """What the script prints; it has to come to a good end."""
        done = self.run(script, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def _checkout(demo: Demo) -> Iterator[Checkout]:
    with tempfile.TemporaryDirectory(prefix="leadgraph-checkout-", ignore_cleanup_errors=True) as temporary:
        folder, programs = Path(temporary) / "checkout", Path(temporary) / "bin"
        built = shutil.ignore_patterns("node_modules", "gql", "__pycache__")
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=built)
        shutil.copyfile(ROOT / "schema.graphql", folder / "schema.graphql")
        (folder / ".leadgraph").symlink_to(demo.home)
        programs.mkdir()
        yield Checkout(folder, programs, demo)


@pytest.fixture(scope="session")
def checkout(demo: Demo) -> Iterator[Checkout]:
    with _checkout(demo) as made:
        yield made


@pytest.fixture
def checkout_to_write(new_demo: Demo) -> Iterator[Checkout]:
    """The checkout of a demo that nobody else reads."""
    new_demo.start("--scale", "0.05")
    with _checkout(new_demo) as made:
        yield made


@pytest.fixture(scope="session")
def checkout_with_node(checkout: Checkout, node: Node) -> Checkout:
    """The checkout with `node` and `npm` on the path."""
    (checkout.programs / "node").symlink_to(node.program)
    # The wheel's own `npm` was a link and is a copy that does not find its files.
    npm = checkout.programs / "npm"
    npm.write_text(f'#!/bin/sh\nexec "{node.program}" "{node.npm}" "$@"\n')
    npm.chmod(0o755)
    return checkout
