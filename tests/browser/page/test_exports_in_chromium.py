"""The page of exports in a browser: create, follow, cancel and download, by mouse and by keys."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.page.conftest import Place, refused
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_lead, add_mention, add_user, insert

EXPORTS = (
    "{ exports(orderBy: OLDEST) { nodes { entity format columns byteOrderMark status rowsCount error } } }"
)
WORKING = pytest.mark.parametrize("place", [{"WORKERS": "1"}], indirect=True)
LISTS = {
    "Leads": "LEADS",
    "Mentions": "MENTIONS",
    "Keywords": "KEYWORDS",
    "Integrations": "INTEGRATIONS",
    "Runs of integrations": "INTEGRATION_LOGS",
}


async def opened(place: Place, path: str = "/exports") -> None:
    place.visit.tolerated.append("401")
    await place.visit.page.goto(f"{place.visit.origin}{path}")
    await place.sign_in()
    await expect(place.visit.page.get_by_role("heading", level=1, name="Exports")).to_be_visible()


async def exports(visit: Visit) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await visit.ask(EXPORTS))["exports"]["nodes"]
    return found


def rows(visit: Visit) -> Locator:
    return visit.page.locator("tbody tr")


async def add_export(place: Place, user_id: int, **values: object) -> int:
    usual: dict[str, object] = {"everybody": False, "entity": "leads", "format": "csv", "columns": ["id"]}
    return await insert(place.pool, "exports", user_id=user_id, question="{}", **usual | values)


@WORKING
async def test_the_chosen_leads_are_exported_and_downloaded_by_mouse(place: Place, tmp_path: Path) -> None:
    visit, page = place.visit, place.visit.page
    keyword = await add_keyword(place.pool, place.user_id, "crm")
    for number, status in enumerate(("new", "qualified", "qualified", "converted")):
        mention = await add_mention(place.pool, keyword, platform="reddit" if number != 2 else "web")
        await add_lead(place.pool, mention, status=status, company=f"Company {number}")
    other = await add_keyword(place.pool, await add_user(place.pool, "bob@example.com"), "crm")
    await add_lead(place.pool, await add_mention(place.pool, other, platform="reddit"), status="qualified")
    await opened(place)
    await expect(page.get_by_text("You have no exports yet.")).to_be_visible()
    assert await visit.serious_violations() == []
    await page.get_by_role("button", name="New export").click()
    statuses = page.get_by_role("group", name="Status")
    await statuses.get_by_label("Qualified", exact=True).check()
    await statuses.get_by_label("Converted", exact=True).check()
    await page.get_by_role("group", name="Platform").get_by_label("Reddit").check()
    columns = page.get_by_role("group", name="Columns")
    for column in ("Status", "Company", "Mention platform"):
        await columns.get_by_label(column, exact=True).check()
    await page.get_by_label("Order").select_option("Oldest first")
    assert await visit.serious_violations() == []
    await page.get_by_role("button", name="Export", exact=True).click()
    await expect(rows(visit)).to_contain_text("Succeeded")
    assert await exports(visit) == [
        {
            "entity": "LEADS",
            "format": "CSV",
            "columns": ["status", "company", "mention.platform"],
            "byteOrderMark": True,
            "status": "SUCCEEDED",
            "rowsCount": 2,
            "error": None,
        }
    ]
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download Leads").click()
    file = tmp_path / "leads.csv.gz"
    await (await downloading.value).save_as(file)
    table = list(csv.reader(io.StringIO(gzip.decompress(file.read_bytes()).decode("utf-8-sig"))))
    assert table == [
        ["status", "company", "mention.platform"],
        ["QUALIFIED", "Company 1", "REDDIT"],
        ["CONVERTED", "Company 3", "REDDIT"],
    ]


@WORKING
async def test_an_export_is_created_by_keys_alone_for_the_days_of_the_viewer(place: Place) -> None:
    visit, page, press = place.visit, place.visit.page, place.visit.page.keyboard.press
    await place.pool.execute("UPDATE users SET time_zone = 'Asia/Tokyo'")
    keyword = await add_keyword(place.pool, place.user_id, "crm")
    for moment in ("2026-11-28 14:59", "2026-11-28 15:00", "2026-11-29 14:59", "2026-11-29 15:00"):
        await place.pool.execute(
            "UPDATE mentions SET created_at = $2::text::timestamptz WHERE id = $1",
            await add_mention(place.pool, keyword, content=moment),
            f"{moment}+00",
        )
    await opened(place)
    await press("n")
    dialog = page.get_by_role("dialog", name="New export")
    await expect(dialog.get_by_label("List")).to_be_focused()
    await page.keyboard.type("Mentions")
    await press("Tab")
    await page.keyboard.type("JSON")
    for label in ("Created from", "Created until the end of"):
        field = dialog.get_by_label(label)
        while not await field.evaluate("field => field === document.activeElement"):
            await press("Tab")
        await page.keyboard.type("11292026")
    await press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(rows(visit)).to_contain_text("Succeeded")
    (made,) = await exports(visit)
    assert made["entity"] == "MENTIONS"
    assert made["format"] == "JSON_LINES"
    assert made["rowsCount"] == 2
    await press("j")
    link = page.get_by_role("link", name="Download Mentions")
    await expect(link).to_be_focused()
    async with page.expect_download() as downloading:
        await press("Enter")
    lines = gzip.decompress(Path(await (await downloading.value).path()).read_bytes()).decode().splitlines()
    assert [json.loads(line)["content"] for line in lines] == ["2026-11-29 14:59", "2026-11-28 15:00"]


async def test_each_state_is_shown_and_an_unfinished_export_is_cancelled(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    ended = "now() - interval '8 days'"
    running = await add_export(place, place.user_id, status="running", rows_count=3000, rows_total=12_000)
    for values in (
        "status = 'failed', error = 'The rows may not be read.', finished_at = now(), expires_at = now()",
        f"status = 'succeeded', finished_at = {ended}, expires_at = now() - interval '1 day'",
        "status = 'cancelled', finished_at = now(), expires_at = now()",
    ):
        made = await add_export(place, place.user_id)
        await place.pool.execute(f"UPDATE exports SET {values} WHERE id = $1", made)
    await add_export(place, await add_user(place.pool, "bob@example.com"))
    await opened(place)
    await expect(rows(visit)).to_have_count(4)
    texts = await rows(visit).all_inner_texts()
    for text, state in zip(texts, ("Cancelled", "Expired", "Failed", "Running"), strict=True):
        assert state in text
    await expect(page.get_by_text("The rows may not be read.")).to_be_visible()
    await expect(page.get_by_role("link", name="Download")).to_have_count(0)
    assert await visit.serious_violations() == []

    await expect(page.get_by_text("3,000 of 12,000")).to_be_visible()
    await place.pool.execute("UPDATE exports SET rows_count = 9000 WHERE id = $1", running)
    await expect(page.get_by_text("9,000 of 12,000")).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_have_attribute("value", "9000")
    await page.get_by_role("button", name="Cancel").click()
    await expect(rows(visit).last).to_contain_text("Cancelled")
    assert [each["status"] for each in await exports(visit)] == [
        "CANCELLED",
        "FAILED",
        "SUCCEEDED",
        "CANCELLED",
    ]


async def test_a_change_of_another_browser_appears_within_a_second(place: Place) -> None:
    visit = place.visit
    await opened(place)
    await expect(visit.page.get_by_role("status", name="Changes")).to_have_text("Live")
    await visit.ask("mutation { createExport(input: { list: { keywords: {} } }) { export { id } } }")
    await expect(rows(visit)).to_contain_text("Queued", timeout=1_000)
    id_ = (await visit.ask("{ exports { nodes { id } } }"))["exports"]["nodes"][0]["id"]
    await visit.ask("mutation($id: ID!) { cancelExport(input: { id: $id }) { export { id } } }", id=id_)
    await expect(rows(visit)).to_contain_text("Cancelled", timeout=1_000)


async def test_each_offered_column_of_each_list_exists_and_too_many_exports_are_refused(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    await opened(place)
    for name, entity in LISTS.items():
        await page.get_by_role("button", name="New export").click()
        await page.get_by_label("List").select_option(name)
        boxes = page.get_by_role("group", name="Columns").get_by_role("checkbox")
        offered = await boxes.count()
        await boxes.evaluate_all("boxes => boxes.forEach((box) => { box.checked = true; })")
        await page.get_by_role("button", name="Export", exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_hidden()
        made = (await exports(visit))[-1]
        assert (made["entity"], len(made["columns"])) == (entity, offered)
    for _ in range(5):
        await add_export(place, place.user_id)
    await page.get_by_role("button", name="New export").click()
    await page.get_by_role("button", name="Export", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("10")
    assert len(await exports(visit)) == 10


async def test_an_address_brings_the_filters_of_a_list(place: Place) -> None:
    visit, page = place.visit, place.visit.page
    days = "createdFrom=2026-11-01T00%3A00%3A00Z&createdTo=2026-11-03T00%3A00%3A00Z"
    await opened(place, f"/exports?list=mentions&platform=WEB&read=false&search=price&{days}")
    dialog = page.get_by_role("dialog", name="New export")
    await expect(dialog.get_by_label("Search")).to_have_value("price")
    await expect(dialog.get_by_label("Created from")).to_have_value("2026-11-01")
    await expect(dialog.get_by_label("Created until the end of")).to_have_value("2026-11-02")
    await expect(dialog.get_by_text("Further filters of the list apply: read.")).to_be_visible()
    await dialog.get_by_role("button", name="Export", exact=True).click()
    await expect(rows(visit)).to_contain_text("Mentions")
    (sent,) = [each for each in visit.asked if "ExportsCreate" in (each.post_data or "")]
    given = json.loads(sent.post_data or "{}")["variables"]["input"]["list"]["mentions"]["filter"]
    assert {name: value for name, value in given.items() if value is not None} == {
        "search": "price",
        "platform": {"in": ["WEB"]},
        "read": False,
        "createdAt": {"gte": "2026-11-01T00:00:00.000Z", "lt": "2026-11-03T00:00:00.000Z"},
    }


async def test_a_missing_scope_is_named_and_a_phone_does_not_scroll_sideways(visit: Visit) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await visit.page.emulate_media(color_scheme="dark")
    await visit.open("/exports", "Exports")
    await visit.page.get_by_role("button", name="New export").click()
    assert await visit.serious_violations() == []
    await visit.page.keyboard.press("Escape")
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 390
    visit.tolerated.append("403")
    await visit.page.route(
        "**/graphql", lambda route: route.fulfill(**refused("FORBIDDEN", 403, missing=["read:leads"]))
    )
    await visit.page.reload()
    await expect(visit.page.get_by_role("alert").get_by_text("read:leads")).to_be_visible()
