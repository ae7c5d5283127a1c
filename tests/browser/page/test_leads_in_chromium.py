"""Leads in a browser: the board by mouse and by keys, the list, one lead with its history, and two browsers at once."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from tests.browser.page.conftest import Place, visiting
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

SOON = 5
"""Seconds for a change to arrive, on a busy machine. Without live data, it would take up to 30."""
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
LEAD = """query($name: String!) { leads(first: 100, filter: {company: {eq: $name}}) { nodes {
  id status version disqualifyReason expectedValue { amount currency } tags notes contactName assignee { email } } } }"""
CHANGE = """mutation($id: ID!, $status: LeadStatus!) {
  changeLeadStatus(input: {id: $id, status: $status}) { userErrors { message } } }"""


async def add_company(pool: Pool, user_id: int, company: str, minute: int, **values: object) -> int:
    """Add a lead of a company, with its mention of the keyword "crm"."""
    keyword = await pool.fetchval("SELECT id FROM keywords WHERE user_id = $1", user_id)
    keyword = keyword or await add_keyword(pool, user_id, "crm")
    mention = await add_mention(pool, keyword, author=f"author of {company}", content=f"A crm for {company}?")
    return await add_lead(
        pool, mention, company=company, created_at=NOON + timedelta(minutes=minute), **values
    )


@pytest.fixture
async def leads(kept_place: Place) -> Place:
    """Ann's leads of three companies, and a lead of another user. Ann has signed in."""
    await add_company(kept_place.pool, kept_place.user_id, "Acorn", 1)
    await add_company(kept_place.pool, kept_place.user_id, "Birch", 2)
    await add_company(kept_place.pool, kept_place.user_id, "Cedar", 3, status="qualified", score=71)
    await add_company(kept_place.pool, await add_user(kept_place.pool, "bob@example.com"), "Foreign", 4)
    await kept_place.enter("/leads", "Leads")
    return kept_place


def column(page: Page, status: str) -> Locator:
    return page.get_by_role("region", name=status, exact=True)


def card(page: Page, company: str) -> Locator:
    return page.locator(".lead-card").filter(has_text=company)


async def drag(page: Page, company: str, status: str) -> None:
    """Drag a card by its edge, because its middle may be the menu."""
    await card(page, company).drag_to(column(page, status), source_position={"x": 5, "y": 5})


async def stands_in(page: Page, status: str, *companies: str) -> None:
    """Expect the cards of a column, from the top."""
    await expect(column(page, status).locator(".lead-card > a")).to_have_text(list(companies))


async def lead(visit: Visit, company: str) -> Any:
    """Return the lead of a company as the API has it."""
    (only,) = (await visit.ask(LEAD, name=company))["leads"]["nodes"]
    return only


async def until(visit: Visit, company: str, **expected: object) -> None:
    """Wait until the lead has these values in the API."""
    for _ in range(100):
        found = await lead(visit, company)
        if {name: found[name] for name in expected} == expected:
            return
        await asyncio.sleep(0.05)
    assert {name: (await lead(visit, company))[name] for name in expected} == expected


async def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        await page.keyboard.press(key)


async def test_the_board_moves_leads_by_mouse_where_the_api_allows_it(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await stands_in(page, "New", "Birch", "Acorn")
    await stands_in(page, "Qualified", "Cedar")
    await expect(page.get_by_text("Foreign")).to_have_count(0)
    await expect(column(page, "New").get_by_role("heading")).to_have_text("New 2")
    assert await visit.serious_violations() == []

    await drag(page, "Birch", "Contacted")
    await until(visit, "Birch", status="CONTACTED")
    await stands_in(page, "New", "Acorn")
    await stands_in(page, "Contacted", "Birch")
    await expect(column(page, "Contacted").get_by_role("heading")).to_have_text("Contacted 1")

    # No way leads back to NEW.
    await drag(page, "Birch", "New")
    await stands_in(page, "Contacted", "Birch")
    await until(visit, "Birch", status="CONTACTED", version=2)

    await card(page, "Cedar").get_by_label("Status of Cedar").select_option("Contacted")
    await until(visit, "Cedar", status="CONTACTED")
    await page.get_by_role("status", name="Messages").get_by_role("button", name="Undo").click()
    await until(visit, "Cedar", status="QUALIFIED")

    await drag(page, "Acorn", "Disqualified")
    dialog = page.get_by_role("dialog", name="Disqualify Acorn")
    await dialog.get_by_label("Reason").fill("No budget")
    await dialog.get_by_role("button", name="Disqualify").click()
    await until(visit, "Acorn", status="DISQUALIFIED", disqualifyReason="No budget")
    await stands_in(page, "Disqualified", "Acorn")


async def test_keys_move_leads_and_the_focus_follows(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await stands_in(page, "New", "Birch", "Acorn")
    await keys(page, "j", "j")
    await expect(card(page, "Acorn").get_by_role("link")).to_be_focused()
    await keys(page, "]")
    await until(visit, "Acorn", status="CONTACTED")
    await expect(card(page, "Acorn").get_by_role("link")).to_be_focused()
    await keys(page, "[")
    await expect(page.get_by_text("Acorn has no allowed status before contacted.")).to_be_visible()
    await keys(page, "]")
    await until(visit, "Acorn", status="QUALIFIED")
    await expect(page.get_by_text("Acorn: qualified.")).to_be_visible()
    await keys(page, "z")
    await until(visit, "Acorn", status="CONTACTED")
    await keys(page, "h")
    await expect(card(page, "Birch").get_by_role("link")).to_be_focused()
    await keys(page, "l", "l")
    await expect(card(page, "Cedar").get_by_role("link")).to_be_focused()
    await keys(page, "]")
    await until(visit, "Cedar", status="CONVERTED")
    await expect(card(page, "Cedar").get_by_role("link")).to_be_focused()
    await keys(page, "]")
    await page.get_by_role("dialog").get_by_label("Reason").focus()
    await keys(page, "Tab", "Enter")
    await until(visit, "Cedar", status="DISQUALIFIED", disqualifyReason=None)
    await keys(page, "Enter")
    await expect(page.get_by_role("heading", level=1, name="Cedar")).to_be_visible()


async def test_a_refused_move_says_why_and_is_rolled_back(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await stands_in(page, "New", "Birch", "Acorn")
    # The page learns of the other change too late: the event does not come for a plain UPDATE without a version.
    await page.route("**/graphql", lambda route: hold_until_changed(route, leads))
    await card(page, "Birch").get_by_label("Status of Birch").select_option("Contacted")
    await expect(page.locator(".toast.error")).to_contain_text("The lead has version 2, not 1.")
    await stands_in(page, "Converted", "Birch")
    await until(visit, "Birch", status="CONVERTED", version=2)


async def hold_until_changed(route: Any, kept_place: Place) -> None:
    """Let another client convert the lead before the page's mutation arrives."""
    if "LeadsChangeStatus" in (route.request.post_data or ""):
        id_ = (await lead(kept_place.visit, "Birch"))["id"]
        await kept_place.visit.ask(CHANGE, id=id_, status="CONVERTED")
    await route.continue_()


async def test_the_list_has_filters_in_the_address(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await page.get_by_role("link", name="List").click()
    rows = page.get_by_role("row")
    await expect(rows).to_have_count(4)
    assert await page.get_by_role("rowheader").all_text_contents() == ["Cedar", "Birch", "Acorn"]
    assert await visit.serious_violations() == []
    await page.get_by_label("Score of at least").fill("70")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(2)
    assert page.url.endswith("/leads?scoreFrom=70&view=list")
    await page.reload()
    await expect(page.get_by_role("rowheader")).to_have_text(["Cedar"])
    await page.get_by_role("button", name="Clear filters").click()
    await page.get_by_label("Status of Acorn").select_option("Contacted")
    await until(visit, "Acorn", status="CONTACTED")
    await page.get_by_text("Status: any").click()
    await page.get_by_role("checkbox", name="New").check()
    await expect(page.get_by_role("rowheader")).to_have_text(["Birch"])
    await expect(page.get_by_text("1 lead", exact=True)).to_be_visible()
    # The lead no longer matches, and leaves the list.
    await page.get_by_label("Status of Birch").select_option("Qualified")
    await expect(page.get_by_text("No leads here.")).to_be_visible()


async def test_a_lead_is_edited_with_errors_in_place_an_undo_and_a_history(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await card(page, "Birch").get_by_role("link").click()
    await expect(page.get_by_role("heading", level=1, name="Birch")).to_be_visible()
    assert await visit.serious_violations() == []
    await page.get_by_label("Value").fill("-5")
    await page.get_by_label("Currency").fill("EUR")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Value")).to_have_attribute("aria-invalid", "true")
    await until(visit, "Birch", version=1, expectedValue=None)
    await page.get_by_label("Value").fill("1250.50")
    await page.get_by_label("Tags").fill("spring, large")
    await page.get_by_label("Notes").fill("Call on Monday")
    await page.get_by_label("Assignee").select_option("Ann")
    await page.get_by_role("button", name="Save").click()
    await until(
        visit,
        "Birch",
        expectedValue={"amount": "1250.50", "currency": "EUR"},
        tags=["spring", "large"],
        notes="Call on Monday",
        assignee={"email": "ann@example.com"},
    )
    history = page.get_by_role("list", name="History", exact=True)
    await expect(history.get_by_text("Notes changed")).to_be_visible()
    await expect(history.get_by_text("Assigned to Ann")).to_be_visible()
    await expect(history.get_by_text("→ 1250.50")).to_be_visible()
    await (
        page.get_by_role("toolbar", name="Status").get_by_role("button", name="Qualified", exact=True).click()
    )
    await expect(history.get_by_text("New → Qualified")).to_be_visible()
    await expect(page.get_by_role("heading", level=1, name="Birch")).to_be_focused()
    await until(visit, "Birch", status="QUALIFIED")
    undo = page.get_by_role("status", name="Messages").get_by_role("button", name="Undo")
    await undo.first.click()
    await until(visit, "Birch", expectedValue=None, tags=[], notes="", assignee=None, status="QUALIFIED")


async def test_a_change_by_others_does_not_overwrite_what_is_being_typed(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await card(page, "Birch").get_by_role("link").click()
    await expect(page.get_by_role("status", name="Changes").get_by_text("Live")).to_be_visible()
    await page.get_by_label("Notes").fill("mine")
    await visit.ask(CHANGE, id=(await lead(visit, "Birch"))["id"], status="CONTACTED")
    await expect(page.get_by_text("Someone else has changed the lead meanwhile.")).to_be_visible()
    await expect(page.get_by_label("Notes")).to_have_value("mine")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert").get_by_text("The lead has version 2, not 1.")).to_be_visible()
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_label("Notes")).to_have_value("")
    await page.get_by_label("Notes").fill("mine again")
    await page.get_by_role("button", name="Save").click()
    await until(visit, "Birch", notes="mine again", status="CONTACTED")
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete the lead").click()
    await expect(page.get_by_role("heading", level=1, name="Leads")).to_be_visible()
    await stands_in(page, "New", "Acorn")
    assert await leads.pool.fetchval("SELECT count(*) FROM leads WHERE company = 'Birch'") == 0


async def test_two_browsers_see_each_others_changes(leads: Place, chromium: Browser) -> None:
    async with visiting(chromium, leads.visit.origin) as other:
        await Place(leads.pool, leads.user_id, other, leads.pid).enter("/leads", "Leads")
        for visit in (leads.visit, other):
            await stands_in(visit.page, "New", "Birch", "Acorn")
            await expect(visit.page.get_by_role("status", name="Changes").get_by_text("Live")).to_be_visible()
        began = time.monotonic()
        await card(other.page, "Acorn").get_by_label("Status of Acorn").select_option("Contacted")
        await stands_in(leads.visit.page, "Contacted", "Acorn")
        assert time.monotonic() - began < SOON
        await expect(column(leads.visit.page, "New").get_by_role("heading")).to_have_text("New 1")
        mention = await leads.pool.fetchval(
            "SELECT keyword_id FROM mentions WHERE author = 'author of Acorn'"
        )
        made = await add_mention(leads.pool, mention, author="Dogwood")
        await other.ask(
            'mutation($id: ID!) { createLead(input: {mentionId: $id, company: "Dogwood"}) { created } }',
            id=encode("Mention", made),
        )
        await stands_in(leads.visit.page, "New", "Dogwood", "Birch")
        await other.ask(
            "mutation($id: ID!) { deleteLead(input: {id: $id}) { deletedLeadId } }",
            id=(await lead(other, "Birch"))["id"],
        )
        await stands_in(leads.visit.page, "New", "Dogwood")


async def test_foreign_leads_do_not_exist_and_no_leads_is_a_state(kept_place: Place) -> None:
    foreign = await add_company(
        kept_place.pool, await add_user(kept_place.pool, "bob@example.com"), "Foreign", 1
    )
    await kept_place.enter("/leads?view=list", "Leads")
    page = kept_place.visit.page
    await expect(page.get_by_text("No leads here.")).to_be_visible()
    assert await kept_place.visit.serious_violations() == []
    await page.goto(f"{kept_place.visit.origin}/leads/{encode('Lead', foreign)}")
    await expect(page.get_by_text("This lead does not exist.")).to_be_visible()


async def test_phones_and_dark_colours(leads: Place) -> None:
    page, visit = leads.visit.page, leads.visit
    await page.emulate_media(color_scheme="dark")
    assert await visit.serious_violations() == []
    await page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/leads", "/leads?view=list", f"/leads/{(await lead(visit, 'Birch'))['id']}"):
        await page.goto(f"{visit.origin}{path}")
        await expect(page.get_by_text("Birch").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        assert await visit.serious_violations() == []
