"""The mutation ingestMentions: outcomes of items, refused calls, and statements."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

INGEST = """
mutation($input: IngestMentionsInput!) {
  ingestMentions(input: $input) {
    createdCount duplicateCount unmatchedCount failedCount replayed
    results { outcome mentions { mentionId created } errors { code message path } }
    userErrors { code message path }
  }
}
"""
READING = """
mutation($input: IngestMentionsInput!) {
  ingestMentions(input: $input) {
    results { mentions { mention { content platform kind publishedAt } keyword { keyword mentionsCount user { mentionsCount } } } }
  }
}
"""
NO_KEYWORD = "The keyword does not exist."


def item(external_id: str, **more: object) -> dict[str, object]:
    return {
        "platform": "REDDIT",
        "externalId": external_id,
        "url": "https://example.com",
        "content": "text",
        **more,
    }


async def ingest(ask: Ask, *items: dict[str, object], viewer: str = "ann", **more: object) -> Any:
    answer = await ask(INGEST, viewer=viewer, input={"items": list(items), **more})
    return answer.data["ingestMentions"]


async def keyword_ids(world: World, owner: str = "ann") -> list[str]:
    rows = await world.pool.fetch(
        "SELECT id FROM keywords WHERE user_id = $1 ORDER BY id", world.users[owner]
    )
    return [encode("Keyword", row["id"]) for row in rows]


async def mention_id(world: World, external_id: str, keyword: int = 0) -> str:
    found = await world.pool.fetch(
        "SELECT id FROM mentions WHERE external_id = $1 ORDER BY keyword_id", external_id
    )
    return encode("Mention", found[keyword]["id"])


async def test_each_item_has_its_own_outcome(ask: Ask, world: World) -> None:
    first, second, third = await keyword_ids(world)
    (foreign, *_) = await keyword_ids(world, "ben")
    await world.pool.execute("UPDATE keywords SET status = 'paused' WHERE keyword = 'ann 3'")
    payload = await ingest(
        ask,
        item("a", keywordId=first, likes=3),
        item("b", content="of ann 1 and ANN 2, not ann 3"),
        item("a", keywordId=first),
        item("c", content="of nobody"),
        item("d", keywordId=third),
        item("e", keywordId=foreign, url="nowhere", likes=-1),
        item("f", keywordId=foreign),
        item("g", keywordId=second, integrationId=encode("Integration", 999_999)),
        {"platform": "X", "externalId": " ", "url": "https://x.example"},
    )
    a, b1, b2 = [await mention_id(world, *which) for which in (("a",), ("b", 0), ("b", 1))]

    def new(id_: str, *, created: bool = True) -> dict[str, object]:
        return {"mentionId": id_, "created": created}

    def failed(*errors: tuple[str, str, str, str]) -> dict[str, object]:
        return {
            "outcome": "FAILED",
            "mentions": [],
            "errors": [
                {"code": code, "message": message, "path": ["input", "items", place, field]}
                for code, message, place, field in errors
            ],
        }

    assert payload == {
        "createdCount": 2,
        "duplicateCount": 1,
        "unmatchedCount": 1,
        "failedCount": 5,
        "replayed": False,
        "userErrors": [],
        "results": [
            {"outcome": "CREATED", "mentions": [new(a)], "errors": []},
            {"outcome": "CREATED", "mentions": [new(b1), new(b2)], "errors": []},
            {"outcome": "DUPLICATE", "mentions": [new(a, created=False)], "errors": []},
            {"outcome": "UNMATCHED", "mentions": [], "errors": []},
            failed(("INACTIVE", "Must be an active keyword. This keyword is paused.", "4", "keywordId")),
            failed(
                ("INVALID", "Must be an http or https URL.", "5", "url"),
                ("INVALID", "Must be an integer between 0 and 2147483647.", "5", "likes"),
            ),
            failed(("NOT_FOUND", NO_KEYWORD, "6", "keywordId")),
            failed(("NOT_FOUND", "The integration does not exist.", "7", "integrationId")),
            failed(
                ("REQUIRED", "Required.", "8", "externalId"),
                ("REQUIRED", "Required, unless `title` is given.", "8", "content"),
            ),
        ],
    }
    assert await drifts(world.pool) == []


async def test_the_payload_shows_ingested_mentions_and_updated_counters(ask: Ask, world: World) -> None:
    first, second, _ = await keyword_ids(world)
    given = {"platform": "DEVTO", "kind": "ARTICLE", "publishedAt": "2026-01-31T12:00:00+01:00"}
    answer = await ask(
        READING,
        input={
            "items": [
                item("a", keywordId=first, **given),
                item("b", keywordId=second),
                item("c", keywordId=first),
            ]
        },
    )
    results = answer.data["ingestMentions"]["results"]
    read = [result["mentions"][0] for result in results]
    assert read[0] == {
        "mention": {
            "content": "text",
            "platform": "DEVTO",
            "kind": "ARTICLE",
            "publishedAt": "2026-01-31T11:00:00+00:00",
        },
        "keyword": {"keyword": "ann 1", "mentionsCount": 6, "user": {"mentionsCount": 15}},
    }
    assert [each["keyword"]["mentionsCount"] for each in read] == [6, 5, 6]


async def test_a_thousand_items_take_the_same_statements_as_one(ask: Ask, world: World) -> None:
    first, second, _ = await keyword_ids(world)
    seen = set()
    for number in (1, 10, 1000):
        items = [item(f"{number} {place}", keywordId=(first, second)[place % 2]) for place in range(number)]
        answer = await ask(READING, input={"items": items})
        assert len(answer.data["ingestMentions"]["results"]) == number
        seen.add(tuple(answer.statements))
    assert len(seen) == 1
    (statements,) = seen
    assert statements[:4] == ("lock_user", "lock_keywords", "find_or_number", "mentions copy")
    assert len(statements) <= 7
    answer = await ask(
        INGEST, input={"items": [item(f"ann 1 {place}", content="ann 1") for place in range(500)]}
    )
    assert answer.statements == [
        *("lock_user", "active_keywords", "lock_keywords", "find_or_number", "mentions copy")
    ]
    assert await drifts(world.pool) == []


async def test_ingest_leaves_the_data_version_unchanged(ask: Ask, world: World) -> None:
    before = await world.pool.fetchval("SELECT sum(data_version) FROM users")
    await ingest(ask, item("a", content="ann 1"))
    assert await world.pool.fetchval("SELECT sum(data_version) FROM users") == before


async def test_reject_all_ingests_nothing_if_one_item_is_invalid(ask: Ask, world: World) -> None:
    (first, *_) = await keyword_ids(world)
    before = await world.contents()
    items = [item("a", keywordId=first), item("b", url="x"), item("c", content="of ann 1")]
    payload = await ingest(ask, *items, onError="REJECT_ALL")
    assert (payload["createdCount"], payload["failedCount"]) == (0, 3)
    assert [result["errors"][0]["code"] for result in payload["results"]] == [
        "REJECTED",
        "INVALID",
        "REJECTED",
    ]
    assert payload["results"][2]["errors"][0]["path"] == ["input", "items", "2"]
    assert await world.contents() == before
    payload = await ingest(ask, items[0], items[2], onError="REJECT_ALL")
    assert payload["createdCount"] == 2


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (0, "REQUIRED", "Must not be empty."),
        (1001, "TOO_MANY", "Must have at most 1000 elements, but has 1001."),
    ],
)
async def test_an_empty_list_and_more_than_a_thousand_items_are_refused(
    ask: Ask, world: World, number: int, code: str, message: str
) -> None:
    before = await world.contents()
    payload = await ingest(ask, *(item(str(place), content="ann 1") for place in range(number)))
    assert payload["userErrors"] == [{"code": code, "message": message, "path": ["input", "items"]}]
    assert (payload["results"], payload["createdCount"]) == ([], 0)
    assert await world.contents() == before


async def test_an_ingest_with_an_idempotency_key_runs_once_and_repeats_its_payload(
    ask: Ask, world: World
) -> None:
    (first, *_) = await keyword_ids(world)
    items = [
        item("a", keywordId=first, publishedAt="2026-01-31T12:00:00Z"),
        item("b"),
        item("a", keywordId=first),
        item("c", url="x"),
    ]
    payload = await ingest(ask, *items, idempotencyKey="k1")
    assert payload["createdCount"] == 1
    before = await world.contents()
    again = await ingest(ask, *items, idempotencyKey="k1")
    assert again == payload | {"replayed": True}
    assert await world.contents() == before
    for other in ({"onError": "REJECT_ALL"}, {}):
        reused = await ingest(ask, *(items if other else items[:2]), idempotencyKey="k1", **other)
        assert [error["code"] for error in reused["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    await world.pool.execute("DELETE FROM mentions WHERE external_id = 'a'")
    document = INGEST.replace("mentionId created", "mentionId mention { id }")
    answer = await ask(document, input={"items": items, "idempotencyKey": "k1"})
    assert answer.data["ingestMentions"]["results"][0]["mentions"][0]["mention"] is None


async def test_a_repeated_ingest_without_an_idempotency_key_finds_duplicates(ask: Ask, world: World) -> None:
    items = [item(str(number), content="ann 1") for number in range(50)]
    first = await ingest(ask, *items)
    second = await ingest(ask, *items)
    assert (first["createdCount"], second["duplicateCount"]) == (50, 50)
    ids = [result["mentions"][0]["mentionId"] for result in first["results"]]
    assert [result["mentions"][0]["mentionId"] for result in second["results"]] == ids
    assert await drifts(world.pool) == []


async def test_concurrent_ingests_create_each_mention_once(ask: Ask, world: World) -> None:
    first, second, third = await keyword_ids(world)
    items = [item(str(number), keywordId=(first, second, third)[number % 3]) for number in range(300)]
    payloads = await asyncio.gather(*(ingest(ask, *order) for order in (items, items[::-1], items[50:])))
    assert sum(payload["createdCount"] for payload in payloads) == 300
    assert sum(payload["failedCount"] for payload in payloads) == 0
    assert await drifts(world.pool) == []


async def test_operators_ingest_only_for_their_own_keywords(ask: Ask, world: World) -> None:
    (anns, *_) = await keyword_ids(world)
    payload = await ingest(ask, item("a", keywordId=anns), viewer="olga")
    assert payload["results"][0]["errors"][0]["message"] == NO_KEYWORD


async def test_ingest_requires_the_scope_to_write_mentions(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "read:mentions", "write:leads")
    before = await world.contents()
    answer = await ask(INGEST, input={"items": [item("a", content="ann 1")]})
    assert answer.error["extensions"]["code"] == "FORBIDDEN"
    assert await world.contents() == before


CHARACTER = "Must not contain NUL or unpaired surrogate characters."
BAD: list[tuple[dict[str, object], str, str]] = [
    ({"content": "a\0b"}, "INVALID", CHARACTER),
    ({"externalId": "\0"}, "INVALID", CHARACTER),
    ({"content": "x" * 20_001}, "TOO_LONG", "Must have at most 20,000 characters, but has 20,001."),
    ({"keywordId": "nonsense"}, "INVALID", "Must be the ID of a keyword."),
    ({"keywordId": encode("Lead", 1)}, "INVALID", "Must be the ID of a keyword."),
    ({"keywordId": "x" * 5000}, "INVALID", "Must be the ID of a keyword."),
    ({"integrationId": ""}, "INVALID", "Must be the ID of an integration."),
    ({"url": "javascript:alert(1)"}, "INVALID", "Must be an http or https URL."),
    (
        {"publishedAt": "9999-12-31T23:59:59Z"},
        "INVALID",
        "Must be between the years 1970 and 2999.",
    ),
]


@pytest.mark.parametrize(("given", "code", "message"), BAD)
async def test_an_invalid_item_does_not_fail_the_other_items(
    ask: Ask, world: World, given: dict[str, object], code: str, message: str
) -> None:
    payload = await ingest(ask, item("a", content="ann 1"), item("b") | given, item("c", content="ann 1"))
    assert [result["outcome"] for result in payload["results"]] == ["CREATED", "FAILED", "CREATED"]
    (field,) = given
    assert payload["results"][1]["errors"] == [
        {"code": code, "message": message, "path": ["input", "items", "1", field]}
    ]
    assert await drifts(world.pool) == []


@pytest.mark.parametrize(
    "given",
    [
        {"platform": "MARS"},
        {"likes": 2**31},
        {"publishedAt": "yesterday"},
        {"colour": "red"},
        {"externalId": None},
    ],
)
async def test_an_item_that_violates_the_schema_fails_the_whole_call(
    ask: Ask, world: World, given: dict[str, object]
) -> None:
    before = await world.contents()
    answer = await ask(INGEST, input={"items": [item("a", content="ann 1"), item("b") | given]})
    assert answer.error["extensions"]["code"] in {"BAD_USER_INPUT", "BAD_REQUEST"}
    assert await world.contents() == before


async def test_an_unpaired_surrogate_fails_the_whole_call(client: httpx.AsyncClient, world: World) -> None:
    items = [item("a", content="ann 1"), item("b", content="half a \ud800 pair")]
    before = await world.contents()
    response = await client.post(
        "/graphql",
        content=json.dumps({"query": INGEST, "variables": {"input": {"items": items}}}),
        headers={"authorization": f"Bearer {world.keys['ann']}", "content-type": "application/json"},
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["message"].startswith("The request's body is not JSON")
    assert await world.contents() == before


ANALYZED = """
mutation($input: IngestMentionsInput!) {
  ingestMentions(input: $input) {
    results { outcome mentions { mention { analysis { status sentiment intent relevance } } } }
  }
}
"""


async def test_new_mentions_are_analysed_in_the_transaction_of_the_ingest(ask: Ask, world: World) -> None:
    first, *_ = await keyword_ids(world)
    await ingest(ask, item("there", keywordId=first))
    items = [
        item("there", keywordId=first),
        item("a", content="Can anybody recommend something like ann 1? I love it."),
        item("b", url="nowhere", content="ann 1"),
        item("a", content="ann 1, again"),
    ]
    answer = await ask(ANALYZED, input={"items": items, "analyze": True})
    analysis = {
        "status": "SUCCEEDED",
        "sentiment": "POSITIVE",
        "intent": "RECOMMENDATION_REQUEST",
        "relevance": "HIGH",
    }
    assert answer.data["ingestMentions"]["results"] == [
        {"outcome": "DUPLICATE", "mentions": [{"mention": {"analysis": None}}]},
        {"outcome": "CREATED", "mentions": [{"mention": {"analysis": analysis}}]},
        {"outcome": "FAILED", "mentions": []},
        {"outcome": "DUPLICATE", "mentions": [{"mention": {"analysis": analysis}}]},
    ]
    assert await drifts(world.pool) == []


async def test_ingest_with_analysis_takes_the_same_statements_for_any_number_of_items(ask: Ask) -> None:
    expected = [
        *("active_keywords", "find_mentions", "lock_user", "active_keywords", "lock_keywords"),
        *("find_or_number", "mentions copy", "record_analyses"),
    ]
    for number in (1, 1000):
        items = [item(f"{number} {place}", content="ann 1 and ann 2") for place in range(number)]
        answer = await ask(INGEST, input={"items": items, "analyze": True})
        assert answer.statements == expected
    answer = await ask(INGEST, input={"items": items, "analyze": True})
    assert answer.statements == expected[:-2]
