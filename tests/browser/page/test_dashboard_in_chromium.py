"""The dashboard in a browser: figures of the API, windows, drill-down, live changes, and its states."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.page.conftest import Place
from tests.support.page import Visit
from tests.support.rows import add_keyword, add_lead, add_mention, add_user

FIGURES = """query ($range: Range!, $timeZone: String!) {
  dashboard(range: $range, timeZone: $timeZone) {
    window { start end }
    recentLeads(first: 8) { id status mention { title content } }
    keywordPerformance(first: 10) {
      keyword { id keyword } mentions { value } leads { value } performanceScore efficiencyScore
    }
    integrationStatus(first: 20) { integration { id name status } score uptime { runs succeeded } }
    conversionMetrics { totalLeads newLeadsToday topPerformingKeyword { keyword { keyword } } }
    analytics {
      conversions {
        mentions { value previousToDate changePercentToDate }
        leads { value } qualified { value } converted { value }
        rate(basis: CONVERTED_PER_MENTION) { current { value numerator denominator } }
        funnel { stage count { value } ofPrevious }
      }
      overTime(by: DAY) { points { localDate mentions leads future } }
    }
  }
}"""
ZONE = "Europe/Berlin"
DASH = "\N{EN DASH}"
COUNTS = """query ($m: MentionFilter, $l: LeadFilter) {
  mentions(first: 0, filter: $m) { totalCount } leads(first: 0, filter: $l) { totalCount }
}"""


def shown(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def card(visit: Visit, title: str) -> Locator:
    return visit.page.get_by_role("region", name=title, exact=True)


async def figures(visit: Visit, range_: str = "LAST_30_DAYS", zone: str = ZONE) -> Any:
    return (await visit.ask(FIGURES, range=range_, timeZone=zone))["dashboard"]


async def tile(visit: Visit, name: str) -> str:
    """Return the figure of a tile."""
    found = visit.page.get_by_role("listitem").filter(has_text=name)
    return await found.locator(".figure").first.inner_text()


async def test_each_figure_is_that_of_the_api(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    await expect(card(visit, "Totals")).to_be_visible()
    api = await figures(visit)
    conversions, metrics = api["analytics"]["conversions"], api["conversionMetrics"]
    totals = card(visit, "Totals").get_by_role("listitem")
    wanted = [shown(conversions[name]["value"]) for name in ("mentions", "leads", "qualified", "converted")]
    rate = conversions["rate"]["current"]
    wanted.append(f"{shown(rate['value'])}%")
    assert await totals.locator(".figure").all_inner_texts() == wanted
    await expect(totals.first).to_contain_text(f"before: {shown(conversions['mentions']['previousToDate'])}")
    await expect(totals.last).to_contain_text(f"{rate['numerator']} of {shown(rate['denominator'])} mentions")
    assert await card(visit, "All time and today").locator(".figure").all_inner_texts() == [
        shown(metrics["totalLeads"]),
        shown(metrics["newLeadsToday"]),
        metrics["topPerformingKeyword"]["keyword"]["keyword"],
    ]
    stages = await card(visit, "Funnel").get_by_role("link").all_inner_texts()
    assert stages == [shown(stage["count"]["value"]) for stage in conversions["funnel"]]
    assert await visit.serious_violations() == []


async def test_charts_and_their_table_have_each_local_day_with_zeros(visit: Visit) -> None:
    await visit.open("/?range=THIS_MONTH&timeZone=Asia/Tokyo", "Dashboard")
    await expect(card(visit, "Over time")).to_be_visible()
    points = (await figures(visit, "THIS_MONTH", "Asia/Tokyo"))["analytics"]["overTime"]["points"]
    await card(visit, "Over time").get_by_text("Show the numbers").click()
    rows = card(visit, "Over time").locator("tbody tr")
    cells = [await row.locator("td").all_inner_texts() for row in await rows.all()]
    assert cells == [
        [DASH, DASH] if point["future"] else [shown(point["mentions"]), shown(point["leads"])]
        for point in points
    ]
    heights = await visit.page.locator(".chart.leads .bar").evaluate_all(
        "bars => bars.map((bar) => bar.height.baseVal.value)"
    )
    assert heights == [point["leads"] for point in points]
    assert await visit.serious_violations() == []


async def test_keywords_integrations_and_leads_are_those_of_the_api(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    api = await figures(visit)
    table = card(visit, "Keywords")
    names = table.locator("tbody tr td:first-child")
    await expect(names).to_have_count(len(api["keywordPerformance"]))
    ranked = [each["keyword"]["keyword"] for each in api["keywordPerformance"]]
    assert await names.all_inner_texts() == ranked
    await table.get_by_role("button", name="Keyword", exact=True).click()
    await expect(table.get_by_role("columnheader", name="Keyword")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert await names.all_inner_texts() == sorted(ranked, key=str.lower)
    for health in api["integrationStatus"]:
        row = (
            card(visit, "Integrations").get_by_role("listitem").filter(has_text=health["integration"]["name"])
        )
        score = "No health" if health["score"] is None else f"Health {health['score']}"
        await expect(row).to_contain_text(score)
        runs, good = (sum(day[name] for day in health["uptime"]) for name in ("runs", "succeeded"))
        strip = row.get_by_role("img")
        label = f"{health['integration']['name']}: {good} of {runs} runs succeeded in 30 days"
        await expect(strip).to_have_attribute("aria-label", label)
    titles = await card(visit, "Recent leads").get_by_role("link").all_inner_texts()
    assert len(titles) == len(api["recentLeads"])
    for title, lead in zip(titles, api["recentLeads"], strict=True):
        assert (lead["mention"]["title"] or lead["mention"]["content"]).startswith(title.removesuffix(" …"))


async def test_figures_lead_to_exactly_their_rows(visit: Visit) -> None:
    """Each link has the filters of its rows. The API counts as many rows as the figure says."""
    await visit.open("/", "Dashboard")
    links = card(visit, "Totals").get_by_role("link")
    await expect(links).to_have_count(5)
    names = ("created", "created", "qualified", "converted")
    for place, name in enumerate(names):
        link = links.nth(place)
        address = urlsplit(str(await link.get_attribute("href")))
        assert address.path == ("/inbox" if place == 0 else "/leads")
        values = parse_qs(address.query)
        window = {f"{name}At": {"gte": values[f"{name}From"][0], "lt": values[f"{name}To"][0]}}
        counts = await visit.ask(COUNTS, **{"m" if place == 0 else "l": window})
        counted = counts["mentions" if place == 0 else "leads"]["totalCount"]
        assert await link.inner_text() == shown(counted)
    await links.nth(1).click()
    await expect(visit.page.get_by_role("heading", level=1, name="Leads")).to_be_visible()


async def test_the_address_has_the_window(visit: Visit) -> None:
    page = visit.page
    await visit.open("/?range=nonsense&timeZone=Mars/Base", "Dashboard")
    await expect(page.get_by_label("Range")).to_have_value("LAST_30_DAYS")
    await page.get_by_label("Range").select_option("Last 7 days")
    await page.get_by_role("main").get_by_label("Time zone").select_option("America/New_York")
    await expect(page).to_have_url(f"{visit.origin}/?range=LAST_7_DAYS&timeZone=America%2FNew_York")
    await page.reload()
    await expect(card(visit, "Totals")).to_be_visible()
    api = await figures(visit, "LAST_7_DAYS", "America/New_York")
    figure = card(visit, "Totals").locator(".figure").first
    await expect(figure).to_have_text(shown(api["analytics"]["conversions"]["mentions"]["value"]))
    await expect(page.locator(".chart.leads .bar")).to_have_count(7)


async def test_a_custom_window_begins_and_ends_with_local_days(visit: Visit) -> None:
    """The clocks of Berlin go back on 2026-10-25, thus the day has 25 hours."""
    await visit.open(
        "/?range=CUSTOM&timeZone=Europe/Berlin&firstDay=2026-10-25&lastDay=2026-10-25", "Dashboard"
    )
    await expect(card(visit, "Totals")).to_contain_text("Oct 25, 2026, compared")
    sent = [json.loads(each.post_data or "{}").get("variables", {}) for each in visit.asked]
    windows = {(each["from"], each["to"]) for each in sent if "from" in each}
    assert windows == {("2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z")}
    await visit.page.get_by_label("To", exact=True).fill("2026-10-20")
    await expect(visit.page.get_by_text("Choose two days")).to_be_visible()


async def test_a_refresh_computes_the_figures_anew(visit: Visit) -> None:
    await visit.open("/", "Dashboard")
    await expect(card(visit, "Totals")).to_be_visible()
    await card(visit, "Funnel").get_by_role("button", name="Refresh funnel").click()
    await expect(visit.page.get_by_role("button", name="Refresh", exact=True)).to_be_enabled()
    ages = [json.loads(each.post_data or "{}").get("variables", {}).get("maxAge") for each in visit.asked]
    assert 0 in ages
    await expect(card(visit, "Funnel").locator("time")).to_have_text("just now")


async def test_a_user_without_mentions_reads_how_to_begin(place: Place) -> None:
    place.visit.tolerated.append("401")
    stranger = await add_user(place.pool, "ben@example.com")
    await add_lead(place.pool, await add_mention(place.pool, await add_keyword(place.pool, stranger)))
    await place.visit.page.goto(place.visit.origin)
    await place.sign_in()
    await expect(place.visit.page.get_by_text("There are no mentions yet.")).to_be_visible()
    await expect(place.visit.page.get_by_role("link", name="Add a keyword")).to_have_attribute(
        "href", "/keywords"
    )
    assert await place.visit.serious_violations() == []


async def test_changes_of_others_arrive_within_a_second_and_only_for_their_user(place: Place) -> None:
    visit = place.visit
    visit.tolerated.append("401")
    keyword = await add_keyword(place.pool, place.user_id)
    await add_mention(place.pool, keyword)
    foreign = await add_keyword(place.pool, await add_user(place.pool, "ben@example.com"))
    await visit.page.goto(visit.origin)
    await place.sign_in()
    totals = card(visit, "Totals").locator(".figure")
    await expect(totals.first).to_have_text("1")
    await expect(visit.page.get_by_text("Live", exact=True)).to_be_visible()
    await add_lead(place.pool, await add_mention(place.pool, foreign))
    await add_lead(place.pool, await add_mention(place.pool, keyword))
    await expect(totals.nth(1)).to_have_text("1", timeout=1000)
    await expect(totals.first).to_have_text("2")


async def fail(route: Route, code: str, *, path: list[str] | None, **extensions: object) -> None:
    """Answer with an error, at the root or at the path."""
    error = {"message": "It failed.", "extensions": {"code": code, **extensions}}
    if path is None:
        answer: dict[str, Any] = {"errors": [error]}
    else:
        answer = await (await route.fetch()).json()
        part = answer["data"]
        for name in path[:-1]:
            part = part[name]
        part[path[-1]] = None
        answer["errors"] = [{**error, "path": path}]
    await route.fulfill(content_type="application/graphql-response+json", body=json.dumps(answer))


@pytest.mark.parametrize(
    ("code", "extensions", "text"),
    [
        ("INTERNAL", {"requestId": "r-1"}, "It failed."),
        ("FORBIDDEN", {"missingScopes": ["read:leads"]}, "read:leads"),
    ],
)
@pytest.mark.parametrize("path", [None, ["dashboard", "keywordPerformance"]], ids=["all", "one part"])
async def test_errors_and_missing_scopes_are_shown_in_their_place(
    visit: Visit, code: str, extensions: dict[str, Any], text: str, path: list[str] | None
) -> None:
    async def answered(route: Route) -> None:
        if "DashboardPage" in (route.request.post_data or ""):
            await fail(route, code, path=path, **extensions)
        else:
            await route.continue_()

    await visit.page.route("**/graphql", answered)
    await visit.open("/", "Dashboard")
    alert = visit.page.get_by_role("alert")
    await expect(alert).to_contain_text(text)
    await expect(card(visit, "Totals")).to_be_visible(visible=path is not None)
    assert await visit.serious_violations() == []


async def test_the_dashboard_takes_as_many_statements_as_its_guide_says(visit: Visit) -> None:
    """The demo tells the statements of each answer."""
    await visit.open("/", "Dashboard")
    async with visit.page.expect_response(
        lambda answer: "DashboardPage" in (answer.request.post_data or "")
    ) as one:
        await visit.page.get_by_role("button", name="Refresh", exact=True).click()
    answer = await (await one.value).json()
    assert len(answer["extensions"]["statements"]) <= 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_shows_the_dashboard_without_scrolling_sideways(visit: Visit, scheme: Any) -> None:
    await visit.page.set_viewport_size({"width": 360, "height": 740})
    await visit.page.emulate_media(color_scheme=scheme)
    await visit.open("/", "Dashboard")
    await expect(card(visit, "Recent leads")).to_be_visible()
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == 360
    assert await visit.serious_violations() == []
