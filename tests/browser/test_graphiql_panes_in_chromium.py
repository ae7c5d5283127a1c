"""The panes of GraphiQL around its editors."""

import pytest
from playwright.async_api import Locator, Route, expect

from tests.support.demo import Demo
from tests.support.graphiql import Visit

NESTED = "{ keywords(first: 2) { nodes { mentions(first: 3) { nodes { id } } } } }"


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
