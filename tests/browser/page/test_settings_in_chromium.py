"""The page of settings in a browser: profile, password, sessions and API keys, by mouse and by keys."""

import re

import httpx
from playwright.async_api import Locator, expect

from tests.browser.page.conftest import EMAIL, PASSWORD, Place, refused
from tests.support.page import Visit
from tests.support.rows import add_key, add_user

KEYS = "{ apiKeys(orderBy: OLDEST) { nodes { name scopes state expiresAt } } }"
SECRET = re.compile(r"lg_live_\d+_[0-9A-Za-z]{38}")
STORED = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])"
FIELDS = "() => [...document.querySelectorAll('input')].map(({ value }) => value).join(' ')"


async def opened(place: Place) -> None:
    place.visit.tolerated.append("401")
    await place.visit.page.goto(f"{place.visit.origin}/settings")
    await place.sign_in()
    await expect(place.visit.page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    await expect(place.visit.page.get_by_text("This browser")).to_be_visible()


def card(visit: Visit, name: str) -> Locator:
    return visit.page.get_by_role("region", name=name)


async def is_nowhere(visit: Visit, secret: str) -> bool:
    """Return whether the page holds the secret neither in its document, nor in a field, nor in a storage."""
    held = [await visit.page.content(), *[str(await visit.page.evaluate(read)) for read in (STORED, FIELDS)]]
    return not any(secret in text for text in held)


async def can_read(origin: str, secret: str) -> bool:
    async with httpx.AsyncClient(base_url=origin) as client:
        answer = await client.post(
            "/graphql",
            json={"query": "{ viewer { email } }"},
            headers={"Authorization": f"Bearer {secret}"},
        )
    return answer.status_code == 200 and answer.json()["data"]["viewer"]["email"] == EMAIL


async def test_the_profile_is_changed_and_the_change_undone(place: Place) -> None:
    page = place.visit.page
    await opened(place)
    assert await place.visit.serious_violations() == []
    await page.get_by_label("Name", exact=True).fill("Ann Example")
    await page.get_by_label("Days begin and end in").select_option("Asia/Tokyo")
    await page.get_by_label("Weeks begin on").select_option("Sunday")
    await card(place.visit, "Profile").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The profile is changed.")).to_be_visible()
    await expect(page.locator(".account summary")).to_have_text("Ann Example")
    asked = "{ viewer { name timeZone weekStart } }"
    changed = {"name": "Ann Example", "timeZone": "Asia/Tokyo", "weekStart": "SUNDAY"}
    assert (await place.visit.ask(asked))["viewer"] == changed
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("The profile is as before.")).to_be_visible()
    assert (await place.visit.ask(asked))["viewer"] == {
        "name": "Ann",
        "timeZone": "UTC",
        "weekStart": "MONDAY",
    }
    await page.get_by_label("Name", exact=True).fill("x" * 201)
    await page.get_by_label("Name", exact=True).press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_text("Must have at most 200 characters")).to_be_visible()


async def test_the_password_is_changed_and_leaves_its_fields(place: Place) -> None:
    page = place.visit.page
    await opened(place)
    new = "a longer password 42"
    password = card(place.visit, "Password")
    current, fresh = page.get_by_label("Current password"), page.get_by_label("New password", exact=True)
    await current.fill("wrong password 12")
    await fresh.fill(new)
    await page.get_by_label("New password again").fill(f"{new}?")
    await password.get_by_role("button").click()
    await expect(password.get_by_text("The two new passwords differ.")).to_be_visible()
    assert "SettingsChangePassword" not in place.visit.operations()
    await current.fill("wrong password 12")
    await fresh.fill(new)
    await page.get_by_label("New password again").fill(new)
    await password.get_by_role("button").click()
    await expect(password.get_by_text("The password is wrong.")).to_be_visible()
    await expect(current).to_be_focused()
    assert await is_nowhere(place.visit, new)
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Tab")
    await page.keyboard.type(new)
    await page.keyboard.press("Tab")
    await page.keyboard.type(new)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The password is changed.")).to_be_visible()
    assert await is_nowhere(place.visit, new)
    assert await is_nowhere(place.visit, PASSWORD)
    answer = await page.context.request.post(
        f"{place.visit.origin}/graphql",
        data={
            "query": "mutation($i: SignInInput!) { signIn(input: $i) { viewer { email } } }",
            "variables": {"i": {"email": EMAIL, "password": new}},
        },
    )
    assert (await answer.json())["data"]["signIn"]["viewer"]["email"] == EMAIL


async def test_a_key_is_created_shown_once_rotated_and_revoked_by_mouse(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await add_key(place.pool, await add_user(place.pool, "bob@example.com", name="Bob"))
    await opened(place)
    await expect(page.get_by_text("You have no API keys.")).to_be_visible()
    await page.get_by_role("button", name="New API key").click()
    await page.get_by_role("checkbox", name="read:leads").uncheck()
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_label("Name", exact=True).last).to_be_focused()
    await expect(page.get_by_text("Must not be empty.")).to_be_visible()
    await page.get_by_label("Name", exact=True).last.fill("nightly")
    await page.get_by_label("Expires").select_option("Never")
    assert await visit.serious_violations() == []
    await page.get_by_role("button", name="Create").click()
    secret = await page.get_by_label("Secret").input_value()
    assert SECRET.fullmatch(secret)
    assert await visit.serious_violations() == []
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_text("Copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == secret
    await page.get_by_role("button", name="Done").click()
    assert await is_nowhere(visit, secret)
    assert await can_read(visit.origin, secret)
    scopes = ["read:integrations", "read:keywords", "read:mentions"]
    made = {"name": "nightly", "scopes": scopes, "state": "ACTIVE", "expiresAt": None}
    assert (await visit.ask(KEYS))["apiKeys"]["nodes"] == [made]

    await page.get_by_role("button", name="Rotate nightly").click()
    await page.get_by_label("The old key works").select_option("Not any more")
    await page.get_by_role("button", name="Rotate", exact=True).last.click()
    second = await page.get_by_label("Secret").input_value()
    assert second != secret
    await page.keyboard.press("Escape")
    assert await is_nowhere(visit, second)
    await expect(page.get_by_text("2 of 2")).to_be_visible()
    states = [key["state"] for key in (await visit.ask(KEYS))["apiKeys"]["nodes"]]
    assert states == ["EXPIRED", "ACTIVE"]

    await page.get_by_role("button", name="Revoke nightly").click()
    await page.get_by_role("button", name="Revoke", exact=True).last.click()
    await expect(page.get_by_role("cell", name="Revoked")).to_be_visible()
    states = [key["state"] for key in (await visit.ask(KEYS))["apiKeys"]["nodes"]]
    assert states == ["EXPIRED", "REVOKED"]
    foreign = await place.pool.fetchval("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL")
    assert foreign == 2  # the key of Bob, and the expired one


async def test_an_old_sign_in_asks_for_the_password_and_repeats_by_keys_alone(place: Place) -> None:
    visit, page, press = place.visit, place.visit.page, place.visit.page.keyboard.press
    await opened(place)
    await place.pool.execute("UPDATE sessions SET created_at = created_at - interval '2 hours'")
    await press("n")
    dialog = page.get_by_role("dialog", name="New API key")
    await expect(dialog).to_be_visible()
    while not await dialog.get_by_label("Name").evaluate("field => field === document.activeElement"):
        await press("Tab")
    await page.keyboard.type("by keys")
    await press("Enter")
    confirm = page.get_by_role("dialog", name="Confirm your password")
    await expect(confirm).to_be_visible()
    assert await visit.serious_violations() == []
    while not await confirm.get_by_label("Your password").evaluate("f => f === document.activeElement"):
        await press("Tab")
    await page.keyboard.type("not this one")
    await press("Enter")
    await expect(confirm.get_by_role("alert")).to_be_visible()
    await confirm.get_by_label("Your password").focus()
    await page.keyboard.type(PASSWORD)
    await press("Enter")
    secret = await page.get_by_label("Secret").input_value()
    assert SECRET.fullmatch(secret)
    await press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert await is_nowhere(visit, secret)
    assert await is_nowhere(visit, PASSWORD)
    (made,) = (await visit.ask(KEYS))["apiKeys"]["nodes"]
    assert made["name"] == "by keys"
    assert made["expiresAt"] is not None
    assert visit.operations().count("SettingsCreateKey") == 2
    await press("j")
    await expect(page.get_by_role("button", name="Rotate by keys")).to_be_focused()


async def test_sessions_are_listed_and_ended_and_all_of_them_at_once(place: Place) -> None:
    page = place.visit.page
    await place.pool.execute(
        "INSERT INTO sessions (user_id, token_hash, address, user_agent, expires_at, ends_at) "
        "VALUES ($1, '\\x01', '192.0.2.7', 'Firefox 150', now() + interval '1 day', now() + interval '1 day')",
        place.user_id,
    )
    await opened(place)
    other = page.get_by_role("row").filter(has_text="Firefox 150")
    await expect(other).to_contain_text("192.0.2.7")
    await page.get_by_role("button", name="End the session of Firefox 150").click()
    await expect(other).to_be_hidden()
    assert await place.pool.fetchval("SELECT count(*) FROM sessions") == 1
    await page.get_by_role("button", name="Sign out everywhere").click()
    await page.get_by_role("button", name="Sign out everywhere").last.click()
    await expect(page.get_by_role("dialog", name="Sign in to Leadgraph")).to_be_visible()
    assert await place.pool.fetchval("SELECT count(*) FROM sessions") == 0
    await place.sign_in()
    await page.get_by_role("button", name="End this session").click()
    await expect(page.get_by_role("dialog", name="Sign in to Leadgraph")).to_be_visible()
    assert await place.pool.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_missing_scope_is_named_and_a_phone_does_not_scroll_sideways(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await visit.page.emulate_media(color_scheme="dark")
    visit.tolerated.append("403")
    await visit.page.route(
        "**/graphql",
        lambda route: (
            route.fulfill(**refused("FORBIDDEN", 403, missing=["read:keys"]))
            if "SettingsKeys" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    await visit.open("/settings", "Settings")
    await expect(card(visit, "API keys").get_by_role("alert").get_by_text("read:keys")).to_be_visible()
    await expect(visit.page.get_by_text("This browser")).to_be_visible()
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 390
    assert await visit.serious_violations() == []
