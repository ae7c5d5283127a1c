"""The page in a browser. A visit collects everything that must not happen: errors, violations, foreign requests."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request, Response, expect

from web.documents import TOOLS

AXE: Final = TOOLS / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE: Final = """async () => {
  const { violations } = await axe.run(document);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}"""
REPORT_VIOLATIONS: Final = """
addEventListener("securitypolicyviolation",
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Visit:
    """The page in a new browser profile. `wrong` lists what must not happen; the fixture asserts that it is empty."""

    page: Page
    origin: str
    wrong: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    tolerated: list[str] = field(default_factory=list)
    """Parts of messages that a test expects, such as `429`."""

    def watch(self) -> None:
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._note(f"thrown: {error}"))

    def _note(self, what: str) -> None:
        if not any(part in what for part in self.tolerated):
            self.wrong.append(what)

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url)[:2] != urlsplit(self.origin)[:2] and not request.url.startswith("data:"):
            self._note(f"foreign: {request.url}")
        if request.method == "POST":
            self.asked.append(request)
            if "query" in json.loads(request.post_data or "{}"):
                self._note(f"text of a document: {request.post_data}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.status}: {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self._note(f"{message.type}: {message.text}")

    async def open(self, path: str, heading: str) -> None:
        """Load a path of the page, and wait for its heading."""
        await self.page.goto(f"{self.origin}{path}")
        await expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()

    def operations(self) -> list[str]:
        """Return the names of the operations that the page has sent."""
        return [json.loads(request.post_data or "{}")["operationName"] for request in self.asked]

    async def serious_violations(self) -> list[str]:
        """Return what axe finds in the shown page with a serious or critical impact."""
        await self.page.evaluate(Path(AXE).read_text("utf-8"))
        found: list[str] = await self.page.evaluate(RUN_AXE)
        return found

    async def ask(self, document: str, **variables: object) -> Any:
        """Return the data that the API gives to the signed-in user, apart from the page."""
        answer = await self.page.context.request.post(
            f"{self.origin}/graphql", data={"query": document, "variables": variables}
        )
        found = await answer.json()
        assert "errors" not in found, found["errors"]
        return found["data"]
