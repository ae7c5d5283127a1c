"""A visit of GraphiQL's page in a browser."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, Response, expect

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation",
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


CONTENT = "(name) => __MONACO.editor.getModels().find((model) => model.uri.path.endsWith(name)).getValue()"
SET_CONTENT = CONTENT.replace("(name) =>", "([name, text]) =>").replace("getValue()", "setValue(text)")
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

    async def open(self, **link: str) -> None:
        """Load the page or a link with these parameters, and wait for its editors and the schema."""
        async with self.page.expect_response(lambda response: response.request.method == "POST"):
            await self.page.goto(f"{self.url}?{urlencode(link)}" if link else self.url)
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

    async def type(self, editor: str, text: str) -> None:
        """Replace the whole text of an editor."""
        await self.page.evaluate(SET_CONTENT, [editor, text])

    @property
    def operations(self) -> list[str]:
        """The names of the operations that the page has sent."""
        return [json.loads(request.post_data or "{}").get("operationName") for request in self.asked]

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


@asynccontextmanager
async def visiting(chromium: Browser, url: str, api_key: str, **options: Any) -> AsyncIterator[Visit]:
    """Yield a visit in a new browser profile, which is not open yet. No unexpected event may have happened."""
    context = await chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
    await context.add_init_script(REPORT_VIOLATIONS)
    visit = Visit(await context.new_page(), url, api_key)
    visit.watch()
    try:
        yield visit
    finally:
        await context.close()
    assert visit.wrong == []
