"""The inbox in a browser: reading, marks, bulk actions, keys, filters, new mentions, and two browsers at once."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from tests.browser.page.conftest import Place, visiting
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

SOON = 5
"""Seconds for a change to arrive, on a busy machine. Without live data, it would take up to 30."""
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
MARKS = """query($filter: MentionFilter) { mentions(filter: $filter, first: 100) { totalCount nodes {
  author readAt starredAt dismissedAt dismissReason lead { status } } } }"""
INGEST = """mutation($items: [IngestMentionInput!]!) {
  ingestMentions(input: {items: $items}) { userErrors { message } } }"""


async def add_mentions(pool: Pool, keyword_id: int, number: int, **values: object) -> list[int]:
    """Add unread mentions by writer 1, writer 2 and so on, the newest last."""
    return [
        await add_mention(
            pool,
            keyword_id,
            author=f"writer {n}",
            content=f"Is there a good CRM for team {n}?",
            created_at=NOON + timedelta(minutes=n),
            **values,
        )
        for n in range(1, number + 1)
    ]


@pytest.fixture
async def inbox(kept_place: Place) -> Place:
    """Ann, signed in, with five unread mentions of the keyword "crm", and another user with one."""
    keyword = await add_keyword(kept_place.pool, kept_place.user_id, "crm")
    await add_mentions(kept_place.pool, keyword, 5)
    other = await add_keyword(kept_place.pool, await add_user(kept_place.pool, "bob@example.com"), "crm")
    await add_mention(kept_place.pool, other, author="foreign", content="A crm of another user")
    await kept_place.enter("/inbox", "Inbox")
    return kept_place


def row(page: Page, author: str) -> Locator:
    return page.get_by_role("list", name="Mentions").get_by_role("listitem").filter(has_text=author)


def tick(page: Page, author: str) -> Locator:
    return page.get_by_label(f"Select the mention by {author}")


async def shows(page: Page, *authors: str) -> None:
    """Expect the authors in the list, from the top."""
    await expect(page.locator(".mention strong")).to_have_text(list(authors))


async def marks(visit: Visit, author: str) -> dict[str, Any]:
    """Return the marks of a mention as the API has them, with times as true or false."""
    found = await visit.ask(MARKS, filter={"author": {"eq": author}})
    (only,) = found["mentions"]["nodes"]
    return {
        "read": only["readAt"] is not None,
        "starred": only["starredAt"] is not None,
        "dismissed": only["dismissReason"] if only["dismissedAt"] else None,
        "lead": only["lead"] and only["lead"]["status"],
    }


NOTHING = {"read": False, "starred": False, "dismissed": None, "lead": None}


async def until(visit: Visit, author: str, **expected: object) -> None:
    """Wait until the API has these marks, and no others."""
    for _ in range(100):
        if await marks(visit, author) == NOTHING | expected:
            return
        await asyncio.sleep(0.05)
    assert await marks(visit, author) == NOTHING | expected


async def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        await page.keyboard.press(key)


async def test_the_list_has_the_own_mentions_and_an_opened_one_is_read_after_a_moment(inbox: Place) -> None:
    page = inbox.visit.page
    await inbox.pool.execute("UPDATE mentions SET url = 'javascript:alert(1)' WHERE author = 'writer 1'")
    await page.reload()
    await expect(row(page, "writer 1")).to_be_visible()
    await shows(page, *(f"writer {n}" for n in (5, 4, 3, 2, 1)))
    await expect(page.get_by_text("5 mentions · 5 unread")).to_be_visible()
    await expect(page).to_have_url(f"{inbox.visit.origin}/inbox?dismissed=false")
    assert await inbox.visit.serious_violations() == []
    await row(page, "writer 4").get_by_role("link").click()
    pane = page.get_by_role("article", name="Mention")
    await expect(pane.get_by_text("Is there a good CRM for team 4?")).to_be_visible()
    await expect(pane.locator("mark")).to_have_text(["CRM"])
    link = pane.get_by_role("link", name="Open the original")
    await expect(link).to_have_attribute("href", "https://example.com")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await until(inbox.visit, "writer 4", read=True)
    await until(inbox.visit, "writer 5")
    await expect(page.get_by_text("5 mentions · 4 unread")).to_be_visible()
    assert await inbox.visit.serious_violations() == []
    await row(page, "writer 1").get_by_role("link").click()
    await expect(pane.get_by_text("The address of the original is not safe to open.")).to_be_visible()
    await expect(link).to_have_count(0)


async def test_the_mouse_stars_dismisses_and_makes_a_lead_and_undoes_each(inbox: Place) -> None:
    page, visit = inbox.visit.page, inbox.visit
    messages = page.get_by_role("status", name="Messages")
    await row(page, "writer 5").get_by_role("link").click()
    await until(visit, "writer 5", read=True)
    await page.get_by_role("button", name="Star").click()
    await until(visit, "writer 5", read=True, starred=True)
    await messages.get_by_role("button", name="Undo").click()
    await until(visit, "writer 5", read=True)
    await page.get_by_role("button", name="Make a lead").click()
    await expect(messages.get_by_text("A lead is made.")).to_be_visible()
    await until(visit, "writer 5", read=True, lead="NEW")
    await messages.get_by_role("button", name="Undo").click()
    await until(visit, "writer 5", read=True)
    await page.get_by_role("button", name="Dismiss").click()
    await page.get_by_role("dialog").get_by_role("button", name="Spam").click()
    await until(visit, "writer 5", read=True, dismissed="SPAM")
    await expect(row(page, "writer 5")).to_have_count(0)
    await expect(row(page, "writer 4").get_by_role("link")).to_have_attribute("aria-current", "true")
    await messages.get_by_role("button", name="Undo").click()
    await until(visit, "writer 5", read=True)
    await expect(row(page, "writer 5")).to_be_visible()


async def undo_by_key(page: Page, message: str) -> None:
    """Undo the last change, after its message has appeared."""
    await expect(page.get_by_role("status", name="Messages").get_by_text(message)).to_be_visible()
    await keys(page, "z")


async def test_keys_do_the_same_as_the_mouse(inbox: Place) -> None:
    page, visit = inbox.visit.page, inbox.visit
    await expect(row(page, "writer 1")).to_be_visible()
    await keys(page, "j")
    await until(visit, "writer 5", read=True)
    await keys(page, "s")
    await until(visit, "writer 5", read=True, starred=True)
    await undo_by_key(page, "1 mention is starred.")
    await until(visit, "writer 5", read=True)
    await keys(page, "r")
    await until(visit, "writer 5")
    await keys(page, "r")
    await until(visit, "writer 5", read=True)
    await keys(page, "u")
    await until(visit, "writer 5")
    await keys(page, "j")
    await until(visit, "writer 4", read=True)
    await keys(page, "l")
    await until(visit, "writer 4", read=True, lead="NEW")
    await undo_by_key(page, "A lead is made.")
    await until(visit, "writer 4", read=True)
    await keys(page, "d", "3")
    await until(visit, "writer 4", read=True, dismissed="DUPLICATE")
    await expect(row(page, "writer 3").get_by_role("link")).to_be_focused()
    await undo_by_key(page, "1 mention is dismissed.")
    await until(visit, "writer 4", read=True)
    await expect(row(page, "writer 4")).to_be_visible()
    await keys(page, "k")
    await expect(row(page, "writer 4").get_by_role("link")).to_be_focused()
    await keys(page, "/")
    await page.keyboard.type("team 2")
    await expect(row(page, "writer 2")).to_be_visible()
    await expect(row(page, "writer 4")).to_have_count(0)
    await keys(page, "Escape", "?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog.get_by_text("Dismiss with a reason, or restore")).to_be_visible()
    assert await visit.serious_violations() == []


async def test_bulk_actions_change_exactly_the_selected_mentions(inbox: Place) -> None:
    page, visit = inbox.visit.page, inbox.visit
    await tick(page, "writer 4").click()
    await tick(page, "writer 2").click(modifiers=["Shift"])
    bar = page.get_by_role("toolbar", name="Actions for the selection")
    await expect(bar.get_by_text("3 selected")).to_be_visible()
    assert await visit.serious_violations() == []
    await bar.get_by_role("button", name="Star").click()
    for author in ("writer 2", "writer 3", "writer 4"):
        await until(visit, author, starred=True)
    assert [await marks(visit, author) for author in ("writer 1", "writer 5")] == [NOTHING, NOTHING]
    await bar.get_by_role("button", name="Make leads").click()
    await expect(page.get_by_text("3 leads are made.")).to_be_visible()
    await until(visit, "writer 3", starred=True, lead="NEW")
    await keys(page, "z")
    await until(visit, "writer 3", starred=True)
    await until(visit, "writer 2", starred=True)
    await undo_by_key(page, "3 mentions are starred.")
    for author in ("writer 2", "writer 3", "writer 4"):
        await until(visit, author)


async def test_keys_select_and_an_undo_restores_what_each_mention_had(inbox: Place) -> None:
    page, visit = inbox.visit.page, inbox.visit
    await inbox.pool.execute("UPDATE mentions SET read_at = now() WHERE author = 'writer 3'")
    await page.reload()
    await expect(row(page, "writer 1")).to_be_visible()
    await keys(page, "j", "J", "J", "d", "1")
    for author in ("writer 3", "writer 4", "writer 5"):
        await until(visit, author, read=True, dismissed="IRRELEVANT")
    await expect(page.get_by_text("3 mentions are dismissed.")).to_be_visible()
    await shows(page, "writer 2", "writer 1")
    await keys(page, "z")
    await until(visit, "writer 3", read=True)
    await until(visit, "writer 4")
    await until(visit, "writer 5")
    await keys(page, "a")
    await expect(page.get_by_text("5 selected")).to_be_visible()
    await keys(page, "r")
    for n in (1, 2, 3, 4, 5):
        await until(visit, f"writer {n}", read=True)
    assert (await marks_of_bob(inbox.pool)) == (None, None, None)


async def marks_of_bob(pool: Pool) -> tuple[object, ...]:
    found: Any = await pool.fetchrow(
        "SELECT read_at, starred_at, dismissed_at FROM mentions WHERE author = 'foreign'"
    )
    return tuple(found)


async def test_a_refused_change_is_rolled_back_with_its_reason(inbox: Place) -> None:
    page = inbox.visit.page
    await row(page, "writer 5").get_by_role("link").click()
    await until(inbox.visit, "writer 5", read=True)
    await inbox.pool.execute("DELETE FROM mentions WHERE author = 'writer 5'")
    await expect(page.get_by_role("button", name="Star")).to_be_visible()
    await page.get_by_role("button", name="Star").click()
    await expect(page.get_by_role("status", name="Messages").locator(".toast.error")).to_be_visible()
    await expect(page.get_by_role("button", name="Star")).to_be_visible()


async def test_filters_are_in_the_address_and_survive_a_reload(kept_place: Place) -> None:
    crm = await add_keyword(kept_place.pool, kept_place.user_id, "crm")
    erp = await add_keyword(kept_place.pool, kept_place.user_id, "erp")
    await add_mentions(kept_place.pool, crm, 2, platform="reddit")
    await add_mention(kept_place.pool, erp, author="old", content="erp", created_at=NOON - timedelta(days=9))
    await add_mention(kept_place.pool, erp, author="new", content="erp", created_at=NOON, platform="x")
    await kept_place.enter("/inbox", "Inbox")
    page = kept_place.visit.page
    await page.get_by_text("Keyword: any").click()
    await page.get_by_role("checkbox", name="erp").check()
    await expect(row(page, "writer 1")).to_have_count(0)
    await shows(page, "new", "old")
    await page.keyboard.press("Escape")
    await page.get_by_label("From").fill("2026-11-03")
    await expect(row(page, "old")).to_have_count(0)
    await shows(page, "new")
    address = page.url
    assert "createdFrom=2026-11-03T00%3A00%3A00.000Z" in address
    await page.reload()
    await expect(row(page, "new")).to_be_visible()
    await shows(page, "new")
    await page.get_by_role("button", name="Clear filters").click()
    await expect(row(page, "writer 1")).to_be_visible()
    await page.get_by_text("Platform: any").click()
    await page.get_by_role("checkbox", name="Reddit").check()
    await expect(row(page, "new")).to_have_count(0)
    await shows(page, "writer 2", "writer 1")
    assert await kept_place.visit.serious_violations() == []
    # A link of the dashboard counts dismissed mentions, too. Unknown values are dropped.
    await kept_place.pool.execute("UPDATE mentions SET dismissed_at = now() WHERE author = 'writer 1'")
    await page.goto(f"{kept_place.visit.origin}/inbox?platform=REDDIT&platform=NO_PLATFORM")
    await expect(row(page, "writer 1").get_by_text("Dismissed")).to_be_visible()
    await page.get_by_role("link", name="To do").click()
    await expect(row(page, "writer 1")).to_have_count(0)
    await page.get_by_label("Search mentions").fill('"crm')
    await expect(page.get_by_role("alert").get_by_text("This could not be loaded.")).to_be_visible()
    await page.get_by_label("Search mentions").fill('"good crm"')
    await expect(row(page, "writer 2")).to_be_visible()


async def test_pages_of_fifty_follow_one_another_without_gaps_or_repetitions(kept_place: Place) -> None:
    keyword = await add_keyword(kept_place.pool, kept_place.user_id, "crm")
    await add_mentions(kept_place.pool, keyword, 120)
    await kept_place.enter("/inbox", "Inbox")
    page = kept_place.visit.page
    await expect(page.get_by_text("50 of 120")).to_be_visible()
    await page.get_by_role("button", name="Show more").click()
    await expect(page.get_by_text("100 of 120")).to_be_visible()
    await ingest(kept_place, "crm", "newest")
    await expect(page.get_by_role("button", name="1 new mention")).to_be_visible()
    # The first page is read again after a visit of another page, and now ends before the old second one.
    await page.get_by_role("link", name="Leads").click()
    await page.get_by_role("link", name="Inbox").click()
    await expect(row(page, "newest")).to_be_visible()
    for number in ("50", "100"):
        await expect(page.get_by_text(f"{number} of 121")).to_be_visible()
        await page.get_by_role("button", name="Show more").click()
    await expect(page.get_by_text("121 of 121")).to_be_visible()
    await shows(page, "newest", *(f"writer {n}" for n in range(120, 0, -1)))


async def ingest(kept_place: Place, *authors_and_words: str) -> None:
    """Add mentions through the API: the keyword, and then the authors."""
    word, *authors = authors_and_words
    ids = await kept_place.visit.ask("{ keywords(first: 100) { nodes { id keyword } } }")
    keyword = next(each["id"] for each in ids["keywords"]["nodes"] if each["keyword"] == word)
    items = [
        {
            "keywordId": keyword,
            "platform": "REDDIT",
            "externalId": f"new-{author}",
            "url": "https://example.com/new",
            "content": f"A {word} question",
            "author": author,
        }
        for author in authors
    ]
    answer = await kept_place.visit.ask(INGEST, items=items)
    assert answer["ingestMentions"]["userErrors"] == []


async def test_new_mentions_come_at_once_at_the_top_and_wait_elsewhere(kept_place: Place) -> None:
    keyword = await add_keyword(kept_place.pool, kept_place.user_id, "crm")
    await add_mentions(kept_place.pool, keyword, 40)
    await kept_place.enter("/inbox", "Inbox")
    page = kept_place.visit.page
    await expect(page.get_by_role("status", name="Changes").get_by_text("Live")).to_be_visible()
    await expect(page.get_by_text("40 mentions · 40 unread")).to_be_visible()
    began = time.monotonic()
    await ingest(kept_place, "crm", "first")
    await expect(row(page, "first")).to_be_visible()
    assert time.monotonic() - began < SOON
    await expect(page.get_by_text("41 mentions · 41 unread")).to_be_visible()
    await row(page, "writer 1").last.scroll_into_view_if_needed()
    await ingest(kept_place, "crm", "second", "third")
    pill = page.get_by_role("button", name="2 new mentions")
    await expect(pill).to_be_visible()
    await expect(page.locator(".mention strong").first).to_have_text("first")
    assert await kept_place.visit.serious_violations() == []
    await pill.click()
    await expect(row(page, "second")).to_be_visible()
    names = await page.locator(".mention strong").all_text_contents()
    assert sorted(names[:2]) == ["second", "third"]


async def test_two_browsers_see_each_others_marks(inbox: Place, chromium: Browser) -> None:
    async with visiting(chromium, inbox.visit.origin) as other:
        there = Place(inbox.pool, inbox.user_id, other, inbox.pid)
        await there.enter("/inbox", "Inbox")
        await expect(row(other.page, "writer 5")).to_be_visible()
        for visit in (inbox.visit, other):
            await expect(visit.page.get_by_role("status", name="Changes").get_by_text("Live")).to_be_visible()
        await other.page.wait_for_timeout(500)  # the live query has begun
        await row(inbox.visit.page, "writer 5").get_by_role("link").click()
        began = time.monotonic()
        await inbox.visit.page.get_by_role("button", name="Star").click()
        await expect(row(other.page, "writer 5").get_by_text("Starred")).to_be_attached()
        assert time.monotonic() - began < SOON
        await tick(other.page, "writer 2").click()
        await keys(other.page, "d", "2")
        await expect(row(inbox.visit.page, "writer 2")).to_have_count(0)


async def test_a_link_to_a_mention_opens_it_and_a_foreign_one_does_not_exist(inbox: Place) -> None:
    visit = inbox.visit
    await add_lead(inbox.pool, await inbox.pool.fetchval("SELECT id FROM mentions WHERE author = 'writer 2'"))
    found = await visit.ask('{ mentions(filter: {author: {eq: "writer 2"}}) { nodes { id } } }')
    id_ = found["mentions"]["nodes"][0]["id"]
    await visit.page.goto(f"{visit.origin}/inbox/{id_}?dismissed=true")
    await expect(visit.page.get_by_role("article").get_by_text("for team 2?")).to_be_visible()
    await visit.page.goto(f"{visit.origin}/inbox/{await foreign_id(inbox.pool)}?dismissed=true")
    await expect(visit.page.get_by_text("This mention does not exist.")).to_be_visible()
    await visit.page.goto(f"{visit.origin}/inbox/{id_}?dismissed=false")
    await expect(visit.page.get_by_role("button", name="Make a lead")).to_be_disabled()
    await visit.page.get_by_role("article").get_by_role("link", name="Lead: New").click()
    await expect(visit.page).to_have_url(re.compile("/leads/"))


async def test_words_with_hyphens_and_other_signs_are_marked(kept_place: Place) -> None:
    visit = kept_place.visit
    keyword = await add_keyword(kept_place.pool, kept_place.user_id, "e-mail")
    text = "An E-mail tool, pay-per-use, in C++ (or a/b)"
    mention = await add_mention(kept_place.pool, keyword, author="writer", content=text)
    await kept_place.enter("/inbox", "Inbox")
    await row(visit.page, "writer").get_by_role("link").click()
    marked = visit.page.get_by_role("article", name="Mention").locator("mark")
    await expect(marked).to_have_text(["E-mail"])
    search = quote('pay-per-use c++ "(or" a/b [')
    await visit.page.goto(f"{visit.origin}/inbox/{encode('Mention', mention)}?search={search}")
    await expect(marked).to_have_text(["E-mail", "pay-per-use", "C++", "(or", "a/b"])


async def foreign_id(pool: Pool) -> str:
    """Return the ID of the other user's mention."""
    return encode("Mention", await pool.fetchval("SELECT id FROM mentions WHERE author = 'foreign'"))


async def test_without_permission_and_without_mentions_the_page_says_so(kept_place: Place) -> None:
    await kept_place.enter("/inbox", "Inbox")
    page = kept_place.visit.page
    await expect(page.get_by_text("No mentions here.")).to_be_visible()
    assert await kept_place.visit.serious_violations() == []
    kept_place.visit.tolerated.append("403")
    await page.route("**/graphql", refuse_lists)
    await page.reload()
    await expect(page.get_by_role("alert").get_by_text("You may not see this.")).to_be_visible()
    await expect(page.get_by_text("read:mentions")).to_be_visible()


async def refuse_lists(route: Route) -> None:
    if "InboxList" not in (route.request.post_data or ""):
        return await route.continue_()
    extensions = {"code": "FORBIDDEN", "missingScopes": ["read:mentions"]}
    await route.fulfill(status=403, json={"errors": [{"message": "no", "extensions": extensions}]})
    return None


async def test_dark_colours_and_a_phone_which_shows_the_list_and_then_the_mention(inbox: Place) -> None:
    page, visit = inbox.visit.page, inbox.visit
    await page.emulate_media(color_scheme="dark")
    await row(page, "writer 3").get_by_role("link").click()
    await tick(page, "writer 4").click()
    assert await visit.serious_violations() == []
    await keys(page, "Escape", "Escape")
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_role("button", name="Filters").click()
    await expect(page.get_by_text("Keyword: any")).to_be_visible()
    await row(page, "writer 5").get_by_role("link").click()
    await expect(page.get_by_role("article", name="Mention")).to_be_visible()
    await expect(page.get_by_role("list", name="Mentions")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert await visit.serious_violations() == []
    await page.get_by_role("link", name="Back to the list").click()
    await expect(row(page, "writer 5")).to_be_visible()
