"""A soak: writers, consumers and a killer at the same time, and the verdicts."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import httpx

from bench.feed_soak import judge, ledger
from bench.feed_soak.consumers import (
    INTEGRATIONS,
    LEADS,
    MENTIONS,
    Consumer,
    Poller,
    SocketConsumer,
    StreamConsumer,
    Subscriber,
)
from bench.feed_soak.judge import Verdict
from bench.feed_soak.ledger import History, Row
from bench.feed_soak.place import Place
from bench.feed_soak.receiver import Receiver, receiving
from bench.feed_soak.writers import SqlWriter
from bench.soak.client import Client, Tally, WrongAnswerError
from bench.soak.model import Model
from bench.soak.place import people
from bench.soak.writer import Person, Writer
from db.engine.pool import Connection, Pool, open_pool
from services.accounts import api_key
from services.accounts.api_keys import issue_key

SQL_USERS, SQL_WRITERS, HTTP_WRITERS = 5, 5, 3
SETTLE_SECONDS: Final = 240
"""The time for consumers to get everything after the last write."""
CREATE_WEBHOOK: Final = """mutation($url: String!, $types: [WebhookEventType!]!) {
    createWebhook(input: { url: $url, eventTypes: $types }) { webhook { id } userErrors { message } }
}"""
MARK: Final = {
    "Keyword": "INSERT INTO keywords (user_id, keyword) VALUES ($1, 'the end') RETURNING id",
    "Integration": "INSERT INTO integrations (user_id, provider, kind, name, external_account_id) "
    "VALUES ($1, 'rss', 'source', 'the end', 'the end') RETURNING id",
    "Mention": "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) SELECT $1, id, 'web', "
    "'the end', 'https://posts.example', 'the end' FROM keywords WHERE user_id = $1 AND keyword = 'the end' RETURNING id",
    "Lead": "INSERT INTO leads (mention_id) SELECT id FROM mentions WHERE user_id = $1 AND external_id = 'the end' "
    "RETURNING id",
}
"""The last changes of a user, one of each entity."""
PENDING: Final = "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'"
HURRY: Final = """
UPDATE webhook_deliveries SET due_at = LEAST(due_at, now()), leased_until = LEAST(leased_until, now())
WHERE status = 'pending' AND due_at IS NOT NULL AND (leased_until IS NULL OR leased_until < now() + interval '55 s')
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of a soak."""

    seed: int
    changes: int
    seconds: float
    batch: int
    kill_every_seconds: float


@dataclass(slots=True)
class Report:
    """The results of a soak."""

    plan: Plan
    changes: int = 0
    seconds: float = 0
    settled_seconds: float = 0
    commits: int = 0
    rollbacks: int = 0
    failures: int = 0
    requests: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.wrong and all(each.is_right for each in self.verdicts)

    def text(self) -> str:
        kills = ", ".join(f"{name} {number}" for name, number in sorted(self.kills.items()))
        lines = [
            f"{self.changes:,} committed changes in {self.seconds:.0f} s, all told {self.settled_seconds:.0f} s later",
            f"SQL: {self.commits:,} commits, {self.rollbacks:,} rollbacks, {self.failures:,} failed transactions",
            f"HTTP: {self.requests:,} calls",
            f"Kills: {sum(self.kills.values())} ({kills})",
            ", ".join(f"{name} {number:,}" for name, number in self.notes.items()),
            "| consumer | got | lost | doubled | out of order | uncommitted | stale | interruptions |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {each.consumer} | {each.got:,} | {each.lost:,} | {each.doubled:,} | {each.out_of_order:,} | "
            f"{each.uncommitted:,} | {each.stale:,} | {each.interruptions:,} |"
            for each in self.verdicts
        ]
        lines += [f"WRONG: {example}" for each in self.verdicts for example in each.examples]
        lines += [f"WRONG: {sentence}" for sentence in self.wrong] or ["Nothing else is wrong."]
        return "\n".join(lines)


def run(place: Place, plan: Plan) -> Report:
    return asyncio.run(_Soak(place, plan).run())


class _Soak:
    """One soak on a place."""

    def __init__(self, place: Place, plan: Plan) -> None:
        self._place, self._plan = place, plan
        self._report = Report(plan)
        self._model, self._tally = Model(), Tally()
        self._sql_users: list[int] = []
        self._keys: dict[str, str] = {}
        self._members: list[Person] = []
        self._operators: list[Person] = []
        self._consumers: list[Consumer] = []
        self._receivers: list[Receiver] = []
        self._owners: dict[str, int | None] = {}
        self._done = False

    def _random(self, *names: object) -> random.Random:
        return random.Random(f"{self._plan.seed} {names}")  # noqa: S311 - to be repeated

    async def run(self) -> Report:
        await self._prepare()
        async with AsyncExitStack() as stack:
            await self._begin(stack)
            began = time.monotonic()
            await self._write()
            self._report.seconds = time.monotonic() - began
            await self._settle()
            self._report.settled_seconds = time.monotonic() - began - self._report.seconds
        await self._judge()
        return self._report

    async def _prepare(self) -> None:
        everybody = await people(self._place.url)
        self._members = [each for each in everybody if not each.is_operator]
        self._operators = [each for each in everybody if each.is_operator]
        connection = await asyncpg.connect(self._place.url)
        try:
            for number in range(SQL_USERS):
                email = f"bulk{number}@soak.example"
                insert = "INSERT INTO users (email) VALUES ($1) RETURNING id"
                self._sql_users.append(await connection.fetchval(insert, email))
            self._keys = {
                name: await self._bulk_key(connection, name)
                for name in ("bulk0@soak.example", "member0@soak.example", "operator1@soak.example")
            }
            await ledger.keep(connection)
        finally:
            await connection.close()

    async def _bulk_key(self, connection: Connection, email: str) -> str:
        user_id = await connection.fetchval("SELECT id FROM users WHERE email = $1", email)
        return await issue_key(connection, user_id, "soak", [*sorted(api_key.ALL_SCOPES), "bulk:read"])

    async def _begin(self, stack: AsyncExitStack) -> None:
        """Start the consumers and receivers."""
        bulk, member, operator = self._keys.values()
        all_, some, own = None, self._sql_users[0], await self._user_id(self._members[0].name)
        self._subscribe(Poller, "changes, operator", operator, all_)
        self._subscribe(Poller, "changes, member by SQL", bulk, some)
        self._subscribe(Poller, "changes, member by HTTP", member, own)
        self._subscribe(SocketConsumer, "WebSocket leadChanged, operator", operator, all_, LEADS)
        self._subscribe(SocketConsumer, "WebSocket mentionAdded, member by SQL", bulk, some, MENTIONS)
        self._subscribe(
            SocketConsumer, "WebSocket integrationChanged, operator", operator, all_, INTEGRATIONS
        )
        self._subscribe(StreamConsumer, "SSE leadChanged, member by SQL", bulk, some, LEADS)
        self._subscribe(StreamConsumer, "SSE leadChanged, member by HTTP", member, own, LEADS)
        self._subscribe(StreamConsumer, "SSE mentionAdded, operator", operator, all_, MENTIONS)
        await self._receive(
            stack, "webhook keyword, integration, operator", operator, all_, "KEYWORD", "INTEGRATION"
        )
        await self._receive(stack, "webhook lead, keyword, member by HTTP", member, own, "LEAD", "KEYWORD")
        await self._receive(stack, "webhook lead, keyword, member by SQL", bulk, some, "LEAD", "KEYWORD")
        for consumer in self._consumers:
            await consumer.start()
            await stack.enter_async_context(_running(consumer))

    def _subscribe(
        self, kind: type[Consumer], name: str, key: str, owner: int | None, document: str | None = None
    ) -> None:
        arguments = (name, key, self._place.origins, self._random(name))
        self._consumers.append(
            kind(*arguments) if document is None else kind(*arguments, document)  # type: ignore[call-arg]
        )
        self._owners[name] = owner

    async def _receive(
        self, stack: AsyncExitStack, name: str, key: str, owner: int | None, *entities: str
    ) -> None:
        receiver = await stack.enter_async_context(receiving(Receiver(name, self._random(name))))
        types = [f"{entity}_{kind}" for entity in entities for kind in ("CREATED", "UPDATED", "DELETED")]
        body = {"query": CREATE_WEBHOOK, "variables": {"url": receiver.url, "types": types}}
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30) as client:
            answer = (await client.post(f"{self._place.origins[0]}/graphql", json=body)).json()
        if answer.get("errors") or answer["data"]["createWebhook"]["userErrors"]:
            raise WrongAnswerError(str(answer))
        self._receivers.append(receiver)
        self._owners[name] = owner

    async def _user_id(self, name: str) -> int:
        connection = await asyncpg.connect(self._place.url)
        try:
            found: int = await connection.fetchval("SELECT id FROM users WHERE name = $1", name)
        finally:
            await connection.close()
        return found

    async def _write(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._kill())
            for number in range(SQL_WRITERS):
                group.create_task(self._write_sql(number))
            for number in range(HTTP_WRITERS):
                group.create_task(self._write_http(number))

    def _goes_on(self) -> bool:
        return not self._done

    async def _watch(self) -> None:
        """End the writing after enough changes, or at the end of the time."""
        ends_at = time.monotonic() + self._plan.seconds
        while not self._done:
            await asyncio.sleep(0.5)
            found = await self._written()
            enough = found >= self._plan.changes and self._place.kills.total() > 0
            self._done = enough or time.monotonic() > ends_at or any(each.wrong for each in self._consumers)

    async def _written(self) -> int:
        try:
            connection = await asyncpg.connect(self._place.url, timeout=5)
            try:
                found: int = await connection.fetchval("SELECT count(*) FROM soak_ledger", timeout=10)
            finally:
                await connection.close(timeout=2)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return 0
        return found

    async def _kill(self) -> None:
        choose = self._random("killer")
        while not self._done:
            await asyncio.sleep(self._plan.kill_every_seconds * choose.uniform(0.5, 1.5))
            if not self._done:
                await asyncio.to_thread(self._place.kill, choose)

    async def _write_sql(self, number: int) -> None:
        writer = SqlWriter(self._place.url, self._sql_users, self._random("sql", number), self._plan.batch)
        await writer.run(self._goes_on)
        await writer.close()
        self._report.commits += writer.commits
        self._report.rollbacks += writer.rollbacks
        self._report.failures += writer.failures

    async def _write_http(self, number: int) -> None:
        person = [*self._members[:2], self._operators[0]][number]
        origin = self._place.origins[number % len(self._place.origins)]
        client = Client(origin, person.key, self._random("http", number), self._tally)
        writer = Writer(f"http-{number}", client, self._model, person, self._members)
        while self._goes_on() and not self._model.wrong:
            try:
                await writer.operate()
            except WrongAnswerError as wrong:
                self._model.say(str(wrong))
        await client.close()

    async def _settle(self) -> None:
        """Write the last changes, and wait until each consumer gets its own."""
        pool = await open_pool(self._place.url, size=1)
        try:
            users = [*self._sql_users[1:], self._sql_users[0], await self._user_id(self._members[0].name)]
            marks: dict[int, set[Row]] = {}
            for user in users:
                marks[user] = {(entity, await pool.fetchval(insert, user)) for entity, insert in MARK.items()}
            everything = set().union(*marks.values())
            ends_at = time.monotonic() + SETTLE_SECONDS
            is_settled = False
            while time.monotonic() < ends_at and not is_settled:
                await asyncio.sleep(0.5)
                is_settled = await self._is_settled(pool, everything, marks)
        finally:
            await pool.close()

    async def _is_settled(self, pool: Pool, everything: set[Row], marks: dict[int, set[Row]]) -> bool:
        """Return whether all consumers know their last changes, and no delivery is pending."""
        if any(each.wrong for each in self._consumers):
            return True
        await pool.execute(HURRY)
        everyone: list[Consumer | Receiver] = [*self._consumers, *self._receivers]
        for each in everyone:
            owner = self._owners[each.name]
            expected = everything if owner is None else marks[owner]
            if not {row for row in expected if row[0] in _entities(each.name)} <= each.history.keys():
                return False
        return not await pool.fetchval(PENDING)

    async def _judge(self) -> None:
        pool = await open_pool(self._place.url, size=1, statement_timeout_seconds=600)
        try:
            history, owners = await ledger.history(pool)
            companies = await pool.fetch("SELECT id, company FROM leads")
            names = await pool.fetch("SELECT id, name FROM integrations")
        finally:
            await pool.close()
        final: dict[Row, object] = {("Lead", row["id"]): row["company"] for row in companies}
        final |= {("Integration", row["id"]): row["name"] for row in names}
        report = self._report
        report.changes = sum(map(len, history.values()))
        report.requests = sum(self._tally.done.values())
        report.kills = dict(self._place.kills)
        report.wrong = [*self._model.wrong, *(each.wrong for each in self._consumers if each.wrong)]
        report.notes = {
            "slow clients cut off": sum(each.overflows for each in self._consumers),
            "refused messages": sum(each.failed for each in self._receivers),
            "repeated messages": sum(each.repeated for each in self._receivers),
        }
        for consumer in self._consumers:
            expected = self._expected(consumer.name, history, owners)
            report.verdicts.append(_verdict(consumer, expected, final))
        for receiver in self._receivers:
            verdict = Verdict(receiver.name)
            judge.exact(verdict, receiver.history, self._expected(receiver.name, history, owners))
            report.verdicts.append(verdict)

    def _expected(self, name: str, history: History, owners: dict[Row, int]) -> History:
        owner, entities = self._owners[name], _entities(name)
        return {
            row: kinds
            for row, kinds in history.items()
            if row[0] in entities and (owner is None or owners[row] == owner)
        }


def _entities(name: str) -> Sequence[str]:
    """Return the entities of a consumer by its name."""
    found = [each for each in ("Keyword", "Mention", "Lead", "Integration") if each.lower() in name]
    return found or ["Keyword", "Mention", "Lead", "Integration"]


def _verdict(consumer: Consumer, expected: History, final: dict[Row, object]) -> Verdict:
    verdict = Verdict(consumer.name, interruptions=consumer.interruptions)
    if not isinstance(consumer, Subscriber):
        judge.exact(verdict, consumer.history, expected)
    elif "mentionAdded" in consumer.name:
        judge.created(verdict, consumer.history, expected)
    else:
        judge.merged(verdict, consumer.history, expected)
        judge.content(verdict, consumer.content, {row: final[row] for row in expected.keys() & final.keys()})
    return verdict


@asynccontextmanager
async def _running(consumer: Consumer) -> AsyncIterator[None]:
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
