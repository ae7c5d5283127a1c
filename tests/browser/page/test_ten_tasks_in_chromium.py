"""Ten tasks of a seller's day in a browser, by mouse and by keyboard alone, with exact results in the API."""

import asyncio
import csv
import gzip
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, Page, expect

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool
from tests.browser.page.conftest import EMAIL, PASSWORD, Place, keeping
from tests.support.hands import Hands, Keyboard, Mouse
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

SECRET = "token-93b1d7"
MENTIONS = """query($filter: MentionFilter) { mentions(filter: $filter, orderBy: NEWEST, first: 100) { nodes { author } } }"""
MARKS = """{ mentions(orderBy: NEWEST, first: 100) { nodes {
  author readAt starredAt dismissedAt dismissReason } } }"""
MADE = "{ leads(first: 100) { nodes { status mention { author } } } }"
LEADS = """{ leads(first: 100) { nodes { company status tags notes expectedValue { amount currency }
  events(first: 100) { nodes { type fromStatus toStatus } } } } }"""
KEYWORDS = "{ keywords(orderBy: OLDEST) { nodes { keyword status matchType platforms mentionsCount } } }"
INTEGRATIONS = "{ integrations { nodes { provider name externalAccountId status hasCredentials } } }"
EXPORTS = "{ exports { nodes { entity format status rowsCount } } }"
SESSIONS = "{ viewer { email } sessions { current } }"
HELD = """() => [document.documentElement.outerHTML, ...[...document.querySelectorAll("input")].map(({ value }) => value),
  JSON.stringify([{ ...localStorage }, { ...sessionStorage }])].join(" ")"""


@dataclass(frozen=True, slots=True)
class Seller:
    """A user whose hands use the page."""

    place: Place
    hands: Hands

    @property
    def page(self) -> Page:
        return self.place.visit.page

    @property
    def visit(self) -> Visit:
        return self.place.visit

    async def go(self, name: str, *keys: str) -> None:
        """Go to a page by the navigation, or by its shortcut."""
        await self.hands.act(self.page.get_by_role("link", name=name, exact=True), *keys)
        await expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    async def press(self, name: str, *keys: str, of: Locator | None = None) -> None:
        """Press a button with exactly this name."""
        await self.hands.act((of or self.page).get_by_role("button", name=name, exact=True), *keys)

    async def undo(self, message: str) -> None:
        """Undo the change of which the message tells."""
        messages = self.page.get_by_role("status", name="Messages")
        await expect(messages.get_by_text(message)).to_be_visible()
        await self.press("Undo", "z", of=messages)

    async def write(self, label: str, text: str) -> None:
        await self.hands.write(self.page.get_by_label(label, exact=True), text)

    def mention(self, author: str) -> Locator:
        mentions = self.page.get_by_role("list", name="Mentions")
        return mentions.get_by_role("listitem").filter(has_text=author).get_by_role("link")

    async def sees(self, *authors: str) -> None:
        """Expect the mentions of the list, from the top."""
        await expect(self.page.locator(".mention strong")).to_have_text(list(authors))

    async def find(self, document: str, **variables: object) -> list[dict[str, Any]]:
        """Return the nodes of the first list of an answer of the API."""
        (found,) = (await self.visit.ask(document, **variables)).values()
        nodes: list[dict[str, Any]] = found["nodes"]
        return nodes

    async def marks(self, *authors: str) -> dict[str, dict[str, Any]]:
        """Return the marks of the mentions, by default of all, that differ from those of a new one."""
        found = {each["author"]: _marks_of(each) for each in await self.find(MARKS)}
        return {author: marks for author, marks in found.items() if marks and author in (authors or found)}


def _marks_of(mention: dict[str, Any]) -> dict[str, Any]:
    marks = {
        "read": mention["readAt"] is not None,
        "starred": mention["starredAt"] is not None,
        "dismissed": mention["dismissedAt"] is not None and mention["dismissReason"],
    }
    return {name: value for name, value in marks.items() if value}


async def until(read: Callable[[], Awaitable[object]], expected: object) -> None:
    """Wait until the API returns exactly this."""
    for _ in range(100):
        if await read() == expected:
            return
        await asyncio.sleep(0.05)
    assert await read() == expected


@pytest.fixture(scope="module")
async def kept_server(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[tuple[Pool, str, int]]:
    """A server with a worker, which writes the exports."""
    async with keeping(postgres, template, {"WORKERS": "1"}) as kept:
        yield kept


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
async def seller(kept_place: Place, request: pytest.FixtureRequest) -> Seller:
    """Ann, signed in, and rows of another user, of which she sees none."""
    other = await add_keyword(kept_place.pool, await add_user(kept_place.pool, "bob@example.com"), "crm")
    foreign = await add_mention(kept_place.pool, other, author="foreign", content="A crm of another user")
    await add_lead(kept_place.pool, foreign, company="Foreign")
    await kept_place.enter("/keywords", "Keywords")
    return Seller(kept_place, request.param(kept_place.visit.page))


@pytest.fixture
async def triage(seller: Seller) -> Seller:
    """Ann at her inbox with five mentions, which she has not read."""
    keyword = await add_keyword(seller.place.pool, seller.place.user_id, "crm")
    for number in range(1, 6):
        await add_mention(
            seller.place.pool,
            keyword,
            author=f"writer {number}",
            content=f"Is there a good CRM for team {number}?",
            created_at=datetime.now(UTC) - timedelta(minutes=10 - number),
        )
    await seller.go("Inbox", "g", "i")
    await seller.sees("writer 5", "writer 4", "writer 3", "writer 2", "writer 1")
    return seller


async def test_1_a_figure_of_seven_days_in_another_time_zone_leads_to_its_rows(seller: Seller) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    start = datetime.combine(datetime.now(tokyo) - timedelta(days=6), time(), tokyo)
    keyword = await add_keyword(seller.place.pool, seller.place.user_id, "crm")
    for author, moment in (("early", start - timedelta(seconds=1)), ("first", start), ("last", None)):
        await add_mention(seller.place.pool, keyword, author=author, created_at=moment or datetime.now(UTC))
    await seller.go("Dashboard", "g", "d")
    figure = seller.page.get_by_role("region", name="Totals").get_by_role("link").first
    await expect(figure).to_have_text("3")
    await seller.hands.choose(seller.page.get_by_label("Range"), "Last 7 days")
    zone = seller.page.get_by_role("main").get_by_label("Time zone")
    await seller.hands.choose(zone, "Asia/Tokyo")
    await expect(seller.page).to_have_url(f"{seller.visit.origin}/?range=LAST_7_DAYS&timeZone=Asia%2FTokyo")
    await expect(figure).to_have_text("2")
    await seller.hands.act(figure)
    await seller.sees("last", "first")
    within = {"gte": start.isoformat(), "lt": (start + timedelta(days=7)).isoformat()}
    found = await seller.find(MENTIONS, filter={"createdAt": within})
    assert found == [{"author": "last"}, {"author": "first"}]


async def test_2_the_inbox_is_searched_and_filtered_by_keyword_and_platform(seller: Seller) -> None:
    place = seller.place
    crm = await add_keyword(place.pool, place.user_id, "crm")
    erp = await add_keyword(place.pool, place.user_id, "erp")
    for author, keyword, platform, content in (
        ("right", crm, "hackernews", "A price for a team"),
        ("other platform", crm, "reddit", "A price for a team"),
        ("other keyword", erp, "hackernews", "A price for a team"),
        ("other words", crm, "hackernews", "A cost for a team"),
    ):
        await add_mention(place.pool, keyword, author=author, platform=platform, content=content)
    await seller.go("Inbox", "g", "i")
    await expect(seller.page.locator(".mention")).to_have_count(4)
    await seller.hands.write(seller.page.get_by_label("Search mentions"), "price", "/")
    await expect(seller.page.locator(".mention")).to_have_count(3)
    for filter_, choice, left in (("Keyword", "crm", 2), ("Platform", "Hacker News", 1)):
        await seller.hands.act(seller.page.locator("summary").filter(has_text=filter_))
        await seller.hands.tick(seller.page.get_by_role("checkbox", name=choice, exact=True))
        await expect(seller.page.locator(".mention")).to_have_count(left)
    await seller.sees("right")
    (id_,) = (
        each["id"]
        for each in await seller.find('{ keywords(filter: {keyword: {eq: "crm"}}) { nodes { id } } }')
    )
    sought = {"search": "price", "keywordId": {"eq": id_}, "platform": {"eq": "HACKERNEWS"}}
    assert await seller.find(MENTIONS, filter=sought) == [{"author": "right"}]


async def test_3_a_mention_is_read_and_starred(triage: Seller) -> None:
    await triage.hands.act(triage.mention("writer 5"), "j")
    await until(triage.marks, {"writer 5": {"read": True}})
    await triage.press("Star", "s")
    await until(triage.marks, {"writer 5": {"read": True, "starred": True}})


async def test_4_a_mention_is_dismissed_with_a_reason_and_restored(triage: Seller) -> None:
    await triage.hands.act(triage.mention("writer 5"), "j")
    await triage.press("Dismiss", "d")
    dialog = triage.page.get_by_role("dialog", name="Dismiss the mention")
    await triage.hands.act(dialog.get_by_role("button", name="Own post"), "4")
    await triage.sees("writer 4", "writer 3", "writer 2", "writer 1")
    dismissed = {"read": True, "dismissed": "OWN_POST"}
    await until(partial(triage.marks, "writer 5"), {"writer 5": dismissed})
    await triage.undo("1 mention is dismissed.")
    await triage.sees("writer 5", "writer 4", "writer 3", "writer 2", "writer 1")
    await until(partial(triage.marks, "writer 5"), {})


async def test_5_a_mention_becomes_a_lead(triage: Seller) -> None:
    await triage.hands.act(triage.mention("writer 5"), "j")
    await triage.press("Make a lead", "l")
    await expect(triage.page.get_by_text("A lead is made.")).to_be_visible()
    await triage.go("Leads", "g", "l")
    await expect(triage.page.locator(".lead-card")).to_contain_text(["writer 5"])
    assert await triage.find(MADE) == [{"status": "NEW", "mention": {"author": "writer 5"}}]


async def test_6_three_mentions_are_dismissed_together(triage: Seller) -> None:
    for number in (5, 3, 2):
        await triage.hands.tick(triage.page.get_by_label(f"Select the mention by writer {number}"))
    bar = triage.page.get_by_role("toolbar", name="Actions for the selection")
    await expect(bar.get_by_text("3 selected")).to_be_visible()
    await triage.press("Dismiss", "d", of=bar)
    dialog = triage.page.get_by_role("dialog", name="Dismiss 3 mentions")
    await triage.hands.act(dialog.get_by_role("button", name="Irrelevant"), "1")
    gone = {"read": True, "dismissed": "IRRELEVANT"}
    await until(triage.marks, dict.fromkeys(("writer 5", "writer 3", "writer 2"), gone))
    await triage.sees("writer 4", "writer 1")


async def test_7_a_lead_is_qualified_and_has_a_value_a_tag_and_a_note(seller: Seller) -> None:
    place, page = seller.place, seller.page
    keyword = await add_keyword(place.pool, place.user_id, "crm")
    await add_lead(place.pool, await add_mention(place.pool, keyword), company="Birch")
    await seller.go("Leads", "g", "l")
    card = page.locator(".lead-card").filter(has_text="Birch")
    contacted = page.get_by_role("region", name="Contacted", exact=True)
    # The parts of the board arrive one by one, and would move beneath the card.
    await expect(contacted.get_by_role("heading")).to_have_text("Contacted 0")
    await expect(page.get_by_text("No leads.")).to_have_count(4)
    await seller.hands.drag(card, contacted, "j", "]")
    await expect(contacted.locator(".lead-card")).to_have_count(1)
    await expect(page.get_by_text("Birch: contacted.")).to_be_visible()
    await seller.hands.act(card.get_by_role("link"))
    await seller.press("Qualified", of=page.get_by_role("toolbar", name="Status"))
    await expect(page.get_by_text("Contacted → Qualified")).to_be_visible()
    for label, text in (
        ("Value", "1250.50"),
        ("Currency", "EUR"),
        ("Tags", "spring"),
        ("Notes", "Call on Monday"),
    ):
        await seller.write(label, text)
    await seller.press("Save")
    await expect(page.get_by_text("The lead is saved.")).to_be_visible()
    (lead,) = await seller.find(LEADS)
    moves = [
        (each["fromStatus"], each["toStatus"]) for each in lead.pop("events")["nodes"] if each["toStatus"]
    ]
    assert sorted(moves) == [("CONTACTED", "QUALIFIED"), ("NEW", "CONTACTED")]
    assert lead == {
        "company": "Birch",
        "status": "QUALIFIED",
        "tags": ["spring"],
        "notes": "Call on Monday",
        "expectedValue": {"amount": "1250.50", "currency": "EUR"},
    }


async def test_8_a_keyword_is_created_and_paused(seller: Seller) -> None:
    await seller.go("Keywords", "g", "k")
    await seller.press("New keyword", "n")
    await seller.write("Keyword", "help desk")
    await seller.hands.tick(seller.page.get_by_role("dialog").get_by_label("Stack Overflow", exact=True))
    await seller.press("Create")
    await seller.press("Pause help desk")
    await expect(seller.page.locator("tbody tr")).to_contain_text("Paused")
    made = {"keyword": "help desk", "matchType": "PHRASE", "platforms": ["STACKOVERFLOW"], "mentionsCount": 0}
    assert await seller.find(KEYWORDS) == [made | {"status": "PAUSED"}]


async def test_9_an_account_is_connected_and_paused_and_its_credentials_are_not_shown(seller: Seller) -> None:
    await seller.go("Integrations", "g", "n")
    await seller.press("Connect an account", "n")
    await seller.hands.choose(seller.page.get_by_label("Service", exact=True), "GitHub")
    for label, text in (("Account", "acme"), ("Name", "Issues"), ("Credentials", SECRET)):
        await seller.write(label, text)
    await seller.press("Connect")
    await seller.press("Pause Issues")
    await expect(seller.page.locator("[data-row]")).to_contain_text("Paused")
    assert SECRET not in await seller.page.evaluate(HELD)
    assert await seller.find(INTEGRATIONS) == [
        {
            "provider": "GITHUB",
            "name": "Issues",
            "externalAccountId": "acme",
            "status": "PAUSED",
            "hasCredentials": True,
        }
    ]


async def test_10_the_leads_are_exported_and_the_file_is_downloaded(seller: Seller) -> None:
    place, page = seller.place, seller.page
    keyword = await add_keyword(place.pool, place.user_id, "crm")
    for company in ("Acorn", "Birch"):
        await add_lead(place.pool, await add_mention(place.pool, keyword), company=company)
    await seller.go("Exports", "g", "e")
    await seller.press("New export", "n")
    columns = page.get_by_role("group", name="Columns")
    for column in ("Status", "Company"):
        await seller.hands.tick(columns.get_by_label(column, exact=True))
    await seller.press("Export")
    await expect(page.locator("tbody tr")).to_contain_text("Succeeded")
    async with page.expect_download() as downloading:
        await seller.hands.act(page.get_by_role("link", name="Download Leads"))
    file = gzip.decompress(Path(await (await downloading.value).path()).read_bytes()).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(file))) == [["status", "company"], ["NEW", "Birch"], ["NEW", "Acorn"]]
    assert await seller.find(EXPORTS) == [
        {"entity": "LEADS", "format": "CSV", "status": "SUCCEEDED", "rowsCount": 2}
    ]


async def test_a_seller_signs_out_and_in_again(seller: Seller) -> None:
    page = seller.page
    seller.visit.tolerated.append("401")
    await seller.hands.act(page.locator("summary").filter(has_text="Ann"))
    await seller.press("Sign out")
    dialog = page.get_by_role("dialog", name="Sign in to Leadgraph")
    await expect(dialog).to_be_visible()
    assert await seller.place.pool.fetchval("SELECT count(*) FROM sessions") == 0
    await seller.hands.write(dialog.get_by_label("E-mail address"), EMAIL)
    await seller.hands.write(dialog.get_by_label("Password"), PASSWORD)
    await seller.press("Sign in", of=dialog)
    await expect(dialog).to_be_hidden()
    assert await seller.visit.ask(SESSIONS) == {"viewer": {"email": EMAIL}, "sessions": [{"current": True}]}
