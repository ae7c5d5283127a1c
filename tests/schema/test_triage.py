"""Triage of one mention and of many: written rows, refusals and SQL statements."""

from datetime import UTC, datetime
from typing import Any

import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

MARK_COLUMNS = ("read_at", "starred_at", "dismissed_at", "engaged_at")
OLD = datetime(2026, 1, 1, tzinfo=UTC)

ONE = """
mutation($input: TriageMentionInput!) {
  result: triageMention(input: $input) {
    mention { id readAt starredAt dismissedAt dismissReason engagedAt }
    userErrors { code message path }
  }
}
"""
MANY = """
mutation($input: TriageMentionsInput!) {
  result: triageMentions(input: $input) {
    mentions { id } changedCount replayed userErrors { code message path }
  }
}
"""


async def mentions(world: World, owner: str = "ann") -> list[Any]:
    found: list[Any] = await world.pool.fetch(
        "SELECT * FROM mentions WHERE user_id = $1 ORDER BY id", world.users[owner]
    )
    return found


def ids(rows: list[Any]) -> list[str]:
    return [encode("Mention", row["id"]) for row in rows]


async def marks(world: World, mention_id: int) -> set[str]:
    """Return the marks of a mention, and the reason of its dismissal."""
    row = await world.row("mentions", id=mention_id)
    assert {row[mark] for mark in MARK_COLUMNS} <= {None, OLD, row["updated_at"]}
    found = {mark.removesuffix("_at") for mark in MARK_COLUMNS if row[mark] is not None}
    return found | ({row["dismiss_reason"]} if row["dismiss_reason"] else set())


async def mark_all(world: World, owner: str = "ann") -> None:
    sets = ", ".join(f"{mark} = $1" for mark in MARK_COLUMNS)
    await world.pool.execute(
        f"UPDATE mentions SET {sets}, dismiss_reason = 'spam' WHERE user_id = $2", OLD, world.users[owner]
    )


ALL_MARKS = {"read", "starred", "dismissed", "engaged", "spam"}


@pytest.mark.parametrize(
    ("given", "unmarked", "marked"),
    [
        ({"read": True}, {"read"}, ALL_MARKS),
        ({"read": False}, set(), ALL_MARKS - {"read"}),
        ({"starred": True}, {"starred"}, ALL_MARKS),
        ({"starred": False}, set(), ALL_MARKS - {"starred"}),
        ({"dismissed": True}, {"dismissed", "read"}, ALL_MARKS),
        ({"dismissed": True, "read": False}, {"dismissed"}, ALL_MARKS - {"read"}),
        (
            {"dismissed": True, "dismissReason": "OWN_POST"},
            {"dismissed", "read", "own_post"},
            ALL_MARKS - {"spam"} | {"own_post"},
        ),
        ({"dismissed": True, "dismissReason": None}, {"dismissed", "read"}, ALL_MARKS - {"spam"}),
        ({"dismissed": False}, set(), ALL_MARKS - {"dismissed", "spam"}),
        ({"engaged": True}, {"engaged", "read"}, ALL_MARKS),
        ({"engaged": False, "starred": True}, {"starred"}, ALL_MARKS - {"engaged"}),
    ],
)
async def test_triage_sets_and_clears_marks_and_keeps_existing_timestamps(
    ask: Ask, world: World, given: dict[str, object], unmarked: set[str], marked: set[str]
) -> None:
    (mention, other, *_) = await mentions(world)
    answer = await ask(ONE, input={"id": encode("Mention", mention["id"]), **given})
    assert answer.data["result"]["userErrors"] == []
    assert await marks(world, mention["id"]) == unmarked
    assert await marks(world, other["id"]) == set()

    await mark_all(world)
    answer = await ask(ONE, input={"id": encode("Mention", mention["id"]), **given})
    assert await marks(world, mention["id"]) == marked
    stored = await world.row("mentions", id=mention["id"])
    assert {stored[mark] for mark in MARK_COLUMNS} <= {None, OLD}, "existing marks keep their timestamps"
    shown = answer.data["result"]["mention"]
    assert (shown["dismissReason"] or "").lower() == (stored["dismiss_reason"] or "")
    assert (shown["readAt"] is None) == (stored["read_at"] is None)


async def test_triage_of_many_mentions_takes_the_statements_of_one(ask: Ask, world: World) -> None:
    await world.add_keywords("ann", keywords=10, mentions=100)
    rows = await mentions(world)
    for number in (1, 10, 1000):
        answer = await ask(MANY, input={"ids": ids(rows[:number]), "starred": True})
        assert answer.statements == ["lock_user", "triage_mentions", "mentions by id"]
        assert [mention["id"] for mention in answer.data["result"]["mentions"]] == ids(rows[:number])
    starred = await world.pool.fetchval("SELECT count(*) FROM mentions WHERE starred_at IS NOT NULL")
    assert starred == 1000
    assert await drifts(world.pool) == []


async def test_mentions_that_the_payload_does_not_select_are_not_read(ask: Ask, world: World) -> None:
    document = "mutation($input: TriageMentionsInput!) { triageMentions(input: $input) { changedCount } }"
    answer = await ask(document, input={"ids": ids(await mentions(world)), "read": True})
    assert answer.data == {"triageMentions": {"changedCount": 12}}
    assert answer.statements == ["lock_user", "triage_mentions"]


async def test_mentions_that_already_have_the_mark_are_not_written(ask: Ask, world: World) -> None:
    rows = await mentions(world)
    await ask(MANY, input={"ids": ids(rows[:3]), "read": True})
    before = await mentions(world)
    answer = await ask(MANY, input={"ids": ids(rows[:4]) + ids(rows[:1]), "read": True})
    assert answer.data["result"]["changedCount"] == 1
    assert [mention["id"] for mention in answer.data["result"]["mentions"]] == ids(rows[:4])
    assert [row["id"] for row, old in zip(await mentions(world), before, strict=True) if row != old] == [
        rows[3]["id"]
    ]


async def test_triage_of_a_batch_with_unknown_mentions_changes_nothing(ask: Ask, world: World) -> None:
    mine, foreign = ids(await mentions(world))[:2], ids(await mentions(world, "ben"))[0]
    before = await world.contents()
    wanted = [mine[0], foreign, mine[1], encode("Mention", 999_999), foreign]
    payload = (await ask(MANY, input={"ids": wanted, "read": True})).data["result"]
    assert payload == {
        "mentions": [],
        "changedCount": 0,
        "replayed": False,
        "userErrors": [
            {"code": "NOT_FOUND", "message": "The mention does not exist.", "path": ["input", "ids", place]}
            for place in ("1", "3", "4")
        ],
    }
    assert await world.contents() == before


@pytest.mark.parametrize("document", [ONE, MANY], ids=["one", "many"])
@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({}, "REQUIRED", []),
        ({"read": None}, "REQUIRED", ["read"]),
        ({"dismissReason": "SPAM"}, "INVALID", ["dismissReason"]),
        ({"dismissed": False, "dismissReason": "SPAM"}, "INVALID", ["dismissReason"]),
        ({"starred": True, "dismissReason": None}, "INVALID", ["dismissReason"]),
    ],
)
async def test_invalid_triage_is_refused_and_changes_nothing(
    ask: Ask, world: World, document: str, given: dict[str, object], code: str, path: list[str]
) -> None:
    (first, *_) = ids(await mentions(world))
    before = await world.contents()
    which = {"id": first} if document == ONE else {"ids": [first]}
    (error,) = (await ask(document, input={**which, **given})).data["result"]["userErrors"]
    assert (error["code"], error["path"]) == (code, ["input", *path])
    assert await world.contents() == before


async def test_triage_of_an_empty_batch_or_of_1001_mentions_is_refused(ask: Ask, world: World) -> None:
    before = await world.contents()
    for number, code, message in (
        (0, "REQUIRED", "Must not be empty."),
        (1001, "TOO_MANY", "Must have at most 1000 elements, but has 1001."),
    ):
        wanted = [encode("Mention", n) for n in range(1, number + 1)]
        payload = (await ask(MANY, input={"ids": wanted, "read": True})).data["result"]
        assert payload["userErrors"] == [{"code": code, "message": message, "path": ["input", "ids"]}]
    assert await world.contents() == before


@pytest.mark.parametrize("missing", [False, True])
async def test_triage_does_not_find_mentions_of_another_user(ask: Ask, world: World, missing: bool) -> None:
    before = await world.contents()
    id_ = encode("Mention", 999_999) if missing else ids(await mentions(world, "ben"))[0]
    payload = (await ask(ONE, input={"id": id_, "read": True})).data["result"]
    error = {"code": "NOT_FOUND", "message": "The mention does not exist.", "path": ["input", "id"]}
    assert payload == {"mention": None, "userErrors": [error]}
    assert await world.contents() == before


async def test_an_operator_triages_mentions_of_several_users_at_once(ask: Ask, world: World) -> None:
    wanted = ids(await mentions(world))[:1] + ids(await mentions(world, "ben"))[:1]
    versions = await world.pool.fetch("SELECT name, data_version FROM users ORDER BY name")
    answer = await ask(MANY, viewer="olga", input={"ids": wanted, "read": True})
    assert answer.data["result"]["changedCount"] == 2
    assert answer.statements == ["mentions lock_owners", "triage_mentions", "mentions by id"]
    after = await world.pool.fetch("SELECT name, data_version FROM users ORDER BY name")
    assert [new["data_version"] - old["data_version"] for new, old in zip(after, versions, strict=True)] == [
        1,
        1,
        0,
    ]


async def test_triage_requires_an_api_key_with_the_scope(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:keywords", "read:mentions")
    (first, *_) = ids(await mentions(world))
    for document, which in ((ONE, {"id": first}), (MANY, {"ids": [first]})):
        answer = await ask(document, input={**which, "read": True})
        assert (answer.code, answer.statements) == ("FORBIDDEN", [])
        assert "`write:mentions`" in answer.error["message"]
        assert (await ask(document, viewer=None, input={**which, "read": True})).code == "UNAUTHENTICATED"


async def test_later_fields_and_the_next_request_see_the_triage(ask: Ask, world: World) -> None:
    (first, *_) = ids(await mentions(world))
    document = """
    mutation($one: TriageMentionInput!, $other: TriageMentionInput!) {
      one: triageMention(input: $one) { mention { ...All } }
      other: triageMention(input: $other) { mention { ...All } }
    }
    fragment All on Mention { user { unread: mentions(filter: { read: false }) { totalCount } } }
    """
    second = ids(await mentions(world))[1]
    answer = await ask(document, one={"id": first, "read": True}, other={"id": second, "engaged": True})
    assert [answer.data[name]["mention"]["user"]["unread"]["totalCount"] for name in ("one", "other")] == [
        11,
        10,
    ]
    unread = "{ mentions(filter: { read: false, dismissed: false }) { totalCount } }"
    assert (await ask(unread)).data == {"mentions": {"totalCount": 10}}


async def test_triage_of_a_batch_runs_once_per_idempotency_key(ask: Ask, world: World) -> None:
    given = {"ids": ids(await mentions(world)), "starred": True, "idempotencyKey": "k"}
    first = (await ask(MANY, input=given)).data["result"]
    await world.pool.execute("UPDATE mentions SET starred_at = NULL")
    again = (await ask(MANY, input=given)).data["result"]
    assert again == {**first, "replayed": True}
    assert await world.pool.fetchval("SELECT count(*) FROM mentions WHERE starred_at IS NOT NULL") == 0
