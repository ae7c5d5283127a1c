"""Mutations of keywords: written rows, counters, refusals and SQL statements."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

UNKNOWN_ID = encode("Keyword", 999_999)

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
  deleteKeyword(input: $input) {
    deletedKeywordId user { keywordsCount mentionsCount leadsCount } userErrors { code message path }
  }
}
"""


def status_mutation(action: str) -> str:
    return f"""
    mutation($input: {action.capitalize()}KeywordInput!) {{
      result: {action}Keyword(input: $input) {{
        keyword {{ status archivedAt }} userErrors {{ code message path }}
      }}
    }}
    """


async def first_keyword(world: World, owner: str = "ann") -> Any:
    """Return the stored row of the user's first keyword."""
    return await world.pool.fetchrow(
        "SELECT * FROM keywords WHERE user_id = $1 ORDER BY id LIMIT 1", world.users[owner]
    )


async def data_version(world: World, name: str) -> int:
    found: int = await world.pool.fetchval("SELECT data_version FROM users WHERE id = $1", world.users[name])
    return found


async def test_a_created_keyword_has_all_the_given_values(ask: Ask, world: World) -> None:
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


async def test_creating_a_keyword_takes_two_statements(ask: Ask) -> None:
    answer = await ask(CREATE, input={"keyword": "crm"})
    assert answer.statements == ["lock_user", "keywords insert"]


async def test_a_write_increments_the_data_version_of_its_user_only(ask: Ask, world: World) -> None:
    before = await data_version(world, "ann"), await data_version(world, "ben")
    await ask(CREATE, input={"keyword": "crm"})
    assert (await data_version(world, "ann"), await data_version(world, "ben")) == (before[0] + 1, before[1])


async def test_payloads_later_fields_and_later_requests_see_created_keywords(ask: Ask) -> None:
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


async def test_a_refused_mutation_field_does_not_undo_the_other_fields(ask: Ask, world: World) -> None:
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


INVALID_TEXT = "Must not contain NUL or unpaired surrogate characters."

BAD: list[tuple[dict[str, object], list[tuple[str, str, list[str]]]]] = [
    ({"keyword": " \n "}, [("REQUIRED", "Must not be empty.", ["keyword"])]),
    ({"keyword": "\u200d"}, [("INVALID", "Must contain a visible character.", ["keyword"])]),
    ({"keyword": "a\0b"}, [("INVALID", INVALID_TEXT, ["keyword"])]),
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
        {"keyword": "ok", "userId": encode("User", 999_999)},
        [("NOT_FOUND", "The user does not exist.", ["userId"])],
    ),
]


@pytest.mark.parametrize(("given", "errors"), BAD, ids=[str(given)[:40] for given, _ in BAD])
async def test_creating_an_invalid_keyword_is_refused_and_changes_nothing(
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


async def test_only_operators_create_keywords_for_other_users(ask: Ask, world: World) -> None:
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


async def test_an_update_changes_only_the_given_fields_of_a_keyword(ask: Ask, world: World) -> None:
    before = await first_keyword(world)
    given = {"id": encode("Keyword", before["id"]), "platforms": ["NEWS"]}
    answer = await ask(UPDATE, input=given)
    assert answer.data["updateKeyword"] == {
        "keyword": {"keyword": "ann 1", "matchType": "PHRASE", "platforms": ["NEWS"]},
        "userErrors": [],
    }
    assert answer.statements == ["lock_user", "keywords update"]
    after = await first_keyword(world)
    assert after["updated_at"] > before["updated_at"]
    changed = {"platforms": ["news"], "updated_at": after["updated_at"]}
    assert dict(after) == dict(before) | changed


async def test_an_update_of_a_keyword_without_fields_changes_nothing(ask: Ask, world: World) -> None:
    before = await first_keyword(world)
    answer = await ask(UPDATE, input={"id": encode("Keyword", before["id"])})
    assert answer.data["updateKeyword"]["keyword"]["keyword"] == "ann 1"
    assert await first_keyword(world) == before


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
async def test_an_update_of_a_keyword_to_invalid_values_is_refused(
    ask: Ask, world: World, given: dict[str, object], code: str, path: list[str]
) -> None:
    before = await world.contents()
    keyword = await first_keyword(world)
    answer = await ask(UPDATE, input={"id": encode("Keyword", keyword["id"]), **given})
    (error,) = answer.data["updateKeyword"]["userErrors"]
    assert (error["code"], error["path"]) == (code, ["input", *path])
    assert await world.contents() == before


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
async def test_keywords_change_status_only_by_allowed_transitions(
    ask: Ask, world: World, old: str, action: str, new: str | None
) -> None:
    archived = datetime(2026, 1, 1, tzinfo=UTC) if old == "archived" else None
    keyword_id = (await first_keyword(world))["id"]
    await world.pool.execute(
        "UPDATE keywords SET status = $2, archived_at = $3 WHERE id = $1", keyword_id, old, archived
    )
    before = await world.contents()
    answer = await ask(status_mutation(action), input={"id": encode("Keyword", keyword_id)})
    after = await first_keyword(world)
    if new is None:
        message = "An archived keyword cannot be paused. Resume it first."
        error = {"code": "INVALID_TRANSITION", "message": message, "path": ["input", "id"]}
        current = {"status": "ARCHIVED", "archivedAt": "2026-01-01T00:00:00+00:00"}
        assert answer.data["result"] == {"keyword": current, "userErrors": [error]}
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


async def test_an_archived_keyword_whose_words_were_reused_cannot_be_resumed(ask: Ask, world: World) -> None:
    id_ = encode("Keyword", (await first_keyword(world))["id"])
    assert (await ask(status_mutation("archive"), input={"id": id_})).data["result"]["userErrors"] == []
    assert (await ask(CREATE, input={"keyword": "ann 1"})).data["createKeyword"]["userErrors"] == []
    (error,) = (await ask(status_mutation("resume"), input={"id": id_})).data["result"]["userErrors"]
    assert (error["code"], error["path"]) == ("ALREADY_EXISTS", ["input", "id"])
    assert (await first_keyword(world))["status"] == "archived"


async def test_deleting_a_keyword_deletes_its_mentions_and_their_leads(ask: Ask, world: World) -> None:
    keyword = await first_keyword(world)
    answer = await ask(DELETE, input={"id": encode("Keyword", keyword["id"])})
    assert answer.data["deleteKeyword"] == {
        "deletedKeywordId": encode("Keyword", keyword["id"]),
        "user": {"keywordsCount": 2, "mentionsCount": 8, "leadsCount": 4},
        "userErrors": [],
    }
    for table in ("mentions", "leads"):
        assert keyword["id"] not in {row["keyword_id"] for row in await world.rows(table)}
    (user,) = await world.rows("users", "ann")
    assert (user["keywords_count"], user["mentions_count"], user["leads_count"]) == (2, 8, 4)
    assert await drifts(world.pool) == []
    again = await ask(DELETE, input={"id": encode("Keyword", keyword["id"])})
    assert again.data["deleteKeyword"]["userErrors"][0]["code"] == "NOT_FOUND"


MUTATIONS_BY_ID = [
    (UPDATE, {"keyword": "mine now"}),
    (UPDATE, {}),
    (status_mutation("pause"), {}),
    (status_mutation("resume"), {}),
    (status_mutation("archive"), {}),
    (DELETE, {}),
]


@pytest.mark.parametrize(
    ("document", "given"),
    MUTATIONS_BY_ID,
    ids=[document.split("(")[2][:20] for document, _ in MUTATIONS_BY_ID],
)
async def test_keywords_of_other_users_are_not_found_and_stay_unchanged(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    before = await world.contents()
    foreign = encode("Keyword", (await first_keyword(world, "ben"))["id"])
    answers = []
    for id_ in (foreign, UNKNOWN_ID):
        answer = await ask(document, input={"id": id_, **given})
        (payload,) = answer.data.values()
        answers.append(payload)
        error = {"code": "NOT_FOUND", "message": "The keyword does not exist.", "path": ["input", "id"]}
        assert payload["userErrors"] == [error]
    assert answers[0] == answers[1]
    assert await world.contents() == before


@pytest.mark.parametrize(
    ("document", "given"),
    MUTATIONS_BY_ID,
    ids=[document.split("(")[2][:20] for document, _ in MUTATIONS_BY_ID],
)
async def test_an_operator_writes_keywords_of_other_users(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    versions = [await data_version(world, name) for name in ("ann", "ben", "olga")]
    foreign = encode("Keyword", (await first_keyword(world, "ben"))["id"])
    answer = await ask(document, viewer="olga", input={"id": foreign, **given})
    (payload,) = answer.data.values()
    assert payload["userErrors"] == []
    assert answer.statements[0] == "keywords lock_owners"
    after = [await data_version(world, name) for name in ("ann", "ben", "olga")]
    assert after == [versions[0], versions[1] + 1, versions[2]]
    assert await drifts(world.pool) == []


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (CREATE, {"keyword": "crm"}),
        *((document, {"id": UNKNOWN_ID, **given}) for document, given in MUTATIONS_BY_ID),
    ],
)
async def test_writing_keywords_requires_an_api_key_with_the_scope(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    await world.set_scopes("ann", "read:keywords", "write:leads")
    answer = await ask(document, input=given)
    assert answer.code == "FORBIDDEN"
    (field,) = answer.error["extensions"]["requiredBy"]["write:keywords"]
    assert (
        answer.error["message"] == f"This API key lacks the scope `write:keywords` (required by `{field}`)."
    )
    assert "data" not in answer.body
    assert answer.statements == []
    assert (await ask(document, viewer=None, input=given)).code == "UNAUTHENTICATED"


async def test_a_key_that_may_only_write_keywords_reads_only_the_written_keyword(
    ask: Ask, world: World
) -> None:
    await world.set_scopes("ann", "write:keywords")
    document = """
    mutation { createKeyword(input: { keyword: "crm" }) { keyword { keyword mentions { totalCount } } } }
    """
    answer = await ask(document)
    assert answer.code == "FORBIDDEN"
    assert "`read:mentions`" in answer.error["message"]
    assert answer.error["extensions"]["requiredBy"] == {"read:mentions": ["Keyword.mentions"]}
    assert await world.fetch("SELECT 1 FROM keywords WHERE keyword = 'crm'") == []
    document = 'mutation { createKeyword(input: { keyword: "sales" }) { keyword { keyword } } }'
    assert (await ask(document)).data == {"createKeyword": {"keyword": {"keyword": "sales"}}}


async def test_a_user_suspended_after_authentication_writes_nothing(ask: Ask, world: World) -> None:
    await ask("{ viewer { id } }")  # for some seconds, the server trusts the key without a lookup
    await world.change("users", world.users["ann"], status="suspended")
    before = await world.contents()
    assert (await ask(CREATE, input={"keyword": "crm"})).code == "FORBIDDEN"
    assert await world.contents() == before


async def test_an_invalid_keyword_id_is_a_top_level_error(ask: Ask, world: World) -> None:
    before = await world.contents()
    for id_ in ("x", encode("Lead", 1)):
        assert (await ask(status_mutation("pause"), input={"id": id_})).code == "BAD_USER_INPUT"
    assert await world.contents() == before


async def test_a_mutation_sent_by_get_is_refused(client: httpx.AsyncClient, world: World) -> None:
    headers = {"authorization": f"Bearer {world.keys['ann']}"}
    document = 'mutation { createKeyword(input: { keyword: "crm" }) { keyword { id } } }'
    answer = await client.get("/graphql", params={"query": document}, headers=headers)
    assert answer.status_code == 405
    assert await world.pool.fetchval("SELECT count(*) FROM keywords") == 6
