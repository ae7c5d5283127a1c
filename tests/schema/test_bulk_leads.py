"""Bulk changes of leads: results per item, all or none, and the same statements for any number of leads."""

from decimal import Decimal
from typing import Any

import pytest

from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World
from text.lexemes import vector_of_fields

UPDATE = """
mutation($input: UpdateLeadsInput!) {
  result: updateLeads(input: $input) {
    changedCount replayed results { outcome lead { id version company } } userErrors { code message path }
  }
}
"""
STATUS = """
mutation($input: ChangeLeadStatusesInput!) {
  result: changeLeadStatuses(input: $input) {
    changedCount replayed results { outcome lead { id version status } } userErrors { code message path }
  }
}
"""


async def lead_rows(world: World, owner: str = "ann") -> list[Any]:
    return sorted(await world.rows("leads", owner), key=lambda row: row["id"])


def ids(rows: list[Any]) -> list[str]:
    return [encode("Lead", row["id"]) for row in rows]


def errors(answer: Any) -> list[tuple[str, str]]:
    """Return code and path of each error. The path starts at the list."""
    found = answer.data["result"]["userErrors"]
    return [(error["code"], ".".join(error["path"][2:])) for error in found]


def outcomes(answer: Any) -> list[str]:
    return [result["outcome"] for result in answer.data["result"]["results"]]


async def history(world: World) -> list[tuple[Any, ...]]:
    rows = await world.fetch("SELECT * FROM lead_events ORDER BY id")
    return [(row["lead_id"], row["type"], row["from_status"], row["to_status"], row["data"]) for row in rows]


# Statuses


async def test_statuses_of_many_leads_change_with_their_history_and_counters(ask: Ask, world: World) -> None:
    first, second, third, fourth, *_ = rows = await lead_rows(world)
    await world.change("leads", third["id"], status="disqualified", disqualify_reason="old")
    items: list[dict[str, object]] = [
        {"status": "CONVERTED", "expectedVersion": 1},
        {"status": "QUALIFIED"},
        {"status": "DISQUALIFIED", "disqualifyReason": " new "},
        {"status": "DISQUALIFIED", "disqualifyReason": "spam"},
    ]
    given = [{"id": id_, **item} for id_, item in zip(ids(rows), items, strict=False)]
    answer = await ask(STATUS, input={"items": given})
    expected = [
        ("CHANGED", "CONVERTED", 2),
        ("UNCHANGED", "QUALIFIED", 1),
        ("CHANGED", "DISQUALIFIED", 2),
        ("CHANGED", "DISQUALIFIED", 2),
    ]
    assert answer.data["result"] == {
        "changedCount": 3,
        "replayed": False,
        "results": [
            {"outcome": outcome, "lead": {"id": id_, "version": version, "status": status}}
            for id_, (outcome, status, version) in zip(ids(rows), expected, strict=False)
        ],
        "userErrors": [],
    }
    assert answer.statements == ["lock_user", "leads read id", "set_lead_statuses", "insert_lead_events"]
    after = {row["id"]: row for row in await lead_rows(world)}
    converted = after[first["id"]]
    moment = converted["status_changed_at"]
    assert moment > first["status_changed_at"]
    assert [converted[f"{name}_at"] for name in ("contacted", "qualified", "converted")] == [moment] * 3
    assert converted["disqualified_at"] is None
    assert after[second["id"]] == second
    # A new reason is no change of the status.
    assert after[third["id"]]["status_changed_at"] == third["status_changed_at"]
    assert [after[row["id"]]["disqualify_reason"] for row in (third, fourth)] == ["new", "spam"]
    assert await history(world) == [
        (first["id"], "status_changed", "qualified", "converted", {}),
        (third["id"], "updated", None, None, {"changes": {"disqualify_reason": ["old", "new"]}}),
        (
            fourth["id"],
            "status_changed",
            "qualified",
            "disqualified",
            {"changes": {"disqualify_reason": [None, "spam"]}},
        ),
    ]
    assert await drifts(world.pool) == []


async def test_one_refused_status_leaves_all_leads_unchanged_and_shows_them(ask: Ask, world: World) -> None:
    rows = await lead_rows(world)
    (foreign, *_) = await lead_rows(world, "ben")
    await world.change("leads", rows[1]["id"], status="new")
    before = await world.contents()
    given: list[dict[str, object]] = [
        {"id": ids(rows)[0], "status": "CONVERTED"},
        {"id": ids(rows)[0], "status": "QUALIFIED"},
        {"id": ids(rows)[2], "status": "NEW"},
        {"id": ids(rows)[3], "status": "CONVERTED", "expectedVersion": 7},
        {"id": ids([foreign])[0], "status": "CONVERTED"},
        {"id": encode("Lead", 999_999), "status": "CONVERTED"},
        {"id": ids(rows)[4], "status": "CONVERTED", "disqualifyReason": "no"},
        {"id": ids(rows)[1], "status": "NEW"},
    ]
    answer = await ask(STATUS, input={"items": given})
    assert errors(answer) == [
        ("INVALID", "1.id"),
        ("INVALID_TRANSITION", "2.status"),
        ("CONFLICT", "3.expectedVersion"),
        ("NOT_FOUND", "4.id"),
        ("NOT_FOUND", "5.id"),
        ("INVALID", "6.disqualifyReason"),
    ]
    assert outcomes(answer) == ["REJECTED", *["FAILED"] * 6, "REJECTED"]
    shown = [result["lead"] and result["lead"]["id"] for result in answer.data["result"]["results"]]
    assert shown == [
        None if item["id"] in {ids([foreign])[0], encode("Lead", 999_999)} else item["id"] for item in given
    ]
    assert answer.data["result"]["results"][2]["lead"] == {
        "id": ids(rows)[2],
        "version": 1,
        "status": "QUALIFIED",
    }
    assert answer.data["result"]["changedCount"] == 0
    assert await world.contents() == before


@pytest.mark.parametrize(
    ("document", "item"), [(UPDATE, {"company": "Acme"}), (STATUS, {"status": "CONVERTED"})]
)
@pytest.mark.parametrize(("number", "code"), [(0, "REQUIRED"), (1001, "TOO_MANY")])
async def test_the_number_of_leads_is_limited(
    ask: Ask, document: str, item: dict[str, object], number: int, code: str
) -> None:
    answer = await ask(
        document, input={"items": [{"id": encode("Lead", n + 1), **item} for n in range(number)]}
    )
    assert [(error["code"], error["path"]) for error in answer.data["result"]["userErrors"]] == [
        (code, ["input", "items"])
    ]
    assert answer.data["result"]["results"] == []


@pytest.mark.parametrize(
    ("document", "item", "last"),
    [
        (UPDATE, {"company": "Acme", "tags": ["a"], "value": "1", "currency": "EUR"}, "update_leads"),
        (STATUS, {"status": "CONVERTED"}, "set_lead_statuses"),
    ],
)
async def test_many_leads_take_the_same_statements_as_one(
    ask: Ask, world: World, document: str, item: dict[str, object], last: str
) -> None:
    await world.add_keywords("ann", keywords=2, mentions=100)
    rows = await lead_rows(world)
    for number in (1, 100):
        given = [{"id": id_, **item} for id_ in ids(rows)[-number:]]
        answer = await ask(document, input={"items": given})
        assert answer.data["result"]["userErrors"] == []
        assert answer.statements == ["lock_user", "leads read id", last, "insert_lead_events"]
    assert await drifts(world.pool) == []


async def test_a_replay_of_a_bulk_change_shows_the_current_leads(ask: Ask, world: World) -> None:
    first, second, *_ = rows = await lead_rows(world)
    given = {"items": [{"id": id_, "status": "CONVERTED"} for id_ in ids(rows)[:2]], "idempotencyKey": "k"}
    once = (await ask(STATUS, input=given)).data["result"]
    assert (once["changedCount"], once["replayed"]) == (2, False)
    await world.change("leads", first["id"], version=9)
    await world.pool.execute("DELETE FROM leads WHERE id = $1", second["id"])
    answer = await ask(STATUS, input=given)
    lead = {"id": ids(rows)[0], "version": 9, "status": "CONVERTED"}
    assert answer.data["result"] == {
        "changedCount": 2,
        "replayed": True,
        "results": [{"outcome": "CHANGED", "lead": lead}, {"outcome": "CHANGED", "lead": None}],
        "userErrors": [],
    }
    assert answer.statements == ["try_idempotency_lock", "find_idempotency_key", "leads read id"]


# Values


async def test_values_of_many_leads_change_each_in_its_own_way(ask: Ask, world: World) -> None:
    first, second, third, *_ = rows = await lead_rows(world)
    await world.change(
        "leads", second["id"], company="Old", value=Decimal("1.50"), currency="EUR", tags=["a", "b"]
    )
    items: list[dict[str, object]] = [
        {"company": " Acme ", "value": "1250.5", "currency": "EUR", "notes": "n", "tags": ["x"]},
        {"company": None, "value": None, "currency": None, "assigneeId": encode("User", world.users["ann"])},
        {"company": "", "tags": []},
    ]
    answer = await ask(
        UPDATE, input={"items": [{"id": id_, **item} for id_, item in zip(ids(rows), items, strict=False)]}
    )
    assert answer.data["result"]["userErrors"] == []
    assert outcomes(answer) == ["CHANGED", "CHANGED", "UNCHANGED"]
    after = {row["id"]: row for row in await lead_rows(world)}
    changed = {"version": 2, "updated_at": after[first["id"]]["updated_at"]}
    assert dict(after[first["id"]]) == {
        **first, **changed, "company": "Acme", "value": Decimal("1250.50"), "currency": "EUR", "notes": "n", "tags": ["x"],
        "search": await world.pool.fetchval("SELECT $1::tsvector", vector_of_fields(["Acme", "n"], version=2)),
    }  # fmt: skip
    assert dict(after[second["id"]]) == {
        **second, **changed, "tags": ["a", "b"], "assignee_user_id": world.users["ann"],
        "search": None,
    }  # fmt: skip
    assert after[third["id"]] == third
    assert [(lead_id, type_) for lead_id, type_, *_ in await history(world)] == [
        (first["id"], "updated"),
        (first["id"], "noted"),
        (second["id"], "updated"),
        (second["id"], "assigned"),
    ]


async def test_invalid_values_name_their_item_and_change_nothing(ask: Ask, world: World) -> None:
    rows = await lead_rows(world)
    await world.change("leads", rows[5]["id"], external_reference="taken")
    before = await world.contents()
    items: list[dict[str, object]] = [
        {"company": "fine"},
        {"contactEmail": "x", "tags": ["", "a"]},
        {"value": "1"},
        {"externalReference": "taken"},
        {"assigneeId": encode("User", world.users["ben"])},
    ]
    answer = await ask(
        UPDATE, input={"items": [{"id": id_, **item} for id_, item in zip(ids(rows), items, strict=False)]}
    )
    assert errors(answer) == [
        ("REQUIRED", "1.tags.0"),
        ("INVALID", "1.contactEmail"),
        ("REQUIRED", "2.value"),
        ("ALREADY_EXISTS", "3.externalReference"),
        ("NOT_FOUND", "4.assigneeId"),
    ]
    assert outcomes(answer) == ["REJECTED", *["FAILED"] * 4]
    assert await world.contents() == before


async def test_external_references_are_unique_after_the_change_and_can_be_swapped(
    ask: Ask, world: World
) -> None:
    first, second, third, *_ = rows = await lead_rows(world)
    for row, reference in ((first, "a"), (second, "b")):
        await world.change("leads", row["id"], external_reference=reference)
    one, two, three, *_ = ids(rows)

    async def change(**references: str | None) -> Any:
        given = dict(zip(("one", "two", "three"), (one, two, three), strict=True))
        items = [{"id": given[name], "externalReference": new} for name, new in references.items()]
        return await ask(UPDATE, input={"items": items})

    assert errors(await change(two="c", three="c")) == [
        ("ALREADY_EXISTS", "0.externalReference"),
        ("ALREADY_EXISTS", "1.externalReference"),
    ]
    assert errors(await change(three="b")) == [("ALREADY_EXISTS", "0.externalReference")]
    answer = await change(one="b", two="a", three=None)
    assert (errors(answer), outcomes(answer)) == ([], ["CHANGED", "CHANGED", "UNCHANGED"])
    assert answer.statements == [
        *("lock_user", "leads read id", "references_of_others", "clear_references"),
        *("update_leads", "insert_lead_events"),
    ]
    after = {row["id"]: (row["external_reference"], row["version"]) for row in await lead_rows(world)}
    assert [after[row["id"]] for row in (first, second, third)] == [("b", 2), ("a", 2), (None, 1)]


async def test_an_operator_changes_leads_of_several_users_and_assigns_each_to_a_user_who_sees_it(
    ask: Ask, world: World
) -> None:
    (mine, *_), (yours, *_) = await lead_rows(world), await lead_rows(world, "ben")
    ann, olga = encode("User", world.users["ann"]), encode("User", world.users["olga"])
    given = [{"id": id_, "assigneeId": ann} for id_ in ids([mine, yours])]
    refused = await ask(UPDATE, viewer="olga", input={"items": given})
    assert errors(refused) == [("INVALID", "1.assigneeId")]
    given = [{"id": ids([mine])[0], "assigneeId": ann}, {"id": ids([yours])[0], "assigneeId": olga}]
    answer = await ask(UPDATE, viewer="olga", input={"items": given})
    assert outcomes(answer) == ["CHANGED", "CHANGED"]
    assert answer.statements == ["leads lock_owners", "leads read id", "update_leads", "insert_lead_events"]
    for row in await world.rows("lead_events"):
        assert (row["type"], row["actor_user_id"]) == ("assigned", world.users["olga"])
    assert await drifts(world.pool) == []


@pytest.mark.parametrize("document", [UPDATE, STATUS])
async def test_bulk_changes_require_an_api_key_with_the_scope(ask: Ask, world: World, document: str) -> None:
    await world.set_scopes("ann", "read:leads", "write:mentions")
    more = {"status": "CONVERTED"} if document == STATUS else {}
    answer = await ask(document, input={"items": [{"id": encode("Lead", 1), **more}]})
    assert (answer.code, answer.statements) == ("FORBIDDEN", [])
