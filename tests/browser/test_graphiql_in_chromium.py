"""The built GraphiQL page in a real browser, under the strict Content-Security-Policy."""

import json

import pytest
from playwright.async_api import Route, expect

from tests.support.demo import Demo
from tests.support.graphiql import CONTENT, IS_KEPT, Visit


async def test_the_first_run_answers_with_the_configured_key(visit: Visit) -> None:
    answer = await visit.run()
    assert answer["data"]["viewer"]["email"] == "demo@leadgraph.example"
    assert answer["data"]["viewer"]["keywordsCount"] == 20
    assert answer["extensions"] == {"statements": ["users by id"]}

    shown = visit.page.get_by_role("region", name="Result Window")
    await expect(shown).to_contain_text("demo@leadgraph.example")
    headers = [await request.all_headers() for request in visit.asked]
    assert [sent["authorization"] for sent in headers] == [f"Bearer {visit.api_key}"] * 2


async def test_the_headers_editor_shows_the_key(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Headers", exact=True).click()
    assert json.loads(await visit.content("request-headers.json")) == {
        "Authorization": f"Bearer {visit.api_key}"
    }
    await expect(visit.page.get_by_role("region", name="Headers")).to_contain_text(visit.api_key)


async def test_every_example_has_a_tab_and_answers_without_errors(visit: Visit) -> None:
    await expect(visit.tabs()).to_have_count(14)

    for number in range(11):
        await visit.turn_to(number)
        answer = await visit.run()
        assert "errors" not in answer
        assert answer["data"]


CHANGED = (
    "mutation($id: ID!, $notes: String) { updateLead(input: { id: $id, notes: $notes }) { lead { id } } }"
)
SHOWS = f"([name, text]) => ({CONTENT})(name).includes(text)"


@pytest.mark.parametrize("number", [12, 13], ids=["live query", "subscription"])
async def test_live_tabs_show_each_change_until_they_are_stopped(
    visit: Visit, demo: Demo, number: int
) -> None:
    (lead,) = demo.ask("{ leads(first: 1, orderBy: LATEST_CHANGE) { nodes { id notes } } }")["leads"]["nodes"]
    response = "response.json"
    await visit.turn_to(number)
    async with visit.page.expect_response(lambda response: response.request.method == "POST") as began:
        await visit.page.get_by_role("button", name="Execute query").click()
    stream = await began.value
    assert (
        await stream.header_value("content-type"),
        await stream.request.header_value("authorization"),
    ) == (
        "text/event-stream; charset=utf-8",
        f"Bearer {visit.api_key}",
    )
    if number == 12:
        await visit.page.wait_for_function(SHOWS, arg=[response, lead["id"]])
    for notes in ("first of GraphiQL", "second of GraphiQL"):
        demo.ask(CHANGED, id=lead["id"], notes=notes)
        await visit.page.wait_for_function(SHOWS, arg=[response, notes])
    data = json.loads(await visit.content(response))["data"]
    if number == 12:
        assert (data["leads"]["nodes"][0]["id"], data["leads"]["nodes"][0]["notes"]) == (lead["id"], notes)
    else:
        (change,) = data["leadChanged"]["changes"]
        assert (change["kind"], change["leadId"], change["lead"]["notes"]) == ("UPDATED", lead["id"], notes)

    await visit.page.get_by_role("button", name="Stop").click()
    await expect(visit.page.get_by_role("button", name="Execute query")).to_be_visible()
    demo.ask(CHANGED, id=lead["id"], notes=lead["notes"])
    await visit.page.wait_for_timeout(500)
    assert notes in await visit.content(response)


async def test_a_refused_live_operation_shows_its_errors(visit: Visit) -> None:
    await visit.turn_to(13)
    await visit.type("variables.json", '{"after": "nonsense"}')
    answer = await visit.run()
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_explorer_lists_the_fields_of_the_schema(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="Show GraphiQL Explorer").click()

    explorer = visit.page.locator(".docExplorerWrap")
    await expect(explorer.get_by_text("viewer", exact=True)).to_be_visible()


async def test_documentation_explorer_and_history_open(visit: Visit) -> None:
    await visit.run()
    await visit.page.get_by_role("button", name="Show Documentation Explorer").click()
    await expect(visit.page.get_by_role("region", name="Documentation Explorer")).to_contain_text(
        "Leadgraph finds keywords in posts on the web."
    )

    await visit.page.get_by_role("button", name="Show History").click()
    await expect(visit.page.get_by_role("region", name="History")).to_contain_text("Viewer")


async def test_a_later_visit_restores_the_tabs(visit: Visit) -> None:
    await visit.turn_to(1)
    query, variables = await visit.content("operation.graphql"), await visit.content("variables.json")
    await visit.page.get_by_role("button", name="New tab").click()
    await expect(visit.tabs()).to_have_count(15)
    await visit.turn_to(1)
    await visit.page.wait_for_function(IS_KEPT, arg=[15, 1])

    await visit.open()

    await expect(visit.tabs()).to_have_count(15)
    await expect(visit.tabs().nth(1)).to_have_attribute("aria-selected", "true")
    assert (await visit.content("operation.graphql"), await visit.content("variables.json")) == (
        query,
        variables,
    )
    assert variables != ""


async def test_a_replaced_key_is_gone_on_the_next_visit(visit: Visit, demo: Demo) -> None:
    other = demo.run("keys", "create", "--user", "demo@leadgraph.example").stdout.strip()
    await visit.run()
    await visit.turn_to(1)
    assert visit.api_key not in await visit.remembered()

    async def with_another_key(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace(visit.api_key, other))

    await visit.page.route(lambda url: url == visit.url, with_another_key)
    await visit.open()

    for number in range(11):
        await visit.turn_to(number)
        assert json.loads(await visit.content("request-headers.json")) == {"Authorization": f"Bearer {other}"}
