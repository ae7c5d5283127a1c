"""Front ends of other origins in a real browser: those listed sign in, ask and write; all others can do nothing."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import session as stored
from server.graphiql.page import BUILT
from services.browsers.passwords import hash_of
from tests.support.rows import add_key, add_user
from tests.support.serving import served

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
SIGN_IN = (
    f'mutation {{ signIn(input: {{email: "{EMAIL}", password: "{PASSWORD}"}}) {{ viewer {{ email }} }} }}'
)
RENAME = 'mutation { updateViewer(input: {name: "evil"}) { viewer { name } } }'
FETCH = """async ([url, method, type, body, mode]) => {
  const headers = type ? { "Content-Type": type } : {};
  try {
    const options = { method, headers, mode, credentials: "include" };
    const response = await fetch(url, method === "GET" ? options : { ...options, body });
    return [response.type, response.status, await response.text()];
  } catch (error) {
    return [String(error)];
  }
}"""
FORM = """([url, type, name, value]) => {
  const form = document.createElement("form");
  Object.assign(form, { action: url, method: "POST", enctype: type });
  const input = document.createElement("input");
  Object.assign(input, { name, value });
  form.append(input);
  document.body.append(form);
  form.submit();
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Print nothing."""


@contextmanager
def pages(folder: Path) -> Iterator[int]:
    """Serve a folder on loopback, and yield the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@dataclass
class Place:
    """A server, the origins of a page that it lists and of one that it does not list, and a new browser profile."""

    api: str
    listed: str
    other: str
    pool: Pool
    page: Page

    @property
    def url(self) -> str:
        return f"{self.api}/graphql"

    async def names(self) -> list[str]:
        return [row["name"] for row in await self.pool.fetch("SELECT name FROM users")]

    async def steps(self, origin: str, client: str) -> Any:
        """Run the steps of the example on its page, and return what the page shows."""
        await self.page.goto(f"{origin}/index.html")
        await self.page.get_by_label("API").fill(self.url)
        await self.page.get_by_label("Client").select_option(client)
        await self.page.get_by_label("E-mail").fill(EMAIL)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.locator("output")).not_to_be_empty()
        return json.loads(await self.page.locator("output").inner_text())

    async def fetch(
        self,
        body: str,
        type_: str = "application/json",
        *,
        method: str = "POST",
        mode: str = "cors",
        query: str = "",
    ) -> list[Any]:
        """Fetch from the open page, with cookies, and return the type, the status and the text of the response."""
        given = [self.url + query, method, type_, body, mode]
        found: list[Any] = await self.page.evaluate(FETCH, given)
        return found

    async def sign_in(self, origin: str) -> None:
        """Sign the browser in by a page of the origin."""
        await self.page.goto(f"{origin}/index.html")
        found = await self.fetch(json.dumps({"query": SIGN_IN}))
        assert json.loads(found[2]) == {"data": {"signIn": {"viewer": {"email": EMAIL}}}}


@pytest.fixture
async def place(
    pool: Pool,
    database_url: str,
    server_folder: Path,
    tmp_path: Path,
    chromium: Browser,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Place]:
    user_id = await add_user(pool, EMAIL, name="Ann")
    await in_transaction(pool, lambda writer: stored.set_password(writer, user_id, hash_of(PASSWORD)))
    folder = tmp_path
    if "built_front_end" in request.fixturenames:
        folder = request.getfixturevalue("built_front_end")
    else:
        (folder / "index.html").write_text("<!doctype html><link rel=icon href=data:,><title>page</title>")
    with ExitStack() as stack:
        listed, other = (stack.enter_context(pages(folder)) for _ in range(2))
        origin = f"http://127.0.0.1:{listed}"
        async with served(database_url, server_folder, {"CORS_ORIGINS": origin, "WORKERS": "0"}) as (api, _):
            context = await chromium.new_context()
            yield Place(api, origin, f"http://127.0.0.1:{other}", pool, await context.new_page())
            await context.close()


@pytest.mark.usefixtures("built_front_end")
async def test_apollo_urql_and_relay_sign_in_ask_and_write_from_a_listed_origin_only(place: Place) -> None:
    name = "Ann"
    for client in ("apollo", "urql", "relay"):
        shown = await place.steps(place.listed, client)
        assert shown == {"before": name, "after": f"{name} of {client}", "later": "signed out"}
        name = f"{name} of {client}"
    assert await place.pool.fetchval("SELECT count(*) FROM sessions") == 0

    # An origin on another port, and the listed port under another name.
    for origin in (place.other, place.listed.replace("127.0.0.1", "localhost")):
        for client in ("apollo", "urql", "relay"):
            assert "failed" in await place.steps(origin, client)
    assert await place.names() == [name]
    assert await place.pool.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_page_that_is_not_listed_cannot_act_by_the_cookie_of_its_victim(place: Place) -> None:
    """The page has another port of the same host, so that the browser sends the cookie along."""
    await place.sign_in(place.listed)
    body = json.dumps({"query": RENAME})
    evil = place.page
    await evil.goto(f"{place.other}/index.html")

    assert await place.fetch(body) == ["TypeError: Failed to fetch"]  # the preflight is refused
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert await place.fetch(body, type_) == ["TypeError: Failed to fetch"]  # sent, but not readable
        assert await place.fetch(body, type_, mode="no-cors") == ["opaque", 0, ""]
    assert await place.fetch(body, mode="no-cors") == ["opaque", 0, ""]  # the browser sends text/plain
    query = str(httpx.QueryParams({"query": "{ viewer { email } }"}))
    assert await place.fetch("", "", method="GET", query=f"?{query}") == ["TypeError: Failed to fetch"]
    writing = str(httpx.QueryParams({"query": RENAME}))
    assert await place.fetch("", "", method="GET", mode="no-cors", query=f"?{writing}") == ["opaque", 0, ""]
    assert await place.names() == ["Ann"]


async def test_forms_of_a_page_that_is_not_listed_are_refused(place: Place) -> None:
    await place.sign_in(place.listed)
    # As text/plain, the name and the value of the field make a JSON object.
    name, value = json.dumps({"query": RENAME, "operationName": ""})[:-2], '"}'
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        await place.page.goto(f"{place.other}/index.html")
        async with place.page.expect_navigation(url=place.url) as answered:
            await place.page.evaluate(FORM, [place.url, type_, name, value])
        response = await answered.value
        assert response is not None
        assert (await response.request.all_headers())["cookie"].startswith("leadgraph_")
        assert response.status == 403
    assert await place.names() == ["Ann"]


async def test_a_cross_site_page_gets_no_cookie_and_a_planted_one_is_not_adopted(place: Place) -> None:
    await place.page.context.add_cookies(
        [
            {
                "name": "leadgraph_session",
                "value": "A" * 43,
                "url": place.api,
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )
    await place.sign_in(place.listed)
    cookies = {one["name"]: one for one in await place.page.context.cookies()}
    session = cookies["leadgraph_session"]
    assert (session["value"] == "A" * 43, session["httpOnly"], session["sameSite"]) == (False, True, "Lax")
    assert await place.page.evaluate("document.cookie") == ""
    listed = json.dumps({"query": "{ viewer { email } }"})
    assert json.loads((await place.fetch(listed))[2]) == {"data": {"viewer": {"email": EMAIL}}}

    await place.page.goto(place.listed.replace("127.0.0.1", "localhost"))
    async with place.page.expect_request(place.url) as asked:
        await place.fetch(listed, "text/plain", mode="no-cors")
    assert "cookie" not in await (await asked.value).all_headers()


async def test_graphiql_uses_the_session_of_the_browser(place: Place) -> None:
    if not (BUILT / "index.html").exists():
        pytest.skip("GraphiQL is not built; `make web` builds it.")
    await place.sign_in(place.listed)
    async with place.page.expect_response(place.url) as described:
        await place.page.goto(place.url)
    assert (await described.value).status == 200
    has_editor = '() => globalThis.__MONACO && __MONACO.editor.getModels().some((one) => one.uri.path.endsWith("operation.graphql"))'
    await place.page.wait_for_function(has_editor)
    async with place.page.expect_response(
        lambda response: response.request.method == "POST" and "viewer" in (response.request.post_data or "")
    ) as answered:
        await place.page.get_by_role("button", name="Execute query").click()
    response = await answered.value
    headers = await response.request.all_headers()
    assert (headers["sec-fetch-site"], "authorization" in headers) == ("same-origin", False)
    assert (await response.json())["data"]["viewer"]["email"] == EMAIL


async def test_a_browser_token_works_from_a_listed_origin_of_another_site(
    pool: Pool, database_url: str, server_folder: Path, tmp_path: Path, chromium: Browser
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href=data:,><title>page</title>")
    key = await add_key(pool, await add_user(pool, EMAIL))
    with pages(tmp_path) as port:
        origin = f"http://localhost:{port}"
        async with (
            served(database_url, server_folder, {"CORS_ORIGINS": origin, "WORKERS": "0"}) as (api, _),
            httpx.AsyncClient(base_url=api) as back_end,
        ):
            created = await back_end.post(
                "/graphql",
                json={"query": 'mutation { createBrowserToken(input: {scopes: ["read:leads"]}) { token } }'},
                headers={"authorization": f"Bearer {key}"},
            )
            token = created.json()["data"]["createBrowserToken"]["token"]
            page = await chromium.new_page()
            await page.goto(f"{origin}/index.html")
            script = """async ([url, token]) => {
              const response = await fetch(url, {
                method: "POST",
                headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
                body: JSON.stringify({ query: "{ viewer { email } leads { totalCount } }" }),
              });
              return [await response.json(), response.headers.get("x-request-id").length];
            }"""
            answer = await page.evaluate(script, [f"{api}/graphql", token])
            assert answer == [{"data": {"viewer": {"email": EMAIL}, "leads": {"totalCount": 0}}}, 32]
            await page.close()
