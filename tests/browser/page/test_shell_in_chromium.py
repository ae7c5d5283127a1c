"""The frame of the page in a browser: sign-in, navigation, keys, themes, and troubles with the API."""

import pytest
from playwright.async_api import Route, expect

from db.engine.writer import in_transaction
from db.statements import session as stored
from services.browsers.passwords import hash_of
from tests.browser.page.conftest import EMAIL, PASSWORD, SIGN_IN, Place, refused
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_user

PAGES = [
    ("/", "Dashboard"),
    ("/inbox", "Inbox"),
    ("/leads", "Leads"),
    ("/keywords", "Keywords"),
    ("/integrations", "Integrations"),
    ("/exports", "Exports"),
    ("/settings", "Settings"),
]
SESSION_ENDED = "Your session has ended"
SIGN_IN_FORM = "Sign in to Leadgraph"
COLOUR = "() => getComputedStyle(document.documentElement).backgroundColor"
LIGHT, DARK = "rgb(246, 247, 249)", "rgb(20, 23, 28)"


@pytest.mark.parametrize(("path", "heading"), PAGES)
async def test_a_demo_shows_each_page_to_a_new_browser(visit: Visit, path: str, heading: str) -> None:
    await visit.open(path, heading)
    await expect(visit.page).to_have_title(f"{heading} · Leadgraph")
    await expect(visit.page.get_by_role("link", name=heading, exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    assert await visit.serious_violations() == []


async def test_links_and_keys_lead_from_page_to_page(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    await visit.page.get_by_role("link", name="Leads").click()
    await expect(visit.page.get_by_role("heading", level=1, name="Leads")).to_be_visible()
    await visit.page.keyboard.press("g")
    await visit.page.keyboard.press("i")
    await expect(visit.page.get_by_role("heading", level=1, name="Inbox")).to_be_visible()
    await visit.page.go_back()
    await expect(visit.page.get_by_role("heading", level=1, name="Leads")).to_be_visible()
    assert visit.operations().count("Viewer") == 1


async def test_a_question_mark_lists_the_keys(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    await visit.page.keyboard.press("?")
    dialog = visit.page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog.get_by_text("Go to leads")).to_be_visible()
    assert await visit.serious_violations() == []
    await visit.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_the_first_key_reaches_a_link_to_the_content(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    await visit.page.keyboard.press("Tab")
    await expect(visit.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.locator("main")).to_be_focused()


async def test_colours_follow_the_system_and_the_choice(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    assert await visit.page.evaluate(COLOUR) == LIGHT
    await visit.page.emulate_media(color_scheme="dark")
    assert await visit.page.evaluate(COLOUR) == DARK
    assert await visit.serious_violations() == []
    await visit.page.get_by_text("Demo Seller").click()
    await visit.page.get_by_label("Colours").select_option("Light")
    assert await visit.page.evaluate(COLOUR) == LIGHT
    await visit.page.reload()
    await expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
    assert await visit.page.evaluate(COLOUR) == LIGHT


async def test_a_phone_shows_the_page_without_scrolling_sideways(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 360, "height": 740})
    await visit.open("/", "Dashboard")
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 360
    assert await visit.serious_violations() == []


async def test_a_phone_shows_the_current_page_in_the_navigation_and_that_others_follow(visit: Visit) -> None:
    page = visit.page
    await page.set_viewport_size({"width": 360, "height": 740})
    await visit.open("/", "Dashboard")
    navigation = page.get_by_role("navigation", name="Pages")
    await expect(navigation).to_have_attribute("data-more", "end")
    await expect(navigation.get_by_role("link", name="Settings")).not_to_be_in_viewport()
    for key, name, more in (
        ("s", "Settings", "start"),
        ("k", "Keywords", "start end"),
        ("d", "Dashboard", "end"),
    ):
        await page.keyboard.press("g")
        await page.keyboard.press(key)
        await expect(navigation.get_by_role("link", name=name)).to_be_in_viewport(ratio=1)
        await expect(navigation).to_have_attribute("data-more", more)
    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(navigation).to_have_attribute("data-more", "")
    await visit.open("/settings", "Settings")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.reload()
    await expect(navigation.get_by_role("link", name="Settings")).to_be_in_viewport(ratio=1)


async def test_the_time_zone_is_that_of_the_viewer_and_can_be_changed(place: Place) -> None:
    place.visit.tolerated.append("401")
    page = place.visit.page
    await page.goto(place.visit.origin)
    await place.sign_in()
    await page.get_by_text("Ann", exact=True).click()
    await expect(page.get_by_role("banner").get_by_label("Time zone")).to_have_value("UTC")
    await page.get_by_role("banner").get_by_label("Time zone").select_option("Asia/Tokyo")
    await expect(page.get_by_text("The time zone is changed.")).to_be_visible()
    zone = await place.pool.fetchval("SELECT time_zone FROM users WHERE id = $1", place.user_id)
    assert zone == "Asia/Tokyo"


async def test_sign_in_tells_of_wrong_passwords_and_of_too_many_attempts(place: Place) -> None:
    place.visit.tolerated.append("401")
    page = place.visit.page
    await page.goto(f"{place.visit.origin}/leads")
    dialog = page.get_by_role("dialog", name="Sign in to Leadgraph")
    await expect(dialog).to_be_visible()
    assert await place.visit.serious_violations() == []
    await page.get_by_label("E-mail address").fill(EMAIL)
    await page.get_by_label("Password").fill("wrong password")
    for _ in range(10):
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
        await expect(dialog.get_by_text("The e-mail address or the password is wrong.")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(dialog.get_by_text("Too many failed attempts. Retry in 2 minutes.")).to_be_visible()


async def test_after_the_sign_in_the_route_stays_and_a_sign_out_ends_the_session(place: Place) -> None:
    place.visit.tolerated.append("401")
    page = place.visit.page
    await page.goto(f"{place.visit.origin}/keywords")
    await place.sign_in()
    await expect(page.get_by_role("heading", level=1, name="Keywords")).to_be_visible()
    await page.get_by_text("Ann", exact=True).click()
    assert EMAIL in await page.content()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("dialog", name=SIGN_IN_FORM)).to_be_visible()
    assert EMAIL not in await page.content()
    assert await place.pool.fetchval("SELECT count(*) FROM sessions") == 0
    await place.sign_in()
    await expect(page.get_by_role("heading", level=1, name="Keywords")).to_be_visible()


async def test_a_revoked_session_asks_for_the_password_in_place(place: Place) -> None:
    place.visit.tolerated.append("401")
    page = place.visit.page
    await page.goto(f"{place.visit.origin}/exports")
    await place.sign_in()
    await expect(page.get_by_role("status", name="Changes")).to_have_text("Live")
    await page.wait_for_timeout(500)  # the server looks up the session of a new live connection soon
    await place.pool.execute("DELETE FROM sessions")
    await page.wait_for_timeout(5_500)  # the server trusts a session for five seconds
    await page.get_by_text("Ann", exact=True).click()
    await page.get_by_role("banner").get_by_label("Time zone").select_option("Europe/Berlin")
    await expect(page.get_by_role("dialog", name=SESSION_ENDED)).to_be_visible()
    await expect(page.get_by_text(EMAIL, exact=True)).to_be_hidden()
    for _ in range(3):
        await page.keyboard.press("Escape")
    await page.wait_for_timeout(100)
    await expect(page.get_by_role("dialog", name=SESSION_ENDED)).to_be_visible()
    await place.sign_in()
    await expect(page.get_by_text("The time zone is changed.")).to_be_visible()
    await expect(page).to_have_url(f"{place.visit.origin}/exports")


async def test_tabs_show_the_user_of_the_session_after_another_sign_in(place: Place) -> None:
    place.visit.tolerated.append("401")
    page = place.visit.page
    bob = await add_user(place.pool, "bob@example.com", name="Bob")
    await in_transaction(
        place.pool, lambda writer: stored.set_password(writer, bob, hash_of("another password"))
    )
    await add_keyword(place.pool, place.user_id, "words of Ann")
    await add_keyword(place.pool, bob, "words of Bob")
    await place.enter("/keywords", "Keywords")
    await expect(page.get_by_text("words of Ann")).to_be_visible()
    await place.visit.ask(SIGN_IN, input={"email": "bob@example.com", "password": "another password"})
    other = await page.context.new_page()
    await other.goto(f"{place.visit.origin}/keywords")
    for tab in (other, page):
        await expect(tab.get_by_text("words of Bob")).to_be_visible()
        assert "words of Ann" not in await tab.content()
    await other.get_by_text("Bob", exact=True).click()
    await other.get_by_role("button", name="Sign out").click()
    for tab in (other, page):
        await expect(tab.get_by_role("dialog", name=SIGN_IN_FORM)).to_be_visible()
        assert "words of Bob" not in await tab.content()
    await place.sign_in()
    for tab in (other, page):
        await expect(tab.get_by_text("words of Ann")).to_be_visible()


async def test_an_outage_is_shown_and_ends_by_itself(visit: Visit) -> None:
    visit.tolerated += ["ERR_FAILED", "503"]
    is_away = True

    async def away(route: Route) -> None:
        await (route.abort() if is_away else route.continue_())

    await visit.page.route("**/graphql", away)
    await visit.page.route("**/readyz", away)
    await visit.page.goto(visit.origin)
    bar = visit.page.get_by_role("status", name="Connection")
    await expect(bar.get_by_text("The server cannot be reached.")).to_be_visible()
    assert await visit.serious_violations() == []
    async with visit.page.expect_request("**/readyz"):
        await bar.get_by_role("button", name="Try now").click()
    is_away = False
    await expect(visit.page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()
    await expect(bar.get_by_text("The server cannot be reached.")).to_be_hidden()


async def test_a_rate_limit_says_when_the_page_continues(visit: Visit) -> None:
    visit.tolerated.append("429")
    answers = [refused("RATE_LIMITED", 429, **{"retry-after": "2"})]

    async def limited(route: Route) -> None:
        await (route.fulfill(**answers.pop()) if answers else route.continue_())

    await visit.page.route("**/graphql", limited)
    await visit.page.goto(visit.origin)
    bar = visit.page.get_by_role("status", name="Connection")
    await expect(bar.get_by_text("Too many requests. The page continues in 2 s.")).to_be_visible()
    await expect(visit.page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()
    await expect(bar.get_by_text("Too many requests.")).to_be_hidden()
    assert visit.operations()[:3] == ["Viewer", "Viewer", "DashboardPage"]


@pytest.mark.parametrize("code", ["PERSISTED_QUERY_NOT_FOUND", "DOCUMENT_NOT_TRUSTED"])
async def test_a_newer_server_asks_for_a_reload(visit: Visit, code: str) -> None:
    visit.tolerated.append("400")
    await visit.page.route("**/graphql", lambda route: route.fulfill(**refused(code, 400)))
    await visit.page.goto(visit.origin)
    bar = visit.page.get_by_role("status", name="Connection")
    await expect(bar.get_by_text("The server has a newer version of this page.")).to_be_visible()
    await visit.page.unroute("**/graphql")
    await bar.get_by_role("button", name="Reload").click()
    await expect(visit.page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


async def test_a_missing_permission_names_the_scopes(visit: Visit) -> None:
    visit.tolerated.append("403")
    answer = refused("FORBIDDEN", 403, missing=["read:leads"])
    await visit.page.route("**/graphql", lambda route: route.fulfill(**answer))
    await visit.page.goto(visit.origin)
    alert = visit.page.get_by_role("alert")
    await expect(alert.get_by_text("You may not see this.")).to_be_visible()
    await expect(alert.get_by_text("read:leads")).to_be_visible()
