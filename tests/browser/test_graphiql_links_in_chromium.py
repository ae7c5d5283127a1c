"""Links that carry an operation: GraphiQL opens them, runs nothing of them, and makes them."""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.support.demo import Demo
from tests.support.graphiql import IS_KEPT, Visit, visiting

TWO = """query Me { viewer { email } }
query Words($first: Int!) { keywords(first: $first) { nodes { keyword } } }"""
STAR = """mutation Star($id: ID!) { triageMention(input: { id: $id, star: true }) { mention { id } } }"""
CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture
async def visit(chromium: Browser, served: tuple[str, str]) -> AsyncIterator[Visit]:
    """A browser that has not opened GraphiQL yet, and may read its clipboard."""
    async with visiting(chromium, *served, permissions=["clipboard-read", "clipboard-write"]) as visit:
        yield visit


def notice(visit: Visit) -> Locator:
    return visit.page.get_by_role("status")


async def editors(visit: Visit) -> tuple[str, str]:
    return await visit.content("operation.graphql"), await visit.content("variables.json")


async def test_a_link_opens_its_operation_which_runs_only_by_the_button(visit: Visit) -> None:
    await visit.open(query=TWO, variables='{"first": 2}', operationName="Words")

    assert await editors(visit) == (TWO, '{\n  "first": 2\n}')
    await expect(visit.tabs()).to_have_count(15)
    await expect(visit.tabs().nth(0)).to_have_attribute("aria-selected", "true")
    await expect(visit.tabs().nth(0)).to_contain_text("Words")
    await expect(notice(visit)).to_contain_text("This operation came with a link and has not run.")
    assert "mutation" not in await notice(visit).inner_text()
    assert visit.page.url == visit.url
    assert visit.operations == ["IntrospectionQuery"]

    await visit.page.get_by_role("button", name="Execute query").click()
    await visit.page.get_by_role("menuitem", name="Words").click()
    await expect(visit.page.get_by_role("region", name="Result Window")).to_contain_text("nodes")
    assert visit.operations == ["IntrospectionQuery", "Words"]
    assert [len(nodes) for nodes in json.loads(await visit.content("response.json"))["data"].values()]


async def test_a_mutation_of_a_link_does_not_run(visit: Visit, demo: Demo) -> None:
    unread = "{ mentions(first: 1, filter: { starred: false }) { nodes { id starredAt } } }"
    (mention,) = demo.ask(unread)["mentions"]["nodes"]
    await visit.open(query=STAR, variables=json.dumps({"id": mention["id"]}), operationName="Star")

    await expect(notice(visit)).to_contain_text("It contains a mutation: running it changes data.")
    await visit.page.wait_for_timeout(500)
    assert visit.operations == ["IntrospectionQuery"]
    assert demo.ask("query($id: ID!) { node(id: $id) { ... on Mention { starredAt } } }", id=mention["id"])[
        "node"
    ] == {"starredAt": None}


async def test_a_link_has_one_tab_however_often_it_is_opened(visit: Visit) -> None:
    link = {"query": "query Linked { viewer { name } }"}
    await visit.open()
    await visit.turn_to(3)
    await visit.page.wait_for_function(IS_KEPT, arg=[14, 3])
    for _ in range(2):
        await visit.open(**link)
        await expect(visit.tabs()).to_have_count(15)
        await expect(visit.tabs().nth(14)).to_have_attribute("aria-selected", "true")
        assert await editors(visit) == (link["query"], "")
        await visit.page.wait_for_function(IS_KEPT, arg=[15, 14])

    await visit.open()
    await expect(visit.tabs()).to_have_count(15)
    await expect(visit.tabs().nth(14)).to_have_attribute("aria-selected", "true")
    await expect(notice(visit)).to_have_count(0)


@pytest.mark.parametrize(
    ("link", "problems"),
    [
        ({"query": "{ viewer {"}, ["The query of the link is not a GraphQL document: Syntax Error"]),
        (
            {"query": TWO, "variables": "[1]", "operationName": "Other", "headers": "{}"},
            [
                "The parameter headers is ignored.",
                "The document of the link lacks the operation Other.",
                "The variables of the link must be a JSON object.",
            ],
        ),
    ],
    ids=["a syntax error", "other problems"],
)
async def test_a_wrong_link_is_shown_with_its_problems_and_does_not_run(
    visit: Visit, link: dict[str, str], problems: list[str]
) -> None:
    await visit.open(**link)

    items = notice(visit).get_by_role("listitem")
    await expect(items).to_have_count(len(problems))
    for item, problem in zip(await items.all(), problems, strict=True):
        await expect(item).to_contain_text(problem)
    assert await editors(visit) == (link["query"], link.get("variables", ""))
    assert visit.operations == ["IntrospectionQuery"]
    assert urlsplit(visit.page.url).query
    await notice(visit).get_by_role("button", name="Close").click()
    await expect(notice(visit)).to_have_count(0)


async def test_hostile_parameters_stay_text(visit: Visit) -> None:
    hostile = '</script><img src=x onerror="alert(1)"><script>alert(1)</script>'
    await visit.open(query=f"# {hostile}", variables=hostile, operationName=hostile)

    await expect(notice(visit)).to_contain_text("The variables of the link must be a JSON object.")
    assert await editors(visit) == (f"# {hostile}", hostile)
    assert await visit.page.locator("img").count() == 0


async def test_a_copied_link_opens_the_same_operation_and_carries_no_headers(
    visit: Visit, chromium: Browser, served: tuple[str, str]
) -> None:
    await visit.open()
    await visit.turn_to(5)
    copied = await editors(visit)
    await visit.page.get_by_role("button", name="Copy link").click()
    await expect(notice(visit)).to_contain_text("The link is copied.")
    link = await visit.page.evaluate(CLIPBOARD)

    assert link.startswith(f"{visit.url}?query=")
    assert visit.api_key not in link
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert parameters == {
        "query": copied[0],
        "variables": json.dumps(json.loads(copied[1]), separators=(",", ":")),
    }
    async with visiting(chromium, *served) as other:
        await other.open(**parameters)
        assert await editors(other) == copied
        assert "errors" not in await other.run()


NO_LINKS = [
    (f"# {'x' * 16_384}\n{{ viewer {{ email }} }}", "", "characters, and at most 16,384 are allowed."),
    ("{ viewer { email } }", "{ // none\n}", "The variables must be JSON without comments"),
    ("", "", "The editor is empty, so there is no operation to link to."),
]


async def test_an_operation_that_fits_in_no_link_is_not_copied(visit: Visit) -> None:
    await visit.open()
    await visit.page.evaluate("navigator.clipboard.writeText('before')")
    for query, variables, problem in NO_LINKS:
        await visit.type("operation.graphql", query)
        await visit.type("variables.json", variables)
        await visit.page.get_by_role("button", name="Copy link").click()

        await expect(notice(visit)).to_contain_text(problem)
        assert await visit.page.evaluate(CLIPBOARD) == "before"


async def test_a_page_without_a_clipboard_shows_the_link(visit: Visit) -> None:
    await visit.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    await visit.open()
    await visit.type("operation.graphql", "{ viewer { email } }")
    await visit.page.get_by_role("button", name="Copy link").click()

    link = await visit.page.get_by_label("Link to the operation").input_value()
    assert link == f"{visit.url}?query=%7B+viewer+%7B+email+%7D+%7D"
