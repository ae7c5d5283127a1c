"""The panes of GraphiQL on a desktop and on a phone: variables, tabs, the panel with costs, the Explorer."""

from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Route, expect

from tests.support.demo import Demo
from tests.support.graphiql import Visit, visiting

PHONE = {"width": 390, "height": 844}
NESTED = "{ keywords(first: 2) { nodes { mentions(first: 3) { nodes { id } } } } }"


async def box_of(place: Locator) -> dict[str, float]:
    box = await place.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def region(visit: Visit, name: str) -> Locator:
    return visit.page.get_by_role("region", name=name)


async def open_panel(visit: Visit, title: str = "Cost and Profile") -> Locator:
    await visit.page.get_by_role("button", name=f"Show {title}").click()
    return visit.page.locator(".graphiql-plugin")


async def rows_of(panel: Locator, title: str) -> list[list[str]]:
    """Return the texts of a table's cells. A path stands on a line of its own."""
    table = panel.locator("section", has=panel.page.get_by_role("heading", name=title, exact=True))
    rows: list[list[str]] = await table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.replaceAll('\\u200b', '')))"
    )
    return rows


async def test_variables_are_the_first_pane_and_open(visit: Visit) -> None:
    tools = visit.page.locator(".graphiql-editor-tools button")
    assert (await tools.all_inner_texts())[:2] == ["Variables", "Headers"]
    await expect(tools.nth(0)).to_have_class("graphiql-un-styled active")
    await expect(region(visit, "Variables")).to_be_visible()

    await visit.turn_to(1)
    await expect(region(visit, "Variables")).to_contain_text("LAST_30_DAYS")


@pytest.mark.parametrize("width", [1280, 390])
async def test_tabs_scroll_and_have_whole_titles(visit: Visit, width: int) -> None:
    await visit.page.set_viewport_size({"width": width, "height": 800})
    bar = visit.page.get_by_role("tablist", name="Select active operation")
    sizes = "bar => [bar.scrollWidth > bar.clientWidth, bar.scrollHeight <= bar.clientHeight, bar.scrollLeft]"
    clipped = "buttons => buttons.filter(each => each.scrollWidth > each.clientWidth).length"

    assert await bar.evaluate(sizes) == [True, True, 0]
    assert await bar.get_by_role("button").evaluate_all(clipped) == 0
    assert await visit.page.evaluate("document.documentElement.scrollWidth") == width
    add = visit.page.get_by_role("button", name="New tab")
    assert (await box_of(add))["x"] < width - 20

    await bar.hover()
    await visit.page.mouse.wheel(0, 200)
    await visit.page.wait_for_function("() => document.querySelector('.graphiql-tabs').scrollLeft > 0")
    await add.click()
    await expect(visit.tabs().nth(14)).to_be_in_viewport(ratio=0.9)
    assert (await box_of(visit.tabs().nth(14)))["x"] < (await box_of(add))["x"]
    for number in (1, 13):
        await visit.turn_to(number)


async def test_the_panel_shows_statements_cost_and_time_of_each_operation(visit: Visit) -> None:
    panel = await open_panel(visit)
    await expect(panel).to_contain_text("Run an operation to see its cost.")

    await visit.type("operation.graphql", NESTED)
    answer = await visit.run()
    assert answer["extensions"] == {"statements": ["keywords page", "mentions page_of_each keyword_id"]}
    facts = "facts => Object.fromEntries([...facts.children].map(each => each.innerText.split(/\\n+/)))"
    assert await panel.locator("dl").first.evaluate(facts) == {
        "Statements": "2 of at most 2",
        "Objects": "at most 11",
        "Points of the rate limit": "at most 1",
        "Depth": "5",
    }
    assert await rows_of(panel, "Statements") == [
        ["keywords page", "1"],
        ["mentions page_of_each keyword_id", "1"],
    ]
    assert await rows_of(panel, "Cost by field") == [
        ["keywords", "11", "0.11"],
        ["mentions\nkeywords \u203a nodes", "8", "0.08"],
    ]
    await expect(panel).to_contain_text("Round trip")
    await expect(panel).to_contain_text("API keys of operators get a profile, too")

    await visit.turn_to(2)
    await visit.run()
    await expect(panel.locator("tbody").first).to_have_text("keywords page1")


async def test_the_panel_shows_an_operator_phases_rows_and_figures(visit: Visit, demo: Demo) -> None:
    demo.run("users", "create", "panel@example.com", "--role", "operator")
    key = demo.run("keys", "create", "--user", "panel@example.com").stdout.strip()

    async def with_the_key(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace(visit.api_key, key))

    await visit.page.route(lambda url: url == visit.url, with_the_key)
    await visit.open()
    panel = await open_panel(visit)
    figure = "dashboard(range: LAST_7_DAYS) { conversionMetrics { newLeads { value } } }"
    await visit.type(
        "operation.graphql", f"{{ {figure} keywords(first: 1) {{ nodes {{ user {{ id }} }} }} }}"
    )
    for outcome in ("computed", "cached"):
        await visit.run()
        await expect(panel).to_contain_text(f"user_figures{outcome}1")

    statements = await rows_of(panel, "Statements")
    assert [row[0] for row in statements] == ["keywords page with user + users by id\ndashboard"]
    assert all(row[1] == "1" and row[2].endswith(" ms") and row[3].isdigit() for row in statements)
    assert await rows_of(panel, "Figures") == [["user_figures", "cached", "1"]]
    phases = await panel.locator(".leadgraph-phases dt").all_inner_texts()
    assert phases == [
        "Wait for a connection",
        "Database",
        "Other execution",
        "Network and the rest",
        "Round trip",
    ]
    times = [float(text[:-3]) for text in await panel.locator(".leadgraph-phases dd").all_inner_texts()]
    assert sum(times[:-1]) == pytest.approx(times[-1], abs=2.5)
    assert "get a profile" not in await panel.inner_text()


@pytest.fixture
async def phone(chromium: Browser, served: tuple[str, str]) -> Any:
    """A visit of GraphiQL on a phone."""
    async with visiting(chromium, *served, viewport=PHONE, has_touch=True) as visit:
        await visit.open()
        yield visit


async def test_a_phone_stacks_editors_response_and_panel(phone: Visit) -> None:
    await phone.turn_to(10)
    assert "errors" not in await phone.run()
    parts = [region(phone, name) for name in ("Operation Editor", "Variables", "Result Window")]
    for title, text in (
        ("Cost and Profile", "Cost by field"),
        ("Documentation Explorer", "Leadgraph finds keywords"),
        ("GraphiQL Explorer", "viewer"),
        ("History", "Integrations"),
    ):
        panel = await open_panel(phone, title)
        await expect(panel).to_contain_text(text)
        await expect(panel).to_be_in_viewport()
        stack = [*parts, panel]
        boxes = [await box_of(part) for part in stack]
        assert [box["x"] >= 60 and box["x"] + box["width"] <= 390 for box in boxes] == [True] * 4
        assert [box["width"] > 250 and box["height"] > 100 for box in boxes] == [True] * 4
        bottoms = [box["y"] + box["height"] for box in boxes]
        assert [above <= box["y"] for above, box in zip(bottoms, boxes[1:], strict=False)] == [True] * 3
        assert await phone.page.evaluate("document.documentElement.scrollWidth") == 390
        content = "panel => panel.scrollWidth <= panel.clientWidth"
        assert await panel.evaluate(content), title


async def test_a_phone_runs_an_operation_after_a_panel_was_open(phone: Visit) -> None:
    await open_panel(phone)
    await phone.page.get_by_role("button", name="Hide Cost and Profile").click()
    await expect(region(phone, "Operation Editor")).to_be_in_viewport()
    assert "errors" not in await phone.run()
    await expect(region(phone, "Result Window")).to_be_in_viewport(ratio=0.5)


async def test_the_explorer_adds_the_size_of_a_page_to_lists_alone(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="New tab").click()
    await visit.type("operation.graphql", "query New { __typename }")
    await open_panel(visit, "GraphiQL Explorer")
    explorer = visit.page.locator(".docExplorerWrap")
    shows = "text => __MONACO.editor.getModels().some(each => each.getValue().replace(/\\s+/g, ' ') === text)"
    for field, expected in (
        ("keywords", "query New { keywords(first: 10) }"),
        ("nodes", "query New { keywords(first: 10) { nodes } }"),
        ("mentions", "query New { keywords(first: 10) { nodes { mentions(first: 10) } } }"),
        ("viewer", "query New { keywords(first: 10) { nodes { mentions(first: 10) } } viewer }"),
    ):
        await explorer.get_by_text(field, exact=True).first.click()
        await visit.page.wait_for_function(shows, arg=expected)

    answer = await visit.run()
    assert len(answer["data"]["keywords"]["nodes"]) == 10
    sent = await visit.content("operation.graphql")
    assert " ".join(sent.split()) == (
        "query New { keywords(first: 10) { nodes { mentions(first: 10) { nodes { id } } } } viewer { id } }"
    )
