"""Dashboards: computed figures, statements, access, and equal figures at all places of the API."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from db.engine.reader import Reader
from db.language.records import row_class
from db.language.scope import Scope
from db.models import Integration, User, UserRole
from loaders.dataloader import DataLoaders
from resolvers.framework.context import Context, Viewer
from resolvers.framework.global_id import encode
from resolvers.integration_health import of_integrations
from schema.graph import build
from services.accounts import api_key
from services.figures.cache import REGISTRY
from tests.support.rows import add_key
from tests.support.world import Asker

DOCUMENT = (Path(__file__).parents[1] / "golden" / "dashboard.graphql").read_text()
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
TYPES = build().schema.type_map


@pytest.fixture(scope="module")
async def people(asker: Asker) -> Any:
    """Four users, and a clock that shows a time in January.

    The member ann has keywords with mentions and leads, and integrations. The member ben has fewer rows, and the
    member new has no rows. The user olga is an operator.
    """
    world = asker.world
    for name in ("ann", "ben", "new"):
        await world.add_user(name)
    await world.add_user("olga", role="operator")
    await world.add_keywords("ann", keywords=7, mentions=9)
    await world.add_keywords("ben", keywords=2, mentions=3)
    for name in ("ann", "ben"):
        await world.add_integrations(name)
    await world.pool.execute(
        "UPDATE mentions SET created_at = $1::timestamptz - id % 40 * interval '23 hours', title = 'A title', likes = 3",
        NOW,
    )
    await world.pool.execute(
        "UPDATE leads SET created_at = $1::timestamptz - id % 40 * interval '23 hours', status = 'converted', notes = 'called', "
        "qualified_at = $1::timestamptz - interval '2 days', converted_at = CASE WHEN id % 2 = 0 THEN $1::timestamptz END, contact_name = 'Ada', "
        "value = 7.5, currency = 'EUR', assignee_user_id = user_id, tags = '{one}'",
        NOW,
    )
    await world.pool.execute("UPDATE leads SET status = 'new' WHERE id % 3 = 0")
    asker.clock.at = NOW
    yield asker
    asker.clock.at = None


@pytest.fixture(autouse=True)
async def _empty_cache(people: Any) -> None:
    """Empty the cache, so that each test starts without figures of earlier tests."""
    await people.forget()


PARTS: dict[str, list[str]] = {
    "range window { start } previousWindow { end } timeZone": ["users by id"],
    "recentLeads { id mention { content } keyword { keyword } }": ["users by id", "leads_recent"],
    "asOf": ["users by id", "leads_recent"],
    "recentLeads { id } asOf": ["users by id", "leads_recent"],
    "keywordPerformance { keyword { id keyword } efficiencyScore mentions { value } }": [
        *("users by id", "keywords_ranking")
    ],
    "integrationStatus { score uptime { runs } lastRuns { id } }": [
        "users by id",
        "user_id integrations_health",
    ],
    "conversionMetrics { totalLeads newLeadsToday conversionRate { value } }": [
        "users by id",
        "user_id slots",
    ],
    "conversionMetrics { topPerformingKeyword { keyword { id } } }": [
        *("users by id", "user_id slots", "keywords_ranking")
    ],
    "analytics { range window { partial } }": ["users by id"],
    "analytics { leads { total } conversions { funnel { stage } } }": ["users by id", "user_id slots"],
    "analytics { leads { total } } conversionMetrics { totalLeads }": [*("users by id", "user_id slots")],
    "analytics { keywords { performanceScore } } keywordPerformance { performanceScore }": [
        *("users by id", "keywords_ranking")
    ],
    "analytics { integrations { score } } integrationStatus { score }": [
        *("users by id", "user_id integrations_health")
    ],
    "analytics { overTime { points { mentions } } }": ["users by id", "user_id slots"],
    "keywordPerformance { overTime { points { leads } } }": [
        *("users by id", "keywords_ranking", "keyword_id slots")
    ],
}


@pytest.mark.parametrize("part", PARTS)
async def test_only_selected_figures_are_computed_and_each_is_computed_once(people: Any, part: str) -> None:
    answer = await people(f"{{ dashboard {{ {part} }} }}")
    assert answer.data
    assert answer.statements == PARTS[part]
    again = await people(f"{{ dashboard {{ {part} }} }}")
    assert again.data == answer.data
    assert again.statements == ["users by id"]


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { mentionsCount } dashboard { timeZone } }",
        "{ dashboard { timeZone } other: dashboard { range } viewer { id } again: viewer { name } }",
    ],
)
async def test_fields_that_read_only_the_row_of_the_viewer_share_one_statement(
    people: Any, document: str
) -> None:
    assert (await people(document)).statements == ["users by id"]


FIGURES = "keywords_ranking + leads_recent + user_id integrations_health + user_id slots"
ALL = ["users by id", FIGURES]


async def test_a_full_dashboard_takes_two_statements_for_any_number_of_mentions(people: Any) -> None:
    world = people.world
    user_id = await world.add_user("busy")
    await world.add_keywords("busy", keywords=5, mentions=10)
    await world.add_integrations("busy")
    answers = []
    for times in (0, 10, 100):
        if times:
            await world.pool.execute(
                "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at) "
                "SELECT user_id, id, 'x', format('%s-%s', $2::integer, n), 'u', 'text', $3::timestamptz - n * interval '71 minutes' "
                "FROM keywords, generate_series(1, 10 * $2::integer) AS n WHERE user_id = $1",
                user_id,
                times,
                NOW,
            )
        await people.forget()
        answers.append(await people(DOCUMENT, viewer="busy"))
    assert [answer.statements for answer in answers] == [ALL] * 3
    mentions = [
        answer.data["dashboard"]["analytics"]["conversions"]["mentions"]["value"] for answer in answers
    ]
    assert mentions == [
        50,
        550,
        550 + 5 * 598,
    ]  # the other mentions are older than the window
    leads = [answer.data["dashboard"]["recentLeads"] for answer in answers]
    assert leads[0] == leads[1] == leads[2] != []


SAME = """query($id: ID!) {
    dashboard(timeZone: "Asia/Tokyo") { ...All }
    viewer { dashboard(timeZone: "Asia/Tokyo") { ...All } }
    user(id: $id) { dashboard(timeZone: "Asia/Tokyo") { ...All } analytics(timeZone: "Asia/Tokyo") { ...A } }
    analytics(timeZone: "Asia/Tokyo") { ...A }
}
fragment All on Dashboard { window { start end } recentLeads { id } keywordPerformance { ...K }
    integrationStatus { integration { id } score } analytics { ...A }
    conversionMetrics { totalLeads newLeads { value } newLeadsToday } }
fragment A on Analytics { leads { total createdToday created { value previous } } keywords { ...K }
    conversions { mentions { value } converted { value previous } } overTime { points { start mentions converted } } }
fragment K on KeywordPerformance { keyword { id } mentions { value previous } performanceScore efficiencyScore }
"""


async def test_figures_are_the_same_at_every_place_of_the_api(people: Any) -> None:
    id_ = encode("User", people.world.users["ann"])
    data = (await people(SAME, id=id_)).data
    root = data["dashboard"]
    assert root["keywordPerformance"]
    assert data["viewer"]["dashboard"] == data["user"]["dashboard"] == root
    assert data["analytics"] == data["user"]["analytics"] == root["analytics"]
    by_operator = (await people(SAME, viewer="olga", id=id_)).data
    assert by_operator["user"] == data["user"]
    assert by_operator["dashboard"]["recentLeads"] == []
    leads = root["conversionMetrics"]
    assert leads["totalLeads"] == root["analytics"]["leads"]["total"]
    assert leads["newLeads"]["value"] == root["analytics"]["leads"]["created"]["value"]
    assert leads["newLeadsToday"] == root["analytics"]["leads"]["createdToday"]
    points = root["analytics"]["overTime"]["points"]
    conversions = root["analytics"]["conversions"]
    assert sum(point["mentions"] for point in points) == conversions["mentions"]["value"] > 0
    assert sum(point["converted"] for point in points) == conversions["converted"]["value"] > 0


async def test_a_keywords_figures_are_the_same_in_the_ranking_and_on_the_keyword(people: Any) -> None:
    figures = """mentions { value previous change } leads { value previous } converted { value }
        conversionRate(basis: CONVERTED_PER_LEAD) { current { value numerator } change } performanceScore efficiencyScore
        overTime(by: WEEK) { points { start mentions leads } }"""
    ranked = (
        await people(
            f"{{ analytics {{ keywords {{ keyword {{ id performanceScore efficiencyScore }} {figures} }} }} }}"
        )
    ).data
    keywords = ranked["analytics"]["keywords"]
    assert len(keywords) == 7
    for one in keywords:
        keyword = one.pop("keyword")
        alone = await people(
            f"query($id: ID!) {{ keyword(id: $id) {{ performance {{ {figures} }} }} }}", id=keyword["id"]
        )
        assert alone.data["keyword"]["performance"] == one
        scores = {"performanceScore", "efficiencyScore"}
        assert {name: keyword[name] for name in scores} == {name: one[name] for name in scores}


@pytest.mark.parametrize(
    "basis", ["LEADS_PER_MENTION", "CONVERTED_PER_MENTION", "CONVERTED_PER_LEAD", "QUALIFIED_PER_LEAD"]
)
async def test_rates_over_all_time_are_the_same_on_the_dashboard_and_the_user(
    people: Any, basis: str
) -> None:
    answer = await people(
        "query($b: RateBasis!) { viewer { conversionRate(basis: $b) { ...R } } dashboard { conversionMetrics { "
        "conversionRate(basis: $b) { ...R } } } } fragment R on Rate { value numerator denominator basis }",
        b=basis,
    )
    own = answer.data["viewer"]["conversionRate"]
    assert own == answer.data["dashboard"]["conversionMetrics"]["conversionRate"]
    assert own["numerator"] > 0


async def test_health_is_the_same_on_the_dashboard_and_the_integration(people: Any) -> None:
    figures = "score problems computedAt uptime { day runs succeeded percent } lastRuns { id status message }"
    answer = await people(
        f"{{ dashboard {{ integrationStatus {{ integration {{ id }} {figures} }} }} "
        f"integrations {{ nodes {{ id health {{ {figures} }} }} }} }}"
    )
    alone = {node["id"]: node["health"] for node in answer.data["integrations"]["nodes"]}
    assert {
        one.pop("integration")["id"]: one for one in answer.data["dashboard"]["integrationStatus"]
    } == alone
    assert len(alone) == 2
    assert " + ".join(answer.statements).split(" + ").count("id integrations_health") == 1


def leaves(name: str) -> str:
    """Return the leaf fields of a type that take no arguments, separated by spaces."""
    type_ = TYPES[name]
    assert isinstance(type_, GraphQLObjectType)
    return " ".join(
        key for key, one in type_.fields.items() if is_leaf_type(get_named_type(one.type)) and not one.args
    )


async def test_rows_of_a_dashboard_have_the_same_fields_as_rows_elsewhere(people: Any) -> None:
    """The rows of a dashboard are row snapshots with all values and relations of the rows."""
    lead = f"{leaves('Lead')} scoreBreakdown {{ relevance }} assignee {{ email }} user {{ id }}"
    mention = (
        f"{leaves('Mention')} analysis {{ sentiment }} lead {{ id }} keyword {{ id }} integration {{ id }}"
    )
    keyword = (
        f"{leaves('Keyword')} mentions(first: 2) {{ totalCount nodes {{ id }} }} conversionRate {{ value }}"
    )
    integration = f"{leaves('Integration')} logs(first: 1) {{ nodes {{ id }} }}"
    log = f"{leaves('IntegrationLog')} integration {{ id }}"
    document = f"""{{ dashboard {{
        recentLeads {{ {lead} mention {{ {mention} }} keyword {{ {keyword} }} }}
        keywordPerformance {{ keyword {{ {keyword} }} }}
        integrationStatus {{ integration {{ {integration} }} lastRuns {{ {log} }} }}
    }} }}"""
    shown = (await people(document)).data["dashboard"]
    for tag, selection, things in (
        ("Lead", f"{lead} mention {{ {mention} }} keyword {{ {keyword} }}", shown["recentLeads"]),
        ("Keyword", keyword, [one["keyword"] for one in shown["keywordPerformance"]]),
        ("Integration", integration, [one["integration"] for one in shown["integrationStatus"]]),
        ("IntegrationLog", log, [run for one in shown["integrationStatus"] for run in one["lastRuns"]]),
    ):
        assert things
        again = await people(
            f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {tag} {{ {selection} }} }} }}",
            ids=[thing["id"] for thing in things],
        )
        assert again.data["nodes"] == things


async def test_mentions_and_keywords_of_recent_leads_take_no_further_statements(people: Any) -> None:
    document = """{ dashboard { recentLeads {
        mention { content keyword { keyword } } keyword { keyword mentionsCount }
    } } }"""
    assert (await people(document)).statements == ["users by id", "leads_recent"]


async def test_a_dashboard_of_a_user_without_rows_shows_zeros(people: Any) -> None:
    shown = (await people(DOCUMENT, viewer="new")).data["dashboard"]
    zeros = dict.fromkeys(("value", "previous", "previousToDate", "change", "changeToDate"), 0)
    none = {**zeros, "changePercent": None, "changePercentToDate": None}
    nothing = {"value": 0.0, "numerator": 0, "denominator": 0, "basis": "CONVERTED_PER_MENTION"}
    assert (shown["recentLeads"], shown["keywordPerformance"], shown["integrationStatus"]) == ([], [], [])
    assert shown["conversionMetrics"] == {
        "totalLeads": 0,
        "newLeads": none,
        "newLeadsToday": 0,
        "conversionRate": nothing,
        "topPerformingKeyword": None,
    }
    points = shown["analytics"]["overTime"]["points"]
    assert len(points) == 30
    assert {
        tuple(point[name] for name in ("mentions", "leads", "qualified", "converted")) for point in points
    } == {(0, 0, 0, 0)}
    assert [point["partial"] for point in points] == [False] * 29 + [True]
    assert [stage["ofPrevious"] for stage in shown["analytics"]["conversions"]["funnel"]] == [None] * 4


async def test_a_keyword_without_leads_is_not_the_top_performing_keyword(people: Any) -> None:
    await people.world.add_user("hopeful")
    await people.world.add_keywords("hopeful", keywords=2, mentions=3)
    await people.world.pool.execute("DELETE FROM leads WHERE user_id = $1", people.world.users["hopeful"])
    shown = (
        await people(
            "{ dashboard { conversionMetrics { topPerformingKeyword { asOf } } keywordPerformance { leads { value } } } }",
            viewer="hopeful",
        )
    ).data["dashboard"]
    assert shown["conversionMetrics"]["topPerformingKeyword"] is None
    assert len(shown["keywordPerformance"]) == 2


RANKED = "query($by: Ranking) { analytics { keywords(orderBy: $by) { keyword { id leadsCount mentionsCount } performanceScore efficiencyScore } } }"


@pytest.mark.parametrize(
    ("ranking", "key"),
    [
        ("LEADS", lambda one: one["keyword"]["leadsCount"]),
        ("MENTIONS", lambda one: one["keyword"]["mentionsCount"]),
        ("LEADS_PER_MENTION", lambda one: one["keyword"]["leadsCount"] / one["keyword"]["mentionsCount"]),
        ("CONVERSION_RATE", lambda one: one["keyword"]["leadsCount"] / one["keyword"]["mentionsCount"]),
        ("PERFORMANCE_SCORE", lambda one: one["performanceScore"]),
        ("EFFICIENCY_SCORE", lambda one: one["efficiencyScore"]),
    ],
)
async def test_keywords_are_ranked_by_the_requested_figure(
    people: Any, ranking: str, key: Callable[[Any], float]
) -> None:
    await people.world.add_user(ranking)
    for number in range(1, 6):
        await people.world.add_keywords(ranking, keywords=1, mentions=number * 2 % 7 + 1)
    ranked = (await people(RANKED, viewer=ranking, by=ranking)).data["analytics"]["keywords"]
    assert len(ranked) == 5
    assert list(map(key, ranked)) == sorted(map(key, ranked), reverse=True)
    assert (await people(RANKED.replace("(orderBy", "(first: 2, orderBy"), viewer=ranking, by=ranking)).data[
        "analytics"
    ]["keywords"] == ranked[:2]


async def test_dashboards_of_other_users_are_visible_to_operators_only(people: Any) -> None:
    document = "query($id: ID!) { user(id: $id) { dashboard { recentLeads { id } } } }"
    ann = encode("User", people.world.users["ann"])
    assert (await people(document, viewer="ben", id=ann)).data == {"user": None}
    assert (await people(document, viewer="olga", id=ann)).data["user"]["dashboard"]["recentLeads"]
    shown = (await people("{ users { nodes { dashboard { recentLeads { id } } } } }", viewer="ben")).data
    own = {row["id"] for row in await people.world.rows("leads", "ben")}
    assert {lead["id"] for node in shown["users"]["nodes"] for lead in node["dashboard"]["recentLeads"]} == {
        encode("Lead", id_) for id_ in own
    }


async def test_dashboards_of_many_users_take_the_statements_of_one(people: Any) -> None:
    document = (
        "{ users { nodes { dashboard { "
        + DOCUMENT.split("dashboard(range: $range, timeZone: $zone, from: $from, to: $to) {", 1)[1]
    )
    document = document.replace("\n}\n\nfragment W", "\n} } }\n\nfragment W", 1)
    answer = await people(document, viewer="olga")
    assert len(answer.data["users"]["nodes"]) >= 4
    assert sorted(answer.statements) == sorted(["users page", "users by id", *ALL])


BAD: list[tuple[str, str]] = [
    ('timeZone: "Mars/Olympus"', "`timeZone`: 'Mars/Olympus' is not an IANA time zone"),
    ('timeZone: "Berlin"', "`timeZone`: 'Berlin' is not an IANA time zone"),  # zoneinfo would open a file of this name
    ('timeZone: ""', "`timeZone`: '' is not an IANA time zone"),
    ("range: CUSTOM", "`from`: Required with range CUSTOM."),
    ('from: "2026-01-01T00:00:00Z"', "`to`: Required with range CUSTOM"),
    ('range: TODAY, from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z"', "require `range: CUSTOM`, not TODAY"),
    ('from: "2026-01-01T00:01:00Z", to: "2026-01-02T00:00:00Z"', "`from`: Must be a multiple of 15 minutes, but is 2026-01-01T00:01:00+00:00"),
    ('from: "2026-01-03T00:00:00Z", to: "2026-01-02T00:00:00Z"', "`to`: Must be after `from` (2026-01-03T00:00:00+00:00), but is 2026-01-02T00:00:00+00:00."),
    ('from: "1979-01-01T00:00:00Z", to: "1979-02-01T00:00:00Z"', "`from`: Must be between 1980-01-01 and 2200-01-01, but is 1979-01-01T00:00:00+00:00."),
    ('from: "0001-01-01T00:00:00Z", to: "9999-12-31T23:45:00Z"', "`from`: Must be between 1980-01-01 and 2200-01-01, but is 0001-01-01"),
    ('from: "2001-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z"', "`to`: Must be at most 3660 days after `from`."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "problem"), BAD)
@pytest.mark.parametrize(
    "place",
    ["dashboard({}) {{ range }}", "analytics({}) {{ range }}", "viewer {{ dashboard({}) {{ range }} }}"],
)
async def test_invalid_windows_are_refused_with_the_name_of_the_argument(
    people: Any, place: str, arguments: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await people("{ " + place.format(arguments) + " }")
    assert answer.code == "BAD_USER_INPUT"
    assert problem in answer.error["message"]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("recentLeads(first: 51) { id }", "`first` must be between 0 and 50, not 51."),
        ("recentLeads(first: -1) { id }", "`first` must be between 0 and 50, not -1."),
        ("keywordPerformance(first: 101) { asOf }", "between 0 and 100"),
        ("integrationStatus(first: 101) { asOf }", "between 0 and 100"),
        ("analytics { keywords(first: 101) { asOf } }", "between 0 and 100"),
    ],
)
async def test_lists_of_a_dashboard_have_a_maximum_length(people: Any, field: str, problem: str) -> None:
    answer = await people(f"{{ dashboard {{ {field} }} }}")
    assert answer.code == "BAD_USER_INPUT"
    assert problem in answer.error["message"]


async def test_a_time_series_has_a_maximum_number_of_points(people: Any) -> None:
    document = """query($by: TimeUnit) { analytics(from: "2024-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z") {
        overTime(by: $by) { points { start } } } }"""
    answer = await people(document, by="DAY")
    assert answer.code == "BAD_USER_INPUT"
    assert "must have at most 400 units. Use longer units in `by`." in answer.error["message"]
    assert len((await people(document, by="WEEK")).data["analytics"]["overTime"]["points"]) == 105


async def test_lists_of_a_dashboard_can_be_empty_or_longer_than_the_default(people: Any) -> None:
    document = "query($n: Int!) { dashboard { recentLeads(first: $n) { id } keywordPerformance(first: $n) { asOf } } }"
    lengths = []
    for n in (0, 1, 10, 11, 50):
        shown = (await people(document, n=n)).data["dashboard"]
        lengths.append((len(shown["recentLeads"]), len(shown["keywordPerformance"])))
    leads = len(await people.world.rows("leads", "ann"))
    assert lengths == [(0, 0), (1, 1), (10, 7), (11, 7), (leads, 7)]
    assert leads > 11


async def add_partner(people: Any, name: str, scopes: Iterable[str]) -> None:
    """Add another key of the user with these scopes."""
    people.world.keys["partner"] = await add_key(people.world.pool, people.world.users[name], sorted(scopes))


REQUIRED_SCOPES = {
    "recentLeads { id }": "read:leads",
    "asOf": "read:leads",
    "recentLeads { mention { id } }": "read:mentions",
    "keywordPerformance { asOf }": "read:keywords",
    "integrationStatus { score }": "read:integrations",
    "conversionMetrics { totalLeads }": "read:leads",
    "analytics { leads { total } }": "read:mentions",
    "analytics { keywords { asOf } }": "read:keywords",
    "analytics { integrations { score } }": "read:integrations",
    "analytics { overTime { asOf } }": "read:mentions",
}


@pytest.mark.parametrize("part", REQUIRED_SCOPES)
async def test_figures_require_the_scope_of_their_rows(people: Any, part: str) -> None:
    await add_partner(people, "ann", api_key.READ_SCOPES - {REQUIRED_SCOPES[part]})
    document = f"{{ dashboard {{ {part} }} }}"
    assert (await people(document)).data
    refused = await people(document, viewer="partner")
    assert refused.code == "FORBIDDEN"
    assert f"`{REQUIRED_SCOPES[part]}`" in refused.error["message"]


async def test_a_dashboard_requires_authentication(people: Any) -> None:
    assert (await people("{ dashboard { range } }", viewer=None)).code == "UNAUTHENTICATED"


async def test_as_of_of_a_new_figure_is_the_time_of_the_response(people: Any) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    shown = (
        await people(
            "{ dashboard { asOf conversionMetrics { asOf } keywordPerformance { asOf } integrationStatus { asOf } "
            "analytics { leads { asOf } conversions { asOf } overTime { asOf } } } }"
        )
    ).data["dashboard"]
    figures = [
        shown["asOf"],
        shown["conversionMetrics"]["asOf"],
        *(one["asOf"] for part in ("keywordPerformance", "integrationStatus") for one in shown[part]),
        *(part["asOf"] for part in shown["analytics"].values()),
    ]
    assert len(figures) > 8
    assert all(before < datetime.fromisoformat(one) <= datetime.now(UTC) for one in figures)


FIGURES = "analytics{} {{ asOf: leads {{ asOf }} conversions {{ mentions {{ value }} }} }}"


async def test_cached_figures_lack_ingested_rows_but_contain_the_viewers_own_writes(people: Any) -> None:
    world = people.world
    user_id = await world.add_user("writer")
    await world.add_keywords("writer", keywords=1, mentions=2)
    await world.pool.execute("UPDATE mentions SET created_at = $2 WHERE user_id = $1", user_id, NOW)
    await people.forget()

    async def mentions(arguments: str = "") -> int:
        shown = (await people("{ " + FIGURES.format(arguments) + " }", viewer="writer")).data
        number: int = shown["analytics"]["conversions"]["mentions"]["value"]
        return number

    assert await mentions() == 2
    # Like ingest, this statement leaves the data version unchanged.
    await world.pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at) "
        "SELECT user_id, id, 'x', 'new', 'u', 'text', $2 FROM keywords WHERE user_id = $1",
        user_id,
        NOW,
    )
    assert await mentions() == 2
    assert await mentions("(maxAge: 3600)") == 2
    assert await mentions("(maxAge: 0)") == 3
    assert await mentions() == 3  # the new figures are in the cache
    keyword_id = encode("Keyword", (await world.rows("keywords", "writer"))[0]["id"])
    written = await people(
        "mutation($id: ID!) { deleteKeyword(input: {id: $id}) { userErrors { message } } }",
        viewer="writer",
        id=keyword_id,
    )
    assert written.data["deleteKeyword"]["userErrors"] == []
    assert await mentions() == 0


@pytest.mark.parametrize(
    "place",
    ["dashboard(maxAge: -1) { range }", "analytics(maxAge: -1) { range }", "viewer { dashboard(maxAge: -1) { range } }",
     "keywords { nodes { performance(maxAge: -1) { asOf } } }", "integrations { nodes { health(maxAge: -1) { asOf } } }"],
)  # fmt: skip
async def test_a_negative_max_age_is_refused(people: Any, place: str) -> None:
    answer = await people(f"{{ {place} }}")
    codes = {error["extensions"]["code"] for error in answer.body["errors"]}
    assert codes == {"BAD_USER_INPUT"}
    assert "`maxAge` must be at least 0 seconds, not -1." in answer.body["errors"][0]["message"]


async def test_windows_with_different_maximum_ages_are_computed_separately(people: Any) -> None:
    document = """{ now: dashboard(maxAge: 0, range: TODAY) { ...D } week: dashboard(range: LAST_7_DAYS) { ...D } }
        fragment D on Dashboard { range analytics { leads { created { value } } overTime { points { leads } } } }"""
    shown = (await people(document)).data
    for name in ("now", "week"):
        points = shown[name]["analytics"]["overTime"]["points"]
        assert len(points) == {"now": 1, "week": 7}[name]
        assert (
            sum(point["leads"] for point in points) == shown[name]["analytics"]["leads"]["created"]["value"]
        )


async def test_a_dashboard_of_a_warmed_user_computes_no_figures(people: Any) -> None:
    world = people.world
    user_id = await world.add_user("warm")
    await world.add_keywords("warm", keywords=2, mentions=3)
    await world.add_integrations("warm")
    await world.pool.execute(
        "UPDATE users SET time_zone = 'Asia/Kathmandu', week_start = 7 WHERE id = $1", user_id
    )
    (user,) = await people.world.pool.fetch(
        "SELECT * FROM users WHERE id = $1", user_id, record_class=row_class(User)
    )
    cached, loaders = people.cached, DataLoaders(Reader(world.pool), Scope(user_id))
    try:
        questions = [(one, one.warm_questions(user, NOW)) for one in REGISTRY if one.warm_questions]
        await cached.refresh(loaders, [(figure, one) for figure, some in questions for one in some])
    finally:
        await loaders.close()
    assert (await people(DOCUMENT, viewer="warm")).statements == ["users by id"]


async def add_without_new_version(people: Any, name: str) -> None:
    """Add a mention with a lead to each keyword of the user. The data version stays the same, as after ingest."""
    user_id = people.world.users[name]
    await people.world.pool.execute(
        """WITH made AS (INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at)
            SELECT user_id, id, 'x', 'late', 'u', 'text', $2 FROM keywords WHERE user_id = $1 RETURNING *)
        INSERT INTO leads (mention_id, user_id, keyword_id) SELECT id, user_id, keyword_id FROM made""",
        user_id,
        NOW,
    )


@pytest.fixture
async def late(people: Any) -> str:
    """A user with mentions and leads that are newer than the cached dashboard."""
    name = f"late-{len(people.world.users)}"
    await people.world.add_user(name)
    await people.world.add_keywords(name, keywords=2, mentions=4)
    (keyword, _) = await people.world.rows("keywords", name)
    await people.world.pool.execute("DELETE FROM leads WHERE keyword_id = $1", keyword["id"])
    for document in (
        LATE,
        "{ dashboard { recentLeads(first: 50) { id } } keywords { nodes { efficiencyScore } } }",
    ):
        assert (await people(document, viewer=name)).data
    await add_without_new_version(people, name)
    await people.world.pool.execute(
        "DELETE FROM leads WHERE keyword_id <> $1 AND user_id = $2", keyword["id"], keyword["user_id"]
    )
    return name


LATE = """{ dashboard { asOf recentLeads { keyword { id mentionsCount } } keywordPerformance { asOf keyword { mentionsCount } efficiencyScore } } }"""


async def test_rows_of_cached_figures_are_snapshots_and_all_other_rows_are_current(
    people: Any, late: str
) -> None:
    """A row without an `asOf` above it is current, whatever the age of the figures."""
    document = """{ dashboard { recentLeads { keyword { mentionsCount } } keywordPerformance { keyword { mentionsCount } } }
        keywords { nodes { mentionsCount leads { nodes { keyword { mentionsCount } mention { keyword { mentionsCount } } } } } } }"""
    shown = (await people(document, viewer=late)).data
    old, now = {"mentionsCount": 4}, {"mentionsCount": 5}
    assert [one["keyword"] for one in shown["dashboard"]["keywordPerformance"]] == [old, old]
    assert [lead["keyword"] for lead in shown["dashboard"]["recentLeads"]] == [old, old]
    assert [one["mentionsCount"] for one in shown["keywords"]["nodes"]] == [5, 5]
    leads = [lead for one in shown["keywords"]["nodes"] for lead in one["leads"]["nodes"]]
    assert leads == [{"keyword": now, "mention": {"keyword": now}}]


async def test_a_keywords_efficiency_score_agrees_with_its_current_totals(people: Any, late: str) -> None:
    fields = "mentionsCount leadsCount performanceScore efficiencyScore"
    document = f"{{ keywords {{ nodes {{ {fields} performance {{ performanceScore efficiencyScore }} }} }} }}"
    warm = (await people(document, viewer=late)).data["keywords"]["nodes"]
    await people.forget()
    assert (await people(document, viewer=late)).data["keywords"]["nodes"] == warm
    for one in warm:
        assert one["performance"] == {name: one[name] for name in ("performanceScore", "efficiencyScore")}


async def test_more_recent_leads_than_the_default_are_read_from_the_database(people: Any, late: str) -> None:
    few = (await people("{ dashboard { recentLeads { id } } }", viewer=late)).data["dashboard"]["recentLeads"]
    shown = (
        await people(
            "{ dashboard { few: recentLeads { id } many: recentLeads(first: 50) { id } } }", viewer=late
        )
    ).data["dashboard"]
    there = {encode("Lead", row["id"]) for row in await people.world.rows("leads", late)}
    assert {lead["id"] for lead in shown["many"]} == there != {lead["id"] for lead in few}
    assert shown["few"] == shown["many"]


async def test_an_unknown_time_zone_of_the_user_is_refused_with_a_hint(people: Any) -> None:
    user_id = await people.world.add_user("nowhere")
    await people.world.change("users", user_id, time_zone="Mars/Olympus")
    for document in (
        "{ dashboard { range } }",
        "{ mentions { stats { overTime(by: DAY) { count } } } }",
    ):
        answer = await people(document, viewer="nowhere")
        assert answer.code == "BAD_USER_INPUT"
        assert "`timeZone`: the viewer's own zone 'Mars/Olympus'" in answer.error["message"]
        assert "Name another zone." in answer.error["message"]
    assert (await people('{ dashboard(timeZone: "UTC") { timeZone } }', viewer="nowhere")).data


async def test_a_key_without_read_scopes_sees_no_figures_in_a_mutation_payload(people: Any) -> None:
    """The figures are refused even if the cache contains them."""
    name = "writing"
    await people.world.add_user(name)
    await people.world.add_keywords(name, keywords=1, mentions=2)
    await people.world.add_integrations(name, integrations=1)
    parts = [
        (
            "updateKeyword",
            "Keyword",
            "keywords",
            'keyword: "other"',
            "keyword { performance { mentions { value } } }",
        ),
        ("updateKeyword", "Keyword", "keywords", 'keyword: "third"', "keyword { efficiencyScore }"),
        (
            "updateIntegration",
            "Integration",
            "integrations",
            'name: "other"',
            "integration { health { score } }",
        ),
    ]
    for field, tag, table, change, shown in parts:
        id_ = encode(tag, (await people.world.rows(table, name))[0]["id"])
        document = f'mutation {{ {field}(input: {{ id: "{id_}", {change} }}) {{ {shown} userErrors {{ message }} }} }}'
        assert (await people(document, viewer=name)).data[field]["userErrors"] == []
        await add_partner(people, name, {f"write:{table}"})
        answer = await people(document, viewer="partner")
        assert answer.code == "FORBIDDEN"
        assert f"`read:{table}`" in answer.error["message"]


async def test_an_integration_deleted_before_its_payload_is_read_has_no_runs(people: Any) -> None:
    """Another process deletes the integration between the commit of a mutation and the snapshot of the payload."""
    world = people.world
    user_id = await world.add_user("going")
    await world.add_integrations("going", integrations=1)
    (row,) = await world.pool.fetch(
        "SELECT * FROM integrations WHERE user_id = $1", user_id, record_class=row_class(Integration)
    )
    await world.pool.execute("DELETE FROM integrations WHERE id = $1", row.id)
    context = Context(world.pool, Viewer(user_id, UserRole.MEMBER, api_key.ALL_SCOPES), "test", now=NOW)
    try:
        (health,) = await of_integrations([row], context)
    finally:
        await context.close()
    report = health.report
    assert (report.integration.id, report.last_logs, report.integration.health_score) == (row.id, [], None)
    assert [(day.runs, day.percent) for day in report.uptime] == [(0, None)] * 30
