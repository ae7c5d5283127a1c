"""Mutations of keywords: rows and counters after them, what is refused, and what they cost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

NOBODY = encode("Keyword", 999_999)

CREATE = """
mutation($input: CreateKeywordInput!) {
  createKeyword(input: $input) {
    keyword { id keyword matchType requiredTerms excludedTerms platforms status mentionsCount archivedAt }
    userErrors { code message path }
  }
}
"""
UPDATE = """
mutation($input: UpdateKeywordInput!) {
  updateKeyword(input: $input) { keyword { keyword matchType platforms } userErrors { code message path } }
}
"""
DELETE = """
mutation($input: DeleteKeywordInput!) {
  deleteKeyword(input: $input) { deletedKeywordId userErrors { code message path } }
}
"""


def change(action: str) -> str:
    return f"""
    mutation($input: {action.capitalize()}KeywordInput!) {{
      result: {action}Keyword(input: $input) {{
        keyword {{ status archivedAt }} userErrors {{ code message path }}
      }}
    }}
    """


async def only(world: World, owner: str = "ann") -> Any:
    """The user's first keyword, as stored."""
    return await world.pool.fetchrow(
        "SELECT * FROM keywords WHERE user_id = $1 ORDER BY id LIMIT 1", world.users[owner]
    )


async def data_version(world: World, name: str) -> int:
    found: int = await world.pool.fetchval("SELECT data_version FROM users WHERE id = $1", world.users[name])
    return found


async def test_a_keyword_is_created_with_all_that_is_given(ask: Ask, world: World) -> None:
    given = {
        "keyword": "  sales team ",
        "matchType": "ALL_WORDS",
        "requiredTerms": ["budget", " budget "],
        "excludedTerms": ["jobs"],
        "platforms": ["REDDIT", "X", "REDDIT"],
    }
    answer = await ask(CREATE, input=given)
    payload = answer.data["createKeyword"]
    made = await world.row("keywords", keyword="sales team")
    assert payload == {
        "keyword": {
            "id": encode("Keyword", made["id"]),
            "keyword": "sales team",
            "matchType": "ALL_WORDS",
            "requiredTerms": ["budget"],
            "excludedTerms": ["jobs"],
            "platforms": ["REDDIT", "X"],
            "status": "ACTIVE",
            "mentionsCount": 0,
            "archivedAt": None,
        },
        "userErrors": [],
    }
    assert made["user_id"] == world.users["ann"]
    assert made["required_terms"] == ["budget"]
    assert made["platforms"] == ["reddit", "x"]
    assert await drifts(world.pool) == []
    assert (
        await world.pool.fetchval("SELECT keywords_count FROM users WHERE id = $1", world.users["ann"]) == 4
    )


async def test_creating_takes_two_statements(ask: Ask) -> None:
    answer = await ask(CREATE, input={"keyword": "crm"})
    assert answer.statements == ["lock_user", "keywords insert"]


async def test_each_write_makes_a_new_version_of_its_users_data_alone(ask: Ask, world: World) -> None:
    before = await data_version(world, "ann"), await data_version(world, "ben")
    await ask(CREATE, input={"keyword": "crm"})
    assert (await data_version(world, "ann"), await data_version(world, "ben")) == (before[0] + 1, before[1])


async def test_the_payload_and_what_follows_see_the_write(ask: Ask) -> None:
    document = """
    mutation($input: CreateKeywordInput!, $other: CreateKeywordInput!) {
      first: createKeyword(input: $input) { keyword { user { keywordsCount keywords { totalCount } } } }
      second: createKeyword(input: $other) { keyword { keyword user { keywordsCount } } }
    }
    """
    answer = await ask(document, input={"keyword": "one"}, other={"keyword": "two"})
    assert answer.data == {
        "first": {"keyword": {"user": {"keywordsCount": 4, "keywords": {"totalCount": 4}}}},
        "second": {"keyword": {"keyword": "two", "user": {"keywordsCount": 5}}},
    }
    assert answer.statements == [
        *("lock_user", "keywords insert", "users by id"),
        *("lock_user", "keywords insert", "users by id"),
    ]
    assert (await ask("{ viewer { keywordsCount } }")).data == {"viewer": {"keywordsCount": 5}}


async def test_a_field_that_is_refused_does_not_undo_the_others(ask: Ask, world: World) -> None:
    document = """
    mutation {
      a: createKeyword(input: { keyword: "one" }) { keyword { keyword } userErrors { code } }
      b: createKeyword(input: { keyword: "ONE" }) { keyword { keyword } userErrors { code } }
      c: createKeyword(input: { keyword: "two" }) { keyword { keyword } userErrors { code } }
    }
    """
    assert (await ask(document)).data == {
        "a": {"keyword": {"keyword": "one"}, "userErrors": []},
        "b": {"keyword": None, "userErrors": [{"code": "ALREADY_EXISTS"}]},
        "c": {"keyword": {"keyword": "two"}, "userErrors": []},
    }
    assert await drifts(world.pool) == []


TEXT = "Must not contain NUL or unpaired surrogate characters."

BAD: list[tuple[dict[str, object], list[tuple[str, str, list[str]]]]] = [
    ({"keyword": " \n "}, [("REQUIRED", "Must not be empty.", ["keyword"])]),
    ({"keyword": "\u200d"}, [("INVALID", "Must contain a visible character.", ["keyword"])]),
    ({"keyword": "a\0b"}, [("INVALID", TEXT, ["keyword"])]),
    (
        {"keyword": "x" * 201},
        [("TOO_LONG", "Must have at most 200 characters, but has 201.", ["keyword"])],
    ),
    (
        {"keyword": "ann 1"},
        [("ALREADY_EXISTS", "A keyword with the same words and match type already exists.", ["keyword"])],
    ),
    (
        {"keyword": "ok", "requiredTerms": ["fine", ""], "excludedTerms": ["x" * 201]},
        [
            ("REQUIRED", "Must not be empty.", ["requiredTerms", "1"]),
            ("TOO_LONG", "Must have at most 200 characters, but has 201.", ["excludedTerms", "0"]),
        ],
    ),
    (
        {"keyword": "ok", "requiredTerms": ["a"] * 51},
        [("TOO_MANY", "Must have at most 50 elements, but has 51.", ["requiredTerms"])],
    ),
    (
        {"keyword": "ok", "matchType": None, "platforms": None},
        [
            ("REQUIRED", "Must not be null. Omit the field instead.", ["matchType"]),
            ("REQUIRED", "Must not be null. Omit the field instead.", ["platforms"]),
        ],
    ),
    (
        {"keyword": "ok", "userId": encode("User", 999_999)},
        [("NOT_FOUND", "The user does not exist.", ["userId"])],
    ),
]


@pytest.mark.parametrize(("given", "errors"), BAD, ids=[str(given)[:40] for given, _ in BAD])
async def test_what_cannot_be_a_keyword_is_refused_and_nothing_changes(
    ask: Ask, world: World, given: dict[str, object], errors: list[Any]
) -> None:
    before = await world.contents()
    answer = await ask(CREATE, input=given)
    assert answer.data["createKeyword"] == {
        "keyword": None,
        "userErrors": [
            {"code": code, "message": message, "path": ["input", *path]} for code, message, path in errors
        ],
    }
    assert await world.contents() == before


async def test_a_member_creates_nothing_for_others_and_an_operator_does(ask: Ask, world: World) -> None:
    given = {"keyword": "crm", "userId": encode("User", world.users["ben"])}
    before = await world.contents()
    refused = (await ask(CREATE, input=given)).data["createKeyword"]["userErrors"]
    assert refused == [
        {"code": "NOT_FOUND", "message": "The user does not exist.", "path": ["input", "userId"]}
    ]
    assert await world.contents() == before

    version = await data_version(world, "ben")
    assert (await ask(CREATE, viewer="olga", input=given)).data["createKeyword"]["userErrors"] == []
    owner = await world.pool.fetchval("SELECT user_id FROM keywords WHERE keyword = 'crm'")
    assert owner == world.users["ben"]
    assert await data_version(world, "ben") == version + 1


async def test_updating_changes_what_is_given_and_leaves_the_rest(ask: Ask, world: World) -> None:
    before = await only(world)
    given = {"id": encode("Keyword", before["id"]), "platforms": ["NEWS"]}
    answer = await ask(UPDATE, input=given)
    assert answer.data["updateKeyword"] == {
        "keyword": {"keyword": "ann 1", "matchType": "PHRASE", "platforms": ["NEWS"]},
        "userErrors": [],
    }
    assert answer.statements == ["lock_user", "keywords update"]
    after = await only(world)
    assert after["updated_at"] > before["updated_at"]
    changed = {"platforms": ["news"], "updated_at": after["updated_at"]}
    assert dict(after) == dict(before) | changed


async def test_an_update_of_nothing_changes_nothing(ask: Ask, world: World) -> None:
    before = await only(world)
    answer = await ask(UPDATE, input={"id": encode("Keyword", before["id"])})
    assert answer.data["updateKeyword"]["keyword"]["keyword"] == "ann 1"
    assert await only(world) == before


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"keyword": None}, "REQUIRED", ["keyword"]),
        ({"keyword": ""}, "REQUIRED", ["keyword"]),
        ({"keyword": "ann 2"}, "ALREADY_EXISTS", ["keyword"]),
        ({"platforms": None}, "REQUIRED", ["platforms"]),
        ({"excludedTerms": ["", "x"]}, "REQUIRED", ["excludedTerms", "0"]),
    ],
)
async def test_an_update_to_what_cannot_be_is_refused(
    ask: Ask, world: World, given: dict[str, object], code: str, path: list[str]
) -> None:
    before = await world.contents()
    keyword = await only(world)
    answer = await ask(UPDATE, input={"id": encode("Keyword", keyword["id"]), **given})
    (error,) = answer.data["updateKeyword"]["userErrors"]
    assert (error["code"], error["path"]) == (code, ["input", *path])
    assert await world.contents() == before


CHANGES = ["pause", "resume", "archive"]
TRANSITIONS = [
    ("active", "pause", "paused"),
    ("active", "resume", "active"),
    ("active", "archive", "archived"),
    ("paused", "pause", "paused"),
    ("paused", "resume", "active"),
    ("paused", "archive", "archived"),
    ("archived", "pause", None),
    ("archived", "resume", "active"),
    ("archived", "archive", "archived"),
]


@pytest.mark.parametrize(("old", "action", "new"), TRANSITIONS)
async def test_keywords_change_their_status(
    ask: Ask, world: World, old: str, action: str, new: str | None
) -> None:
    archived = datetime(2026, 1, 1, tzinfo=UTC) if old == "archived" else None
    keyword_id = (await only(world))["id"]
    await world.pool.execute(
        "UPDATE keywords SET status = $2, archived_at = $3 WHERE id = $1", keyword_id, old, archived
    )
    before = await world.contents()
    answer = await ask(change(action), input={"id": encode("Keyword", keyword_id)})
    after = await only(world)
    if new is None:
        message = "An archived keyword cannot be paused. Resume it first."
        error = {"code": "INVALID_TRANSITION", "message": message, "path": ["input", "id"]}
        assert answer.data["result"] == {"keyword": None, "userErrors": [error]}
        assert await world.contents() == before
        return
    assert answer.data["result"]["userErrors"] == []
    assert answer.data["result"]["keyword"]["status"] == new.upper() == after["status"].upper()
    if new != "archived":
        assert after["archived_at"] is None
    elif old == "archived":
        assert after["archived_at"] == archived
    else:
        assert datetime.now(UTC) - after["archived_at"] < timedelta(minutes=1)
    writes = [] if new == old else ["set_keyword_status"]
    assert answer.statements == ["lock_user", "keywords read id", *writes]


async def test_an_archived_keyword_makes_room_and_finds_it_taken_when_it_comes_back(
    ask: Ask, world: World
) -> None:
    id_ = encode("Keyword", (await only(world))["id"])
    assert (await ask(change("archive"), input={"id": id_})).data["result"]["userErrors"] == []
    assert (await ask(CREATE, input={"keyword": "ann 1"})).data["createKeyword"]["userErrors"] == []
    (error,) = (await ask(change("resume"), input={"id": id_})).data["result"]["userErrors"]
    assert (error["code"], error["path"]) == ("ALREADY_EXISTS", ["input", "id"])
    assert (await only(world))["status"] == "archived"


async def test_a_keyword_goes_with_its_mentions_and_their_leads(ask: Ask, world: World) -> None:
    keyword = await only(world)
    answer = await ask(DELETE, input={"id": encode("Keyword", keyword["id"])})
    assert answer.data["deleteKeyword"] == {
        "deletedKeywordId": encode("Keyword", keyword["id"]),
        "userErrors": [],
    }
    for table in ("mentions", "leads"):
        assert keyword["id"] not in {row["keyword_id"] for row in await world.rows(table)}
    (user,) = await world.rows("users", "ann")
    assert (user["keywords_count"], user["mentions_count"], user["leads_count"]) == (2, 8, 4)
    assert await drifts(world.pool) == []
    again = await ask(DELETE, input={"id": encode("Keyword", keyword["id"])})
    assert again.data["deleteKeyword"]["userErrors"][0]["code"] == "NOT_FOUND"


ALL = [
    (UPDATE, {"keyword": "mine now"}),
    (UPDATE, {}),
    (change("pause"), {}),
    (change("resume"), {}),
    (change("archive"), {}),
    (DELETE, {}),
]


@pytest.mark.parametrize(("document", "given"), ALL, ids=[document.split("(")[2][:20] for document, _ in ALL])
async def test_foreign_keywords_are_not_there_and_stay_as_they_are(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    before = await world.contents()
    foreign = encode("Keyword", (await only(world, "ben"))["id"])
    answers = []
    for id_ in (foreign, NOBODY):
        answer = await ask(document, input={"id": id_, **given})
        (payload,) = answer.data.values()
        answers.append(payload)
        error = {"code": "NOT_FOUND", "message": "The keyword does not exist.", "path": ["input", "id"]}
        assert payload["userErrors"] == [error]
    assert answers[0] == answers[1]
    assert await world.contents() == before


@pytest.mark.parametrize(("document", "given"), ALL, ids=[document.split("(")[2][:20] for document, _ in ALL])
async def test_an_operator_writes_everybodys_keywords(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    versions = [await data_version(world, name) for name in ("ann", "ben", "olga")]
    foreign = encode("Keyword", (await only(world, "ben"))["id"])
    answer = await ask(document, viewer="olga", input={"id": foreign, **given})
    (payload,) = answer.data.values()
    assert payload["userErrors"] == []
    assert answer.statements[0] == "keywords lock_owners"
    after = [await data_version(world, name) for name in ("ann", "ben", "olga")]
    assert after == [versions[0], versions[1] + 1, versions[2]]
    assert await drifts(world.pool) == []


@pytest.mark.parametrize(
    ("document", "given"),
    [(CREATE, {"keyword": "crm"}), *((document, {"id": NOBODY, **given}) for document, given in ALL)],
)
async def test_writing_needs_the_scope_and_a_viewer(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    await world.set_scopes("ann", "read:keywords", "write:leads")
    answer = await ask(document, input=given)
    assert answer.code == "FORBIDDEN"
    assert answer.error["message"] == ("This API key lacks the scope `write:keywords`.")
    assert list(answer.body["data"].values()) == [None]
    assert answer.statements == []
    assert (await ask(document, viewer=None, input=given)).code == "UNAUTHENTICATED"


async def test_a_key_that_may_only_write_sees_what_it_wrote_and_nothing_else(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:keywords")
    document = """
    mutation { createKeyword(input: { keyword: "crm" }) { keyword { keyword mentions { totalCount } } } }
    """
    answer = await ask(document)
    assert answer.code == "FORBIDDEN"
    assert "`read:mentions`" in answer.error["message"]
    assert answer.error["path"] == ["createKeyword", "keyword", "mentions"]
    document = 'mutation { createKeyword(input: { keyword: "sales" }) { keyword { keyword } } }'
    assert (await ask(document)).data == {"createKeyword": {"keyword": {"keyword": "sales"}}}


async def test_who_was_suspended_meanwhile_writes_nothing(ask: Ask, world: World) -> None:
    await ask("{ viewer { id } }")  # the key is trusted from here on
    await world.change("users", world.users["ann"], status="suspended")
    before = await world.contents()
    assert (await ask(CREATE, input={"keyword": "crm"})).code == "FORBIDDEN"
    assert await world.contents() == before


async def test_what_is_no_id_of_a_keyword_is_an_error_of_the_program(ask: Ask, world: World) -> None:
    before = await world.contents()
    for id_ in ("x", encode("Lead", 1)):
        assert (await ask(change("pause"), input={"id": id_})).code == "BAD_USER_INPUT"
    assert await world.contents() == before


async def test_queries_cannot_write(client: httpx.AsyncClient, world: World) -> None:
    headers = {"authorization": f"Bearer {world.keys['ann']}"}
    document = 'mutation { createKeyword(input: { keyword: "crm" }) { keyword { id } } }'
    answer = await client.get("/graphql", params={"query": document}, headers=headers)
    assert answer.status_code == 405
    assert await world.pool.fetchval("SELECT count(*) FROM keywords") == 6
