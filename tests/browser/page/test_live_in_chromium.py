"""Live data of the page in a browser: events, restarts of the server, and polling where live data is off."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, Response, WebSocket, expect

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import session as stored
from resolvers.framework.global_id import encode
from services.browsers.passwords import hash_of
from tests.browser.page.conftest import EMAIL, PASSWORD, Place, visiting
from tests.support.ports import free_port
from tests.support.rows import add_integration, add_keyword, add_lead, add_mention, add_user
from tests.support.serving import served

MINUTE = 60_000
POLLS_EVERY = 30_000
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def mentions(page: Page) -> Any:
    """Return the number of mentions on the dashboard."""
    return page.get_by_role("region", name="Totals").locator(".figure").first


def subscriptions(page: Page) -> list[dict[str, Any]]:
    """Return the payloads of subscriptions that the page sends from now on."""
    found: list[dict[str, Any]] = []

    def sent(frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "subscribe":
            found.append(message["payload"])

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", sent)

    page.on("websocket", opened)
    return found


@asynccontextmanager
async def restartable(database_url: str, folder: Path, port: int) -> AsyncIterator[None]:
    """Serve on the port."""
    async with served(database_url, folder, {"PORT": str(port), "WORKERS": "0"}):
        yield


async def test_a_subscription_resumes_on_the_next_server_without_loss(
    pool: Pool, database_url: str, server_folder: Path, chromium: Browser
) -> None:
    user_id = await add_user(pool, EMAIL, name="Ann")
    await in_transaction(pool, lambda writer: stored.set_password(writer, user_id, hash_of(PASSWORD)))
    keyword = await add_keyword(pool, user_id)
    await add_mention(pool, keyword)
    port = free_port()
    async with visiting(chromium, f"http://127.0.0.1:{port}") as visit:
        visit.tolerated += ["401", "503", "ERR_CONNECTION_REFUSED", "WebSocket"]
        page = visit.page
        sent = subscriptions(page)
        async with restartable(database_url, server_folder, port):
            await page.goto(visit.origin)
            await Place(pool, user_id, visit, 0).sign_in()
            await expect(mentions(page)).to_have_text("1")
            await expect(page.get_by_text("Live", exact=True)).to_be_visible()
            await add_mention(pool, keyword)
            await expect(mentions(page)).to_have_text("2")
        await expect(page.get_by_text("Live", exact=True)).to_be_hidden()
        await add_mention(pool, keyword)
        await page.get_by_role("button", name="Refresh", exact=True).click()
        bar = page.get_by_role("status", name="Connection")
        await expect(bar.get_by_text("The server cannot be reached.")).to_be_visible()
        async with restartable(database_url, server_folder, port):
            await expect(mentions(page)).to_have_text("3", timeout=30_000)
            await expect(bar.get_by_text("The server cannot be reached.")).to_be_hidden()
            await expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
            await add_mention(pool, keyword)
            await expect(mentions(page)).to_have_text("4")
    assert {payload["operationName"] for payload in sent} == {"DashboardChanged"}
    assert {payload["query"] for payload in sent} == {""}
    assert all(payload["variables"]["after"] for payload in sent)


@pytest.mark.parametrize(
    "path", ["/", "/inbox", "/leads", "/leads/ID", "/integrations", "/integrations/ID", "/exports"]
)
async def test_a_subscription_begins_after_the_answer_that_is_shown(kept_place: Place, path: str) -> None:
    """A change between the answer and the begin of the subscription is told, too."""
    pool, user_id, visit = kept_place.pool, kept_place.user_id, kept_place.visit
    lead = await add_lead(pool, await add_mention(pool, await add_keyword(pool, user_id)))
    integration = await add_integration(pool, user_id)
    ids = {"/leads/ID": encode("Lead", lead), "/integrations/ID": encode("Integration", integration)}
    sent = subscriptions(visit.page)
    visit.tolerated.append("401")
    await visit.page.goto(visit.origin + path.replace("ID", quote(ids.get(path, ""), safe="")))
    await kept_place.sign_in()
    await expect(visit.page.get_by_text("Live", exact=True)).to_be_visible()
    own = [each["variables"] for each in sent if "after" in each["variables"]]
    assert len(own) == 1
    assert own[0]["after"]


@pytest.mark.parametrize("place", [{"LIVE_CONNECTIONS": "0"}], indirect=True)
async def test_without_live_data_visible_tabs_poll_and_unchanged_answers_have_no_body(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    visit.tolerated += ["401", "WebSocket"]
    keyword = await add_keyword(place.pool, place.user_id)
    await add_mention(place.pool, keyword)
    statuses: list[int] = []

    def answered(answer: Response) -> None:
        if "DashboardPoll" in (answer.request.post_data or ""):
            statuses.append(answer.status)

    page.on("response", answered)
    await page.clock.install()
    await page.goto(visit.origin)
    await place.sign_in()
    await expect(mentions(page)).to_have_text("1")
    await expect(page.get_by_text("Updated every 30 s")).to_be_visible(timeout=30_000)

    async def polled() -> int:
        """Let the time of one poll pass, and return the status of its answer."""
        async with page.expect_response(
            lambda answer: "DashboardPoll" in (answer.request.post_data or "")
        ) as one:
            await page.clock.fast_forward(POLLS_EVERY + 1000)
        return (await one.value).status

    await polled()  # the first answer with an ETag
    assert await polled() == 304
    await expect(mentions(page)).to_have_text("1")

    await page.evaluate(HIDE, True)
    before = len(statuses)
    await page.clock.fast_forward(10 * MINUTE)
    await page.wait_for_timeout(1000)
    assert len(statuses) == before
    await add_mention(place.pool, keyword)
    await page.clock.fast_forward(20 * MINUTE)
    async with page.expect_response(lambda answer: "DashboardPoll" in (answer.request.post_data or "")):
        await page.evaluate(HIDE, False)
    await expect(mentions(page)).to_have_text("2")
    assert set(statuses) == {200, 304}
