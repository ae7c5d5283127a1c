"""From a change of a row to its delivery: events, filters, positions, and other users."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from db.engine.writer import in_transaction
from db.language import keyset, saved_query
from db.language.filter import Operator
from db.language.filter import Test as Condition
from db.language.saved_query import SavedQuery
from db.language.scope import EVERYBODY, Scope
from resolvers.framework.global_id import encode
from server.app import create_app
from server.webhooks.pump import Pump
from services.webhooks import endpoints, retries
from services.webhooks.dispatch import Dispatcher
from services.webhooks.start import start_now
from tests.server.webhooks.conftest import FED, Hooks
from tests.support import rows
from tests.support.receivers import Receiver, failing, receiving


async def add(
    hooks: Hooks, user_id: int, url: str, *event_types: str, **values: Any
) -> endpoints.KeyedWebhook:
    scope = EVERYBODY if values.get("everybody") else Scope(user_id)
    start = await in_transaction(hooks.pool, lambda writer: start_now(writer, scope))
    values = {"position": start.position, "change_id": start.change_id, **values}
    return await hooks.add(user_id, url, event_types=list(event_types), **values)


async def until(hooks: Hooks, number: int, *, seconds: float = 20) -> None:
    """Wait until this number of deliveries has ended."""
    async with asyncio.timeout(seconds):
        sql = "SELECT count(*) FROM webhook_deliveries WHERE status <> 'pending'"
        while await hooks.pool.fetchval(sql) < number:
            await asyncio.sleep(0.02)


def events(receiver: Receiver) -> list[tuple[str, Any]]:
    return [(each.payload["type"], each.payload["data"]["changedFields"]) for each in receiver.requests]


async def test_changes_become_messages_without_gap_or_double(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)
    async with receiving() as receiver:
        await rows.add_mention(hooks.pool, keyword)  # before the webhook
        made = await add(
            hooks, user, receiver.url, "mention.created", "lead.created", "lead.updated", "lead.deleted"
        )
        mention = await rows.add_mention(hooks.pool, keyword)
        lead = await rows.add_lead(hooks.pool, mention)
        await hooks.pool.execute("UPDATE leads SET company = 'Acme', notes = 'x' WHERE id = $1", lead)
        await hooks.pool.execute("UPDATE mentions SET title = 'other event type'")
        await hooks.pool.execute("DELETE FROM leads WHERE id = $1", lead)
        async with hooks.pump(Dispatcher(FED)):
            await receiver.until(4)
            await asyncio.sleep(0.2)
    assert made.shown is not None
    found = {each.id: each.verify(made.shown) for each in receiver.requests}
    assert len(found) == len(receiver.requests) == 4
    assert all(id_.startswith("msg_") for id_ in found)
    of_lead = [each for each in events(receiver) if each[0].startswith("lead")]
    assert of_lead == [
        ("lead.created", None),
        ("lead.updated", ["company", "notes", "updatedAt"]),
        ("lead.deleted", None),
    ]
    assert [each for each in events(receiver) if each[0].startswith("mention")] == [("mention.created", None)]


async def test_messages_name_changed_fields_as_the_feed_does(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    lead = await rows.add_lead(
        hooks.pool, await rows.add_mention(hooks.pool, await rows.add_keyword(hooks.pool, user))
    )
    integration = await rows.add_integration(hooks.pool, user)
    key = await rows.add_key(hooks.pool, user)
    async with receiving() as receiver:
        await add(hooks, user, receiver.url, "lead.updated", "integration.updated")
        await hooks.pool.execute(
            "UPDATE leads SET assignee_user_id = user_id, score_version = 9 WHERE id = $1", lead
        )
        await hooks.pool.execute(
            "UPDATE integrations SET credentials_set_at = now(), last_searched_at = now() WHERE id = $1",
            integration,
        )
        async with hooks.pump(Dispatcher(FED)):
            await receiver.until(2)
    transport = httpx.ASGITransport(app=create_app(hooks.pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        document = "{ changes(filter: {kinds: [UPDATED]}) { nodes { nodeId fields } } }"
        headers = {"authorization": f"Bearer {key}"}
        response = await client.post("/graphql", json={"query": document}, headers=headers)
    feed = {each["nodeId"]: each["fields"] for each in response.json()["data"]["changes"]["nodes"]}
    data = [each.payload["data"] for each in receiver.requests]
    assert {each["id"]: each["changedFields"] for each in data} == feed
    assert feed == {
        encode("Lead", lead): ["assignee", "scoreVersion", "updatedAt"],
        encode("Integration", integration): ["hasCredentials", "lastSyncedAt", "updatedAt"],
    }


async def test_a_statement_with_many_rows_is_read_in_several_turns(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)
    async with receiving() as receiver:
        await add(hooks, user, receiver.url, "mention.created")
        await hooks.pool.execute(
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "SELECT $1, $2, 'web', n::text, 'https://example.com', 'text' FROM generate_series(1, 100) AS n",
            user,
            keyword,
        )
        async with hooks.pump(Dispatcher(FED, events=30)):
            await receiver.until(100)
            await until(hooks, 100)
    assert len({each.payload["data"]["id"] for each in receiver.requests}) == len(receiver.requests) == 100


async def test_the_filter_limits_created_and_updated_rows(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)
    where = SavedQuery(Condition("status", Operator.EQ, "qualified"), keyset.LATEST_ID_FIRST)
    async with receiving() as receiver:
        await add(
            hooks, user, receiver.url, "lead.created", "lead.deleted",
            questions={"Lead": saved_query.dump(where)},
        )  # fmt: skip
        for status in ("new", "qualified", "new"):
            mention = await rows.add_mention(hooks.pool, keyword)
            await rows.add_lead(hooks.pool, mention, status=status)
        await hooks.pool.execute("DELETE FROM leads WHERE id = (SELECT max(id) FROM leads)")
        async with hooks.pump(Dispatcher(FED)):
            await until(hooks, 2)
            await asyncio.sleep(0.2)
    assert sorted(kind for kind, _ in events(receiver)) == ["lead.created", "lead.deleted"]


async def test_a_member_gets_no_events_of_others_and_an_operator_gets_all(hooks: Hooks) -> None:
    ann, ben = await rows.add_user(hooks.pool), await rows.add_user(hooks.pool, "ben@example.com")
    olga = await rows.add_user(hooks.pool, "olga@example.com", role="operator")
    async with receiving() as of_ann, receiving() as of_olga:
        types = ("keyword.created", "export.created", "webhook.created")
        await add(hooks, ann, of_ann.url, *types)
        await add(hooks, olga, of_olga.url, *types, everybody=True)
        await rows.add_keyword(hooks.pool, ben, "foreign")
        await rows.add_keyword(hooks.pool, ann, "own")
        await hooks.pool.execute(
            "INSERT INTO exports (user_id, everybody, entity, format, columns, question) "
            "VALUES ($1, false, 'leads', 'csv', '{id}', '{}')",
            ben,
        )
        async with hooks.pump(Dispatcher(FED)):
            await of_ann.until(2)
            await of_olga.until(3)
            await asyncio.sleep(0.3)

    def words(receiver: Receiver) -> list[str]:
        return sorted(
            each.payload["data"]["object"]["keyword"]
            for each in receiver.requests
            if "keyword" in each.payload["type"]
        )

    assert (words(of_ann), words(of_olga)) == (["own"], ["foreign", "own"])
    for receiver, keywords in ((of_ann, 1), (of_olga, 2)):
        found = sorted(each.payload["type"] for each in receiver.requests)
        assert found == ["keyword.created"] * keywords + ["webhook.created"]


async def test_a_paused_webhook_gets_the_events_of_the_pause_later(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        await add(hooks, user, receiver.url, "keyword.created", status="paused")
        await rows.add_keyword(hooks.pool, user, "meanwhile")
        async with hooks.pump(Dispatcher(FED)):
            await asyncio.sleep(0.3)
            assert await hooks.deliveries() == []
            await hooks.pool.execute("UPDATE webhooks SET status = 'active'")
            await hooks.pool.execute("NOTIFY leadgraph_work")
            await receiver.until(1)
    assert events(receiver) == [("keyword.created", None)]


async def test_a_replay_repeats_the_ids_of_the_first_messages(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        made = await add(hooks, user, receiver.url, "keyword.created")
        start = made.webhook.position
        for number in range(5):
            await rows.add_keyword(hooks.pool, user, f"word {number}")
        async with hooks.pump(Dispatcher(FED, events=2)):
            await receiver.until(5)
            await until(hooks, 5)
            await hooks.pool.execute("UPDATE webhooks SET position = $1, change_id = 0", start)
            await hooks.pool.execute("NOTIFY changes")
            await receiver.until(10)
            await until(hooks, 5)
    ids = [each.id for each in receiver.requests]
    assert len(set(ids)) == 5
    assert sorted(ids[:5]) == sorted(ids[5:])
    bodies = {each.id: each.body for each in receiver.requests[:5]}
    assert {each.id: each.body for each in receiver.requests[5:]} == bodies


@pytest.mark.parametrize("position", ["nonsense", None])
async def test_an_expired_or_damaged_position_disables_the_webhook(
    hooks: Hooks, position: str | None
) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        await add(
            hooks, user, receiver.url, "keyword.created", **({"position": position} if position else {})
        )
        if position is None:
            await hooks.pool.execute("UPDATE change_feed SET feed_id = 'deadbeef'")
        await rows.add_keyword(hooks.pool, user)
        async with hooks.pump(Dispatcher(FED)), asyncio.timeout(10):
            while await hooks.pool.fetchval("SELECT status FROM webhooks") != "disabled":
                await asyncio.sleep(0.02)
    assert await hooks.pool.fetchval("SELECT disabled_reason FROM webhooks") == "position_expired"
    change = await hooks.pool.fetchrow("SELECT * FROM changes WHERE entity = 'Webhook' AND kind = 'updated'")
    assert change is not None
    assert change["columns"] == ["status", "disabled_reason", "disabled_at"]


async def test_concurrent_writers_and_pumps_lose_and_double_nothing(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four writers with rollbacks and open transactions, two pumps, a receiver that fails 30 % of the time."""
    monkeypatch.setattr(retries, "WAITS", (timedelta(milliseconds=20),) * 60)
    monkeypatch.setattr(retries, "MOST_ATTEMPTS", 61)
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)

    async def write(number: int) -> None:
        for turn in range(25):
            async with hooks.pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                values = {"title": f"{number} {turn}"}
                mention = await rows.add_mention(connection, keyword, **values)
                await asyncio.sleep(0.01 if turn % 5 == 0 else 0)
                if turn % 4 == 3:
                    await transaction.rollback()
                else:
                    await transaction.commit()
                    await connection.execute("UPDATE mentions SET likes = 1 WHERE id = $1", mention)

    async with receiving(Receiver(failing(0.3))) as receiver:
        made = await add(hooks, user, receiver.url, "mention.created", "mention.updated")
        async with hooks.pump(Dispatcher(FED)), hooks.pump(Dispatcher(FED)):
            await asyncio.gather(*map(write, range(4)))
            count = await hooks.pool.fetchval("SELECT count(*) FROM mentions")
            await until(hooks, 2 * count, seconds=60)
    assert count == 4 * 19
    accepted = [(each.payload["data"]["id"], each.payload["type"]) for each in receiver.accepted]
    assert len(accepted) == len(set(accepted)) == 2 * count
    assert made.shown is not None
    for one in {id_ for id_, _ in accepted}:
        assert [kind for id_, kind in accepted if id_ == one] == ["mention.created", "mention.updated"]
    for each in receiver.accepted:
        each.verify(made.shown)
    assert len(await hooks.deliveries()) == 2 * count


async def test_an_idle_pump_sends_few_statements(hooks: Hooks) -> None:
    """Without an active webhook, changes of rows do not wake the pump."""
    calls = 0
    dispatch = Dispatcher(FED)

    async def counted(pool: Any) -> bool | None:
        nonlocal calls
        calls += 1
        return await dispatch(pool)

    user = await rows.add_user(hooks.pool)
    async with hooks.pump(counted) as pump:
        await _idle(pump)
        before = calls
        for number in range(20):
            await rows.add_keyword(hooks.pool, user, f"word {number}")
        await asyncio.sleep(0.3)
        assert calls == before


async def _idle(pump: Pump) -> None:
    async with asyncio.timeout(10):
        while not pump._is_idle:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)


async def test_the_position_of_a_webhook_passes_events_that_it_does_not_want(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    async with receiving() as receiver:
        await add(hooks, user, receiver.url, "lead.created")
        for number in range(5):
            await rows.add_keyword(hooks.pool, user, f"word {number}")
        async with hooks.pump(Dispatcher(FED, events=2)), asyncio.timeout(10):
            last = await hooks.pool.fetchval("SELECT max(id) FROM changes")
            while await hooks.pool.fetchval("SELECT change_id FROM webhooks") < last:
                await asyncio.sleep(0.02)
    assert receiver.requests == []


async def test_many_changes_of_one_user_do_not_hold_up_those_of_others(hooks: Hooks) -> None:
    bad, good = await rows.add_user(hooks.pool), await rows.add_user(hooks.pool, "ben@example.com")
    keywords = [await rows.add_keyword(hooks.pool, each) for each in (bad, good)]
    for _ in range(3):
        await add(hooks, bad, "http://127.0.0.1:1/", "mention.created")
    other = await add(hooks, good, "http://127.0.0.1:1/", "mention.created")
    await hooks.pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "SELECT $1, $2, 'web', n::text, 'https://example.com', 'text' FROM generate_series(1, 500) AS n",
        bad,
        keywords[0],
    )
    await rows.add_mention(hooks.pool, keywords[1])
    dispatch = Dispatcher(FED, events=10)
    for _ in range(4):
        assert await dispatch(hooks.pool)
    sql = "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = $1"
    assert await hooks.pool.fetchval(sql, other.webhook.id) == 1
