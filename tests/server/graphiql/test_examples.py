"""GraphiQL's example documents, run against a demo and against a demo with ten times the data."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, OperationType, parse
from hatchling.builders.wheel import WheelBuilder

from server.graphiql.tabs import EXAMPLES, FOLDER, Tab, read_tab
from tests.support.demo import Demo, running_demo

ROOT = Path(__file__).parents[3]

STATEMENTS = {
    "Viewer": ["users by id"],
    "Dashboard": [
        "keywords_ranking + leads_recent + user_id integrations_health + user_id slots",
        "users by id",
    ],
    "PageOfKeywords": ["keywords page"],
    "NewestMentions": ["keywords page", "mentions page_of_each keyword_id with analysis_results, leads"],
    "PromisingMentions": ["mentions page with analysis_results, keyword"],
    "Search": ["mentions group sentiment", "mentions page with leads"],
    "Weeks": ["leads per_window + mentions per_window", "users by id"],
    "Funnel": [
        "leads group status + leads sum value currency",
        "leads page with mention + users by id",
    ],
    "TopKeywords": [
        "keywords page",
        "mentions group keyword_id platform",
    ],
    "Thing": ["keywords by id", "leads page_of_each keyword_id with mention"],
    "Integrations": [
        "integration_logs count integration_id",
        "integration_logs page_of_each integration_id",
        "integrations page",
    ],
}


BOUNDS_OF_FIGURES = {"Dashboard": 6, "Weeks": 3, "Funnel": 4}
"""The bounds of examples whose figures share a statement: each figure has one of its own if that fails."""


def operation_of(tab: Tab) -> OperationDefinitionNode:
    operation = parse(tab.query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def name_of(tab: Tab) -> str:
    name = operation_of(tab).name
    assert name is not None
    return name.value


LIVE = [tab for tab in EXAMPLES if "@live" in tab.query or tab.query.startswith("subscription")]
QUERIES = [tab for tab in EXAMPLES if operation_of(tab).operation == OperationType.QUERY and tab not in LIVE]
MUTATIONS = [tab for tab in EXAMPLES if operation_of(tab).operation == OperationType.MUTATION]


def answer_of(demo: Demo, tab: Tab) -> Any:
    """Run a tab's operation without figures from the cache, and return the response."""
    headers = {"authorization": f"Bearer {demo.facts['api_key']}", "leadgraph-explain": "cost"}
    query = tab.query.replace("(range: $range)", "(range: $range, maxAge: 0)")
    body = {"query": query, "variables": tab.variables}
    return httpx.post(demo.facts["url"], json=body, headers=headers).json()


def empty_places(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of root fields that are null and of empty lists at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from empty_places(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from empty_places(inner, path)
    if value == [] or (value is None and path.count(".") == 1):
        yield path


@pytest.fixture(scope="module")
def larger_demo() -> Iterator[Demo]:
    """A demo with at least ten times the mentions, leads and logs of `demo`."""
    with running_demo("1.5") as running:
        yield running


def test_tabs_are_eleven_named_queries_then_a_mutation_and_two_live_operations() -> None:
    assert [name_of(tab) for tab in EXAMPLES] == [*STATEMENTS, "MakeLead", "LiveLeads", "LeadChanges"]
    assert len(QUERIES) == 11
    assert list(EXAMPLES[-2:]) == LIVE


def test_each_file_of_the_folder_belongs_to_a_tab() -> None:
    stems = [path.stem for path in sorted(FOLDER.glob("*.graphql"))]
    assert len(stems) == len(EXAMPLES)
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(
        name
        for stem, tab in zip(stems, EXAMPLES, strict=True)
        for name in [f"{stem}.graphql", *([] if tab.variables is None else [f"{stem}.json"])]
    )


def test_a_wheel_contains_each_file_of_the_folder() -> None:
    included = {
        Path(file.distribution_path).name
        for file in WheelBuilder(str(ROOT)).recurse_included_files()
        if file.distribution_path.startswith("server/graphiql/examples/")
    }
    assert included == {path.name for path in FOLDER.iterdir()}


def test_a_tab_has_the_title_of_the_first_line_and_the_variables_of_the_json_file(tmp_path: Path) -> None:
    document = tmp_path / "question.graphql"
    document.write_text("# Where is München?\nquery Where($id: ID!) {\n  # kept\n  node(id: $id) { id }\n}\n")
    query = "query Where($id: ID!) {\n  # kept\n  node(id: $id) { id }\n}\n"
    assert read_tab(document) == Tab("Where is München?", query, None)
    (tmp_path / "question.json").write_text('{"id": "1", "after": null}')
    assert read_tab(document) == Tab("Where is München?", query, {"id": "1", "after": None})


@pytest.mark.parametrize("tab", QUERIES, ids=name_of)
def test_an_example_answers_with_exactly_its_statements(demo: Demo, tab: Tab) -> None:
    answer = answer_of(demo, tab)

    assert "errors" not in answer
    assert list(empty_places(answer["data"])) == []
    assert sorted(answer["extensions"]["statements"]) == STATEMENTS[name_of(tab)]
    cost, exact = answer["extensions"]["cost"], len(STATEMENTS[name_of(tab)])
    bound = BOUNDS_OF_FIGURES.get(name_of(tab), exact)
    assert (cost["statementsBound"], cost["statements"]) == (bound, exact)


@pytest.mark.parametrize("tab", QUERIES, ids=name_of)
def test_ten_times_the_data_takes_the_same_statements(larger_demo: Demo, tab: Tab) -> None:
    answer = answer_of(larger_demo, tab)

    assert "errors" not in answer
    assert sorted(answer["extensions"]["statements"]) == STATEMENTS[name_of(tab)]


def test_the_larger_demo_has_at_least_ten_times_the_data(demo: Demo, larger_demo: Demo) -> None:
    counts = (
        "{ viewer { mentionsCount leadsCount } integrations(first: 1) { nodes { logs { totalCount } } } }"
    )
    small, large = demo.ask(counts), larger_demo.ask(counts)

    for name in ("mentionsCount", "leadsCount"):
        assert large["viewer"][name] >= 10 * small["viewer"][name] > 500
    logs = [data["integrations"]["nodes"][0]["logs"]["totalCount"] for data in (small, large)]
    assert logs == [4, 60]


CREATED = ["insert_lead_events", "leads_promises", "leads_set_scores"]


def test_the_example_mutation_creates_a_lead_once(new_demo: Demo) -> None:
    new_demo.start("--scale", "0.05")
    (tab,) = MUTATIONS
    first, again = answer_of(new_demo, tab), answer_of(new_demo, tab)

    for answer in (first, again):
        assert "errors" not in answer
        assert [payload["userErrors"] for payload in answer["data"].values()] == [[], []]
        assert answer["data"]["triageMention"]["mention"]["starredAt"]
    lead = first["data"]["createLead"]["lead"]
    assert again["data"]["createLead"] == {**first["data"]["createLead"], "created": False}
    assert lead["events"]["nodes"][0]["type"] == "CREATED"
    assert first["extensions"]["statements"] == [
        *("lock_user", "triage_mentions", "mentions by id"),
        *("lock_user", "insert_lead"),
        *(CREATED if first["data"]["createLead"]["created"] else ["leads read mention_id"]),
        "lead_events page_of_each lead_id + users by id",
    ]


def test_the_table_of_statements_in_the_documentation_is_current() -> None:
    text = (ROOT / "docs" / "statements.md").read_text()
    table = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    numbers = {name: len(statements) for name, statements in STATEMENTS.items()}
    assert {name: int(number) for name, number, _ in table} == numbers
    assert {name: int(number) for name, _, number in table} == numbers
