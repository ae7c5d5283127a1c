"""The built GraphiQL page in a real browser, under the strict Content-Security-Policy."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, Response, Route, expect

from tests.support.demo import Demo

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation",
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


CONTENT = "(name) => __MONACO.editor.getModels().find((model) => model.uri.path.endsWith(name)).getValue()"
IS_KEPT = """([tabs, active]) => {
  const kept = JSON.parse(localStorage["leadgraph:graphiql:tabState"] ?? '{"tabs": []}');
  return kept.tabs.length === tabs && kept.activeTabIndex === active;
}"""
HAS_CONTENT = f"(name) => globalThis.__MONACO && ({CONTENT})(name) !== ''"


@dataclass
class Visit:
    """A page in a new browser profile, with a list of all unexpected events."""

    page: Page
    url: str
    api_key: str
    asked: list[Request] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", self.on_request)
        self.page.on("requestfailed", self.on_failure)
        self.page.on("response", self.on_response)
        self.page.on("console", self.on_console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"thrown: {error}"))

    def on_request(self, request: Request) -> None:
        if urlsplit(request.url)[:2] != urlsplit(self.url)[:2] and not request.url.startswith("data:"):
            self.wrong.append(f"foreign: {request.url}")
        if request.method == "POST":
            self.asked.append(request)

    def on_failure(self, request: Request) -> None:
        """Record a failed request, except for a worker aborted by leaving the page and a stopped event stream."""
        may_end = ".worker-" in request.url or request.headers.get("accept") == "text/event-stream"
        if request.failure != "net::ERR_ABORTED" or not may_end:
            self.wrong.append(f"failed: {request.url}")

    def on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.wrong.append(f"{message.type}: {message.text}")

    async def open(self) -> None:
        """Load the page, and wait for its editors and the schema."""
        async with self.page.expect_response(lambda response: response.request.method == "POST"):
            await self.page.goto(self.url)
        await expect(self.page.get_by_role("button", name="Execute query")).to_be_visible()
        await self.page.wait_for_function(HAS_CONTENT, arg="operation.graphql")
        await self.page.wait_for_function(HAS_CONTENT, arg="request-headers.json")

    async def run(self) -> Any:
        """Press the button, and return the shown response."""
        async with self.page.expect_response(lambda response: response.request.method == "POST"):
            await self.page.get_by_role("button", name="Execute query").click()
        await self.page.wait_for_function(HAS_CONTENT, arg="response.json")
        return json.loads(await self.content("response.json"))

    async def content(self, editor: str) -> str:
        """Return the whole text of an editor."""
        value = await self.page.evaluate(CONTENT, editor)
        assert isinstance(value, str)
        return value

    def tabs(self) -> Locator:
        return self.page.get_by_role("tablist", name="Select active operation").get_by_role("tab")

    async def turn_to(self, number: int) -> None:
        await self.tabs().nth(number).get_by_role("button").first.click()
        await expect(self.tabs().nth(number)).to_have_attribute("aria-selected", "true")

    async def remembered(self) -> str:
        """Return everything that the browser stores for later visits."""
        kept = await self.page.evaluate("JSON.stringify(localStorage)")
        assert isinstance(kept, str)
        return kept


@pytest.fixture
async def visit(chromium: Browser, served: tuple[str, str]) -> AsyncIterator[Visit]:
    url, api_key = served
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(REPORT_VIOLATIONS)
    visit = Visit(await context.new_page(), url, api_key)
    visit.watch()
    await visit.open()
    yield visit
    await context.close()
    assert visit.wrong == []


async def test_the_first_run_answers_with_the_configured_key(visit: Visit) -> None:
    answer = await visit.run()
    assert answer["data"]["viewer"]["email"] == "demo@leadgraph.example"
    assert answer["data"]["viewer"]["keywordsCount"] == 20
    assert answer["extensions"] == {"statements": ["users by id"]}

    shown = visit.page.get_by_role("region", name="Result Window")
    await expect(shown).to_contain_text("demo@leadgraph.example")
    headers = [await request.all_headers() for request in visit.asked]
    assert [sent["authorization"] for sent in headers] == [f"Bearer {visit.api_key}"] * 2


async def test_the_headers_editor_shows_the_key(visit: Visit) -> None:
    assert json.loads(await visit.content("request-headers.json")) == {
        "Authorization": f"Bearer {visit.api_key}"
    }
    await expect(visit.page.get_by_role("region", name="Headers")).to_contain_text(visit.api_key)


async def test_every_example_has_a_tab_and_answers_without_errors(visit: Visit) -> None:
    await expect(visit.tabs()).to_have_count(14)

    for number in range(11):
        await visit.turn_to(number)
        answer = await visit.run()
        assert "errors" not in answer
        assert answer["data"]


CHANGED = (
    "mutation($id: ID!, $notes: String) { updateLead(input: { id: $id, notes: $notes }) { lead { id } } }"
)
SHOWS = f"([name, text]) => ({CONTENT})(name).includes(text)"


@pytest.mark.parametrize("number", [12, 13], ids=["live query", "subscription"])
async def test_live_tabs_show_each_change_until_they_are_stopped(
    visit: Visit, demo: Demo, number: int
) -> None:
    (lead,) = demo.ask("{ leads(first: 1, orderBy: LATEST_CHANGE) { nodes { id notes } } }")["leads"]["nodes"]
    response = "response.json"
    await visit.turn_to(number)
    async with visit.page.expect_response(lambda response: response.request.method == "POST") as began:
        await visit.page.get_by_role("button", name="Execute query").click()
    stream = await began.value
    assert (
        await stream.header_value("content-type"),
        await stream.request.header_value("authorization"),
    ) == (
        "text/event-stream; charset=utf-8",
        f"Bearer {visit.api_key}",
    )
    if number == 12:
        await visit.page.wait_for_function(SHOWS, arg=[response, lead["id"]])
    for notes in ("first of GraphiQL", "second of GraphiQL"):
        demo.ask(CHANGED, id=lead["id"], notes=notes)
        await visit.page.wait_for_function(SHOWS, arg=[response, notes])
    data = json.loads(await visit.content(response))["data"]
    if number == 12:
        assert (data["leads"]["nodes"][0]["id"], data["leads"]["nodes"][0]["notes"]) == (lead["id"], notes)
    else:
        (change,) = data["leadChanged"]["changes"]
        assert (change["kind"], change["leadId"], change["lead"]["notes"]) == ("UPDATED", lead["id"], notes)

    await visit.page.get_by_role("button", name="Stop").click()
    await expect(visit.page.get_by_role("button", name="Execute query")).to_be_visible()
    demo.ask(CHANGED, id=lead["id"], notes=lead["notes"])
    await visit.page.wait_for_timeout(500)
    assert notes in await visit.content(response)


async def test_a_refused_live_operation_shows_its_errors(visit: Visit) -> None:
    await visit.turn_to(13)
    await visit.page.evaluate(
        "__MONACO.editor.getModels().find((one) => one.uri.path.endsWith('variables.json'))"
        """.setValue('{"after": "nonsense"}')"""
    )
    answer = await visit.run()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_explorer_lists_the_fields_of_the_schema(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Show GraphiQL Explorer").click()

    explorer = visit.page.locator(".docExplorerWrap")
    await expect(explorer.get_by_text("viewer", exact=True)).to_be_visible()


async def test_documentation_explorer_and_history_open(visit: Visit) -> None:
    await visit.run()
    await visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    await expect(visit.page.get_by_role("region", name="Documentation Explorer")).to_contain_text("Query")

    await visit.page.get_by_role("button", name="Show History").click()
    await expect(visit.page.get_by_role("region", name="History")).to_contain_text("Viewer")


async def test_a_later_visit_restores_the_tabs(visit: Visit) -> None:
    await visit.turn_to(1)
    query, variables = await visit.content("operation.graphql"), await visit.content("variables.json")
    await visit.page.get_by_role("button", name="New tab").click()
    await expect(visit.tabs()).to_have_count(15)
    await visit.turn_to(1)
    await visit.page.wait_for_function(IS_KEPT, arg=[15, 1])

    await visit.open()

    await expect(visit.tabs()).to_have_count(15)
    await expect(visit.tabs().nth(1)).to_have_attribute("aria-selected", "true")
    assert (await visit.content("operation.graphql"), await visit.content("variables.json")) == (
        query,
        variables,
    )
    assert variables != ""


async def test_a_replaced_key_is_gone_on_the_next_visit(visit: Visit, demo: Demo) -> None:
    other = demo.run("keys", "create", "--user", "demo@leadgraph.example").stdout.strip()
    await visit.run()
    await visit.turn_to(1)
    assert visit.api_key not in await visit.remembered()

    async def with_another_key(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace(visit.api_key, other))

    await visit.page.route(lambda url: url == visit.url, with_another_key)
    await visit.open()

    for number in range(11):
        await visit.turn_to(number)
        assert json.loads(await visit.content("request-headers.json")) == {"Authorization": f"Bearer {other}"}


async def test_the_side_panel_shows_the_cost_also_on_a_phone(visit: Visit) -> None:
    panel = visit.page.locator(".leadgraph-costs")
    await visit.page.get_by_role("button", name="Show Cost and Profile").click()
    await expect(panel).to_contain_text("Run an operation to see its cost.")

    answer = await visit.run()
    assert answer["extensions"] == {"statements": ["users by id"]}
    await expect(panel).to_contain_text("1 of at most 1")
    await expect(panel).to_contain_text("API keys of operators get a profile, too")
    for width in (1280, 390):
        await visit.page.set_viewport_size({"width": width, "height": 800})
        box = await panel.bounding_box()
        assert box is not None
        assert (box["x"] >= 60, box["width"] > 200, box["x"] + box["width"] <= width) == (True, True, True)
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == width


async def test_a_phone_shows_tabs_editors_and_the_response_below(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await visit.turn_to(10)
    assert "errors" not in await visit.run()
    boxes = [
        await visit.page.get_by_role("region", name=name).bounding_box()
        for name in ("Operation Editor", "Result Window")
    ]
    editor, response = boxes
    assert editor is not None
    assert response is not None
    assert min(box["width"] for box in (editor, response)) > 200
    assert max(box["x"] + box["width"] for box in (editor, response)) <= 390
    assert (response["y"] >= editor["y"] + editor["height"], response["height"] > 200) == (True, True)
