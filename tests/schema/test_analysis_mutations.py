"""Analyses of mentions: recorded from an external analyser, or made by the built-in one."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from services.analysis.record import VERSION
from tests.support.world import Ask, World

RECORD = """
mutation($input: RecordAnalysesInput!) {
  result: recordAnalyses(input: $input) {
    recordedCount replayed mentions { id analysis { status sentiment analyzer } } userErrors { code message path }
  }
}
"""
ANALYZE = """
mutation($input: AnalyzeMentionsInput!) {
  result: analyzeMentions(input: $input) {
    analyzedCount replayed mentions { id analysis { status sentiment intent relevance analyzer analyzerVersion } }
    userErrors { code message path }
  }
}
"""

SCORED = ("analyzed_to_score", "leads_set_scores")


async def mention_ids(world: World, owner: str = "ann") -> list[int]:
    return sorted(row["id"] for row in await world.rows("mentions", owner))


def encode_ids(ids: list[int]) -> list[str]:
    return [encode("Mention", id_) for id_ in ids]


def record_input(*analyses: dict[str, object], **more: object) -> dict[str, object]:
    return {"analyzer": "mine", "analyzerVersion": "7", "analyses": list(analyses), **more}


def analysis_of(mention_id: int, **more: object) -> dict[str, object]:
    return {"mentionId": encode("Mention", mention_id), "sentiment": "NEUTRAL", "relevance": "LOW", **more}


def errors(answer: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"][1:]) for error in answer.data["result"]["userErrors"]]


async def test_an_analysis_is_recorded_with_all_its_fields(ask: Ask, world: World) -> None:
    first, second, third, *_ = await mention_ids(world)
    given = record_input(
        analysis_of(
            second,
            sentiment="MIXED",
            sentimentScore=-0.12345,
            intent="BUYING",
            intentScore=1,
            relevance="HIGH",
            relevanceScore=100,
            relevanceReason=" It fits. ",
            topics=["crm", "crm", "sales"],
            summary="A summary.",
        ),
        {"mentionId": encode("Mention", first), "status": "FAILED", "error": "Too long."},
        {"mentionId": encode("Mention", third), "status": "PENDING"},
    )
    answer = await ask(RECORD, input=given)
    assert answer.data["result"] == {
        "recordedCount": 3,
        "replayed": False,
        "mentions": [
            {
                "id": encode("Mention", id_),
                "analysis": {"status": status, "sentiment": mood, "analyzer": "mine"},
            }
            for id_, status, mood in (
                (second, "SUCCEEDED", "MIXED"),
                (first, "FAILED", None),
                (third, "PENDING", None),
            )
        ],
        "userErrors": [],
    }
    rows = {row["mention_id"]: row for row in await world.rows("analysis_results", "ann")}
    row = rows[second]
    assert datetime.now(UTC) - row["analyzed_at"] < timedelta(minutes=1)
    assert dict(row) == {
        "mention_id": second,
        "user_id": world.users["ann"],
        "status": "succeeded",
        "sentiment": "mixed",
        "sentiment_score": Decimal("-0.123"),
        "intent": "buying",
        "intent_score": Decimal("1.000"),
        "relevance": "high",
        "relevance_score": 100,
        "relevance_reason": "It fits.",
        "topics": ["crm", "sales"],
        "summary": "A summary.",
        "analyzer": "mine",
        "analyzer_version": "7",
        "error": None,
        "analyzed_at": row["analyzed_at"],
        "created_at": row["created_at"],
    }
    assert rows[first]["error"] == "Too long."
    assert rows[first]["analyzed_at"] is not None
    assert rows[third]["analyzed_at"] is None


async def test_a_new_analysis_replaces_the_old_analysis_of_its_mention(ask: Ask, world: World) -> None:
    first, *_ = await mention_ids(world)
    await ask(RECORD, input=record_input(analysis_of(first, intent="BUYING", summary="Old.", topics=["a"])))
    await ask(RECORD, input=record_input(analysis_of(first), analyzer="other", analyzerVersion=None))
    (row,) = [row for row in await world.rows("analysis_results") if row["mention_id"] == first]
    assert (row["intent"], row["summary"], row["topics"]) == (None, "", [])
    assert (row["analyzer"], row["analyzer_version"]) == ("other", "")


async def test_a_thousand_analyses_take_the_same_statements_as_one(ask: Ask, world: World) -> None:
    await world.add_keywords("ann", keywords=10, mentions=100)
    ids = await mention_ids(world)
    ids[0], ids[1] = ids[1], ids[0]  # now the first mention has a lead
    for number in (1, 1000):
        given = record_input(*(analysis_of(id_) for id_ in ids[:number]))
        answer = await ask(RECORD, input=given)
        assert answer.data["result"]["recordedCount"] == number
        assert answer.statements == [
            *("lock_user", "record_analyses", *SCORED, "mentions by id", "analysis_results by mention_id")
        ]
        answer = await ask(ANALYZE, input={"ids": encode_ids(ids[:number])})
        assert answer.data["result"]["analyzedCount"] == number
        assert answer.statements == [
            *(
                "mention_texts",
                "lock_user",
                "record_analyses",
                *SCORED,
                "mentions by id",
                "analysis_results by mention_id",
            )
        ]
    stored = await world.rows("analysis_results", "ann")
    assert sum(row["analyzer"] == "leadgraph" for row in stored) == 1000


async def test_recording_an_analysis_scores_the_lead_of_the_mention(ask: Ask, world: World) -> None:
    """An existing lead gets a new score with each analysis of its mention, and loses its score if one fails."""
    leads = {row["mention_id"]: row for row in await world.rows("leads", "ann")}
    first, second = sorted(leads)[:2]
    document = (
        "{ leads { nodes { id score scoreVersion scoreBreakdown { relevance intent sentiment } version } } }"
    )

    async def scored(**found: object) -> list[Any]:
        answer = await ask(RECORD, input=record_input(analysis_of(first, **found)))
        assert errors(answer) == []
        shown = {node["id"]: node for node in (await ask(document)).data["leads"]["nodes"]}
        assert shown[encode("Lead", leads[second]["id"])]["score"] is None
        lead = shown[encode("Lead", leads[first]["id"])]
        assert lead["version"] == leads[first]["version"]
        return [lead["scoreVersion"], lead["scoreBreakdown"]]

    assert await scored(relevanceScore=90, intent="BUYING", sentiment="POSITIVE") == [
        "1",
        {"relevance": 36.0, "intent": 30.0, "sentiment": 10.0},
    ]
    assert await scored(relevanceScore=10) == ["1", {"relevance": 4.0, "intent": 0.0, "sentiment": 7.0}]
    assert await scored(status="FAILED", error="no") == [None, None]


async def test_the_built_in_analyser_scores_leads(ask: Ask, world: World) -> None:
    ids = await mention_ids(world)
    assert errors(await ask(ANALYZE, input={"ids": encode_ids(ids)})) == []
    assert all(row["score"] is not None for row in await world.rows("leads", "ann"))
    assert all(row["score"] is None for row in await world.rows("leads", "ben"))


async def test_the_built_in_analyser_finds_sentiment_intent_and_relevance(ask: Ask, world: World) -> None:
    first, second, third, *_ = await mention_ids(world)
    (keyword,) = {row["keyword_id"] for row in await world.rows("mentions") if row["id"] == first}
    await world.pool.execute("UPDATE keywords SET keyword = 'crm' WHERE id = $1", keyword)
    for id_, title, content, language in (
        (first, "CRM", "Can anyone recommend a good CRM for a small team?", "en"),
        (second, None, "Nothing about it. I hate Mondays.", None),
        (third, None, "Ich suche ein CRM", "de"),
    ):
        await world.pool.execute(
            "UPDATE mentions SET title = $2, content = $3, language = $4 WHERE id = $1",
            id_,
            title,
            content,
            language,
        )
    answer = await ask(ANALYZE, input={"ids": encode_ids([third, first, second, first])})
    shown = answer.data["result"]
    by = {"analyzer": "leadgraph", "analyzerVersion": VERSION}
    analyses = {
        third: {"status": "SKIPPED", "sentiment": None, "intent": None, "relevance": "MEDIUM", **by},
        first: {
            "status": "SUCCEEDED",
            "sentiment": "POSITIVE",
            "intent": "RECOMMENDATION_REQUEST",
            "relevance": "HIGH",
            **by,
        },
        second: {"status": "SUCCEEDED", "sentiment": "NEGATIVE", "intent": "OTHER", "relevance": "LOW", **by},
    }
    assert shown == {
        "analyzedCount": 3,
        "replayed": False,
        "mentions": [{"id": encode("Mention", id_), "analysis": analyses[id_]} for id_ in analyses],
        "userErrors": [],
    }
    rows = {row["mention_id"]: row for row in await world.rows("analysis_results")}
    assert rows[first]["relevance_score"] == 90
    assert rows[first]["relevance_reason"] == (
        "The keyword occurs in the title and once in the text, near the beginning; "
        "the intent is recommendation request."
    )


BAD: list[tuple[dict[str, object], list[tuple[str, list[str]]]]] = [
    ({"sentimentScore": 1.01}, [("INVALID", ["sentimentScore"])]),
    ({"intentScore": -0.01}, [("INVALID", ["intentScore"])]),
    ({"relevanceScore": 101}, [("INVALID", ["relevanceScore"])]),
    ({"sentiment": None}, [("REQUIRED", ["sentiment"])]),
    ({"relevance": None}, [("REQUIRED", ["relevance"])]),
    ({"summary": "x" * 2001}, [("TOO_LONG", ["summary"])]),
    ({"relevanceReason": "\0"}, [("INVALID", ["relevanceReason"])]),
    ({"topics": ["x"] * 21}, [("TOO_MANY", ["topics"])]),
    ({"topics": ["x" * 101]}, [("TOO_LONG", ["topics", "0"])]),
    ({"error": "x"}, [("INVALID", ["error"])]),
    ({"status": "FAILED", "error": "x" * 2001}, [("TOO_LONG", ["error"])]),
]


@pytest.mark.parametrize(("given", "expected"), BAD, ids=[str(given)[:40] for given, _ in BAD])
async def test_analyses_with_invalid_values_are_refused(
    ask: Ask, world: World, given: dict[str, object], expected: list[Any]
) -> None:
    first, second, *_ = await mention_ids(world)
    before = await world.contents()
    answer = await ask(RECORD, input=record_input(analysis_of(first), analysis_of(second, **given)))
    assert errors(answer) == [(code, ["analyses", "1", *path]) for code, path in expected]
    assert await world.contents() == before


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"analyzer": " "}, [("REQUIRED", ["analyzer"])]),
        ({"analyzer": "x" * 101}, [("TOO_LONG", ["analyzer"])]),
        ({"analyzerVersion": "x" * 101}, [("TOO_LONG", ["analyzerVersion"])]),
        ({"analyses": []}, [("REQUIRED", ["analyses"])]),
    ],
)
async def test_an_invalid_analyser_and_an_empty_list_of_analyses_are_refused(
    ask: Ask, world: World, more: dict[str, object], expected: list[Any]
) -> None:
    first, *_ = await mention_ids(world)
    assert errors(await ask(RECORD, input=record_input(analysis_of(first), **more))) == expected


async def test_repeated_mentions_and_too_many_or_too_few_analyses_are_refused(ask: Ask, world: World) -> None:
    first, *_ = await mention_ids(world)
    before = await world.contents()
    twice = await ask(RECORD, input=record_input(analysis_of(first), analysis_of(first)))
    assert errors(twice) == [("INVALID", ["analyses", "1", "mentionId"])]
    many = [analysis_of(id_) for id_ in range(1, 1002)]
    assert errors(await ask(RECORD, input=record_input(*many))) == [("TOO_MANY", ["analyses"])]
    for number, code in ((0, "REQUIRED"), (1001, "TOO_MANY")):
        answer = await ask(ANALYZE, input={"ids": encode_ids(list(range(1, number + 1)))})
        assert errors(answer) == [(code, ["ids"])]
    assert await world.contents() == before


async def test_analyses_of_another_users_mentions_are_refused_as_not_found(ask: Ask, world: World) -> None:
    first, *_ = await mention_ids(world)
    foreign, *_ = await mention_ids(world, "ben")
    before = await world.contents()
    ids = [first, foreign, 999_999]
    answer = await ask(RECORD, input=record_input(*(analysis_of(id_) for id_ in ids)))
    assert errors(answer) == [
        ("NOT_FOUND", ["analyses", "1", "mentionId"]),
        ("NOT_FOUND", ["analyses", "2", "mentionId"]),
    ]
    answer = await ask(ANALYZE, input={"ids": encode_ids(ids)})
    assert errors(answer) == [("NOT_FOUND", ["ids", "1"]), ("NOT_FOUND", ["ids", "2"])]
    assert answer.statements == ["mention_texts"]
    assert answer.data["result"]["mentions"] == []
    assert await world.contents() == before


async def test_an_operator_records_analyses_for_several_users_in_one_call(ask: Ask, world: World) -> None:
    ids = [(await mention_ids(world, name))[0] for name in ("ann", "ben")]
    recorded = await ask(RECORD, viewer="olga", input=record_input(*map(analysis_of, ids)))
    assert recorded.statements[0] == "mentions lock_owners"
    assert errors(recorded) == errors(await ask(ANALYZE, viewer="olga", input={"ids": encode_ids(ids)})) == []
    owners = {row["mention_id"]: row["user_id"] for row in await world.rows("analysis_results")}
    assert [owners[id_] for id_ in ids] == [world.users["ann"], world.users["ben"]]
    versions = {row["name"]: row["data_version"] for row in await world.rows("users")}
    assert versions == {"ann": 2, "ben": 2, "olga": 0}


async def test_recording_and_analysing_require_the_scope_to_write_mentions(ask: Ask, world: World) -> None:
    first, *_ = await mention_ids(world)
    asked: list[tuple[str, dict[str, object]]] = [
        (RECORD, record_input(analysis_of(first))),
        (ANALYZE, {"ids": encode_ids([first])}),
    ]
    await world.set_scopes("ann", "read:mentions", "write:leads")
    for document, given in asked:
        answer = await ask(document, input=given)
        assert (answer.code, answer.statements) == ("FORBIDDEN", [])
        assert "`write:mentions`" in answer.error["message"]
        assert (await ask(document, viewer=None, input=given)).code == "UNAUTHENTICATED"


async def test_a_key_with_only_the_scope_to_write_mentions_can_analyse_them(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:mentions")
    first, *_ = await mention_ids(world)
    document = "mutation($input: AnalyzeMentionsInput!) { analyzeMentions(input: $input) { analyzedCount } }"
    assert (await ask(document, input={"ids": encode_ids([first])})).data["analyzeMentions"][
        "analyzedCount"
    ] == 1


async def test_recording_and_analysing_run_once_per_idempotency_key(ask: Ask, world: World) -> None:
    first, *_ = await mention_ids(world)
    for document, given in (
        (RECORD, record_input(analysis_of(first), idempotencyKey="r")),
        (ANALYZE, {"ids": encode_ids([first]), "idempotencyKey": "a"}),
    ):
        one = (await ask(document, input=given)).data["result"]
        before = await world.contents()
        again = (await ask(document, input=given)).data["result"]
        assert again == {**one, "replayed": True}
        assert await world.contents() == before


async def test_a_replay_of_analyses_leaves_out_deleted_mentions(ask: Ask, world: World) -> None:
    ids = (await mention_ids(world))[:2]
    analyze: dict[str, object] = {"ids": encode_ids(ids), "idempotencyKey": "a"}
    record = record_input(*map(analysis_of, ids), idempotencyKey="r")
    for document, given in ((ANALYZE, analyze), (RECORD, record)):
        assert errors(await ask(document, input=given)) == []
    await world.pool.execute("DELETE FROM mentions WHERE id = $1", ids[0])
    for document, given in ((ANALYZE, analyze), (RECORD, record)):
        again = (await ask(document, input=given)).data["result"]
        assert (again["replayed"], again["userErrors"]) == (True, [])
        assert [mention["id"] for mention in again["mentions"]] == encode_ids(ids[1:])
    other = await ask(ANALYZE, input={**analyze, "idempotencyKey": "b"})
    assert errors(other) == [("NOT_FOUND", ["ids", "0"])]
    assert len(await world.rows("idempotency_keys")) == 2


async def test_later_fields_of_a_mutation_filter_by_recorded_intents(ask: Ask, world: World) -> None:
    first, second, *_ = await mention_ids(world)
    document = """
    mutation($one: RecordAnalysesInput!, $other: RecordAnalysesInput!) {
      one: recordAnalyses(input: $one) { mentions { user { ...Found } } }
      other: recordAnalyses(input: $other) { mentions { user { ...Found } } }
    }
    fragment Found on User { mentions(filter: { intent: { eq: CHURN_RISK } }) { totalCount } }
    """
    given = [record_input(analysis_of(id_, intent="CHURN_RISK")) for id_ in (first, second)]
    data = (await ask(document, one=given[0], other=given[1])).data
    found = [data[name]["mentions"][0]["user"]["mentions"]["totalCount"] for name in ("one", "other")]
    assert found == [1, 2]
    after = "{ mentions(filter: { intent: { eq: CHURN_RISK } }) { totalCount } }"
    assert (await ask(after)).data == {"mentions": {"totalCount": 2}}
