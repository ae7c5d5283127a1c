"""The parts of a soak on the same data, and the report."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.soak.client import Client, Tally, WrongAnswerError
from bench.soak.model import Model
from bench.soak.place import Place, people
from bench.soak.proof import prove
from bench.soak.reader import Reader
from bench.soak.writer import Person, Writer
from db.engine.pool import open_pool

PARTS = ("calm", "server", "postgres")
MOST_WRONG = 20
"""Number of contradictions after which the soak stops."""
OPERATORS_EVERY = 4
PROOF_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Plan:
    """The options of a soak. The same plan repeats the same load."""

    seed: int
    operations: int
    connections: int = 8
    readers: int = 3
    kill_every_seconds: float = 3
    parts: tuple[str, ...] = PARTS


@dataclass(frozen=True, slots=True)
class Part:
    """The results of a part."""

    name: str
    seconds: float
    tally: Tally
    kills: dict[str, int]
    exceptions: dict[str, int]
    audited: float
    """Counters checked by the server's own audit since its last start."""


@dataclass(slots=True)
class Report:
    plan: Plan
    parts: list[Part] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    """Number of rows per table at the end."""
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Number of acknowledged facts that the proof checked."""
    deadlocks: int = 0
    """Deadlocks that PostgreSQL resolved and the server retried."""
    wrong: list[str] = field(default_factory=list)

    def text(self) -> str:
        rows = ", ".join(f"{number:,} {table}" for table, number in self.rows.items())
        lines = [f"Seed {self.plan.seed}, {self.plan.connections} writers, {self.plan.readers} readers"]
        for part in self.parts:
            lines += _described(part)
        held = ", ".join(f"{number:,} {what}" for what, number in self.acknowledged.items())
        lines += [f"Acknowledged and checked: {held}", f"Rows at the end: {rows}"]
        lines += [f"Deadlocks resolved and retried: {self.deadlocks}"]
        lines += [f"WRONG: {sentence}" for sentence in self.wrong] or ["Nothing is wrong."]
        return "\n".join(lines)


def _described(part: Part) -> list[str]:
    tally = part.tally
    done = sum(tally.done.values())
    counts = {
        "operations": tally.done,
        "refused": tally.refused,
        "rows of ingests": tally.rows,
        "requests without a response": tally.lost,
        "killed": part.kills,
        "logged by the server": part.exceptions,
    }
    lines = [
        f"\n{part.name}: {done:,} operations in {part.seconds:.0f} s, {done / part.seconds:.0f} per second"
    ]
    for name, counted in counts.items():
        if counted:
            total = sum(counted.values())
            each = ", ".join(
                f"{what} {n:,}" for what, n in sorted(counted.items(), key=lambda pair: -pair[1])
            )
            lines.append(f"  {total:,} {name}: {each}")
    lines.append(f"  {tally.answers:,} responses to readers, {tally.figures:,} pairs of figures compared")
    lines.append(f"  {part.audited:,.0f} counters checked by the server's own audit")
    return lines


def run(place: Place, plan: Plan) -> Report:
    return asyncio.run(_run(place, plan))


async def _run(place: Place, plan: Plan) -> Report:
    report, model = Report(plan), Model()
    everybody = await people(place.url)
    for number, name in enumerate(plan.parts):
        operations = plan.operations * (number + 1) // len(plan.parts) - plan.operations * number // len(
            plan.parts
        )
        if not model.wrong:
            report.parts.append(await _Part(place, plan, model, everybody, name).run(operations))
    pool = await open_pool(place.url, size=1, statement_timeout_seconds=PROOF_SECONDS)
    try:
        report.wrong = [*model.wrong, *await prove(pool, model)]
        for table in ("keywords", "mentions", "leads", "lead_events", "integrations", "integration_logs"):
            report.rows[table] = await pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - from here
    finally:
        await pool.close()
    report.acknowledged = model.acknowledged()
    report.deadlocks = place.deadlocks()
    return report


class _Part:
    """One part: writers run a number of operations, with readers and the killer beside them."""

    def __init__(
        self, place: Place, plan: Plan, model: Model, everybody: Sequence[Person], name: str
    ) -> None:
        self._place = place
        self._plan = plan
        self._model = model
        self._members = [person for person in everybody if not person.is_operator]
        self._operators = [person for person in everybody if person.is_operator]
        self._name = name
        self._tally = Tally()
        self._done = asyncio.Event()
        self._operations = 0
        self._killed_before = self._place.kills.total()

    def _goes_on(self) -> bool:
        """Return whether operations are left, or the part still needs its first kill."""
        has_killed = self._name == "calm" or self._place.kills.total() > self._killed_before
        return self._tally.done.total() < self._operations or not has_killed

    async def run(self, operations: int) -> Part:
        self._operations = operations
        before, logged, began = Counter(self._place.kills), self._place.exceptions(), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(self._plan.readers):
                group.create_task(self._read(number))
            if self._name != "calm":
                group.create_task(self._kill())
            await asyncio.gather(*(self._write(number) for number in range(self._plan.connections)))
            self._done.set()
        seconds = time.monotonic() - began
        exceptions = self._place.exceptions() - logged
        self._judge(exceptions)
        kills = dict(self._place.kills - before)
        return Part(self._name, seconds, self._tally, kills, dict(exceptions), await self._audited())

    def _random(self, who: str, number: int) -> random.Random:
        return random.Random(f"{self._plan.seed} {self._name} {who} {number}")  # noqa: S311 - to be repeated

    def _client(self, person: Person, who: str, number: int) -> Client:
        return Client(self._place.origin, person.key, self._random(who, number), self._tally)

    async def _write(self, number: int) -> None:
        turn, is_operator = divmod(number, OPERATORS_EVERY)
        group = self._operators if is_operator == OPERATORS_EVERY - 1 else self._members
        person = group[(number if group is self._members else turn) % len(group)]
        client = self._client(person, "writer", number)
        name = f"{self._name}-{number}"
        writer = Writer(name, client, self._model, person, self._members)
        while self._goes_on() and len(self._model.wrong) < MOST_WRONG:
            await self._tried(writer.operate)
        await client.close()

    async def _read(self, number: int) -> None:
        person = self._operators[0] if number == 0 else self._members[(number - 1) % len(self._members)]
        client = self._client(person, "reader", number)
        reader = Reader(client, self._model, person, self._members)
        while not self._done.is_set():
            await self._tried(reader.read)
        await client.close()

    async def _tried(self, operation: Callable[[], Any]) -> None:
        try:
            await operation()
        except WrongAnswerError as wrong:
            self._model.say(str(wrong))

    async def _kill(self) -> None:
        """Kill and restart processes at the planned average interval. At the end, all processes run."""
        choose = self._random("killer", 0)
        while not self._done.is_set():
            await asyncio.sleep(self._plan.kill_every_seconds * choose.uniform(0.5, 1.5))
            if self._done.is_set():
                return
            if self._name == "server":
                await asyncio.to_thread(self._place.kill_server)
            else:
                await asyncio.to_thread(self._place.kill_postgres, choose)

    def _judge(self, exceptions: Counter[str]) -> None:
        """Record failures that are wrong even during kills.

        A server kill must not cause UNAVAILABLE, and the server must not log tracebacks of an outage.
        """
        lost = self._tally.lost
        if lost and (self._name == "calm" or (self._name == "server" and lost["UNAVAILABLE"])):
            self._model.say(f"Clients got failures in the part {self._name}: {dict(lost)}")
        if exceptions:
            self._model.say(f"The server logged {dict(exceptions)}. See {self._place.log}.")

    async def _audited(self) -> float:
        """Return the number of counters that the server's own audit checked. Record wrong counters."""
        async with httpx.AsyncClient(base_url=self._place.origin, timeout=30) as client:
            text = (await client.get("/metrics")).text
        totals: Counter[str] = Counter()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                totals[sample.name] += int(sample.value)
        if totals["leadgraph_audit_counters_wrong_total"]:
            self._model.say(f"The server's audit found wrong counters. See {self._place.log}.")
        return totals["leadgraph_audit_counters_checked_total"]
