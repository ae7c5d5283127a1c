"""The order in time of one user's rows is the order of commit, while many connections write them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from db.engine.pool import Connection, Pool
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

WRITERS = 6
TURNS = 6
STATUSES = ("CONTACTED", "QUALIFIED", "CONVERTED")

CHANGE = """
mutation($id: ID!, $status: LeadStatus!, $notes: String!) {
  changeLeadStatus(input: { id: $id, status: $status }) { lead { updatedAt statusChangedAt } userErrors { code } }
  updateLead(input: { id: $id, notes: $notes }) { lead { updatedAt } userErrors { code } }
}
"""
INGEST = """
mutation($items: [IngestMentionInput!]!) { ingestMentions(input: { items: $items }) { createdCount userErrors { code } } }
"""
TRIAGE = """
mutation($ids: [ID!]!) { triageMentions(input: { ids: $ids, read: true }) { userErrors { code } } }
"""
HISTORY = """
query($id: ID!) { lead(id: $id) {
  createdAt updatedAt statusChangedAt contactedAt qualifiedAt convertedAt
  events(first: 100, orderBy: OLDEST) { nodes { id type fromStatus toStatus createdAt } }
} }
"""
PAGE = """
query($after: String) { mentions(orderBy: OLDEST, first: 20, after: $after) {
  nodes { id createdAt } pageInfo { endCursor hasNextPage }
} }
"""


def moments(values: list[str]) -> list[datetime]:
    return [datetime.fromisoformat(value) for value in values]


class Members:
    """Writers of one member's lead and mentions, and readers that poll meanwhile."""

    def __init__(self, ask: Ask, keyword_id: str, lead_id: str) -> None:
        self._ask, self._keyword_id, self._lead_id = ask, keyword_id, lead_id
        self.writing = WRITERS
        self.seen: list[Any] = []
        self.updates: list[str] = []
        self._after: str | None = None

    def _items(self, name: str) -> list[dict[str, object]]:
        return [
            {
                "platform": "REDDIT",
                "externalId": f"{name} {place}",
                "url": "https://example.com",
                "content": "x",
                "keywordId": self._keyword_id,
            }
            for place in range(3)
        ]

    async def write(self, number: int) -> None:
        """Change the lead and ingest mentions in turn, as the member or as an operator."""
        viewer = ("ann", "olga")[number % 2]
        for turn in range(TURNS):
            status = STATUSES[(number + turn) % len(STATUSES)]
            notes = f"{number} {turn}"
            changed = await self._ask(CHANGE, viewer=viewer, id=self._lead_id, status=status, notes=notes)
            assert "errors" not in changed.body
            new = await self._ask(INGEST, items=self._items(notes))
            assert new.data["ingestMentions"] == {"createdCount": 3, "userErrors": []}
            if self.seen:
                triaged = await self._ask(TRIAGE, viewer=viewer, ids=[self.seen[-1]["id"]])
                assert triaged.data["triageMentions"]["userErrors"] == []
        self.writing -= 1

    async def read_new_mentions(self) -> bool:
        """Read a page of the mentions after the last one that was read. Return whether it was the last page."""
        page = (await self._ask(PAGE, after=self._after)).data["mentions"]
        self.seen += page["nodes"]
        self._after = page["pageInfo"]["endCursor"] or self._after
        return not page["pageInfo"]["hasNextPage"]

    async def poll_mentions(self) -> None:
        while self.writing:
            await self.read_new_mentions()
        while not await self.read_new_mentions():
            pass

    async def poll_lead(self) -> None:
        while self.writing:
            self.updates.append((await self._ask(HISTORY, id=self._lead_id)).data["lead"]["updatedAt"])


async def test_new_rows_of_a_member_come_last_while_many_connections_write(ask: Ask, world: World) -> None:
    lead = (await world.rows("leads", "ann"))[0]
    keyword = (await world.rows("keywords", "ann"))[0]
    id_ = encode("Lead", lead["id"])
    members = Members(ask, encode("Keyword", keyword["id"]), id_)
    await asyncio.gather(
        *(members.write(number) for number in range(WRITERS)), members.poll_mentions(), members.poll_lead()
    )

    # A poller reads each mention once, in the order of time.
    ids = [mention["id"] for mention in members.seen]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(encode("Mention", row["id"]) for row in await world.rows("mentions", "ann"))
    assert len(ids) == 12 + 3 * WRITERS * TURNS
    created = moments([mention["createdAt"] for mention in members.seen])
    assert created == sorted(created)

    # The lead never goes back, and its history has no broken link.
    updates = moments(members.updates)
    assert len(updates) > 2
    assert updates == sorted(updates)
    shown = (await ask(HISTORY, id=id_)).data["lead"]
    events = shown["events"]["nodes"]
    changes = [event for event in events if event["type"] == "STATUS_CHANGED"]
    assert len(changes) >= 3
    assert changes[0]["fromStatus"] == lead["status"].upper()
    for earlier, later in pairwise(changes):
        assert later["fromStatus"] == earlier["toStatus"]
    times = moments([event["createdAt"] for event in events])
    assert times == sorted(set(times))
    assert shown["statusChangedAt"] == changes[-1]["createdAt"]
    assert shown["updatedAt"] == events[-1]["createdAt"]
    assert lead["converted_at"] is None
    first = next(event for event in changes if event["toStatus"] == "CONVERTED")
    assert shown["convertedAt"] == first["createdAt"]


async def test_the_rows_of_one_write_share_its_moment(ask: Ask, world: World) -> None:
    items = [
        {
            "platform": "REDDIT",
            "externalId": f"{n}",
            "url": "https://example.com",
            "content": "x",
            "keywordId": id_,
        }
        for n, id_ in enumerate([encode("Keyword", (await world.rows("keywords", "ann"))[0]["id"])] * 3)
    ]
    await ask(INGEST, items=items)
    (user,) = await world.rows("users", "ann")
    new = [row for row in await world.rows("mentions", "ann") if row["external_id"] in {"0", "1", "2"}]
    assert [(row["created_at"], row["updated_at"]) for row in new] == [(user["last_write_at"],) * 2] * 3

    create = "mutation($id: ID!) { createLead(input: { mentionId: $id }) { lead { id } } }"
    await ask(create, id=encode("Mention", new[0]["id"]))
    (user,) = await world.rows("users", "ann")
    lead = await world.row("leads", mention_id=new[0]["id"])
    event = await world.row("lead_events", lead_id=lead["id"])
    times = {lead[name] for name in ("created_at", "updated_at", "status_changed_at")} | {event["created_at"]}
    assert times == {user["last_write_at"]}


async def test_moments_go_on_when_the_clock_of_the_database_goes_back(ask: Ask, world: World) -> None:
    ahead = await world.pool.fetchval(
        "UPDATE users SET last_write_at = clock_timestamp() + interval '1 hour' WHERE id = $1 RETURNING last_write_at",
        world.users["ann"],
    )
    document = (
        "mutation($word: String!) { createKeyword(input: { keyword: $word }) { keyword { createdAt } } }"
    )
    shown = [
        (await ask(document, word=word)).data["createKeyword"]["keyword"]["createdAt"]
        for word in ("a b", "b c")
    ]
    microseconds = [(moment - ahead).microseconds for moment in moments(shown)]
    assert microseconds == [1, 2]
    # As docs/guides/deployment.md states, an operator ends this after the clock has been corrected.
    await world.pool.execute("UPDATE users SET last_write_at = NULL WHERE last_write_at > clock_timestamp()")
    before = await world.pool.fetchval("SELECT clock_timestamp()")
    (corrected,) = moments([(await ask(document, word="c d")).data["createKeyword"]["keyword"]["createdAt"]])
    assert before < corrected < ahead - timedelta(minutes=50)


FOLLOW = """
query($after: String, $user: ID!) { user(id: $user) { mentions(orderBy: EARLIEST_UPDATE, first: 7, after: $after) {
  nodes { id externalId createdAt updatedAt readAt starredAt } pageInfo { endCursor hasNextPage }
} } }
"""
MARK = "mutation($ids: [ID!]!, $on: Boolean!) { triageMentions(input: { ids: $ids, starred: $on }) { userErrors { code } } }"


@dataclass
class Writing:
    """The number of writers that have not ended."""

    writers: int


class Follower:
    """A program that follows the mentions of one user: it knows its last cursor, and each row as last seen."""

    def __init__(self, ask: Ask, viewer: str, user_id: str) -> None:
        self._ask, self._viewer, self._user_id = ask, viewer, user_id
        self._after: str | None = None
        self.rows: dict[str, Any] = {}
        self.moments: list[datetime] = []

    async def read(self) -> bool:
        """Read the next page. Return whether it was the last one."""
        answer = await self._ask(FOLLOW, viewer=self._viewer, after=self._after, user=self._user_id)
        page = answer.data["user"]["mentions"]
        self.rows |= {node["id"]: node for node in page["nodes"]}
        self.moments += moments([node["updatedAt"] for node in page["nodes"]])
        self._after = page["pageInfo"]["endCursor"] or self._after
        return not page["pageInfo"]["hasNextPage"]

    async def follow(self, writing: Writing) -> None:
        while writing.writers:
            await self.read()
        while not await self.read():
            pass


async def write_mentions(ask: Ask, writing: Writing, number: int, keyword: str, member: str) -> None:
    """Ingest mentions as the member, and change marks of the newest ones as the member or as an operator."""
    newest = "query($user: ID!) { user(id: $user) { mentions(first: 5) { nodes { id } } } }"
    viewer = (member, "olga")[number % 2]
    user = (await ask("{ viewer { id } }", viewer=member)).data["viewer"]["id"]
    for turn in range(TURNS):
        items = [
            {
                "platform": "REDDIT",
                "externalId": f"{number} {turn} {place}",
                "url": "https://example.com",
                "content": "x",
                "keywordId": keyword,
            }
            for place in range(3)
        ]
        new = await ask(INGEST, viewer=member, items=items)
        assert new.data["ingestMentions"] == {"createdCount": 3, "userErrors": []}
        shown = (await ask(newest, viewer=viewer, user=user)).data["user"]["mentions"]["nodes"]
        ids = [mention["id"] for mention in shown]
        assert (await ask(MARK, viewer=viewer, ids=ids, on=turn % 2 == 0)).data["triageMentions"] == {
            "userErrors": []
        }
    writing.writers -= 1


async def open_transaction(connection: Connection, user_id: int, keyword_id: int, name: str) -> None:
    """Write a mention as ingest does: lock the user, take the moment, insert the row."""
    moment = await connection.fetchval(
        "UPDATE users SET last_write_at = greatest(clock_timestamp(), last_write_at + interval '1 microsecond') "
        "WHERE id = $1 RETURNING last_write_at",
        user_id,
    )
    await connection.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at, updated_at) "
        "VALUES ($1, $2, 'web', $3, 'https://example.com', 'x', $4, $4)",
        *(user_id, keyword_id, name, moment),
    )


async def stay_open(pool: Pool, writing: Writing, user_id: int, keyword_id: int) -> None:
    """Write in transactions that stay open, of which every second one is rolled back."""
    for turn in range(TURNS):
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await open_transaction(connection, user_id, keyword_id, f"open {turn}")
            await asyncio.sleep(0.03)
            await (transaction.commit() if turn % 2 else transaction.rollback())
    writing.writers -= 1


async def test_followers_of_updates_have_every_mention_as_it_is_while_many_write(
    ask: Ask, world: World
) -> None:
    """Two members, each followed by the member and by an operator, while both write and transactions stay open."""
    writing, writers, followers = Writing(0), [], dict[tuple[str, str], Follower]()
    for member in ("ann", "ben"):
        keyword = (await world.rows("keywords", member))[0]["id"]
        user_id = world.users[member]
        writers += [
            write_mentions(ask, writing, number, encode("Keyword", keyword), member) for number in range(3)
        ]
        writers.append(stay_open(world.pool, writing, user_id, keyword))
        for viewer in (member, "olga"):
            followers[viewer, member] = Follower(ask, viewer, encode("User", user_id))
    writing.writers = len(writers)
    await asyncio.gather(*writers, *(follower.follow(writing) for follower in followers.values()))

    for (_, member), follower in followers.items():
        stored = {encode("Mention", row["id"]): row for row in await world.rows("mentions", member)}
        assert follower.rows.keys() == stored.keys()
        assert len(stored) == 12 + 3 * 3 * TURNS + TURNS // 2
        for id_, node in follower.rows.items():
            row = stored[id_]
            for name, column in (("createdAt", "created_at"), ("updatedAt", "updated_at")):
                assert datetime.fromisoformat(node[name]) == row[column]
            assert (node["starredAt"] is None) == (row["starred_at"] is None)
            assert row["created_at"] <= row["updated_at"]
        assert follower.moments == sorted(follower.moments)
        assert len(follower.moments) > len(stored)  # changed rows came again


OLDEST_OF_ALL = """
query($after: String, $user: ID!) {
  all: mentions(orderBy: OLDEST, first: 100, after: $after) { nodes { externalId } pageInfo { endCursor } }
  user(id: $user) { mentions(orderBy: OLDEST, first: 100) { nodes { externalId } } }
}
"""


async def test_an_operators_list_of_all_users_can_gain_a_row_before_its_end(ask: Ask, world: World) -> None:
    """Ann's transaction has its moment and stays open while Ben's commits. The list of one user has no such gap."""
    (keyword, *_) = await world.rows("keywords", "ann")
    (of_ben, *_) = await world.rows("keywords", "ben")
    ann = encode("User", world.users["ann"])

    async def read(after: str | None) -> tuple[set[str], set[str], str | None]:
        """Return the external IDs of the next page of all mentions, those of all mentions of Ann, and the new cursor."""
        data = (await ask(OLDEST_OF_ALL, viewer="olga", after=after, user=ann)).data
        names = [
            {node["externalId"] for node in part["nodes"]} for part in (data["all"], data["user"]["mentions"])
        ]
        return names[0], names[1], data["all"]["pageInfo"]["endCursor"] or after

    async with world.pool.acquire() as connection, connection.transaction():
        await open_transaction(connection, world.users["ann"], keyword["id"], "open")
        item = {"platform": "WEB", "externalId": "ben", "url": "https://example.com", "content": "x"}
        await ask(INGEST, viewer="ben", items=[{**item, "keywordId": encode("Keyword", of_ben["id"])}])
        before, of_ann, after = await read(None)
        assert "ben" in before
        assert "open" not in before | of_ann
    later, of_ann, _ = await read(after)
    assert later == set()
    assert "open" in of_ann
