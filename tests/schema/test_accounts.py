"""Suspended, resumed and deleted users: their keys, their data, and the data of others."""

import pytest

from db.engine.reader import Reader
from db.integrity.audit import drifts
from db.models import UserStatus
from db.statements.user import state_of
from resolvers.framework.global_id import encode
from server.runtime.tasks import delete_users
from services import user_accounts as users
from services.accounts import api_key
from tests.support.world import Ask, World


async def test_a_suspended_user_is_refused_until_resumed(ask: Ask, world: World) -> None:
    await users.set_status(world.pool, "ann@example.com", UserStatus.SUSPENDED)
    refused = await ask("{ viewer { id } }")
    assert refused.code == "UNAUTHENTICATED"
    assert refused.error["message"].startswith("The user of this API key is not active.")
    await users.set_status(world.pool, "ANN@example.com", UserStatus.ACTIVE)
    assert (await ask("{ viewer { name } }")).data == {"viewer": {"name": "ann"}}


async def test_a_deleted_user_leaves_nothing_behind_and_other_users_untouched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    ann, ben = world.users["ann"], world.users["ben"]
    await world.pool.execute("UPDATE leads SET assignee_user_id = $1 WHERE user_id = $2", ann, ben)
    tables = await world.fetch(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = 'public'"
    )
    names = sorted(row["table_name"] for row in tables if not row["table_name"].startswith("changes"))
    before = {name: len(await world.rows(name, "ben")) for name in names}
    done = [(batch.table, batch.rows) async for batch in users.delete(world.pool, "ann@example.com")]
    assert done == [
        *[("mentions", 5)] * 2,
        ("mentions", 2),
        *[("integration_logs", 5), ("integration_logs", 1)],
        ("users", 1),
    ]
    assert [name for name in ["users", *names] if await world.rows(name, "ann")] == []
    # The tombstones stay until they expire. They hold IDs and names of columns.
    changes = await world.rows("changes", "ann")
    assert {("User", "deleted"), ("Mention", "deleted")} <= {(row["entity"], row["kind"]) for row in changes}
    texts = [value for row in changes for value in row.values() if isinstance(value, str)]
    assert set(texts) == {
        "User",
        "Keyword",
        "Mention",
        "Lead",
        "Integration",
        "created",
        "updated",
        "deleted",
    } | {str(row["xid"]) for row in changes if isinstance(row["xid"], str)}
    assert {name: len(await world.rows(name, "ben")) for name in names} == before
    assert {row["assignee_user_id"] for row in await world.rows("leads", "ben")} == {None}
    assert await drifts(world.pool) == []


@pytest.mark.parametrize("by_worker", [False, True])
async def test_owners_notice_that_the_assignee_of_their_leads_is_deleted(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch, *, by_worker: bool
) -> None:
    """Figures and entity tags of earlier answers depend on the rows of the owners."""
    monkeypatch.setattr(users, "MOST_AT_ONCE", 2)
    ann, ben = world.users["ann"], world.users["ben"]
    await world.pool.execute("UPDATE leads SET assignee_user_id = $1 WHERE user_id = $2", ann, ben)
    unassigned = "{ leadStats(filter: { assigneeId: { isNull: true } }) { count } }"
    assert (await ask(unassigned, viewer="ben")).data == {"leadStats": {"count": 0}}
    before = {row["id"]: row["version"] for row in await world.rows("leads", "ben")}
    state = await state_of(Reader(world.pool), ben)
    if by_worker:
        await world.pool.execute("UPDATE users SET status = 'deleted' WHERE id = $1", ann)
        while await users.delete_next_batch(world.pool):
            pass
    else:
        _ = [batch async for batch in users.delete(world.pool, "ann@example.com")]
    assert await world.rows("users", "ann") == []
    assert await state_of(Reader(world.pool), ben) != state
    assert (await ask(unassigned, viewer="ben")).data == {"leadStats": {"count": len(before)}}
    after = {row["id"]: row["version"] for row in await world.rows("leads", "ben")}
    assert after == {lead_id: version + 1 for lead_id, version in before.items()}


async def test_an_interrupted_deletion_refuses_the_user_and_can_be_finished(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    async for _ in users.delete(world.pool, "ann@example.com"):
        break
    assert (await ask("{ viewer { id } }")).code == "UNAUTHENTICATED"
    with pytest.raises(users.AccountError, match=r"The deletion of ann@example\.com has begun\."):
        await users.set_status(world.pool, "ann@example.com", UserStatus.ACTIVE)
    assert [batch.rows async for batch in users.delete(world.pool, "ann@example.com")][-1] == 1
    assert await world.rows("users", "ann") == []
    assert await drifts(world.pool) == []


CREATE = """
mutation($input: CreateUserInput!) {
  result: createUser(input: $input) {
    user { email name role status timeZone } replayed userErrors { code message path }
  }
}
"""
USERS = "SELECT id, email, name, role, status FROM users ORDER BY id"


def changing(name: str) -> str:
    return (
        f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ result: {name}(input: $input) "
        "{ user { id status } replayed userErrors { code message path } } }"
    )


async def test_an_operator_creates_a_user(ask: Ask, world: World) -> None:
    given = {
        "email": "cal@example.com",
        "name": " Cal ",
        "timeZone": "Europe/Berlin",
        "idempotencyKey": "one",
    }
    answer = await ask(CREATE, viewer="olga", input=given)
    shown = {
        "email": "cal@example.com",
        "name": "Cal",
        "role": "MEMBER",
        "status": "ACTIVE",
        "timeZone": "Europe/Berlin",
    }
    assert answer.data["result"] == {"user": shown, "replayed": False, "userErrors": []}
    again = await ask(CREATE, viewer="olga", input=given)
    assert again.data["result"] == {"user": shown, "replayed": True, "userErrors": []}
    assert await world.pool.fetchval("SELECT count(*) FROM users") == 4


async def test_null_creates_the_same_user_as_an_omitted_field(ask: Ask) -> None:
    absent = await ask(CREATE, viewer="olga", input={"email": "cal@example.com"})
    nulls = dict.fromkeys(["name", "role", "timeZone", "idempotencyKey"])
    shown = await ask(CREATE, viewer="olga", input={"email": "dan@example.com", **nulls})
    expected = {**absent.data["result"]["user"], "email": "dan@example.com"}
    assert shown.data["result"] == {"user": expected, "replayed": False, "userErrors": []}
    assert expected["timeZone"] == "UTC"


@pytest.mark.parametrize(
    ("given", "code", "path", "message"),
    [
        (
            {"email": "ANN@example.com"},
            "ALREADY_EXISTS",
            ["input", "email"],
            "A user with this e-mail address already exists.",
        ),
        (
            {"email": "ann"},
            "INVALID",
            ["input", "email"],
            "'ann' is not an e-mail address of at most 254 characters.",
        ),
        (
            {"email": "a\u0000@b.de"},
            "INVALID",
            ["input", "email"],
            "'a\\x00@b.de' is not an e-mail address of at most 254 characters.",
        ),
        (
            {"name": "x" * 201},
            "TOO_LONG",
            ["input", "name"],
            "The name must have at most 200 characters, but has 201.",
        ),
        (
            {"timeZone": "Berlin"},
            "INVALID",
            ["input", "timeZone"],
            "'Berlin' is not an IANA time zone, such as Europe/Berlin.",
        ),
    ],
)
async def test_an_invalid_user_is_not_created(
    ask: Ask, world: World, given: dict[str, object], code: str, path: list[str], message: str
) -> None:
    before = await world.fetch(USERS)
    answer = await ask(CREATE, viewer="olga", input={"email": "cal@example.com", **given})
    assert answer.data["result"]["userErrors"] == [{"code": code, "message": message, "path": path}]
    assert await world.fetch(USERS) == before


async def test_an_operator_suspends_and_resumes_a_user(ask: Ask, world: World) -> None:
    ben = {"id": encode("User", world.users["ben"])}
    for name, status in (
        ("suspendUser", "SUSPENDED"),
        ("suspendUser", "SUSPENDED"),
        ("resumeUser", "ACTIVE"),
    ):
        answer = await ask(changing(name), viewer="olga", input=ben)
        assert answer.data["result"] == {
            "user": {**ben, "status": status},
            "replayed": False,
            "userErrors": [],
        }
        assert answer.statements == ["lock_user", "set_status"]
        refused = await ask("{ viewer { id } }", viewer="ben")
        assert (refused.status == 401) == (status == "SUSPENDED")


async def test_members_and_keys_without_the_scope_change_no_user(ask: Ask, world: World) -> None:
    ben = {"id": encode("User", world.users["ben"])}
    before = await world.contents()
    documents = [(CREATE, {"email": "cal@example.com"})]
    documents += [(changing(name), ben) for name in ("suspendUser", "resumeUser", "deleteUser")]
    for document, given in documents:
        for idempotent in ({}, {"idempotencyKey": "one"}):
            answer = await ask(document, input={**given, **idempotent})
            assert (answer.code, answer.error["message"]) == ("FORBIDDEN", "Only an operator may do this.")
    assert await world.contents() == before
    await world.set_scopes("olga", *(api_key.ALL_SCOPES - {"write:users"}))
    before = await world.contents()
    for document, given in documents:
        answer = await ask(document, viewer="olga", input=given)
        assert answer.error["message"].startswith(
            "This API key lacks the scope `write:users` (required by `Mut"
        )
    assert await world.contents() == before


async def test_operators_cannot_suspend_or_delete_themselves_or_unknown_users(ask: Ask, world: World) -> None:
    before = await world.fetch(USERS)
    for name in ("suspendUser", "resumeUser", "deleteUser"):
        for user_id, code in ((world.users["olga"], "INVALID"), (999, "NOT_FOUND")):
            answer = await ask(changing(name), viewer="olga", input={"id": encode("User", user_id)})
            (error,) = answer.data["result"]["userErrors"]
            assert (error["code"], error["path"]) == (code, ["input", "id"])
    assert await world.fetch(USERS) == before


async def test_a_user_deleted_through_the_api_is_refused_at_once_and_gone_after_the_task(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_AT_ONCE", 5)
    ann, before = {"id": encode("User", world.users["ann"])}, await world.rows("mentions", "ben")
    deleted = await ask(changing("deleteUser"), viewer="olga", input=ann)
    assert deleted.data["result"]["user"] == {**ann, "status": "DELETED"}
    assert len(await world.rows("mentions", "ann")) == 12
    assert (await ask("{ viewer { id } }")).status == 401
    refused = (await ask(changing("resumeUser"), viewer="olga", input=ann)).data["result"]
    assert (refused["user"]["status"], refused["userErrors"][0]["code"]) == ("DELETED", "INVALID_TRANSITION")
    turns = 1
    while await delete_users(
        world.pool, []
    ):  # each turn commits, so that another worker can take the next one
        turns += 1
    assert (
        turns == 7
    )  # mentions in batches of 5, 5 and 2, logs in batches of 5 and 1, the user, and an empty turn
    assert await world.rows("users", "ann") == []
    assert await world.rows("mentions", "ben") == before
    assert await drifts(world.pool) == []
