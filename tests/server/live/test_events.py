"""The events of subscriptions: who is told of what, and what is told after a reconnection."""

import asyncio
import random
from dataclasses import replace

import pytest

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from server.live.limits import LiveLimits
from tests.server.live.conftest import LIMITS
from tests.support.listening import ListeningServer
from tests.support.live_client import Socket, event_stream, socket
from tests.support.world import World

MENTIONS = """subscription ($f: MentionFilter, $a: String) {
    mentionAdded(filter: $f, after: $a) { mentions { externalId user { email } } cursor } }"""
LEADS = """subscription ($f: LeadFilter, $a: String) {
    leadChanged(filter: $f, after: $a) { changes { kind leadId lead { status mention { externalId } } } cursor } }"""


async def add_mentions(world: World, name: str, ids: list[str], keyword_id: int) -> None:
    """Add mentions in one statement."""
    await world.pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "SELECT $1, $2, 'web', id, 'https://example.com', 'text' FROM unnest($3::text[]) AS id",
        world.users[name],
        keyword_id,
        ids,
    )


async def keyword_of(world: World, name: str) -> int:
    (row,) = await world.rows("keywords", name)
    found: int = row["id"]
    return found


async def told(made: Socket, id_: str) -> list[tuple[str, str]]:
    event = (await made.data(id_))["mentionAdded"]
    return [(each["externalId"], each["user"]["email"]) for each in event["mentions"]]


async def test_the_rows_of_one_transaction_are_one_event_up_to_a_hundred(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    ids = [f"{number:03}" for number in range(150)]
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.nothing()
        await add_mentions(world, "ann", ids, keyword_id)
        assert [name for name, _ in await told(ann, "m")] == ids[:100]
        assert [name for name, _ in await told(ann, "m")] == ids[100:]
        await ann.nothing()


async def test_an_operator_is_told_of_all_users_and_a_member_of_own_rows(world: World, origin: str) -> None:
    async with (
        socket(origin, world.keys["olga"]) as olga,
        socket(origin, world.keys["ann"]) as ann,
    ):
        await olga.subscribe("m", MENTIONS)
        await ann.subscribe("m", MENTIONS)
        await ann.nothing()
        await world.add_mention(await keyword_of(world, "ben"), external_id="of ben")
        assert await told(olga, "m") == [("of ben", "ben@example.com")]
        await world.add_mention(await keyword_of(world, "ann"), external_id="of ann")
        assert await told(olga, "m") == [("of ann", "ann@example.com")]
        assert await told(ann, "m") == [("of ann", "ann@example.com")]


async def test_a_cursor_of_another_user_is_refused(world: World, origin: str) -> None:
    async with (
        socket(origin, world.keys["ann"]) as ann,
        socket(origin, world.keys["ben"]) as ben,
        socket(origin, world.keys["olga"]) as olga,
    ):
        await ann.subscribe("m", MENTIONS)
        await ann.nothing()
        await world.add_mention(await keyword_of(world, "ann"), external_id="secret")
        cursor = (await ann.data("m"))["mentionAdded"]["cursor"]
        for other in (ben, olga):
            await other.subscribe("m", MENTIONS, a=cursor)
            error = await other.next()
            assert (error["type"], error["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")


async def test_a_renewed_feed_expires_all_cursors(world: World, origin: str) -> None:
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.nothing()
        await world.add_mention(await keyword_of(world, "ann"))
        cursor = (await ann.data("m"))["mentionAdded"]["cursor"]
        await world.pool.execute("UPDATE change_feed SET feed_id = '00000000'")
        await ann.subscribe("again", MENTIONS, a=cursor)
        error = await ann.next()
        assert (error["id"], error["payload"][0]["extensions"]["code"]) == ("again", "EXPIRED_CURSOR")


async def test_a_lead_is_told_until_it_leaves_the_filter_or_is_deleted(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    mention_id = await world.add_mention(keyword_id, external_id="one")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("l", LEADS, f={"status": {"eq": "NEW"}})
        await ann.nothing()
        lead_id = await world.add_lead(mention_id)
        lead = {"status": "NEW", "mention": {"externalId": "one"}}
        global_id = encode("Lead", lead_id)
        assert (await ann.data("l"))["leadChanged"]["changes"] == [
            {"kind": "CREATED", "leadId": global_id, "lead": lead}
        ]
        await world.change("leads", lead_id, status="contacted")
        assert (await ann.data("l"))["leadChanged"]["changes"] == [
            {"kind": "UPDATED", "leadId": global_id, "lead": None}
        ]
        await world.change("leads", lead_id, status="new")
        assert (await ann.data("l"))["leadChanged"]["changes"] == [
            {"kind": "UPDATED", "leadId": global_id, "lead": lead}
        ]
        await world.pool.execute("DELETE FROM mentions WHERE id = $1", mention_id)
        assert (await ann.data("l"))["leadChanged"]["changes"] == [
            {"kind": "DELETED", "leadId": global_id, "lead": None}
        ]


async def test_a_created_row_outside_of_the_filter_is_not_told(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS, f={"externalId": {"eq": "wanted"}})
        await ann.nothing()
        await add_mentions(world, "ann", ["other", "wanted"], keyword_id)
        await world.add_mention(keyword_id, external_id="third")
        assert await told(ann, "m") == [("wanted", "ann@example.com")]
        await ann.nothing()


async def test_exports_are_told_to_their_user_alone(world: World, origin: str) -> None:
    text = "subscription { exportChanged { changes { kind export { status } } } }"
    create = (
        "mutation { createExport(input: { list: { leads: {} } }) { export { id } userErrors { message } } }"
    )
    async with socket(origin, world.keys["ann"]) as ann, socket(origin, world.keys["olga"]) as olga:
        await ann.subscribe("e", text)
        await olga.subscribe("e", text)
        await olga.nothing()
        await ann.subscribe("c", create)
        messages = [await ann.next() for _ in range(3)]
        (event,) = [each["payload"]["data"] for each in messages if each["id"] == "e"]
        assert event["exportChanged"]["changes"] == [{"kind": "CREATED", "export": {"status": "QUEUED"}}]
        await olga.nothing()


async def test_figures_are_told_with_the_data_of_the_event(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    text = "subscription { figuresChanged { dashboard { conversionMetrics { totalLeads } } cursor } }"
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("f", text)
        await ann.nothing()
        for number in (1, 2):
            await world.add_lead(await world.add_mention(keyword_id))
            while True:  # the mention is told before its lead
                figures = (await ann.data("f"))["figuresChanged"]["dashboard"]["conversionMetrics"]
                if figures["totalLeads"] == number:
                    break


async def test_a_subscriber_who_reconnects_at_random_gets_each_row_once_in_order(
    world: World, origin: str
) -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    keyword_id = await keyword_of(world, "ann")
    sent: list[str] = []
    last = "last"

    async def write() -> None:
        for burst in range(40):
            ids = [f"{burst}-{number}" for number in range(dice.choice((1, 3, 30, 130)))]
            await add_mentions(world, "ann", ids, keyword_id)
            sent.extend(ids)
            if dice.random() < 0.3:
                await asyncio.sleep(0.02)
        sent.append(last)
        await add_mentions(world, "ann", [last], keyword_id)

    found: list[str] = []
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.nothing()
        writing = asyncio.create_task(write())
        event = (await ann.data("m"))["mentionAdded"]
        found += [each["externalId"] for each in event["mentions"]]
    while last not in found:
        async with (
            event_stream(origin, world.keys["ann"], MENTIONS, after=event["cursor"]) as stream,
            socket(origin, world.keys["ann"]) as ann,
        ):
            by_stream = dice.random() < 0.5
            if not by_stream:
                await ann.subscribe("m", MENTIONS, a=event["cursor"])
            for _ in range(dice.randint(1, 6)):
                if last in found:
                    break
                if by_stream:
                    event = (await stream.next())[2]["data"]["mentionAdded"]
                else:
                    event = (await ann.data("m"))["mentionAdded"]
                found += [each["externalId"] for each in event["mentions"]]
    await writing
    assert found == sent


@pytest.mark.parametrize("limits", [replace(LIMITS, buffered_events=400, ping_seconds=30)])
async def test_a_slow_client_is_told_where_to_resume(
    world: World, server: ListeningServer, limits: LiveLimits, pool: Pool
) -> None:
    keyword_id = await keyword_of(world, "ann")
    text = MENTIONS.replace("externalId user", "externalId content user")
    async with socket(server.origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", text)
        await ann.nothing()
        ann.connection.transport.pause_reading()
        sent: list[str] = []
        for burst in range(60):
            ids = [f"{burst}-{number}" for number in range(50)]
            sent += ids
            await pool.execute(
                "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
                "SELECT $1, $2, 'web', id, 'https://example.com', repeat('x', 5000) FROM unnest($3::text[]) AS id",
                world.users["ann"],
                keyword_id,
                ids,
            )
            await asyncio.sleep(0.02)
        ann.connection.transport.resume_reading()
        found: list[str] = []
        while (message := await ann.next())["type"] == "next":
            event = message["payload"]["data"]["mentionAdded"]
            found += [each["externalId"] for each in event["mentions"]]
        extensions = message["payload"][0]["extensions"]
        assert (message["type"], extensions["code"]) == ("error", "TOO_SLOW")
        assert extensions["cursor"] == event["cursor"]
        await ann.subscribe("m", text, a=extensions["cursor"])
        while len(found) < len(sent):
            event = (await ann.data("m"))["mentionAdded"]
            found += [each["externalId"] for each in event["mentions"]]
        assert found == sent


async def test_a_stopping_server_closes_its_websockets_with_advice(
    world: World, server: ListeningServer
) -> None:
    async with socket(server.origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.nothing()
        server.should_exit = True
        code, reason = await ann.closed()
        assert code == 1012
        assert "resume" in reason


async def test_a_list_and_the_events_after_it_leave_no_gap(world: World, origin: str) -> None:
    keyword_id = await keyword_of(world, "ann")
    await add_mentions(world, "ann", ["before"], keyword_id)
    text = "{ mentions { nodes { externalId } pageInfo { changesAfter } } }"
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("list", text)
        found = (await ann.data("list"))["mentions"]
        assert found["nodes"] == [{"externalId": "before"}]
        assert await ann.next() == {"id": "list", "type": "complete"}
        await add_mentions(world, "ann", ["between"], keyword_id)
        await ann.subscribe("m", MENTIONS, a=found["pageInfo"]["changesAfter"])
        assert await told(ann, "m") == [("between", "ann@example.com")]
        await add_mentions(world, "ann", ["after"], keyword_id)
        assert await told(ann, "m") == [("after", "ann@example.com")]


async def test_a_variable_that_equals_the_cursor_keeps_its_value(world: World, origin: str) -> None:
    document = """subscription ($name: String, $a: String) {
        mentionAdded(filter: {externalId: {eq: $name}}, after: $a) { mentions { externalId } cursor } }"""
    keyword_id = await keyword_of(world, "ann")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", "subscription { mentionAdded { cursor } }")
        await ann.nothing()
        await world.add_mention(keyword_id, external_id="first")
        cursor = (await ann.data("m"))["mentionAdded"]["cursor"]
        await ann.send(type="complete", id="m")
        await world.add_mention(keyword_id, external_id=cursor)
        await ann.subscribe("n", document, name=cursor, a=cursor)
        event = (await ann.data("n"))["mentionAdded"]
        assert [each["externalId"] for each in event["mentions"]] == [cursor]


async def test_a_result_that_is_too_large_is_told_as_of_a_post(
    world: World, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.bounded_json.MOST_BYTES", 2_000)
    keyword_id = await keyword_of(world, "ann")
    async with socket(origin, world.keys["ann"]) as ann:
        await ann.subscribe("m", MENTIONS)
        await ann.subscribe("q", "query @live { mentions(first: 100) { nodes { externalId url content } } }")
        assert (await ann.data("q")) == {"mentions": {"nodes": []}}
        await ann.nothing()
        await add_mentions(world, "ann", [f"{number:04}" * 8 for number in range(60)], keyword_id)
        answers = [await ann.next() for _ in range(2)]
        for answer in answers:
            assert answer["type"] == "next"
            (error,) = answer["payload"]["errors"]
            assert error["extensions"]["code"] == "COST_LIMIT_EXCEEDED", error
        await add_mentions(world, "ann", ["small"], keyword_id)
        assert await told(ann, "m") == [("small", "ann@example.com")]
