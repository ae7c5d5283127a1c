"""Times of one entity never go back while the clock of the database does.

The last moment of a user is put an hour ahead, as after a clock that was ahead and has been set back.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from resolvers.framework.export_columns import export_table_of
from resolvers.framework.global_id import encode
from services.export.jobs import take_turn
from tests.support.world import Ask, World

AHEAD = "UPDATE users SET last_write_at = clock_timestamp() + interval '1 hour' RETURNING last_write_at"
LEAD = """query($id: ID!) { lead(id: $id) {
  createdAt statusChangedAt contactedAt qualifiedAt convertedAt updatedAt
  events(first: 100, orderBy: OLDEST) { nodes { type createdAt } }
} }"""
STATUS = """mutation($id: ID!, $status: LeadStatus!) {
  changeLeadStatus(input: { id: $id, status: $status }) { lead { statusChangedAt updatedAt } userErrors { code } } }"""
NOTES = "mutation($id: ID!, $notes: String!) { updateLead(input: { id: $id, notes: $notes }) { lead { updatedAt } userErrors { code } } }"


async def clock_goes_back(world: World) -> datetime:
    """Return the last moment of all users, an hour ahead of the clock."""
    moments: list[datetime] = [row["last_write_at"] for row in await world.fetch(AHEAD)]
    await world.pool.execute("UPDATE users SET last_write_at = $1", max(moments))
    return max(moments)


def times(shown: dict[str, Any], *names: str) -> list[datetime]:
    return [datetime.fromisoformat(shown[name]) for name in names]


async def test_the_history_of_a_lead_goes_on(ask: Ask, world: World) -> None:
    ahead = await clock_goes_back(world)
    mention = (await world.fetch(
        "SELECT id FROM mentions WHERE user_id = $1 AND NOT EXISTS (SELECT FROM leads WHERE mention_id = mentions.id)",
        world.users["ann"],
    ))[0]["id"]  # fmt: skip
    create = (
        "mutation($id: ID!) { createLead(input: { mentionId: $id }) { lead { id } userErrors { code } } }"
    )
    id_ = (await ask(create, id=encode("Mention", mention))).data["createLead"]["lead"]["id"]
    for number, status in enumerate(("CONTACTED", "QUALIFIED", "CONVERTED")):
        for viewer, document, given in (
            ("ann", STATUS, {"status": status}),
            ("olga", NOTES, {"notes": f"{number}"}),
        ):
            (payload,) = (await ask(document, viewer=viewer, id=id_, **given)).data.values()
            assert payload["userErrors"] == []
    lead = (await ask(LEAD, id=id_)).data["lead"]
    events = lead["events"]["nodes"]
    assert [event["type"] for event in events] == ["CREATED", *["STATUS_CHANGED", "NOTED"] * 3]
    moments = [datetime.fromisoformat(event["createdAt"]) for event in events]
    assert moments[0] > ahead
    assert all(earlier < later for earlier, later in pairwise(moments))
    assert times(lead, "createdAt", "contactedAt", "qualifiedAt", "convertedAt") == [
        moments[n] for n in (0, 1, 3, 5)
    ]
    assert times(lead, "statusChangedAt", "updatedAt") == moments[-2:]


async def test_updates_of_rows_go_on(ask: Ask, world: World) -> None:
    """Write each of ann's entities twice. Her moments go on, though they are ahead of the clock."""
    ahead = await clock_goes_back(world)
    rows = {
        table: (await world.rows(table, "ann"))[0]["id"] for table in ("keywords", "mentions", "integrations")
    }
    documents = {
        "keywords": "mutation($id: ID!) { result: updateKeyword(input: { id: $id, platforms: [%s] }) { row: keyword { createdAt updatedAt } } }",
        "mentions": "mutation($id: ID!) { result: triageMention(input: { id: $id, starred: %s }) { row: mention { createdAt updatedAt } } }",
        "integrations": 'mutation($id: ID!) { result: updateIntegration(input: { id: $id, name: "%s" }) { row: integration { createdAt updatedAt } } }',
    }
    values = {"keywords": ("NEWS", "WEB"), "mentions": ("true", "false"), "integrations": ("one", "two")}
    shown = []
    for table, id_ in rows.items():
        for value in values[table]:
            global_id = encode(table[:-1].capitalize(), id_)
            row = (await ask(documents[table] % value, id=global_id)).data["result"]["row"]
            created, updated = times(row, "createdAt", "updatedAt")
            assert created < updated
            shown.append(updated)
    viewer = "mutation($name: String!) { result: updateViewer(input: { name: $name }) { user: viewer { createdAt updatedAt } } }"
    for name in ("Ann", "Anna"):
        shown += times((await ask(viewer, name=name)).data["result"]["user"], "updatedAt")
    assert [moment - ahead for moment in shown] == [timedelta(microseconds=n) for n in range(1, 9)]


EXPORTS = "{ exports(first: 1) { nodes { id status createdAt startedAt finishedAt updatedAt expiresAt } } }"
CREATE_EXPORT = (
    "mutation { createExport(input: { list: { leads: {} } }) { export { id createdAt updatedAt } } }"
)
CANCEL = "mutation($id: ID!) { cancelExport(input: { id: $id }) { userErrors { code } } }"


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_an_export_ends_after_its_creation(ask: Ask, world: World, is_cancelled: bool) -> None:
    ahead = await clock_goes_back(world)
    created = (await ask(CREATE_EXPORT)).data["createExport"]["export"]
    assert times(created, "createdAt", "updatedAt") == [ahead + timedelta(microseconds=1)] * 2
    if is_cancelled:
        await ask(CANCEL, id=created["id"])
    else:
        assert await take_turn(world.pool, export_table_of) == "done"
    (export,) = (await ask(EXPORTS)).data["exports"]["nodes"]
    assert export["status"] == ("CANCELLED" if is_cancelled else "SUCCEEDED")
    names = ("createdAt", "finishedAt") if is_cancelled else ("createdAt", "startedAt", "finishedAt")
    (first, *_), moments = times(created, "createdAt"), times(export, *names)
    assert moments == [first] * len(names)
    assert times(export, "updatedAt")[0] > first
    # Files are kept for a time of the clock, which goes back with it.
    assert times(export, "expiresAt")[0] < datetime.now(UTC) + timedelta(days=7, minutes=1)


async def test_an_api_key_is_revoked_after_its_creation(ask: Ask, world: World) -> None:
    await clock_goes_back(world)
    create = 'mutation { createApiKey(input: { name: "x", scopes: ["read:leads"] }) { apiKey { id createdAt updatedAt } } }'
    made = (await ask(create)).data["createApiKey"]["apiKey"]
    assert made["createdAt"] == made["updatedAt"]
    revoke = (
        "mutation($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { createdAt updatedAt revokedAt } } }"
    )
    revoked = (await ask(revoke, id=made["id"])).data["revokeApiKey"]["apiKey"]
    created, updated, ended = times(revoked, "createdAt", "updatedAt", "revokedAt")
    assert created < updated
    assert created < ended
    # A revoked key that is revoked again is not changed.
    again = (await ask(revoke, id=made["id"])).data["revokeApiKey"]["apiKey"]
    assert again == revoked
