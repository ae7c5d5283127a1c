"""One run: writers, pumps that are killed, a receiver that fails, and the comparison with the feed."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.webhooks import pump
from bench.webhooks.verifier import SCRIPT, prepared_node
from db.embedded import EmbeddedPostgres
from db.embedded.cluster import postmaster_of
from db.engine import migrations
from db.engine.outage import is_unavailable
from db.engine.pool import Pool, open_pool
from db.engine.writer import Writer, in_transaction
from db.language.scope import Scope
from db.models import UserRole, Webhook, WebhookSignature
from db.statements import write_rows
from services.accounts.api_key import READ_SCOPES
from services.accounts.vault import Vault, new_key
from services.accounts.viewer import Viewer
from services.changes import feed
from services.changes.feed import ChangeFilter, Event
from services.rules.user_locks import hold_viewer
from services.webhooks import keys
from services.webhooks.dispatch import event_type, message_id
from services.webhooks.start import start_now

ROOT: Final = Path(__file__).resolve().parents[2]
EVENT_TYPES: Final = ("mention.created", "mention.updated")
UPDATES: Final = 4
"""Updates of each mention."""
BATCH: Final = 50
LINE_BYTES: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run. Without `kill_every_seconds`, nothing is killed."""

    deliveries: int
    webhooks: int = 4
    pumps: int = 2
    failing: float = 0.3
    kill_every_seconds: float = 0
    most_kills: int = 1_000_000
    seed: int = 1
    seconds: float = 1800

    @property
    def mentions(self) -> int:
        return -(-self.deliveries // (self.webhooks * (1 + UPDATES)))


@dataclass(slots=True)
class Result:
    """The findings of a run. All of `faults` are 0 in a correct one."""

    deliveries: int = 0
    seconds: float = 0
    faults: dict[str, int] = field(default_factory=dict)
    receiver: dict[str, Any] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def is_correct(self) -> bool:
        return not any(self.faults.values())


async def run(plan: Plan, home: Path) -> Result:
    """Deliver the messages of all changes, and return the comparison with the feed."""
    node = await asyncio.to_thread(prepared_node)
    postgres = EmbeddedPostgres(home / "postgres", settings={"fsync": "off"})
    with postgres.running():
        return await Run(plan, home, postgres, node).result()


class Run:
    """A run on its own database."""

    def __init__(self, plan: Plan, home: Path, postgres: EmbeddedPostgres, node: Path) -> None:
        self._plan, self._home, self._postgres, self._node = plan, home, postgres, node
        self._url, self._key = postgres.url("postgres"), new_key()
        self._chance = random.Random(plan.seed)  # noqa: S311 - repeats a run
        self._pumps: list[asyncio.subprocess.Process] = []
        self._kills: Counter[str] = Counter()
        self._is_over = asyncio.Event()

    async def result(self) -> Result:
        await migrations.upgrade(self._url)
        async with await open_pool(self._url, size=4) as pool:
            user_id: int = await pool.fetchval(
                "INSERT INTO users (email) VALUES ('a@a.example') RETURNING id"
            )
            made = [await self._webhook(pool, user_id, number) for number in range(self._plan.webhooks)]
            given = [each for _, each in made]
            async with self._receiver(given) as receiver:
                url = f"http://127.0.0.1:{receiver.port}/"
                await pool.execute("UPDATE webhooks SET url = $1 || (id - $2)::text", url, made[0][0].id)
                began = time.monotonic()
                async with self._pumping():
                    await self._deliver(pool, user_id)
                seconds = time.monotonic() - began
                report = await receiver.end()
            return await self._compared(pool, [each for each, _ in made], report, seconds)

    async def _webhook(self, pool: Pool, user_id: int, number: int) -> tuple[Webhook, dict[str, Any]]:
        """Add a webhook with a secret. Every other one has a key of the version V1A beside it."""
        vault = Vault([self._key])
        scope = Scope(user_id)
        secret, _ = keys.fresh_key(WebhookSignature.V1)
        private, public = keys.fresh_key(WebhookSignature.V1A) if number % 2 else (None, None)

        async def work(writer: Writer) -> Webhook:
            await hold_viewer(writer, Viewer(user_id, UserRole.MEMBER))
            start = await start_now(writer, scope)
            row = {
                "user_id": user_id, "everybody": False, "url": "http://127.0.0.1/", "public_key": public,
                "event_types": list(EVENT_TYPES), "scopes": sorted(READ_SCOPES),
                "position": start.position, "change_id": start.change_id,
            }  # fmt: skip
            webhook = await write_rows.insert_one(writer, Webhook, row)
            for each in (secret, private):
                if each is not None:
                    await keys.add_key(writer, vault, webhook, each)
            return webhook

        webhook = await in_transaction(pool, work)
        return webhook, {"secret": secret.reveal(), "public_key": public}

    @asynccontextmanager
    async def _receiver(self, given: Sequence[dict[str, Any]]) -> AsyncIterator["_Receiver"]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.webhooks.receiver"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        node = [str(self._node), str(SCRIPT)]
        made = _Receiver(process)
        try:
            await made.begin(
                {"keys": given, "failing": self._plan.failing, "seed": self._plan.seed, "node": node}
            )
            yield made
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def _pumping(self) -> AsyncIterator[None]:
        for _ in range(self._plan.pumps):
            self._pumps.append(await self._pump())
        killing = asyncio.create_task(self._kill())
        try:
            yield
        finally:
            self._is_over.set()
            await killing
            for process in self._pumps:
                if process.returncode is None:
                    process.terminate()
                await process.wait()

    async def _pump(self) -> asyncio.subprocess.Process:
        with (self._home / "pumps.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.webhooks.pump"),
                cwd=ROOT,
                env={**os.environ, pump.DATABASE: self._url, pump.KEY: self._key},
                stdout=log,
                stderr=log,
            )

    async def _kill(self) -> None:
        """Kill a pump or PostgreSQL from time to time, and start it again."""
        seconds = self._plan.kill_every_seconds
        while seconds and self._kills.total() < self._plan.most_kills:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds * self._chance.uniform(0.5, 1.5)):
                    await self._is_over.wait()
            if self._is_over.is_set():
                return
            await self._kill_one()

    async def _kill_one(self) -> None:
        if self._kills.total() % 2:
            running = postmaster_of(self._home / "postgres" / "data")
            if running is not None:
                os.kill(running.pid, signal.SIGKILL)
                self._kills["PostgreSQL"] += 1
            await asyncio.to_thread(self._postgres.start)
            return
        place = self._chance.randrange(len(self._pumps))
        self._pumps[place].kill()
        await self._pumps[place].wait()
        self._kills["pump"] += 1
        self._pumps[place] = await self._pump()

    async def _deliver(self, pool: Pool, user_id: int) -> None:
        """Write the changes, and wait until all deliveries have ended and the planned kills have happened."""
        keyword: int = await self._sure(
            pool, "INSERT INTO keywords (user_id, keyword) VALUES ($1, 'words') RETURNING id", user_id
        )
        mentions: list[int] = []
        while len(mentions) < self._plan.mentions:
            number = min(BATCH, self._plan.mentions - len(mentions))
            mentions += await self._written(pool, user_id, keyword, len(mentions), number)
        for round_ in range(UPDATES):
            for start in range(0, len(mentions), BATCH):
                some = mentions[start : start + BATCH]
                sql = "UPDATE mentions SET title = $2 WHERE id = ANY($1) AND title IS DISTINCT FROM $2"
                await self._sure(pool, sql, some, f"title {round_}")
        await self._settled(pool)

    async def _written(self, pool: Pool, user_id: int, keyword: int, first: int, number: int) -> list[int]:
        """Insert mentions, unless a killed PostgreSQL has inserted them before it could say so. Return their IDs."""
        sql = (
            "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
            "SELECT $1, $2, 'web', n::text, 'https://example.com', 'text' "
            "FROM generate_series($3::int, $4::int) AS n ON CONFLICT DO NOTHING"
        )
        last = first + number - 1
        await self._sure(pool, sql, user_id, keyword, first, last)
        found = "SELECT array_agg(id) FROM mentions WHERE external_id::int BETWEEN $1 AND $2"
        ids: list[int] = await self._sure(pool, found, first, last)
        return ids

    async def _settled(self, pool: Pool) -> None:
        ended = "SELECT count(*) FROM webhook_deliveries WHERE status <> 'pending'"
        total = self._plan.mentions * (1 + UPDATES) * self._plan.webhooks
        async with asyncio.timeout(self._plan.seconds):
            while await self._sure(pool, ended) < total or not self._has_killed_enough:  # noqa: ASYNC110 - the database is asked
                await asyncio.sleep(0.2)

    @property
    def _has_killed_enough(self) -> bool:
        """Whether each planned kind of process was killed."""
        return not self._plan.kill_every_seconds or {"pump", "PostgreSQL"} <= self._kills.keys()

    async def _sure(self, pool: Pool, sql: str, *values: Any) -> Any:
        """Return the value of a statement, which is repeated while the database is unavailable."""
        while True:
            try:
                return await pool.fetchval(sql, *values)
            except Exception as failure:
                if not is_unavailable(failure):
                    raise
                await asyncio.sleep(0.1)

    async def _compared(
        self, pool: Pool, webhooks: Sequence[Webhook], report: dict[str, Any], seconds: float
    ) -> Result:
        """Compare the handled messages of each webhook and mention with the events of the feed."""
        faults: Counter[str] = Counter()
        total = 0
        for webhook, handled in zip(webhooks, report.pop("handled"), strict=True):
            events = await _events(pool, webhook)
            total += len(events)
            row_of = {message_id(webhook.id, each): each.row_id for each in events}
            expected, found = defaultdict(list), defaultdict(list)
            for each in events:
                expected[each.row_id].append(message_id(webhook.id, each))
            for given in handled:
                found[row_of.get(given, 0)].append(given)
            faults["lost"] += len(row_of.keys() - set(handled))
            faults["unknown"] += len(set(handled) - row_of.keys())
            faults["out of order"] += sum(found[row] != ids for row, ids in expected.items())
        wanted = self._plan.mentions * (1 + UPDATES) * self._plan.webhooks
        faults["missing events"] = wanted - total
        faults["changed bytes"] = report["changed_bodies"]
        faults["wrong signatures (PyPI)"] = report["wrong_signatures"]
        faults["wrong signatures (npm)"] = report["npm"]["wrong"]
        faults["unverified"] = 2 * report["attempts"] - report["verified_v1"] - report["npm"]["v1"]
        faults["given up"] = await self._sure(
            pool, "SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'"
        )
        return Result(total, seconds, dict(faults), report, self._kills)


class _Receiver:
    """The process of the receiver."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0

    async def begin(self, plan: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - the pipe is asked for
        self._process.stdin.write(json.dumps(plan).encode() + b"\n")
        self.port = (await self._answer())["port"]

    async def end(self) -> dict[str, Any]:
        """End the receiver and return its report."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        self._process.stdin.close()
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - as above
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer


async def _events(pool: Pool, webhook: Webhook) -> list[Event]:
    """Return all events of the webhook in the feed, in their order."""
    found: list[Event] = []
    position, has_more = None, True
    while has_more:

        async def work(writer: Writer) -> feed.Page:
            wanted = ChangeFilter(entities=["Mention"])
            return await feed.page(writer, Scope(webhook.user_id), position, limit=1000, wanted=wanted)  # noqa: B023 - run at once

        page = await in_transaction(pool, work)
        found += [each for each in page.events if event_type(each) in EVENT_TYPES]
        position, has_more = page.after, page.has_more
    return found
