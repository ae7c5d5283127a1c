"""GraphiQL in a running demo, the built front end of the examples, and a Chromium browser."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from server.graphiql.page import BUILT
from tests.support.demo import Demo
from tests.support.graphiql import Visit, visiting
from tests.support.npm import required_node
from web.node import Node

ROOT = Path(__file__).parents[2]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def served(demo: Demo) -> tuple[str, str]:
    """Return the URL of GraphiQL in a running demo, and its configured API key."""
    if not (BUILT / "index.html").exists():
        pytest.skip("GraphiQL is not built; `make web` builds it.")
    return demo.facts["graphiql_url"], demo.facts["api_key"]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"No browser: none of {', '.join(names)} is on the PATH.")
    expect.set_options(timeout=30_000)  # for a busy machine
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(chromium: Browser, served: tuple[str, str]) -> AsyncIterator[Visit]:
    """A visit of GraphiQL in a running demo, on a desktop."""
    async with visiting(chromium, *served) as visit:
        await visit.open()
        yield visit


@pytest.fixture(scope="session")
def node() -> Node:
    """Node from its wheel, which stays in `build/node`."""
    return required_node()


@pytest.fixture(scope="session")
def built_front_end(node: Node) -> Iterator[Path]:
    """The folder of the built front end of examples/sessions."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-front-end-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "examples" / "sessions"
        made = shutil.ignore_patterns("node_modules", "dist", "*.graphql.ts")
        shutil.copytree(ROOT / "examples" / "sessions", folder, ignore=made)
        shutil.copyfile(ROOT / "schema.graphql", Path(temporary) / "schema.graphql")
        path = os.pathsep.join((str(node.program.parent), os.environ["PATH"]))
        for command in ("ci", "run generate", "run check", "run build"):
            done = subprocess.run(
                [node.program, node.npm, *command.split()],
                cwd=folder,
                env={**os.environ, "PATH": path},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        yield folder / "dist"
