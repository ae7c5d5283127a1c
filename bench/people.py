"""Users who read dashboards and users who write: the load of `bench.mixed`."""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import httpx

from bench.dashboard import DASHBOARD, DOCUMENT
from bench.page import Answer, global_id
from bench.servers import ServerError

ITEMS = 10
AGED = DOCUMENT.replace("points {", "asOf points {").replace("uptime {", "asOf uptime {").replace(
    "performanceScore\n", "performanceScore asOf\n"
).replace("byStatus {", "asOf byStatus {").replace("    recentLeads {", "    asOf recentLeads {")  # fmt: skip
CHANGE = """
mutation change($id: ID!) {
  changeLeadStatus(input: {id: $id, status: CONTACTED}) { userErrors { code message } }
}"""
SEEN = """
query seen {
  viewer { contactedLeadsCount }
  dashboard { analytics { leads { byStatus { status count } } } }
}"""
INGEST = """
mutation ingest($items: [IngestMentionInput!]!) {
  ingestMentions(input: {items: $items}) { createdCount userErrors { code message } }
}"""


@dataclass(frozen=True, slots=True)
class User:
    """A user with new leads to change."""

    key: str
    keyword_id: int
    leads: list[int]


@dataclass(slots=True)
class Seen:
    """The measurements. Times and ages are in seconds."""

    dashboards: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    after_a_write: list[float] = field(default_factory=list)
    changes: int = 0
    mentions: int = 0
    not_seen: int = 0


class Load:
    """Run readers and writers until the time is over. Raise `ServerError` for a response with errors."""

    def __init__(self, client: httpx.AsyncClient, users: list[User], args: argparse.Namespace) -> None:
        self._client = client
        self._users = users
        self._args = args
        self._chance = random.Random(1)  # noqa: S311 - repeatable, not secret
        self._numbers = count(1)
        self._ends_at = 0.0
        self.seen = Seen()

    async def run(self) -> Seen:
        self._ends_at = time.monotonic() + 60 * self._args.minutes
        async with asyncio.TaskGroup() as group:
            for user in self._users:
                group.create_task(self._looks(user))
            group.create_task(self._every(1 / self._args.changes, self._change))
            group.create_task(self._every(1 / self._args.ingests, self._ingest))
        return self.seen

    async def _looks(self, user: User) -> None:
        await asyncio.sleep(self._chance.uniform(0, self._args.pause))
        while time.monotonic() < self._ends_at:
            began = time.perf_counter()
            data = await self._ask(user, DASHBOARD.name, AGED)
            self.seen.dashboards.append(time.perf_counter() - began)
            now = datetime.now(UTC)
            ages = [(now - datetime.fromisoformat(moment)).total_seconds() for moment in _moments(data)]
            self.seen.ages.append(max(ages))
            await asyncio.sleep(self._chance.expovariate(1 / self._args.pause))

    async def _every(self, seconds: float, work: Callable[[User], Awaitable[None]]) -> None:
        next_at = time.monotonic()
        while next_at < self._ends_at:
            await asyncio.sleep(next_at - time.monotonic())
            await work(self._chance.choice(self._users))
            next_at += seconds

    async def _change(self, user: User) -> None:
        """Change a lead, and check that the user's next dashboard shows the change."""
        if not user.leads:
            return
        variables = {"id": global_id("Lead", user.leads.pop())}
        changed = await self._ask(user, "change", CHANGE, variables)
        if problems := changed["changeLeadStatus"]["userErrors"]:
            raise ServerError(f"A lead could not be changed: {problems}.")
        began = time.perf_counter()
        data = await self._ask(user, "seen", SEEN)
        self.seen.after_a_write.append(time.perf_counter() - began)
        shown = data["dashboard"]["analytics"]["leads"]["byStatus"]
        counts = {each["status"]: each["count"] for each in shown}
        self.seen.not_seen += counts["CONTACTED"] != data["viewer"]["contactedLeadsCount"]
        self.seen.changes += 1

    async def _ingest(self, user: User) -> None:
        keyword = global_id("Keyword", user.keyword_id)
        items = [
            {
                "platform": "REDDIT",
                "externalId": f"mixed-{number}",
                "url": f"https://reddit.example/mixed/{number}",
                "content": f"Number {number} of those that came in.",
                "keywordId": keyword,
            }
            for number, _ in zip(self._numbers, range(ITEMS), strict=False)
        ]
        data = await self._ask(user, "ingest", INGEST, {"items": items})
        self.seen.mentions += data["ingestMentions"]["createdCount"]

    async def _ask(self, user: User, name: str, document: str, variables: Answer | None = None) -> Answer:
        body = {"operationName": name, "query": document, "variables": variables or {}}
        headers = {"authorization": f"Bearer {user.key}"}
        answer = await self._client.post("/graphql", json=body, headers=headers)
        content = answer.json()
        if "errors" in content:
            raise ServerError(f"{name} got the response {json.dumps(content['errors'])[:500]}")
        data: Answer = content["data"]
        return data


def _moments(value: object) -> Iterator[str]:
    """Yield each `asOf` of a response."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "asOf":
                yield inner
            else:
                yield from _moments(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _moments(inner)
