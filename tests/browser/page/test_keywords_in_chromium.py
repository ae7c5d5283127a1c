"""The page of keywords in a browser: the same tasks by mouse and by keys, with exact results in the API."""

from typing import Any

from playwright.async_api import Locator, expect

from tests.browser.page.conftest import Place, refused
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

ALL = """{ keywords(orderBy: OLDEST) { nodes {
  keyword status matchType requiredTerms excludedTerms platforms autoLeadScore
} } }"""
PLAIN: dict[str, Any] = {
    "status": "ACTIVE",
    "matchType": "PHRASE",
    "requiredTerms": [],
    "excludedTerms": [],
    "platforms": [],
    "autoLeadScore": None,
}


async def opened(place: Place, path: str = "/keywords") -> None:
    place.visit.tolerated.append("401")
    await place.visit.page.goto(f"{place.visit.origin}{path}")
    await place.sign_in()
    await expect(place.visit.page.get_by_role("heading", level=1, name="Keywords")).to_be_visible()


async def keywords(visit: Visit) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await visit.ask(ALL))["keywords"]["nodes"]
    return found


def row(visit: Visit, keyword: str) -> Locator:
    return visit.page.locator("tbody tr").filter(has=visit.page.get_by_role("link", name=keyword, exact=True))


async def test_a_keyword_is_created_changed_paused_archived_and_deleted_by_mouse(place: Place) -> None:
    page = place.visit.page
    await opened(place)
    await expect(page.get_by_text("You have no keywords yet.")).to_be_visible()
    assert await place.visit.serious_violations() == []
    await page.get_by_role("button", name="New keyword").click()
    await page.get_by_label("Keyword", exact=True).fill(" sales tool ")
    await page.get_by_label("Match").select_option("ALL_WORDS")
    await page.get_by_label("Required terms").fill("price\n\n cost ")
    await page.get_by_label("Excluded terms").fill("jobs")
    await page.get_by_label("Reddit").check()
    await page.get_by_label("Least score").fill("70")
    assert await place.visit.serious_violations() == []
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(row(place.visit, "sales tool")).to_contain_text(
        "All words · with price, cost · without jobs"
    )
    made = {
        "keyword": "sales tool",
        "status": "ACTIVE",
        "matchType": "ALL_WORDS",
        "requiredTerms": ["price", "cost"],
        "excludedTerms": ["jobs"],
        "platforms": ["REDDIT"],
        "autoLeadScore": 70,
    }
    assert await keywords(place.visit) == [made]

    await page.get_by_role("button", name="Edit sales tool").click()
    await page.get_by_label("Keyword", exact=True).fill("sales software")
    await page.get_by_label("Least score").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(row(place.visit, "sales software")).to_be_visible()
    assert await keywords(place.visit) == [made | {"keyword": "sales software", "autoLeadScore": None}]
    await page.get_by_role("button", name="Undo").click()
    await expect(row(place.visit, "sales tool")).to_be_visible()
    assert await keywords(place.visit) == [made]

    for button, status in (("Pause", "Paused"), ("Resume", "Active"), ("Archive", "Archived")):
        await page.get_by_role("button", name=f"{button} sales tool").click()
        await expect(row(place.visit, "sales tool")).to_contain_text(status)
        assert (await keywords(place.visit))[0]["status"] == status.upper()

    await page.get_by_role("button", name="Delete sales tool").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("You have no keywords yet.")).to_be_visible()
    assert await keywords(place.visit) == []


async def test_the_same_by_keys_alone(place: Place) -> None:
    page, press = place.visit.page, place.visit.page.keyboard.press
    await add_keyword(place.pool, place.user_id, "crm")
    await opened(place)
    await expect(row(place.visit, "crm")).to_be_visible()
    await press("n")
    await expect(page.get_by_label("Keyword", exact=True)).to_be_visible()
    await page.get_by_label("Keyword", exact=True).press("Control+a")
    await page.keyboard.type("helpdesk")
    await press("Enter")
    await expect(row(place.visit, "helpdesk")).to_be_visible()
    assert await keywords(place.visit) == [PLAIN | {"keyword": "crm"}, PLAIN | {"keyword": "helpdesk"}]

    await press("j")  # the newest keyword
    await expect(row(place.visit, "helpdesk").get_by_role("link", name="helpdesk")).to_be_focused()
    await press("j")
    await expect(row(place.visit, "crm").get_by_role("link", name="crm")).to_be_focused()
    while await page.evaluate("document.activeElement.ariaLabel") != "Archive crm":
        await press("Tab")
    await press("Enter")
    await expect(row(place.visit, "crm")).to_contain_text("Archived")
    assert (await keywords(place.visit))[0]["status"] == "ARCHIVED"
    await press("z")
    await expect(row(place.visit, "crm")).to_contain_text("Active")
    assert (await keywords(place.visit))[0]["status"] == "ACTIVE"

    await press("/")
    await page.keyboard.type("HELP")
    await expect(row(place.visit, "crm")).to_be_hidden()
    await expect(page).to_have_url(f"{place.visit.origin}/keywords?search=HELP")
    await press("Tab")
    await press("Escape")
    while await page.evaluate("document.activeElement.ariaLabel") != "Delete helpdesk":
        await press("Tab")
    await press("Enter")
    dialog = page.get_by_role("dialog", name="Delete helpdesk?")
    await expect(dialog).to_be_visible()
    while await page.evaluate("document.activeElement.textContent") != "Delete":
        await press("Tab")
    await press("Enter")
    await expect(page.get_by_text("No keyword matches these filters.")).to_be_visible()
    assert await keywords(place.visit) == [PLAIN | {"keyword": "crm"}]


async def test_undo_restores_a_paused_keyword_after_it_was_archived(place: Place) -> None:
    page = place.visit.page
    await add_keyword(place.pool, place.user_id, "crm", status="paused")
    await opened(place)
    await page.get_by_role("button", name="Archive crm").click()
    await expect(row(place.visit, "crm")).to_contain_text("Archived")
    await page.get_by_role("button", name="Undo").click()
    await expect(row(place.visit, "crm")).to_contain_text("Paused")
    assert (await keywords(place.visit))[0]["status"] == "PAUSED"


async def test_user_errors_are_shown_at_their_fields(place: Place) -> None:
    page = place.visit.page
    await add_keyword(place.pool, place.user_id, "crm")
    await opened(place)
    await page.get_by_role("button", name="New keyword").click()
    await page.get_by_label("Excluded terms").fill("x" * 201)
    await page.get_by_label("Least score").fill("101")
    await page.get_by_role("button", name="Create").click()
    field = page.get_by_label("Keyword", exact=True)
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(
        "Words to watch for, in any case and script. Must not be empty."
    )
    await expect(page.get_by_label("Excluded terms")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("Must be between 0 and 100.")).to_be_visible()
    assert await place.visit.serious_violations() == []
    await page.get_by_label("Excluded terms").fill("")
    await page.get_by_label("Least score").fill("100")
    await field.fill("CRM")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("alert")).to_have_count(1)
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert await keywords(place.visit) == [PLAIN | {"keyword": "crm"}]


async def test_counts_link_to_their_rows_and_a_deletion_tells_them(place: Place) -> None:
    page = place.visit.page
    keyword = await add_keyword(place.pool, place.user_id, "crm")
    mentions = [await add_mention(place.pool, keyword) for _ in range(3)]
    await add_lead(place.pool, mentions[0], status="converted")
    await add_lead(place.pool, mentions[1])
    other = await add_user(place.pool, "bob@example.com")
    await add_mention(place.pool, await add_keyword(place.pool, other, "foreign"))
    await opened(place)
    cells = row(place.visit, "crm").get_by_role("cell")
    for number, text in enumerate(("3", "2", "66.67%", "1"), start=2):
        await expect(cells.nth(number)).to_have_text(text)
    await expect(page.get_by_text("foreign")).to_be_hidden()
    id_ = (await place.visit.ask("{ keywords { nodes { id } } }"))["keywords"]["nodes"][0]["id"]
    links = row(place.visit, "crm").get_by_role("link")
    query = f"keyword={id_.replace('=', '%3D')}"
    assert [await link.get_attribute("href") for link in await links.all()] == [
        f"/inbox?{query}",
        f"/inbox?{query}",
        f"/leads?{query}",
        f"/leads?{query}&status=CONVERTED",
    ]
    await page.get_by_role("button", name="Delete crm").click()
    await expect(page.get_by_role("dialog")).to_contain_text("This deletes 3 mentions and 2 leads")
    assert await place.visit.serious_violations() == []
    await page.get_by_role("button", name="Cancel").click()
    assert await place.pool.fetchval("SELECT count(*) FROM mentions") == 4


async def test_filters_and_orders_are_those_of_the_address(place: Place) -> None:
    page = place.visit.page
    for name, status in (("alpha", "active"), ("beta", "paused"), ("gamma", "paused")):
        await add_keyword(place.pool, place.user_id, name, status=status)
    await opened(place, "/keywords?status=PAUSED&order=OLDEST")
    names = page.locator("tbody tr td:first-child a")
    await expect(names).to_have_text(["beta", "gamma"])
    await page.get_by_role("button", name="Keyword", exact=True).click()
    await page.get_by_role("button", name="Keyword", exact=True).click()
    await expect(names).to_have_text(["gamma", "beta"])
    await page.get_by_role("button", name="Resume beta").click()
    await expect(names).to_have_text(["gamma"])
    await page.get_by_label("Status").select_option("All")
    await expect(names).to_have_text(["gamma", "beta", "alpha"])
    await expect(page).to_have_url(f"{place.visit.origin}/keywords?order=OLDEST")


async def test_a_missing_scope_is_named_and_a_phone_scrolls_the_table_alone(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await visit.open("/keywords", "Keywords")
    await expect(visit.page.locator("tbody tr").first).to_be_visible()
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 390
    await visit.page.emulate_media(color_scheme="dark")
    assert await visit.serious_violations() == []
    visit.tolerated.append("403")
    await visit.page.route(
        "**/graphql",
        lambda route: (
            route.fulfill(**refused("FORBIDDEN", 403, missing=["read:keywords"]))
            if "KeywordsList" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    await visit.page.reload()
    await expect(visit.page.get_by_role("alert").get_by_text("read:keywords")).to_be_visible()
    assert await visit.serious_violations() == []
