"""GraphiQL's examples, asked in a demo and in one with ten times the data."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse

from server.graphiql.examples import EXAMPLES, WRITES
from server.graphiql.page import Tab
from tests.support.demo import Demo, running_demo

STATEMENTS = {
    "Viewer": ["users by id"],
    "Dashboard": [
        *("keywords_ranking", "leads_recent", "user_id integrations_health"),
        *("user_id slots", "user_id slots", "users by id"),
    ],
    "PageOfKeywords": ["keywords page", "keywords_count sum_of_counter"],
    "NewestMentions": ["keywords page", "mentions page_of_each keyword_id with analysis_results, leads"],
    "PromisingMentions": ["mentions count", "mentions page with analysis_results, keyword"],
    "Search": ["mentions count", "mentions group sentiment", "mentions page with leads"],
    "Weeks": ["leads per_window", "mentions per_window", "users by id"],
    "Funnel": [
        "leads group status",
        "leads page with mention",
        "leads sum value currency",
        "leads_count sum_of_counter",
        "users by id",
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


def name_of(tab: Tab) -> str:
    operation = parse(tab.query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None
    return operation.name.value


def asked(demo: Demo, tab: Tab) -> Any:
    """Nothing of the answer was computed for those who asked before."""
    headers = {"authorization": f"Bearer {demo.facts['api_key']}"}
    query = tab.query.replace("(range: $range)", "(range: $range, maxAge: 0)")
    body = {"query": query, "variables": tab.variables}
    return httpx.post(demo.facts["url"], json=body, headers=headers).json()


def empty_places(value: Any, path: str = "") -> Iterator[str]:
    """Where an answer says nothing: roots that are null, and lists at any depth without entries."""
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


def test_there_are_eleven_of_them_and_each_tab_has_a_name() -> None:
    assert [name_of(tab) for tab in EXAMPLES] == list(STATEMENTS)
    assert len(EXAMPLES) == 11


@pytest.mark.parametrize("tab", EXAMPLES, ids=name_of)
def test_an_example_answers_with_its_statements(demo: Demo, tab: Tab) -> None:
    answer = asked(demo, tab)

    assert "errors" not in answer
    assert list(empty_places(answer["data"])) == []
    assert sorted(answer["extensions"]["statements"]) == STATEMENTS[name_of(tab)]


@pytest.mark.parametrize("tab", EXAMPLES, ids=name_of)
def test_ten_times_the_data_takes_the_same_statements(larger_demo: Demo, tab: Tab) -> None:
    answer = asked(larger_demo, tab)

    assert "errors" not in answer
    assert sorted(answer["extensions"]["statements"]) == STATEMENTS[name_of(tab)]


def test_the_larger_demo_has_ten_times_the_data_and_more(demo: Demo, larger_demo: Demo) -> None:
    counts = (
        "{ viewer { mentionsCount leadsCount } integrations(first: 1) { nodes { logs { totalCount } } } }"
    )
    small, large = demo.ask(counts), larger_demo.ask(counts)

    for name in ("mentionsCount", "leadsCount"):
        assert large["viewer"][name] >= 10 * small["viewer"][name] > 500
    logs = [data["integrations"]["nodes"][0]["logs"]["totalCount"] for data in (small, large)]
    assert logs == [4, 60]


CREATED = ["insert_lead_events", "leads_promises", "leads_set_scores"]


def test_the_example_that_writes_makes_a_lead_once(new_demo: Demo) -> None:
    new_demo.start("--scale", "0.05")
    (tab,) = WRITES
    first, again = asked(new_demo, tab), asked(new_demo, tab)

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
        *("users by id", "lead_events page_of_each lead_id"),
    ]


def test_the_table_of_statements_is_current() -> None:
    text = (Path(__file__).parents[3] / "docs" / "statements.md").read_text()
    table = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    numbers = {name: len(statements) for name, statements in STATEMENTS.items()}
    assert {name: int(number) for name, number, _ in table} == numbers
    assert {name: int(number) for name, _, number in table} == numbers
