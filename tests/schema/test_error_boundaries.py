"""A field that fails is null at its own place, and leaves the other fields of the response."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLObjectType, is_non_null_type

from resolvers.framework.context import Context
from resolvers.framework.global_id import encode
from schema.graph import build
from services.figures.cache import CachedFigure
from tests.support.world import Ask, World

SCHEMA = build().schema


def fields_of(name: str) -> dict[str, Any]:
    type_ = SCHEMA.get_type(name)
    assert isinstance(type_, GraphQLObjectType)
    return dict(type_.fields)


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_every_root_field_is_nullable(root: str) -> None:
    assert [name for name, field in fields_of(root).items() if is_non_null_type(field.type)] == []


@pytest.mark.parametrize("type_", ["Dashboard", "Analytics"])
def test_every_figure_of_the_dashboard_is_nullable(type_: str) -> None:
    frame = ["range", "timeZone", "window", "previousWindow", "previousWindowToDate"]
    assert [name for name, field in fields_of(type_).items() if is_non_null_type(field.type)] == frame


async def test_each_bad_id_of_nodes_is_null_with_its_own_error(ask: Ask, world: World) -> None:
    keyword, *_ = await world.rows("keywords", "ann")
    foreign, *_ = await world.rows("keywords", "ben")
    good, hidden = encode("Keyword", keyword["id"]), encode("Keyword", foreign["id"])
    answer = await ask(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Keyword { status } } viewer { email } }",
        ids=[good, "x", hidden, "", good],
    )
    shown = {"id": good, "status": "ACTIVE"}
    assert answer.body["data"] == {
        "nodes": [shown, None, None, None, shown],
        "viewer": {"email": "ann@example.com"},
    }
    assert [
        (error["path"], error["message"], error["extensions"]["code"]) for error in answer.body["errors"]
    ] == [
        (["nodes", 1], "'x' is not an ID of this API.", "BAD_USER_INPUT"),
        (["nodes", 3], "'' is not an ID of this API.", "BAD_USER_INPUT"),
    ]


async def test_an_id_of_nodes_that_the_key_may_not_read_is_null_alone(ask: Ask, world: World) -> None:
    keyword, *_ = await world.rows("keywords", "ann")
    lead, *_ = await world.rows("leads", "ann")
    ids = [encode("Lead", lead["id"]), encode("Keyword", keyword["id"]), encode("User", world.users["ann"])]
    await world.set_scopes("ann", "read:keywords")
    answer = await ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert answer.body["data"] == {"nodes": [None, {"id": ids[1]}, {"id": ids[2]}]}
    (error,) = answer.body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["nodes", 0], "FORBIDDEN")
    assert error["extensions"]["missingScopes"] == ["read:leads"]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_root_field_whose_statement_fails_leaves_the_others(
    ask: Ask, world: World, place: int
) -> None:
    """The failed statement does not end the snapshot, so that the later statements still run."""
    roots = [
        "keywords { nodes { keyword mentions { nodes { id } } } }",
        "leads { nodes { id events { totalCount } } }",
    ]
    intact = (await ask(f"{{ {' '.join(roots)} }}")).data
    await world.pool.execute("ALTER TABLE exports RENAME COLUMN status TO other_status")
    roots.insert(place, "exports { nodes { status } }")
    answer = await ask(f"{{ {' '.join(roots)} }}")
    assert answer.body["data"] == intact | {"exports": None}
    (error,) = answer.body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["exports"], "INTERNAL")


@pytest.mark.usefixtures("no_row_security")
async def test_a_root_field_whose_statement_takes_too_long_leaves_the_others(ask: Ask, world: World) -> None:
    assert (await ask("mutation { createExport(input: { list: { leads: {} } }) { export { id } } }")).data
    document = "{ exports { nodes { status } } keywords { nodes { keyword mentions { nodes { id } } } } }"
    intact = (await ask(document)).data
    await world.pool.execute(
        "CREATE FUNCTION too_slow() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE query_canceled; END';"
        "ALTER TABLE exports RENAME TO other_exports;"
        "CREATE VIEW exports AS SELECT * FROM other_exports WHERE too_slow()"
    )
    answer = await ask(document)
    assert answer.body["data"] == intact | {"exports": None}
    assert answer.code == "TIMEOUT"


FIGURES = {
    "user_figures": {"conversionMetrics", "analytics.leads", "analytics.conversions"},
    "user_series": {"analytics.overTime"},
    "best_keywords": {"keywordPerformance", "analytics.keywords", "conversionMetrics.topPerformingKeyword"},
    "integration_health": {"integrationStatus", "analytics.integrations"},
    "recent_leads": {"recentLeads", "asOf"},
}
DASHBOARD = """{ dashboard {
    range
    asOf
    recentLeads { id }
    keywordPerformance { keyword { id } }
    integrationStatus { score }
    conversionMetrics { totalLeads topPerformingKeyword { keyword { id } } }
    analytics {
        leads { total }
        conversions { funnel { stage } }
        keywords { keyword { id } }
        integrations { score }
        overTime { points { leads } }
    }
} }"""


@pytest.mark.parametrize("broken", FIGURES)
async def test_a_widget_of_the_dashboard_that_fails_is_null_alone(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    expected = (await ask(DASHBOARD)).data
    whole = Context.figures

    async def figures(
        self: Context, figure: CachedFigure[Any, Any], questions: Sequence[Any], max_age: int | None = None
    ) -> Sequence[Any]:
        if figure.name == broken:
            raise ArithmeticError("a bug")
        return await whole(self, figure, questions, max_age)

    monkeypatch.setattr(Context, "figures", figures)
    answer = await ask(DASHBOARD)
    for path in FIGURES[broken]:
        *above, name = path.split(".")
        parent = expected["dashboard"]
        for step in above:
            parent = parent[step]
        parent[name] = None
    assert answer.body["data"] == expected
    assert {".".join(error["path"]) for error in answer.body["errors"]} == {
        f"dashboard.{path}" for path in FIGURES[broken]
    }
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"INTERNAL"}


async def test_a_failed_payload_leaves_the_payload_of_an_earlier_mutation(ask: Ask, world: World) -> None:
    await world.pool.execute("ALTER TABLE leads RENAME COLUMN notes TO other_notes")
    mention, *_ = [row for row in await world.rows("mentions", "ann") if row["id"] % 2]
    answer = await ask(
        """mutation($id: ID!) {
            createKeyword(input: { keyword: "crm" }) { keyword { keyword } }
            createLead(input: { mentionId: $id }) { lead { id } }
        }""",
        id=encode("Mention", mention["id"]),
    )
    assert answer.body["data"] == {"createKeyword": {"keyword": {"keyword": "crm"}}, "createLead": None}
    (error,) = answer.body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["createLead"], "INTERNAL")
