"""Mutations of leads: written rows, history, counters, status transitions, versions and SQL statements."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World
from text.lexemes import vector_of_fields

CREATE = """
mutation($input: CreateLeadInput!) {
  result: createLead(input: $input) { created replayed lead { id status version } userErrors { code message path } }
}
"""
UPDATE = """
mutation($input: UpdateLeadInput!) {
  result: updateLead(input: $input) { lead { id version } userErrors { code message path } }
}
"""
STATUS = """
mutation($input: ChangeLeadStatusInput!) {
  result: changeLeadStatus(input: $input) { lead { status version } userErrors { code message path } }
}
"""
DELETE = """
mutation($input: DeleteLeadInput!) {
  result: deleteLead(input: $input) { deletedLeadId lead { id version } userErrors { code message path } }
}
"""
OLD = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = ["new", "contacted", "qualified", "converted", "disqualified"]
STATUS_TIMESTAMPS = ("contacted_at", "qualified_at", "converted_at", "disqualified_at")


async def lead_of(world: World, owner: str = "ann", number: int = 0) -> Any:
    return await world.pool.fetchrow(
        "SELECT * FROM leads WHERE user_id = $1 ORDER BY id OFFSET $2 LIMIT 1", world.users[owner], number
    )


async def stored(world: World, lead_id: int) -> Any:
    return await world.pool.fetchrow("SELECT * FROM leads WHERE id = $1", lead_id)


async def mention_without_lead(world: World, owner: str = "ann") -> int:
    """Return the id of a mention without a lead."""
    found: int = await world.pool.fetchval(
        "SELECT min(id) FROM mentions WHERE user_id = $1 AND id NOT IN (SELECT mention_id FROM leads)",
        world.users[owner],
    )
    return found


async def events(world: World, lead_id: int) -> list[tuple[Any, ...]]:
    rows = await world.pool.fetch("SELECT * FROM lead_events WHERE lead_id = $1 ORDER BY id", lead_id)
    owner = await world.pool.fetchval("SELECT user_id FROM leads WHERE id = $1", lead_id)
    assert {row["user_id"] for row in rows} <= {owner}
    return [(row["type"], row["from_status"], row["to_status"], row["data"]) for row in rows]


def errors(answer: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"][1:]) for error in answer.data["result"]["userErrors"]]


# Creating


async def test_a_created_lead_has_all_the_given_values(ask: Ask, world: World) -> None:
    mention_id = await mention_without_lead(world)
    given = {
        "mentionId": encode("Mention", mention_id),
        "value": "1250.5",
        "currency": "EUR",
        "contactName": " Ada ",
        "contactHandle": "ada",
        "contactEmail": "ada@example.com",
        "company": "",
        "notes": " as written\n",
        "tags": ["hot", "hot", " eu "],
        "assigneeId": encode("User", world.users["ann"]),
        "externalReference": "crm-1",
        "origin": "API",
    }
    answer = await ask(CREATE, input=given)
    row = await world.row("leads", mention_id=mention_id)
    assert answer.data["result"] == {
        "created": True,
        "replayed": False,
        "lead": {"id": encode("Lead", row["id"]), "status": "NEW", "version": 1},
        "userErrors": [],
    }
    keyword_id = await world.pool.fetchval("SELECT keyword_id FROM mentions WHERE id = $1", mention_id)
    fresh = dict.fromkeys(
        (*STATUS_TIMESTAMPS, "disqualify_reason", "score", "score_version", "score_breakdown", "company")
    )
    assert datetime.now(UTC) - row["created_at"] < timedelta(minutes=1)
    assert dict(row) == {
        **fresh,
        "id": row["id"],
        "user_id": world.users["ann"],
        "mention_id": mention_id,
        "keyword_id": keyword_id,
        "status": "new",
        "value": Decimal("1250.50"),
        "currency": "EUR",
        "contact_name": "Ada",
        "contact_handle": "ada",
        "contact_email": "ada@example.com",
        "notes": " as written\n",
        "search": await world.pool.fetchval(
            "SELECT $1::tsvector",
            vector_of_fields(["Ada", "ada", "ada@example.com", "as written"], version=1),
        ),
        "tags": ["hot", "eu"],
        "assignee_user_id": world.users["ann"],
        "external_reference": "crm-1",
        "origin": "api",
        "version": 1,
        **dict.fromkeys(("status_changed_at", "created_at", "updated_at"), row["created_at"]),
    }
    assert await events(world, row["id"]) == [("created", None, "new", {})]
    assert await world.pool.fetchval("SELECT new_leads_count FROM keywords WHERE id = $1", keyword_id) == 1
    assert await drifts(world.pool) == []


async def test_creating_a_lead_takes_five_statements(ask: Ask, world: World) -> None:
    answer = await ask(CREATE, input={"mentionId": encode("Mention", await mention_without_lead(world))})
    assert answer.statements == [
        *("lock_user", "insert_lead", "insert_lead_events", "leads_promises", "leads_set_scores")
    ]


async def test_creating_a_second_lead_of_a_mention_returns_the_first_unchanged(
    ask: Ask, world: World
) -> None:
    mention = encode("Mention", await mention_without_lead(world))
    first = (await ask(CREATE, input={"mentionId": mention, "notes": "first"})).data["result"]
    before = await world.contents()
    answer = await ask(CREATE, input={"mentionId": mention, "notes": "second"})
    assert answer.data["result"] == {**first, "created": False}
    assert answer.statements == ["lock_user", "insert_lead", "leads read mention_id"]
    after = await world.contents()
    for contents in (before, after):
        for user in contents["users"]:
            user.pop("data_version")
    assert after == before


@pytest.mark.parametrize("missing", [False, True])
async def test_a_lead_of_a_missing_mention_or_of_another_users_mention_is_refused(
    ask: Ask, world: World, missing: bool
) -> None:
    before = await world.contents()
    for foreign in (await mention_without_lead(world, "ben"), (await lead_of(world, "ben"))["mention_id"]):
        id_ = 999_999 if missing else foreign
        answer = await ask(CREATE, input={"mentionId": encode("Mention", id_)})
        message = "The mention does not exist."
        error = {"code": "NOT_FOUND", "message": message, "path": ["input", "mentionId"]}
        assert answer.data["result"] == {
            "created": False,
            "replayed": False,
            "lead": None,
            "userErrors": [error],
        }
    assert await world.contents() == before


BAD: list[tuple[dict[str, object], list[tuple[str, list[str]]]]] = [
    ({"value": "1"}, [("REQUIRED", ["value"])]),
    ({"currency": "EUR"}, [("REQUIRED", ["value"])]),
    ({"value": "-0.01", "currency": "EUR"}, [("INVALID", ["value"])]),
    ({"value": "1.005", "currency": "EUR"}, [("INVALID", ["value"])]),
    ({"value": "1000000000000", "currency": "EUR"}, [("INVALID", ["value"])]),
    ({"value": "1", "currency": "euro"}, [("INVALID", ["currency"])]),
    ({"value": "1", "currency": "EURO"}, [("INVALID", ["currency"])]),
    ({"contactEmail": "ada"}, [("INVALID", ["contactEmail"])]),
    ({"contactEmail": "a b@example.com"}, [("INVALID", ["contactEmail"])]),
    ({"contactEmail": "x" * 250 + "@e.org"}, [("TOO_LONG", ["contactEmail"])]),
    ({"contactName": "x" * 201}, [("TOO_LONG", ["contactName"])]),
    ({"contactHandle": "\0"}, [("INVALID", ["contactHandle"])]),
    ({"notes": "x" * 20_001}, [("TOO_LONG", ["notes"])]),
    ({"tags": ["ok", " "]}, [("REQUIRED", ["tags", "1"])]),
    ({"tags": ["x" * 51]}, [("TOO_LONG", ["tags", "0"])]),
    ({"tags": ["x"] * 51}, [("TOO_MANY", ["tags"])]),
    ({"externalReference": "taken"}, [("ALREADY_EXISTS", ["externalReference"])]),
    ({"company": "x" * 201, "contactEmail": "@"}, [("TOO_LONG", ["company"]), ("INVALID", ["contactEmail"])]),
    ({"assigneeId": encode("User", 999_999)}, [("NOT_FOUND", ["assigneeId"])]),
]


@pytest.mark.parametrize("action", ["create", "update"])
@pytest.mark.parametrize(("given", "expected"), BAD, ids=[str(given)[:40] for given, _ in BAD])
async def test_invalid_values_of_a_lead_are_refused_and_change_nothing(
    ask: Ask, world: World, action: str, given: dict[str, object], expected: list[Any]
) -> None:
    other = await lead_of(world, number=1)
    await world.pool.execute("UPDATE leads SET external_reference = 'taken' WHERE id = $1", other["id"])
    before = await world.contents()
    which = (
        {"mentionId": encode("Mention", await mention_without_lead(world))}
        if action == "create"
        else {"id": encode("Lead", (await lead_of(world))["id"])}
    )
    answer = await ask(CREATE if action == "create" else UPDATE, input={**which, **given})
    found = errors(answer)
    if given.keys() == {"company", "contactEmail"}:
        assert sorted(found) == sorted(expected)
    else:
        assert found == expected
    assert answer.data["result"]["lead"] is None
    assert await world.contents() == before


# Updating


async def test_an_update_changes_the_given_fields_of_a_lead_and_adds_events(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    answer = await ask(
        UPDATE,
        input={
            "id": id_,
            "value": "10",
            "currency": "USD",
            "company": "Acme",
            "notes": "Secret plans.",
            "tags": ["a", "b"],
            "assigneeId": encode("User", world.users["ann"]),
        },
    )
    assert answer.data["result"] == {"lead": {"id": id_, "version": 2}, "userErrors": []}
    assert answer.statements == ["lock_user", "leads read id", "leads update", "insert_lead_events"]
    after = await stored(world, lead["id"])
    changed = {
        "value": Decimal(10),
        "currency": "USD",
        "company": "Acme",
        "notes": "Secret plans.",
        "search": await world.pool.fetchval(
            "SELECT $1::tsvector", vector_of_fields(["Acme", "Secret plans."], version=2)
        ),
        "tags": ["a", "b"],
        "assignee_user_id": world.users["ann"],
        "version": 2,
        "updated_at": after["updated_at"],
    }
    assert after["updated_at"] > lead["updated_at"]
    assert dict(after) == dict(lead) | changed
    assert await events(world, lead["id"]) == [
        (
            "updated",
            None,
            None,
            {
                "changes": {
                    "value": [None, "10.00"],
                    "currency": [None, "USD"],
                    "company": [None, "Acme"],
                    "tags": ["", "a, b"],
                }
            },
        ),
        ("noted", None, None, {"changes": {"notes": [None, None]}}),
        ("assigned", None, None, {"changes": {"assignee_user_id": [None, world.users["ann"]]}}),
    ]


async def test_null_clears_a_field_of_a_lead_and_omission_keeps_it(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    full = {"value": "10", "currency": "USD", "company": "Acme", "contactName": "Ada"}
    await ask(UPDATE, input={"id": id_, **full, "assigneeId": encode("User", world.users["ann"])})
    gone = {"value": None, "currency": None, "company": "", "assigneeId": None}
    assert (await ask(UPDATE, input={"id": id_, **gone})).data["result"]["lead"]["version"] == 3
    after = await stored(world, lead["id"])
    for name in ("value", "currency", "company", "assignee_user_id"):
        assert after[name] is None
    assert after["contact_name"] == "Ada"


async def test_an_update_of_a_lead_with_equal_values_changes_nothing(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    await ask(UPDATE, input={"id": id_, "value": "10", "currency": "USD", "tags": ["a"]})
    before = await stored(world, lead["id"])
    same = {"value": "10.00", "currency": " USD ", "tags": ["a", "a"], "notes": "", "company": None}
    for given in (same, {}):
        answer = await ask(UPDATE, input={"id": id_, **given})
        assert answer.data["result"]["lead"]["version"] == 2
        assert answer.statements == ["lock_user", "leads read id"]
    assert await stored(world, lead["id"]) == before
    assert len(await events(world, lead["id"])) == 1


async def test_the_history_shows_values_as_they_are_stored(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    for value in ("-0", "12.500", "12.5", "7"):
        await ask(UPDATE, input={"id": id_, "value": value, "currency": "EUR"})
    changes = [data["changes"]["value"] for _, _, _, data in await events(world, lead["id"])]
    assert changes == [[None, "0.00"], ["0.00", "12.50"], ["12.50", "7.00"]]


async def test_the_history_of_a_lead_shows_changes_and_actors(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_, ann, olga = (
        encode(tag, row)
        for tag, row in (("Lead", lead["id"]), ("User", world.users["ann"]), ("User", world.users["olga"]))
    )
    await ask(UPDATE, input={"id": id_, "company": "Acme"})
    await ask(STATUS, input={"id": id_, "status": "DISQUALIFIED", "disqualifyReason": "No budget."})
    await ask(UPDATE, viewer="olga", input={"id": id_, "assigneeId": ann})
    document = """
    query($id: ID!, $filter: LeadEventFilter, $order: LeadEventOrder) {
      lead(id: $id) {
        events(filter: $filter, orderBy: $order) {
          totalCount
          nodes {
            type fromStatus toStatus changes { field old new } actor { id } lead { id }
          }
        }
      }
    }
    """
    found = (await ask(document, id=id_, order="OLDEST")).data["lead"]["events"]
    mine, its = {"id": ann}, {"id": id_}
    assert found == {
        "totalCount": 3,
        "nodes": [
            {
                "type": "UPDATED", "fromStatus": None, "toStatus": None, "actor": mine, "lead": its,
                "changes": [{"field": "company", "old": None, "new": "Acme"}],
            },
            {
                "type": "STATUS_CHANGED", "fromStatus": "QUALIFIED", "toStatus": "DISQUALIFIED", "actor": mine,
                "lead": its, "changes": [{"field": "disqualifyReason", "old": None, "new": "No budget."}],
            },
            {
                "type": "ASSIGNED", "fromStatus": None, "toStatus": None, "actor": None, "lead": its,
                "changes": [{"field": "assigneeId", "old": None, "new": ann}],
            },
        ],
    }  # fmt: skip
    newest = (await ask(document, viewer="olga", id=id_)).data["lead"]["events"]["nodes"]
    assert [event["type"] for event in newest] == ["ASSIGNED", "STATUS_CHANGED", "UPDATED"]
    assert [event["actor"]["id"] for event in newest] == [olga, ann, ann]
    some = await ask(document, id=id_, filter={"type": {"in": ["ASSIGNED", "NOTED"]}})
    assert some.data["lead"]["events"]["totalCount"] == 1
    assert (await ask(document, viewer="ben", id=id_)).data == {"lead": None}


async def test_the_history_of_a_lead_hides_assignees_whom_the_viewer_may_not_see(
    ask: Ask, world: World
) -> None:
    lead = await lead_of(world)
    id_, ann, olga = (
        encode(tag, row)
        for tag, row in (("Lead", lead["id"]), ("User", world.users["ann"]), ("User", world.users["olga"]))
    )
    for assignee in (olga, ann, olga, None):
        given = {"id": id_, "assigneeId": assignee, "company": f"Acme {assignee}"}
        assert (await ask(UPDATE, viewer="olga", input=given)).data["result"]["userErrors"] == []
    events = "events(orderBy: OLDEST) { nodes { id changes { field old new } } }"
    document = f"query($id: ID!) {{ lead(id: $id) {{ {events} }} }}"
    node = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on LeadEvent { changes { field old new } } } }"

    async def seen(viewer: str) -> list[tuple[str | None, str | None]]:
        answer = await ask(document, viewer=viewer, id=id_)
        assert answer.statements == ["leads by id", "lead_events page_of_each lead_id"]
        found = answer.data["lead"]["events"]["nodes"]
        by_id = await ask(node, viewer=viewer, ids=[event["id"] for event in found])
        assert [each["changes"] for each in by_id.data["nodes"]] == [each["changes"] for each in found]
        changes = [change for event in found for change in event["changes"]]
        assert {change["field"] for change in changes} == {"assigneeId", "company"}
        return [(one["old"], one["new"]) for one in changes if one["field"] == "assigneeId"]

    assert await seen("olga") == [(None, olga), (olga, ann), (ann, olga), (olga, None)]
    assert await seen("ann") == [(None, None), (None, ann), (ann, None), (None, None)]


# Statuses


@pytest.mark.parametrize("new", STATUSES)
@pytest.mark.parametrize("old", STATUSES)
async def test_leads_change_status_only_by_allowed_transitions(
    ask: Ask, world: World, old: str, new: str
) -> None:
    possible = {
        "new": {"contacted", "qualified", "converted", "disqualified"},
        "contacted": {"qualified", "converted", "disqualified"},
        "qualified": {"contacted", "converted", "disqualified"},
        "converted": {"qualified", "disqualified"},
        "disqualified": {"new", "contacted", "qualified"},
    }
    lead = await lead_of(world)
    await world.pool.execute(
        "UPDATE leads SET status = $2, status_changed_at = $3, contacted_at = $3, "
        "disqualify_reason = CASE $2 WHEN 'disqualified' THEN 'spam' END WHERE id = $1",
        lead["id"], old, OLD,
    )  # fmt: skip
    before, history = await stored(world, lead["id"]), await events(world, lead["id"])
    contents = await world.contents()
    answer = await ask(STATUS, input={"id": encode("Lead", lead["id"]), "status": new.upper()})
    after = await stored(world, lead["id"])
    if new == old:
        assert answer.data["result"] == {"lead": {"status": new.upper(), "version": 1}, "userErrors": []}
        assert (after, await events(world, lead["id"])) == (before, history)
    elif new not in possible[old]:
        (error,) = answer.data["result"]["userErrors"]
        named = ", ".join(status.upper() for status in STATUSES if status in possible[old])
        assert error == {
            "code": "INVALID_TRANSITION",
            "message": f"A lead with status {old.upper()} cannot become {new.upper()}. Allowed: {named}.",
            "path": ["input", "status"],
        }
        assert answer.data["result"]["lead"] == {"status": old.upper(), "version": 1}
        assert await world.contents() == contents
    else:
        assert answer.data["result"] == {"lead": {"status": new.upper(), "version": 2}, "userErrors": []}
        assert answer.statements == ["lock_user", "leads read id", "set_lead_status", "insert_lead_events"]
        moment = after["status_changed_at"]
        assert datetime.now(UTC) - moment < timedelta(minutes=1)
        way = {
            "contacted": ["contacted_at"],
            "qualified": ["contacted_at", "qualified_at"],
            "converted": ["contacted_at", "qualified_at", "converted_at"],
            "disqualified": ["disqualified_at"],
        }.get(new, [])
        reached = {name: before[name] or moment for name in way}
        assert reached.get("contacted_at", OLD) == OLD, "the first timestamp is kept"
        assert dict(after) == dict(before) | reached | {
            "status": new,
            "status_changed_at": moment,
            "updated_at": moment,
            "version": 2,
            "disqualify_reason": None,
        }
        told = {"changes": {"disqualify_reason": ["spam", None]}} if old == "disqualified" else {}
        assert (await events(world, lead["id"]))[len(history) :] == [("status_changed", old, new, told)]
    assert await drifts(world.pool) == []


async def test_timestamps_of_statuses_are_set_once_and_never_cleared(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    await world.pool.execute("UPDATE leads SET status = 'new' WHERE id = $1", lead["id"])
    id_ = encode("Lead", lead["id"])
    moments: dict[str, datetime] = {}
    for status in ("QUALIFIED", "CONTACTED", "CONVERTED", "DISQUALIFIED", "NEW", "QUALIFIED", "CONVERTED"):
        assert errors(await ask(STATUS, input={"id": id_, "status": status})) == []
        row = await stored(world, lead["id"])
        for name in STATUS_TIMESTAMPS:
            if row[name] is not None:
                assert moments.setdefault(name, row[name]) == row[name]
            else:
                assert name not in moments
    assert set(moments) == set(STATUS_TIMESTAMPS)
    assert row["version"] == 8
    assert await drifts(world.pool) == []


async def test_the_disqualify_reason_is_kept_only_with_status_disqualified(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])

    async def change(**given: object) -> Any:
        answer = await ask(STATUS, input={"id": id_, **given})
        return errors(answer), (await stored(world, lead["id"]))["disqualify_reason"]

    assert await change(status="CONVERTED", disqualifyReason="x") == (
        [("INVALID", ["disqualifyReason"])],
        None,
    )
    too_long = await change(status="DISQUALIFIED", disqualifyReason="x" * 501)
    assert too_long == ([("TOO_LONG", ["disqualifyReason"])], None)
    assert await change(status="DISQUALIFIED", disqualifyReason=" No budget. ") == ([], "No budget.")
    assert await change(status="DISQUALIFIED") == ([], "No budget.")
    assert await change(status="DISQUALIFIED", disqualifyReason="Gone.") == ([], "Gone.")
    assert (await stored(world, lead["id"]))["version"] == 3
    assert (await events(world, lead["id"]))[-1] == (
        "updated", None, None, {"changes": {"disqualify_reason": ["No budget.", "Gone."]}}
    )  # fmt: skip
    assert await change(status="CONTACTED") == ([], None)


# Versions


@pytest.mark.parametrize("document", [UPDATE, STATUS, DELETE], ids=["update", "status", "delete"])
async def test_a_write_that_expects_another_version_is_refused(ask: Ask, world: World, document: str) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    given: dict[str, object] = {"id": id_}
    given |= {"company": "Mine"} if document == UPDATE else {}
    given |= {"status": "CONVERTED"} if document == STATUS else {}
    await ask(UPDATE, input={"id": id_, "company": "Theirs", "expectedVersion": 1})
    before = await world.contents()
    for seen in (0, 1, 3, -1):
        answer = await ask(document, input={**given, "expectedVersion": seen})
        (error,) = answer.data["result"]["userErrors"]
        assert error == {
            "code": "CONFLICT",
            "message": f"The lead has version 2, not {seen}. Read it again and retry.",
            "path": ["input", "expectedVersion"],
        }
        assert answer.data["result"]["lead"]["version"] == 2
    assert await world.contents() == before
    assert errors(await ask(document, input={**given, "expectedVersion": 2})) == []


async def test_only_one_of_ten_writers_that_expect_the_same_version_succeeds(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    answers = await asyncio.gather(
        *(ask(UPDATE, input={"id": id_, "company": f"c{n}", "expectedVersion": 1}) for n in range(10))
    )
    assert sorted(errors(answer) for answer in answers) == [[], *[[("CONFLICT", ["expectedVersion"])]] * 9]
    assert (await stored(world, lead["id"]))["version"] == 2
    assert len(await events(world, lead["id"])) == 1


async def test_concurrent_writers_of_a_lead_lose_no_update(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    moves = [ask(STATUS, input={"id": id_, "status": ("CONTACTED", "QUALIFIED")[n % 2]}) for n in range(20)]
    notes = [ask(UPDATE, input={"id": id_, "notes": f"note {n}"}) for n in range(20)]
    answers = await asyncio.gather(*moves, *notes)
    assert all(errors(answer) == [] for answer in answers)
    written = await events(world, lead["id"])
    assert (await stored(world, lead["id"]))["version"] == 1 + len(written)
    changes = [event for event in written if event[0] == "status_changed"]
    assert all(one[2] == other[1] for one, other in itertools.pairwise(changes))
    assert await drifts(world.pool) == []


# Assigning


async def test_the_assignee_must_be_active_and_able_to_see_the_lead(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    await world.add_user("cy")
    await world.add_user("otto", role="operator")
    await world.change("users", world.users["otto"], status="suspended")

    async def assign(viewer: str, assignee: str) -> Any:
        given = {"id": id_, "assigneeId": encode("User", world.users[assignee])}
        (error, *_) = (await ask(UPDATE, viewer=viewer, input=given)).data["result"]["userErrors"] or [None]
        return error and error["message"]

    assert await assign("ann", "ann") is None
    for unseen_user in ("ben", "olga"):
        assert await assign("ann", unseen_user) == "The user does not exist."
    assert await assign("olga", "olga") is None
    assert (await stored(world, lead["id"]))["assignee_user_id"] == world.users["olga"]
    assert (
        await assign("olga", "cy")
        == "Must be the lead's owner or an operator, because other users cannot see the lead."
    )
    assert await assign("olga", "otto") == "Must be an active user. This user is suspended."
    assert await assign("olga", "ann") is None
    await world.change("users", world.users["otto"], status="deleted")
    assert await assign("olga", "otto") == "The user does not exist."
    assert (await stored(world, lead["id"]))["assignee_user_id"] == world.users["ann"]
    document = "query($f: LeadFilter) { leads(filter: $f) { nodes { id assignee { id } } } }"
    ann = encode("User", world.users["ann"])
    mine = (await ask(document, f={"assigneeId": {"eq": ann}})).data["leads"]["nodes"]
    assert mine == [{"id": id_, "assignee": {"id": ann}}]


# Deleting


async def test_deleting_a_lead_deletes_its_history_and_keeps_its_mention(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    id_ = encode("Lead", lead["id"])
    await ask(UPDATE, input={"id": id_, "company": "Acme"})
    answer = await ask(DELETE, input={"id": id_})
    assert answer.data["result"] == {"deletedLeadId": id_, "lead": None, "userErrors": []}
    assert answer.statements == ["lock_user", "delete_lead"]
    assert await stored(world, lead["id"]) is None
    assert await world.rows("lead_events") == []
    assert await world.pool.fetchval("SELECT count(*) FROM mentions WHERE id = $1", lead["mention_id"]) == 1
    (user,) = await world.rows("users", "ann")
    assert (user["leads_count"], user["qualified_leads_count"]) == (5, 5)
    assert await drifts(world.pool) == []
    assert errors(await ask(DELETE, input={"id": id_})) == [("NOT_FOUND", ["id"])]
    again = {"mentionId": encode("Mention", lead["mention_id"])}
    assert (await ask(CREATE, input=again)).data["result"]["created"] is True


async def test_a_deleted_lead_names_the_rows_that_it_belonged_to(ask: Ask, world: World) -> None:
    lead = await lead_of(world)
    document = """
    mutation($input: DeleteLeadInput!) {
      result: deleteLead(input: $input) {
        deletedLeadId replayed mention { id lead { id } } keyword { id leadsCount } user { id leadsCount qualifiedLeadsCount }
      }
    }
    """
    given = {"id": encode("Lead", lead["id"]), "idempotencyKey": "k"}
    answer = await ask(document, input=given)
    expected = {
        "deletedLeadId": given["id"],
        "replayed": False,
        "mention": {"id": encode("Mention", lead["mention_id"]), "lead": None},
        "keyword": {"id": encode("Keyword", lead["keyword_id"]), "leadsCount": 1},
        "user": {"id": encode("User", world.users["ann"]), "leadsCount": 5, "qualifiedLeadsCount": 5},
    }
    assert answer.data["result"] == expected
    assert (await ask(document, input=given)).data["result"] == {**expected, "replayed": True}


async def test_a_key_that_may_only_write_leads_does_not_read_the_mention_of_a_deleted_lead(
    ask: Ask, world: World
) -> None:
    await world.set_scopes("ann", "write:leads")
    document = (
        "mutation($input: DeleteLeadInput!) { result: deleteLead(input: $input) { mention { content } } }"
    )
    lead = await lead_of(world)
    answer = await ask(document, input={"id": encode("Lead", lead["id"])})
    assert answer.code == "FORBIDDEN"
    assert answer.error["extensions"]["requiredBy"] == {"read:mentions": ["DeleteLeadPayload.mention"]}
    assert await world.row("leads", id=lead["id"]) == lead


async def test_next_statuses_of_a_lead_are_the_allowed_changes_and_take_no_statement(
    ask: Ask, world: World
) -> None:
    lead = await lead_of(world)
    for status, expected in {
        "new": ["CONTACTED", "QUALIFIED", "CONVERTED", "DISQUALIFIED"],
        "contacted": ["QUALIFIED", "CONVERTED", "DISQUALIFIED"],
        "qualified": ["CONTACTED", "CONVERTED", "DISQUALIFIED"],
        "converted": ["QUALIFIED", "DISQUALIFIED"],
        "disqualified": ["NEW", "CONTACTED", "QUALIFIED"],
    }.items():
        await world.change("leads", lead["id"], status=status)
        answer = await ask(
            "query($id: ID!) { lead(id: $id) { nextStatuses } }", id=encode("Lead", lead["id"])
        )
        assert answer.data == {"lead": {"nextStatuses": expected}}
        assert answer.statements == ["leads by id"]


MUTATIONS_BY_ID: list[tuple[str, dict[str, object]]] = [
    (UPDATE, {"company": "Mine"}),
    (UPDATE, {}),
    (STATUS, {"status": "CONVERTED"}),
    (STATUS, {"status": "QUALIFIED"}),
    (DELETE, {}),
    (DELETE, {"expectedVersion": 1}),
]


@pytest.mark.parametrize(("document", "given"), MUTATIONS_BY_ID)
async def test_leads_of_other_users_are_not_found_and_stay_unchanged(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    before = await world.contents()
    for id_ in ((await lead_of(world, "ben"))["id"], 999_999):
        answer = await ask(document, input={"id": encode("Lead", id_), **given})
        error = {"code": "NOT_FOUND", "message": "The lead does not exist.", "path": ["input", "id"]}
        assert answer.data["result"]["userErrors"] == [error]
        assert answer.data["result"]["lead"] is None
    assert await world.contents() == before


@pytest.mark.parametrize(("document", "given"), MUTATIONS_BY_ID)
async def test_an_operator_writes_leads_of_other_users(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    lead = await lead_of(world, "ben")
    answer = await ask(document, viewer="olga", input={"id": encode("Lead", lead["id"]), **given})
    assert errors(answer) == []
    assert answer.statements[0] == "leads lock_owners"
    versions = {row["name"]: row["data_version"] for row in await world.rows("users")}
    assert versions == {"ann": 0, "ben": 1, "olga": 0}
    for event in await world.rows("lead_events"):
        assert (event["user_id"], event["actor_user_id"]) == (world.users["ben"], world.users["olga"])
    assert await drifts(world.pool) == []


@pytest.mark.parametrize(("document", "given"), [(CREATE, {}), *MUTATIONS_BY_ID])
async def test_writing_leads_requires_an_api_key_with_the_scope(
    ask: Ask, world: World, document: str, given: dict[str, object]
) -> None:
    await world.set_scopes("ann", "read:leads", "write:mentions")
    which = {"mentionId": encode("Mention", 1)} if document == CREATE else {"id": encode("Lead", 1)}
    answer = await ask(document, input={**which, **given})
    assert (answer.code, answer.statements) == ("FORBIDDEN", [])
    assert "`write:leads`" in answer.error["message"]
    assert (await ask(document, viewer=None, input={**which, **given})).code == "UNAUTHENTICATED"


async def test_payloads_later_fields_and_later_requests_see_written_leads(ask: Ask, world: World) -> None:
    mention = encode("Mention", await mention_without_lead(world))
    document = """
    mutation($create: CreateLeadInput!, $id: ID!) {
      a: createLead(input: $create) { lead { user { ...Counts } keyword { leadsCount } events { totalCount } } }
      b: changeLeadStatus(input: { id: $id, status: CONVERTED }) { lead { user { ...Counts } } }
      c: deleteLead(input: { id: $id }) { deletedLeadId }
      d: changeLeadStatus(input: { id: $id, status: CONVERTED }) { lead { id } userErrors { code } }
    }
    fragment Counts on User { leadsCount newLeadsCount qualifiedLeadsCount convertedLeadsCount leads { totalCount } }
    """
    id_ = encode("Lead", (await lead_of(world))["id"])
    answer = await ask(document, create={"mentionId": mention}, id=id_)

    def counts(*found: int) -> dict[str, object]:
        names = ("leadsCount", "newLeadsCount", "qualifiedLeadsCount", "convertedLeadsCount")
        return {**dict(zip(names, found, strict=True)), "leads": {"totalCount": found[0]}}

    assert answer.data == {
        "a": {
            "lead": {"user": counts(7, 1, 6, 0), "keyword": {"leadsCount": 3}, "events": {"totalCount": 1}}
        },
        "b": {"lead": {"user": counts(7, 1, 5, 1)}},
        "c": {"deletedLeadId": id_},
        "d": {"lead": None, "userErrors": [{"code": "NOT_FOUND"}]},
    }
    next_ = (await ask("{ viewer { leadsCount convertedLeadsCount } leads { totalCount } }")).data
    assert next_ == {"viewer": {"leadsCount": 6, "convertedLeadsCount": 0}, "leads": {"totalCount": 6}}


async def test_a_lead_is_created_once_per_idempotency_key(ask: Ask, world: World) -> None:
    given = {"mentionId": encode("Mention", await mention_without_lead(world)), "idempotencyKey": "k"}
    first = (await ask(CREATE, input=given)).data["result"]
    again = (await ask(CREATE, input=given)).data["result"]
    assert again == {**first, "replayed": True}
    assert (first["created"], again["created"]) == (True, True)
