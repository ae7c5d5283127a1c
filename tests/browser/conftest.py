"""GraphiQL in a running demo, and a Chromium browser."""

import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from server.graphiql.page import BUILT
from tests.support.demo import Demo

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
