"""The page of integrations and webhooks in a browser, by mouse and by keys, with exact results in the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from resolvers.framework.global_id import encode
from tests.browser.page.conftest import Place, refused
from tests.support.page import Visit
from tests.support.rows import add_integration, add_user, insert

ALL = """{ integrations(orderBy: OLDEST) { nodes {
  provider name externalAccountId status settings scopes syncIntervalMinutes hasCredentials credentialsExpiresAt
} } }"""
HOOKS = "{ webhooks(orderBy: OLDEST) { nodes { url description eventTypes signature status } } }"
SECRET = "token-5f3a9c"
STORED = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])"
FIELDS = "() => [...document.querySelectorAll('input')].map(({ value }) => value).join(' ')"
SENDING = pytest.mark.parametrize("place", [{"WEBHOOKS_ALLOW_PRIVATE": "on"}], indirect=True)


async def opened(place: Place, path: str = "/integrations") -> None:
    place.visit.tolerated.append("401")
    await place.visit.page.goto(f"{place.visit.origin}{path}")
    await place.sign_in()
    await expect(place.visit.page.get_by_role("heading", level=1, name="Integrations")).to_be_visible()


async def integrations(visit: Visit) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await visit.ask(ALL))["integrations"]["nodes"]
    return found


def cards(visit: Visit) -> Locator:
    return visit.page.locator("[data-row]")


async def is_nowhere(visit: Visit, secret: str) -> bool:
    """Return whether the page holds the secret neither in its document, nor in a field, nor in a storage."""
    held = [await visit.page.content(), *[str(await visit.page.evaluate(read)) for read in (STORED, FIELDS)]]
    return not any(secret in text for text in held)


async def press_until_focused(visit: Visit, control: Locator) -> None:
    """Press Tab until the control has the focus."""
    while not await control.evaluate("control => control === document.activeElement"):
        await visit.page.keyboard.press("Tab")


async def test_an_account_is_connected_and_its_credentials_are_never_shown(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    await opened(place)
    await expect(page.get_by_text("No account is connected yet.")).to_be_visible()
    assert await visit.serious_violations() == []
    await page.get_by_role("button", name="Connect an account").click()
    await page.get_by_label("Service", exact=True).select_option("GitHub")
    await page.get_by_label("Account", exact=True).fill("acme")
    await page.get_by_label("Name", exact=True).fill("Issues")
    credentials = page.get_by_label("Credentials", exact=True)
    assert await credentials.get_attribute("type") == "password"
    assert await credentials.get_attribute("autocomplete") == "off"
    await credentials.fill(SECRET)
    await page.get_by_label("Credentials expire on").fill("2031-05-01")
    await page.get_by_label("Minutes between two runs").fill("0")
    await page.get_by_label("Permissions at the service").fill("repo\nissues")
    await page.get_by_label("Settings").fill("{")
    assert await visit.serious_violations() == []
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.get_by_text("Must be JSON.")).to_be_visible()
    assert await is_nowhere(visit, SECRET)
    await credentials.fill(SECRET)
    await page.get_by_label("Settings").fill('{"labels": ["bug"]}')
    await page.get_by_role("button", name="Connect", exact=True).click()
    interval = page.get_by_label("Minutes between two runs")
    await expect(interval).to_be_focused()
    await expect(interval).to_have_accessible_description("Must be between 1 and 10080.")
    assert await is_nowhere(visit, SECRET)
    assert await integrations(visit) == []
    await credentials.fill(SECRET)
    await interval.fill("30")
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(cards(visit)).to_contain_text("Issues")
    made = {
        "provider": "GITHUB",
        "name": "Issues",
        "externalAccountId": "acme",
        "status": "ACTIVE",
        "settings": {"labels": ["bug"]},
        "scopes": ["repo", "issues"],
        "syncIntervalMinutes": 30,
        "hasCredentials": True,
        "credentialsExpiresAt": "2031-05-01T00:00:00+00:00",
    }
    assert await integrations(visit) == [made]
    assert await is_nowhere(visit, SECRET)


async def test_an_account_is_paused_edited_disconnected_and_deleted_by_mouse(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    await opened(place)
    connect = """mutation { connectIntegration(input: {
        provider: GITHUB, name: "Issues", credentials: "x", settings: { labels: ["bug"] } }) { userErrors { code } } }"""
    await visit.ask(connect)
    (made,) = await integrations(visit)
    await page.get_by_role("button", name="Pause Issues").click()
    await expect(cards(visit)).to_contain_text("Paused")
    assert (await integrations(visit))[0]["status"] == "PAUSED"
    await page.get_by_role("button", name="Undo").click()
    await expect(cards(visit)).to_contain_text("Active")
    assert (await integrations(visit))[0]["status"] == "ACTIVE"

    await page.get_by_role("link", name="Issues").click()
    await page.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("Credentials", exact=True)).to_have_value("")
    await page.get_by_label("Name", exact=True).fill("Bugs")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=2, name="Bugs")).to_be_visible()
    assert await integrations(visit) == [made | {"name": "Bugs"}]

    await page.get_by_role("button", name="Disconnect Bugs").click()
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect", exact=True).click()
    await expect(page.get_by_text("Disconnected", exact=True)).to_be_visible()
    (now,) = await integrations(visit)
    assert (now["status"], now["hasCredentials"]) == ("DISCONNECTED", False)
    await page.get_by_role("button", name="Delete Bugs").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("No account is connected yet.")).to_be_visible()
    assert await integrations(visit) == []


async def test_the_same_by_keys_alone(place: Place) -> None:
    visit, page, press = place.visit, place.visit.page, place.visit.page.keyboard.press
    await add_integration(place.pool, place.user_id, name="Feed", status="active", provider="rss")
    await opened(place)
    await expect(cards(visit)).to_contain_text("Feed")
    await press("n")
    await press_until_focused(visit, page.get_by_label("Service", exact=True))
    await page.keyboard.type("Slack")
    await press("Tab")
    await page.keyboard.type("team")
    await press_until_focused(visit, page.get_by_label("Credentials", exact=True))
    await page.keyboard.type(SECRET)
    await press("Enter")
    await expect(cards(visit)).to_have_count(2)
    made = (await integrations(visit))[1]
    assert (made["provider"], made["externalAccountId"], made["hasCredentials"]) == ("SLACK", "team", True)
    assert await is_nowhere(visit, SECRET)
    await press("j")
    await press("j")
    await expect(page.get_by_role("link", name="Feed")).to_be_focused()
    await press_until_focused(visit, page.get_by_role("button", name="Pause Feed"))
    await press("Enter")
    await expect(cards(visit).last).to_contain_text("Paused")
    await press("z")
    await expect(cards(visit).last).to_contain_text("Active")
    await press("k")
    await press("j")
    await press("Enter")
    await expect(page.get_by_role("heading", level=2, name="Feed")).to_be_visible()
    await press("u")
    await expect(cards(visit)).to_have_count(2)
    assert [each["status"] for each in await integrations(visit)] == ["ACTIVE", "ACTIVE"]


async def test_runs_are_paged_and_a_foreign_integration_does_not_exist(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    own = await add_integration(place.pool, place.user_id, name="Feed", status="active")
    bob = await add_user(place.pool, "bob@example.com")
    foreign = await add_integration(place.pool, bob, name="Secret feed", status="active")
    await place.pool.execute(
        "INSERT INTO integration_logs (user_id, integration_id, kind, status, finished_at, items_found, message) "
        "SELECT user_id, id, 'sync', 'succeeded', now() - n * interval '1 hour', n, 'run ' || n "
        "FROM integrations, generate_series(1, 30) AS n"
    )
    await opened(place)
    await expect(cards(visit)).to_have_count(1)
    await page.get_by_role("link", name="Feed").click()
    runs = page.locator("tbody tr")
    await expect(runs).to_have_count(25)
    await page.get_by_role("button", name="Show more").click()
    await expect(runs).to_have_count(30)
    await expect(page.get_by_text("30 of 30")).to_be_visible()
    assert await visit.serious_violations() == []
    await page.goto(f"{visit.origin}/integrations/{encode('Integration', own).replace('=', '%3D')}")
    await expect(page.get_by_role("heading", level=2, name="Feed")).to_be_visible()
    await page.goto(f"{visit.origin}/integrations/{encode('Integration', foreign).replace('=', '%3D')}")
    await expect(page.get_by_text("This integration does not exist.")).to_be_visible()
    await expect(page.get_by_text("Secret feed")).to_be_hidden()


async def test_a_run_that_another_client_reports_appears_within_a_second(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    own = await add_integration(place.pool, place.user_id, name="Feed", status="active")
    await opened(place)
    await expect(page.get_by_role("status", name="Changes")).to_have_text("Live")
    await expect(cards(visit)).to_contain_text("No run yet")
    report = """mutation($i: ID!) { recordIntegrationRun(input: {
        integrationId: $i, status: FAILED, errorCode: "HTTP_503" }) { userErrors { code } } }"""
    assert (await visit.ask(report, i=encode("Integration", own)))["recordIntegrationRun"]["userErrors"] == []
    await expect(cards(visit)).to_contain_text("the last run failed (HTTP_503)", timeout=1_000)
    strip = cards(visit).get_by_role("img")
    await expect(strip).to_have_accessible_name("Last 30 days: 0% of 1 runs succeeded")
    connect = 'mutation { connectIntegration(input: { provider: X, name: "Other" }) { userErrors { code } } }'
    await visit.ask(connect)
    await expect(cards(visit)).to_have_count(2, timeout=1_000)


async def test_the_next_run_is_announced_or_overdue(kept_place: Place) -> None:
    for name, minutes in (("Late", -28.5), ("Now", 0), ("Soon", 28.5)):
        due = datetime.now(UTC) + timedelta(minutes=minutes)
        await add_integration(
            kept_place.pool,
            kept_place.user_id,
            name=name,
            status="active",
            external_account_id=name,
            next_sync_at=due,
        )
    await kept_place.enter("/integrations", "Integrations")
    visit = kept_place.visit
    for name, text in (
        ("Late", "was due 28 minutes ago"),
        ("Now", "due now"),
        ("Soon", "next in 28 minutes"),
    ):
        await expect(cards(visit).filter(has_text=name)).to_contain_text(
            f"No run yet · {text} · no credentials"
        )
    await visit.page.get_by_role("link", name="Late").click()
    await expect(visit.page.locator(".fact").filter(has_text="Next run")).to_contain_text("(overdue)")


@SENDING
async def test_a_webhook_is_created_shown_once_tested_rotated_paused_and_deleted(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    await add_integration(place.pool, place.user_id, name="Feed", status="active")
    await opened(place, "/integrations/webhooks")
    await expect(page.get_by_text("You have no webhooks yet.")).to_be_visible()
    await page.keyboard.press("n")
    await page.get_by_label("URL").fill("ftp://127.0.0.1/")
    await page.get_by_label("Integration updated").check()
    await page.get_by_label("Mention created").uncheck()
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_label("URL")).to_be_focused()
    await expect(page.get_by_label("URL")).to_have_attribute("aria-invalid", "true")
    assert await visit.serious_violations() == []
    await page.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    await page.get_by_label("URL").press("Enter")
    secret = await page.get_by_label("Secret", exact=True).input_value()
    assert secret.startswith("whsec_")
    await page.keyboard.press("Escape")
    assert await is_nowhere(visit, secret)
    made = {
        "url": "http://127.0.0.1:9/hook",
        "description": "",
        "eventTypes": ["INTEGRATION_UPDATED", "LEAD_CREATED", "LEAD_UPDATED"],
        "signature": "V1",
        "status": "ACTIVE",
    }
    (hook,) = (await visit.ask(HOOKS))["webhooks"]["nodes"]
    assert hook | {"eventTypes": sorted(hook["eventTypes"])} == made

    await page.get_by_role("link", name="http://127.0.0.1:9/hook").click()
    await page.get_by_role("button", name="Test").click()
    await page.get_by_role("button", name="Show the message").click()
    message = page.get_by_label("Message", exact=True)
    await expect(message).to_contain_text("webhook-signature: v1,")
    await expect(message).to_contain_text("POST http://127.0.0.1:9/hook")
    assert await visit.serious_violations() == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Rotate the secret").click()
    await page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    second = await page.get_by_label("Secret", exact=True).input_value()
    assert second.startswith("whsec_")
    assert second != secret
    await page.get_by_role("button", name="Done").click()
    assert await is_nowhere(visit, second)

    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Edit").click()
    await page.get_by_label("Description").fill("for the CRM")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("paragraph").filter(has_text="for the CRM")).to_be_visible()
    (hook,) = (await visit.ask(HOOKS))["webhooks"]["nodes"]
    assert (hook["status"], hook["description"]) == ("PAUSED", "for the CRM")
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("You have no webhooks yet.")).to_be_visible()
    assert (await visit.ask(HOOKS))["webhooks"]["nodes"] == []


@SENDING
async def test_failed_messages_are_filtered_and_sent_again_by_keys_alone(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    await opened(place, "/integrations/webhooks")
    create = """mutation { createWebhook(input: { url: "http://127.0.0.1:9/", eventTypes: [LEAD_CREATED] }) {
        webhook { id } } }"""
    id_ = (await visit.ask(create))["createWebhook"]["webhook"]["id"]
    webhook = await place.pool.fetchval("SELECT id FROM webhooks")
    for number, status in enumerate(("failed", "delivered")):
        await insert(
            place.pool,
            "webhook_deliveries",
            user_id=place.user_id,
            webhook_id=webhook,
            message_id=f"msg_{number}",
            event_type="lead.created",
            entity="Lead",
            entity_id=1,
            status=status,
            attempts=10 if status == "failed" else 1,
            occurred_at=datetime.now(UTC),
            finished_at=datetime.now(UTC),
        )
    await page.goto(f"{visit.origin}/integrations/webhooks/{id_.replace('=', '%3D')}")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(2)
    await press_until_focused(visit, page.get_by_label("Status"))
    await page.keyboard.type("Failed")
    await expect(rows).to_have_count(1)
    await page.keyboard.press("Tab")
    await press_until_focused(visit, page.get_by_role("button", name="Send msg_0 again"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The message is sent again.")).to_be_visible()
    states = await place.pool.fetch("SELECT status, attempts FROM webhook_deliveries ORDER BY message_id")
    assert [tuple(each) for each in states] == [("pending", 0), ("delivered", 1)]


async def test_a_missing_scope_is_named_and_a_phone_does_not_scroll_sideways(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await visit.page.emulate_media(color_scheme="dark")
    await visit.open("/integrations", "Integrations")
    await expect(cards(visit).first).to_be_visible()
    assert await visit.serious_violations() == []
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 390
    await cards(visit).first.get_by_role("link").click()
    await expect(visit.page.locator("tbody tr").first).to_be_visible()
    assert await visit.serious_violations() == []
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 390
    visit.tolerated.append("403")
    await visit.page.route(
        "**/graphql",
        lambda route: (
            route.fulfill(**refused("FORBIDDEN", 403, missing=["read:webhooks"]))
            if "IntegrationsWebhooks" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    await visit.page.get_by_role("link", name="Webhooks").click()
    await expect(visit.page.get_by_role("alert").get_by_text("read:webhooks")).to_be_visible()
