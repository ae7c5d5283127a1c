"""The rule that makes leads of promising mentions: when it applies, when it does not, and the history of its leads."""

import asyncio
from typing import Any

import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

RECORD = """
mutation($input: RecordAnalysesInput!) {
  result: recordAnalyses(input: $input) { recordedCount userErrors { code message path } }
}
"""
CREATE = """
mutation($input: CreateLeadInput!) {
  result: createLead(input: $input) { created lead { id origin } userErrors { code } }
}
"""
DELETE = "mutation($input: DeleteLeadInput!) { result: deleteLead(input: $input) { deletedLeadId userErrors { code } } }"
UPDATE = """
mutation($input: UpdateKeywordInput!) {
  result: updateKeyword(input: $input) { keyword { autoLeadScore } userErrors { code message path } }
}
"""
INGEST = """
mutation($input: IngestMentionsInput!) {
  ingestMentions(input: $input) { createdCount results { mentions { mention { lead { origin score } } } } }
}
"""
LEAD = """
query($id: ID!) {
  mention(id: $id) {
    lead { origin status score version events { nodes { type toStatus rule { autoLeadScore score } changes { field } actor { id } } } }
  }
}
"""


def analysis(mention_id: int, relevance: int = 100, **more: Any) -> dict[str, object]:
    """Return an analysis whose lead scores 47 with the relevance 100 and no intent: 40 + 7 for the sentiment."""
    return {
        "mentionId": encode("Mention", mention_id),
        "sentiment": "NEUTRAL",
        "relevance": "HIGH",
        "relevanceScore": relevance,
        **more,
    }


async def record(ask: Ask, *analyses: dict[str, object], viewer: str = "ann") -> Any:
    answer = await ask(RECORD, viewer=viewer, input={"analyzer": "mine", "analyses": list(analyses)})
    assert answer.data["result"]["userErrors"] == []
    return answer


async def ruled_keyword(world: World, threshold: int | None = 47, owner: str = "ann") -> int:
    """Add a keyword with the threshold. Old mentions of this keyword have no part for recency."""
    return await world.add_keyword(owner, f"ruled {threshold}", auto_lead_score=threshold)


async def old_mention(world: World, keyword_id: int, **values: object) -> int:
    id_ = await world.add_mention(keyword_id, **values)
    await world.pool.execute("UPDATE mentions SET published_at = '2020-01-01' WHERE id = $1", id_)
    return id_


async def leads(world: World, *mentions: int) -> list[tuple[int, str, int | None]]:
    rows = await world.fetch(
        "SELECT * FROM leads WHERE mention_id = ANY ($1) ORDER BY mention_id", list(mentions)
    )
    return [(row["mention_id"], row["origin"], row["score"]) for row in rows]


async def test_a_mention_whose_lead_reaches_the_threshold_becomes_a_lead(ask: Ask, world: World) -> None:
    keyword_id = await ruled_keyword(world)
    promising, other = [await old_mention(world, keyword_id) for _ in range(2)]
    answer = await record(ask, analysis(promising), analysis(other, 97))
    assert answer.statements == [
        *("lock_user", "record_analyses", "analyzed_to_score", "insert_auto_leads", "insert_lead_events")
    ]
    assert await leads(world, promising, other) == [(promising, "auto", 47)]
    shown = await ask(LEAD, id=encode("Mention", promising))
    assert shown.data["mention"]["lead"] == {
        "origin": "AUTO",
        "status": "NEW",
        "score": 47,
        "version": 1,
        "events": {
            "nodes": [
                {
                    "type": "CREATED",
                    "toStatus": "NEW",
                    "rule": {"autoLeadScore": 47, "score": 47},
                    "changes": [],
                    "actor": None,
                }
            ]
        },
    }
    keyword = await world.row("keywords", id=keyword_id)
    assert (keyword["leads_count"], keyword["new_leads_count"]) == (1, 1)
    assert await drifts(world.pool) == []


@pytest.mark.parametrize(
    ("keyword", "mention", "given"),
    [
        ({"auto_lead_score": None}, {}, {}),
        ({"auto_lead_score": 48}, {}, {}),
        ({"status": "paused"}, {}, {}),
        ({"status": "archived"}, {}, {}),
        ({}, {"dismissed": True}, {}),
        ({"auto_lead_score": 0}, {}, {"status": "SKIPPED"}),
        ({"auto_lead_score": 0}, {}, {"status": "PENDING"}),
        ({"auto_lead_score": 0}, {}, {"status": "FAILED", "error": "x"}),
    ],
)
async def test_the_rule_does_not_apply(
    ask: Ask, world: World, keyword: dict[str, object], mention: dict[str, object], given: dict[str, Any]
) -> None:
    keyword_id = await ruled_keyword(world)
    mention_id = await old_mention(world, keyword_id)
    if mention:
        await world.pool.execute("UPDATE mentions SET dismissed_at = now() WHERE id = $1", mention_id)
    if keyword:
        await world.change("keywords", keyword_id, **keyword)
    await record(ask, analysis(mention_id, **given))
    assert await leads(world, mention_id) == []


async def test_the_rule_is_set_by_mutations_and_is_not_retroactive(ask: Ask, world: World) -> None:
    document = """
    mutation($input: CreateKeywordInput!) {
      result: createKeyword(input: $input) { keyword { id autoLeadScore } userErrors { code path } }
    }
    """
    made = (await ask(document, input={"keyword": "new"})).data["result"]["keyword"]
    assert made["autoLeadScore"] is None
    wrong = await ask(document, input={"keyword": "other", "autoLeadScore": 101})
    assert wrong.data["result"]["userErrors"] == [{"code": "INVALID", "path": ["input", "autoLeadScore"]}]
    ruled = await ask(document, input={"keyword": "other", "autoLeadScore": 0})
    assert ruled.data["result"]["keyword"]["autoLeadScore"] == 0
    keyword = await world.row("keywords", keyword="new")
    mention_id = await old_mention(world, keyword["id"])
    await record(ask, analysis(mention_id))
    for threshold in (-1, 47, None, 47):
        answer = await ask(UPDATE, input={"id": made["id"], "autoLeadScore": threshold})
        if threshold == -1:
            assert answer.data["result"]["userErrors"] == [
                {
                    "code": "INVALID",
                    "message": "Must be between 0 and 100.",
                    "path": ["input", "autoLeadScore"],
                }
            ]
        else:
            assert answer.data["result"] == {"keyword": {"autoLeadScore": threshold}, "userErrors": []}
    assert await leads(world, mention_id) == []
    await record(ask, analysis(mention_id))
    assert await leads(world, mention_id) == [(mention_id, "auto", 47)]


async def test_a_lead_made_by_hand_stays_and_is_only_scored(ask: Ask, world: World) -> None:
    mention_id = await old_mention(world, await ruled_keyword(world))
    await ask(CREATE, input={"mentionId": encode("Mention", mention_id)})
    answer = await record(ask, analysis(mention_id))
    assert answer.statements == ["lock_user", "record_analyses", "analyzed_to_score", "leads_set_scores"]
    assert await leads(world, mention_id) == [(mention_id, "manual", 47)]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_deleted_lead_is_not_made_again(ask: Ask, world: World, by_hand: bool) -> None:
    mention_id = await old_mention(world, await ruled_keyword(world))
    if by_hand:
        await ask(CREATE, input={"mentionId": encode("Mention", mention_id)})
    else:
        await record(ask, analysis(mention_id))
    lead = await world.row("leads", mention_id=mention_id)
    await ask(DELETE, input={"id": encode("Lead", lead["id"])})
    await record(ask, analysis(mention_id))
    assert await leads(world, mention_id) == []
    again = await ask(CREATE, input={"mentionId": encode("Mention", mention_id)})
    assert again.data["result"]["created"] is True
    assert await drifts(world.pool) == []


async def test_many_analyses_make_many_leads_with_the_statements_of_one(ask: Ask, world: World) -> None:
    keyword_id, other = await ruled_keyword(world), await ruled_keyword(world, 46)
    ids = [await old_mention(world, keyword_id if n % 2 else other) for n in range(60)]
    sent = set()
    for some in (ids[:2], ids[2:]):
        answer = await record(ask, *(analysis(id_, 100 if n % 3 else 0) for n, id_ in enumerate(some)))
        sent.add(tuple(answer.statements))
    assert len(sent) == 1
    assert len(await leads(world, *ids)) == sum(bool(n % 3) for n in range(2)) + sum(
        bool(n % 3) for n in range(58)
    )
    events = await world.fetch("SELECT type, data FROM lead_events")
    assert {(row["type"], row["data"]["rule"]["score"]) for row in events} == {("created", 47)}
    assert {row["data"]["rule"]["auto_lead_score"] for row in events} == {46, 47}
    assert await drifts(world.pool) == []


async def test_ingest_with_analysis_makes_leads_in_the_same_transaction(ask: Ask, world: World) -> None:
    keyword_id = await ruled_keyword(world, 60)
    await world.pool.execute("UPDATE keywords SET keyword = 'gadget' WHERE id = $1", keyword_id)
    contents = ["Looking to buy a gadget. Which gadget can you recommend?", "gadget"]
    items = [
        {
            "platform": "WEB",
            "externalId": f"post {n}",
            "url": "https://example.com",
            "content": content,
            "language": "en",
        }
        for n, content in enumerate(contents)
    ]
    answer = await ask(INGEST, input={"items": items, "analyze": True})
    found = [result["mentions"][0]["mention"]["lead"] for result in answer.data["ingestMentions"]["results"]]
    assert (found[0]["origin"], found[0]["score"] >= 60, found[1]) == ("AUTO", True, None)
    assert answer.statements[7:11] == [
        *("record_analyses", "analyzed_to_score", "insert_auto_leads", "insert_lead_events")
    ]
    again = await ask(INGEST, input={"items": items, "analyze": True})
    assert again.data["ingestMentions"]["createdCount"] == 0
    await ask(INGEST, input={"items": [{**items[0], "externalId": "unanalyzed"}]})
    assert len([row for row in await world.rows("leads", "ann") if row["keyword_id"] == keyword_id]) == 1
    assert await drifts(world.pool) == []


async def test_an_operator_records_analyses_by_the_rule_of_each_owner(ask: Ask, world: World) -> None:
    mine = await old_mention(world, await ruled_keyword(world, 47))
    yours = await old_mention(world, await ruled_keyword(world, 48, "ben"))
    await record(ask, analysis(mine), analysis(yours), viewer="olga")
    assert await leads(world, mine, yours) == [(mine, "auto", 47)]
    lead = await world.row("leads", mention_id=mine)
    assert lead["user_id"] == world.users["ann"]


async def test_a_member_and_the_rule_make_one_lead_of_a_mention_at_the_same_time(
    ask: Ask, world: World
) -> None:
    keyword_id = await ruled_keyword(world)
    ids = [await old_mention(world, keyword_id) for _ in range(8)]
    by_hand = [ask(CREATE, input={"mentionId": encode("Mention", id_)}) for id_ in ids]
    by_rule = [record(ask, *(analysis(id_) for id_ in ids[n::2])) for n in range(2)]
    answers = (await asyncio.gather(*by_rule, *by_hand))[2:]
    found = await leads(world, *ids)
    assert [mention_id for mention_id, _, _ in found] == ids
    assert {score for _, _, score in found} == {47}
    created = [answer.data["result"]["created"] for answer in answers]
    assert created == [origin == "manual" for _, origin, _ in found]
    events = await world.fetch("SELECT lead_id, count(*) AS n FROM lead_events GROUP BY lead_id")
    assert [row["n"] for row in events] == [1] * len(ids)
    assert await drifts(world.pool) == []


async def test_a_poller_of_leads_reads_each_once_while_many_connections_ingest(
    ask: Ask, world: World
) -> None:
    keyword_id = await ruled_keyword(world, 60)
    await world.pool.execute("UPDATE keywords SET keyword = 'gadget' WHERE id = $1", keyword_id)
    page = "query($after: String) { leads(first: 5, after: $after, orderBy: OLDEST) { nodes { id } pageInfo { endCursor } } }"
    writing, seen = 5, list[str]()

    async def write(number: int) -> None:
        nonlocal writing
        for turn in range(4):
            item = {
                "platform": "WEB",
                "externalId": f"{number} {turn % 3}",  # the last turn sends the first post again
                "url": "https://example.com",
                "content": "Looking to buy a gadget. Which gadget can you recommend?",
                "language": "en",
            }
            await ask(INGEST, input={"items": [item], "analyze": True})
            threshold = (60, 55)[number % 2]  # both below the score of the posts
            changed = await ask(
                UPDATE, input={"id": encode("Keyword", keyword_id), "autoLeadScore": threshold}
            )
            assert changed.data["result"]["userErrors"] == []
        writing -= 1

    async def poll() -> None:
        after, is_last = None, False
        while writing or not is_last:
            is_last = not writing
            found = (await ask(page, after=after)).data["leads"]
            seen.extend(node["id"] for node in found["nodes"])
            after, is_last = found["pageInfo"]["endCursor"] or after, is_last and not found["nodes"]

    await asyncio.gather(poll(), *(write(number) for number in range(writing)))
    rows = await world.fetch(
        "SELECT l.id, l.created_at, m.created_at AS mentioned_at FROM leads l JOIN mentions m ON m.id = l.mention_id "
        "WHERE l.user_id = $1 ORDER BY l.created_at, l.id",
        world.users["ann"],
    )
    assert seen == [encode("Lead", row["id"]) for row in rows]
    made = [row for row in rows if row["created_at"] == row["mentioned_at"]]
    assert len(made) == 5 * 3
    assert len({row["created_at"] for row in made}) == 5 * 3
    assert await drifts(world.pool) == []
