"""The bound of an operation's statements: known before the execution, kept by it, and shown on request."""

import logging
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from db.engine.reader import Reader
from db.language.scope import Scope
from db.statements import counts
from loaders.counts import CountByParent
from schema.graph import build
from schema.prepared.operation import PreparedOperation
from server.app import create_app
from tests.support.world import World

BREADTH = build("breadth")
FILTERED = "{ keywords { nodes { mentions(filter: { platform: { eq: REDDIT } }) { totalCount } } } }"


def bounds_of(document: str, **variables: object) -> tuple[int, int]:
    """Return the bounds for a member and for an operator."""
    operation = BREADTH.prepared.get(document, None)
    assert isinstance(operation, PreparedOperation), operation.errors
    cost = operation.cost(variables)
    return cost.statements_bound(everybody=False), cost.statements_bound(everybody=True)


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ __typename }", {}, (0, 0)),
        ("{ viewer { email } again: viewer { id } }", {}, (1, 1)),
        # A page of all rows joins every relation, a page of each parent those of a single row.
        ("{ mentions { nodes { keyword { id } lead { id } } } }", {}, (1, 1)),
        ("{ keywords { nodes { mentions { nodes { integration { id } lead { id } } } } } }", {}, (3, 3)),
        # A join does not lead back to a model of its path.
        ("{ mentions { nodes { lead { mention { id } } } } }", {}, (2, 2)),
        ("{ leads { totalCount } }", {}, (1, 1)),
        ("{ keywords { nodes { leads { totalCount } } } }", {}, (1, 1)),
        ("{ keywords { nodes { leads(filter: { score: { gt: 1 } }) { totalCount } } } }", {}, (2, 2)),
        ("query($f: LeadFilter) { keywords { nodes { leads(filter: $f) { totalCount } } } }", {}, (1, 1)),
        ("query($f: LeadFilter) { keywords { nodes { leads(filter: $f) { totalCount } } } }", {"f": {}}, (2, 2)),
        ("{ keywords(first: 3) { pageInfo { hasNextPage hasPreviousPage } } }", {}, (1, 1)),
        ('{ keywords(after: "x") { pageInfo { hasNextPage hasPreviousPage } } }', {}, (2, 2)),
        ('{ keywords(last: 3, before: "x") { pageInfo { hasNextPage hasPreviousPage } } }', {}, (2, 2)),
        ("{ leadStats { byStatus { count } convertedPerLead { value } } }", {}, (1, 1)),
        ("{ keywords { nodes { rate(basis: LEADS_PER_MENTION) { value } } } }", {}, (1, 1)),
        ("{ keywords { nodes { rate(basis: QUALIFIED_PER_LEAD) { value } } } }", {}, (2, 2)),
        # A member owns all figures, and an operator may read rows of several owners.
        ("{ keywords { nodes { performance { asOf } } } }", {}, (3, 4)),
        ("{ dashboard { keywordPerformance { score: performanceScore } } }", {}, (2, 3)),
        ('{ nodes(ids: ["a", "b"]) { id } }', {}, (2, 2)),
        ("mutation { pauseKeyword(input: { id: 1 }) { keyword { user { id } } } }", {}, (3 + 3 + 1, 3 + 3 + 1)),
    ],
)  # fmt: skip
def test_the_bound_is_known_before_the_execution(
    document: str, variables: dict[str, object], expected: tuple[int, int]
) -> None:
    assert bounds_of(document, **variables) == expected


def test_more_keys_than_one_statement_takes_raise_the_bound() -> None:
    nested = (
        "{{ keywords(first: {}) {{ nodes {{ mentions(first: 100) {{ nodes {{ keyword {{ id }} }} }} }} }} }}"
    )
    assert bounds_of(nested.format(20)) == (3, 3)
    assert bounds_of(nested.format(100)) == (9, 9)


async def explained(
    client: httpx.AsyncClient, key: str | None, document: str, explain: str | None
) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    headers |= {"leadgraph-explain": explain} if explain else {}
    response = await client.post("/graphql", json={"query": document}, headers=headers)
    return {"status": response.status_code, **response.json()}


@pytest.fixture
async def plain(world: World) -> Any:
    """A client of a server that explains nothing unless it is asked."""
    app = create_app(world.pool, graph=BREADTH, guard="off")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as made:
        yield made


async def test_the_cost_is_shown_on_request(plain: httpx.AsyncClient, world: World) -> None:
    document = "{ keywords(first: 2) { nodes { user { email } mentions(first: 3) { totalCount } } } }"

    assert "extensions" not in await explained(plain, world.keys["ann"], document, None)
    answer = await explained(plain, world.keys["ann"], document, "cost")
    assert answer["extensions"] == {
        "cost": {
            "statementsBound": 1,
            "statements": 1,
            "objectsBound": 1 + 2 * (1 + 1 + 1),
            "points": 1,
            "depth": 4,
            "fields": [
                {"path": ["keywords"], "objects": 7, "points": 0.07},
                {"path": ["keywords", "nodes", "user"], "objects": 2, "points": 0.02},
                {"path": ["keywords", "nodes", "mentions"], "objects": 2, "points": 0.02},
            ],
        }
    }
    unauthorized = await explained(plain, None, "{ __typename }", "Cost")
    assert unauthorized["extensions"]["cost"] == {
        "statementsBound": 0,
        "statements": 0,
        "objectsBound": 0,
        "points": 1,
        "depth": 1,
        "fields": [],
    }


PAGES = """
    query($first: Int!) {
        own: keywords(first: $first) { edges { node { ...Found } } nodes { id } }
        viewer { leads(first: 4) { nodes { mention { keyword { id } } } } }
        none: leads(first: 0) { nodes { id } stats { byStatus { count } } }
    }
    fragment Found on Keyword { found: mentions(first: 3) { nodes { lead { id } } } }
"""


async def test_the_cost_is_shown_by_field(plain: httpx.AsyncClient, world: World) -> None:
    body = {"query": PAGES, "variables": {"first": 50}}
    headers = {"authorization": f"Bearer {world.keys['ann']}", "leadgraph-explain": "cost"}
    answer = (await plain.post("/graphql", json=body, headers=headers)).json()

    cost = answer["extensions"]["cost"]
    assert (cost["objectsBound"], cost["points"]) == (522, 6)
    assert {".".join(field["path"]): field["objects"] for field in cost["fields"]} == {
        "own": 1 + 50 * (1 + 8) + 50,
        "own.edges.node": 50 * 8,
        "own.edges.node.found": 50 * (1 + 3 * 2),
        "own.edges.node.found.nodes.lead": 50 * 3,
        "viewer": 1 + 13,
        "viewer.leads": 1 + 4 * 3,
        "viewer.leads.nodes.mention": 4 * 2,
        "viewer.leads.nodes.mention.keyword": 4,
        "none": 7,
        "none.stats": 6,
        "none.stats.byStatus": 5,
    }
    assert [field["points"] for field in cost["fields"]] == [
        field["objects"] / 100 for field in cost["fields"]
    ]


async def test_a_very_large_document_has_no_cost_by_field(plain: httpx.AsyncClient, world: World) -> None:
    names = "id email name role status timeZone weekStart keywordsCount mentionsCount leadsCount createdAt"
    rows = "".join(f"a{number}: viewer {{ {names} ...More }} " for number in range(50))
    more = "fragment More on User { updatedAt newLeadsCount contactedLeadsCount qualifiedLeadsCount a: id b: id c: id %s }"
    for last, expected in (("d: id", 50), ("d: id e: id", 0)):
        answer = await explained(plain, world.keys["ann"], f"{{ {rows} }} {more % last}", "cost")
        cost = answer["extensions"]["cost"]
        assert (cost["objectsBound"], len(cost["fields"])) == (50, expected)


async def test_several_lines_of_the_header_are_one_list(plain: httpx.AsyncClient, world: World) -> None:
    key = ("authorization", f"Bearer {world.keys['olga']}")
    for lines in (["cost", "profile"], ["profile", "COST"]):
        headers = [key, *(("leadgraph-explain", line) for line in lines)]
        answer = await plain.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
        assert answer.json()["extensions"].keys() == {"cost", "profile"}
    refused = await plain.get(
        "/graphql?query={__typename}", headers=[("leadgraph-explain", "cost"), ("leadgraph-explain", "x")]
    )
    assert refused.status_code == 400


async def test_an_unknown_explanation_is_refused(plain: httpx.AsyncClient, world: World) -> None:
    answer = await explained(plain, world.keys["ann"], "{ __typename }", "cost, plan")

    assert (answer["status"], answer["errors"][0]["message"]) == (
        400,
        "The header Leadgraph-Explain must be `cost`, `profile`, or both, separated by a comma.",
    )


async def test_only_operators_get_a_profile(plain: httpx.AsyncClient, world: World) -> None:
    document = (
        "{ keywords { nodes { mentions(first: 1) { nodes { id } } } } dashboard { recentLeads { id } } }"
    )

    for key in (world.keys["ann"], None):
        assert "extensions" not in await explained(plain, key, document, "profile")
    profile = (await explained(plain, world.keys["olga"], document, "profile, cost"))["extensions"]["profile"]
    found = sorted((one["name"], one["field"], one["rows"]) for one in profile["statements"])
    assert found == [
        ("keywords page + users by id", "Query.keywords", 7),
        ("leads_recent", "Dashboard.recentLeads", 1),
        ("mentions page_of_each keyword_id", "Keyword.mentions", 12),
    ]
    assert sorted((one["loader"], one["keys"]) for one in profile["batches"]) == [
        ("FigureByQuestion", 1),
        ("PageByParent", 1),
        ("PageByParent", 6),
        ("RecentLeadsByUser", 1),
        ("RowById", 1),
    ]
    assert [one["path"] for one in profile["batches"] if one["keys"] == 6] == [
        ["keywords", "nodes", "mentions"]
    ]
    assert profile["cache"] == [{"figure": "recent_leads", "outcome": "computed", "count": 1}]
    assert [(one["level"], one["statements"]) for one in profile["levels"]] == [(1, 1), (2, 1), (3, 1)]
    assert profile["milliseconds"] >= profile["databaseMilliseconds"] > 0
    again = (await explained(plain, world.keys["olga"], document, "profile"))["extensions"]["profile"]
    assert again["cache"] == [{"figure": "recent_leads", "outcome": "hit", "count": 1}]


async def test_an_operation_that_exceeds_its_bound_is_counted_and_logged_with_its_field(
    plain: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def one_by_one(
        self: CountByParent, reader: Reader, scope: Scope, keys: Sequence[int | None]
    ) -> Sequence[int]:
        found = [
            await counts.count(reader, scope, self.model, self.parent, [key or 0], self.where) for key in keys
        ]
        return [each.get(key, 0) for key, each in zip(keys, found, strict=True)]

    monkeypatch.setattr(CountByParent, "read", one_by_one)
    with caplog.at_level(logging.ERROR, "leadgraph"):
        answer = await explained(plain, world.keys["ann"], FILTERED, "cost")

    assert "errors" not in answer
    assert (answer["extensions"]["cost"]["statementsBound"], answer["extensions"]["cost"]["statements"]) == (
        2,
        4,
    )
    problem = "statement bound exceeded at MentionConnection.totalCount: 4 statements ran, but the bound is 2"
    assert problem in caplog.text
    counted = 'leadgraph_statement_bound_exceeded_total{field="MentionConnection.totalCount"} 1.0'
    assert counted in (await plain.get("/metrics")).text
