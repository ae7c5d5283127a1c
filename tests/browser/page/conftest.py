"""The page of a demo, and of a server whose user signs in by a password."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool, open_pool
from db.engine.writer import in_transaction
from db.statements import session as stored
from server.page.page import BUILT
from services.browsers.passwords import hash_of
from tests.support.databases import copied_database
from tests.support.demo import Demo, running_demo
from tests.support.folders import data_folder
from tests.support.npm import required_node
from tests.support.page import REPORT_VIOLATIONS, Visit
from tests.support.rows import add_user
from tests.support.serving import served
from web.documents import tools

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
SIGN_IN_TITLES = re.compile("Sign in to Leadgraph|Your session has ended")
"""Of the first sign-in, and after the end of a session. Other dialogs may open behind it."""
SIGN_IN = "mutation($input: SignInInput!) { signIn(input: $input) { viewer { id } userErrors { message } } }"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture(scope="session", autouse=True)
def built_page() -> None:
    required_node()
    if not (BUILT / "index.html").exists():
        pytest.skip("The page is not built; `make web` builds it.")
    tools()  # axe


@pytest.fixture(scope="session")
def page_demo() -> Iterator[Demo]:
    """A demo of its own: tests of the page write into it."""
    with running_demo("0.1") as running:
        yield running


def refused(code: str, status: int, *, missing: Sequence[str] = (), **headers: str) -> dict[str, Any]:
    """Return the options of an answer that refuses the request with a code, such as for missing scopes."""
    extensions = {"code": code, **({"missingScopes": list(missing)} if missing else {})}
    body = {"errors": [{"message": code, "extensions": extensions}]}
    types = {"content-type": "application/graphql-response+json"}
    return {"status": status, "headers": {**types, **headers}, "body": json.dumps(body)}


@asynccontextmanager
async def visiting(chromium: Browser, origin: str) -> AsyncIterator[Visit]:
    """Yield a visit in a new profile. Fail afterwards if something wrong has happened."""
    context = await chromium.new_context(viewport=DESKTOP)
    await context.add_init_script(REPORT_VIOLATIONS)
    made = Visit(await context.new_page(), origin)
    made.watch()
    yield made
    await context.close()
    assert made.wrong == []


@pytest.fixture
async def visit(chromium: Browser, page_demo: Demo) -> AsyncIterator[Visit]:
    """A visit of the demo, which signs the browser in."""
    async with visiting(chromium, f"http://127.0.0.1:{page_demo.port}") as made:
        yield made


@dataclass
class Place:
    """A server with the user Ann and no other rows, its database, and a visit that is not signed in."""

    pool: Pool
    user_id: int
    visit: Visit
    pid: int

    async def sign_in(self) -> None:
        """Fill in the form, and wait for its end."""
        dialog = self.visit.page.get_by_role("dialog", name=SIGN_IN_TITLES)
        await dialog.get_by_label("E-mail address").fill(EMAIL)
        await dialog.get_by_label("Password").fill(PASSWORD)
        await dialog.get_by_role("button", name="Sign in").click()
        await expect(dialog).to_be_hidden()

    async def enter(self, path: str, heading: str) -> None:
        """Sign in through the API, load a path of the page, and wait for its heading."""
        answer = await self.visit.ask(SIGN_IN, input={"email": EMAIL, "password": PASSWORD})
        assert answer["signIn"]["userErrors"] == []
        await self.visit.open(path, heading)


async def add_ann(pool: Pool) -> int:
    """Add the user Ann with her password, and return her id."""
    user_id = await add_user(pool, EMAIL, name="Ann")
    await in_transaction(pool, lambda writer: stored.set_password(writer, user_id, hash_of(PASSWORD)))
    return user_id


@pytest.fixture
async def place(
    pool: Pool, database_url: str, server_folder: Path, chromium: Browser, request: pytest.FixtureRequest
) -> AsyncIterator[Place]:
    """A server. `@pytest.mark.parametrize("place", [{"RATE_POINTS": "100"}], indirect=True)` changes its settings."""
    user_id = await add_ann(pool)
    settings = {"WORKERS": "0", **getattr(request, "param", {})}
    async with (
        served(database_url, server_folder, settings) as (origin, pid),
        visiting(chromium, origin) as visit,
    ):
        yield Place(pool, user_id, visit, pid)


@asynccontextmanager
async def keeping(
    postgres: EmbeddedPostgres, template: str, settings: dict[str, str]
) -> AsyncIterator[tuple[Pool, str, int]]:
    """Yield the pool, the origin and the process id of a server with a database of its own."""
    async with copied_database(postgres, template) as name:
        pool = await open_pool(postgres.url(name))
        with data_folder() as folder:
            async with served(postgres.url(name), folder, settings) as (origin, pid):
                yield pool, origin, pid
        await pool.close()


@pytest.fixture(scope="session")
async def kept_server(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[tuple[Pool, str, int]]:
    """A server that tests share which empty its database."""
    async with keeping(postgres, template, {"WORKERS": "0"}) as kept:
        yield kept


@pytest.fixture
async def kept_place(kept_server: tuple[Pool, str, int], chromium: Browser) -> AsyncIterator[Place]:
    """A place like `place` that does not start a server for each test."""
    pool, origin, pid = kept_server
    async with visiting(chromium, origin) as visit:
        yield Place(pool, await add_ann(pool), visit, pid)
    await pool.execute("TRUNCATE users CASCADE")
