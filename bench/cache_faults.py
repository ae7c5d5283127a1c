"""Measure requests while the Valkey of two servers fails.

    python -m bench.cache_faults                     every fault
    python -m bench.cache_faults hung full --seconds 5

Two servers share a PostgreSQL and a Valkey, the second one through a proxy. Each user creates a lead on one server and
at once reads the newest leads, which are a cached figure, on both. A response without the lead, or with another user's
lead, is wrong. Other readers send the same dashboard again and again.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bench.command import exit_code, say, show
from bench.faulty_store import FAULTS, Store
from bench.feed_soak.place import Process
from bench.servers import ServerError
from bench.soak.place import new_database
from bench.table import markdown
from db.embedded import EmbeddedPostgres
from resolvers.framework.global_id import encode
from services.accounts import api_key
from services.accounts.api_keys import issue_key
from services.accounts.vault import new_key
from tests.support.ports import free_port
from tests.support.proxy import proxied
from tests.support.valkey import Valkey

DATABASE = "faults"
USERS, MENTIONS = 3, 2_000
CREATE = (
    "mutation ($input: CreateLeadInput!) { createLead(input: $input) { lead { id } userErrors { code } } }"
)
NEWEST = "{ dashboard { recentLeads(first: 1) { id } } }"
DASHBOARD = "{ dashboard { keywordPerformance { keyword { keyword } } analytics { leads { total } } } }"
_SEED = """
WITH one AS (INSERT INTO users (email) VALUES ($1) RETURNING id),
     word AS (INSERT INTO keywords (user_id, keyword) SELECT id, 'faults' FROM one RETURNING id, user_id)
SELECT id, user_id FROM word
"""


@dataclass(slots=True)
class Seen:
    """Times of requests in seconds, failures by kind, and wrong answers."""

    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class User:
    key: str
    mentions: list[str]


class Load:
    """The requests of users on both servers. `seen` is replaced for each phase."""

    def __init__(self, origins: Sequence[str], users: Sequence[User]) -> None:
        self.seen = Seen()
        self._origins, self._users = origins, users

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
            tasks = [asyncio.create_task(self._write(http, user, n)) for n, user in enumerate(self._users)]
            tasks += [
                asyncio.create_task(self._read(http, origin, user.key))
                for origin in self._origins
                for user in self._users
            ]
            yield
            for task in tasks:
                task.cancel()
            for failure in await asyncio.gather(*tasks, return_exceptions=True):
                if not isinstance(failure, asyncio.CancelledError) and failure is not None:
                    raise failure

    async def _write(self, http: httpx.AsyncClient, user: User, number: int) -> None:
        for turn, mention in enumerate(user.mentions):
            first = self._origins[(turn + number) % len(self._origins)]
            made = await self._ask(http, first, user.key, CREATE, {"input": {"mentionId": mention}})
            if made is None or made["createLead"]["lead"] is None:
                continue
            lead = made["createLead"]["lead"]["id"]
            for origin in self._origins:
                found = await self._ask(http, origin, user.key, NEWEST)
                if found is not None and [one["id"] for one in found["dashboard"]["recentLeads"]] != [lead]:
                    self.seen.wrong.append(f"{origin}: {found} instead of {lead}")
            await asyncio.sleep(0.1)

    async def _read(self, http: httpx.AsyncClient, origin: str, key: str) -> None:
        while True:
            await self._ask(http, origin, key, DASHBOARD)
            await asyncio.sleep(0.1)

    async def _ask(
        self, http: httpx.AsyncClient, origin: str, key: str, document: str, variables: object = None
    ) -> Any:
        """Return the data; None for a failure."""
        began, seen = time.perf_counter(), self.seen
        headers, body = {"authorization": f"Bearer {key}"}, {"query": document, "variables": variables}
        try:
            response = await http.post(f"{origin}/graphql", json=body, headers=headers)
        except httpx.TransportError as failure:
            seen.failures[type(failure).__name__] += 1
            return None
        seen.seconds.append(time.perf_counter() - began)
        answer = response.json()
        if "errors" in answer:
            seen.failures[answer["errors"][0]["extensions"]["code"]] += 1
            return None
        return answer["data"]


def row(name: str, seen: Seen) -> list[str]:
    """Return a row of the table."""
    sorted_ms = sorted(1000 * each for each in seen.seconds) or [0.0]
    return [
        name,
        f"{len(seen.seconds):,}",
        ", ".join(f"{count} {kind}" for kind, count in seen.failures.items()) or "0",
        str(len(seen.wrong)),
        f"{statistics.median(sorted_ms):.0f}",
        f"{sorted_ms[int(len(sorted_ms) * 0.99) - 1]:.0f}",
        f"{sorted_ms[-1]:.0f}",
    ]


async def users_of(url: str) -> list[User]:
    """Create users with a keyword, mentions and a key of all scopes."""
    connection = await asyncpg.connect(url)
    try:
        return [await _user(connection, number) for number in range(USERS)]
    finally:
        await connection.close()


async def _user(connection: Any, number: int) -> User:
    row = await connection.fetchrow(_SEED, f"user{number}@faults.example")
    mentions = await connection.fetch(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, search) "
        "SELECT $1, $2, 'reddit', n::text, '', 'about faults', '' "
        "FROM generate_series(1, $3) n RETURNING id",
        row["user_id"],
        row["id"],
        MENTIONS,
    )
    key = await issue_key(connection, row["user_id"], "faults", sorted(api_key.ALL_SCOPES))
    return User(key, [encode("Mention", each["id"]) for each in mentions])


async def _measure(names: Sequence[str], seconds: float, home: Path, url: str) -> list[list[str]]:
    users = await users_of(url)
    (home / "valkey").mkdir()
    valkey = Valkey(home / "valkey")
    valkey.start()
    rows = []
    async with proxied(valkey.url) as proxy, AsyncExitStack() as stack:
        stack.callback(valkey.stop)
        common = {
            "DATABASE_URL": url, "HOME": str(home), "CREDENTIALS_KEY": new_key(), "WORKERS": "0",
            "DRAIN_SECONDS": "0", "RATE_POINTS": "10000000", "POOL_SIZE": "8",
        }  # fmt: skip
        origins = []
        for number, redis_url in enumerate((valkey.url, proxy.url)):
            settings = common | {"REDIS_URL": redis_url}
            server = Process("serve", settings, home / f"server-{number}.log", free_port())
            stack.callback(server.stop)
            await asyncio.to_thread(server.start)
            origins.append(str(server.origin))
        load, store = Load(origins, users), Store(valkey, proxy, asyncio.get_running_loop())
        async with load.running():
            await asyncio.sleep(2)
            for name in names:
                say(f"{name} …")
                begin, end = FAULTS[name]
                load.seen = during = Seen()
                await asyncio.to_thread(begin, store)
                await asyncio.sleep(seconds)
                await asyncio.to_thread(end, store)
                load.seen = after = Seen()
                await asyncio.sleep(3)
                rows += [row(name, during), row("… afterwards", after)]
                for wrong in (*during.wrong, *after.wrong)[:3]:
                    say(wrong)
        for number in range(len(origins)):
            for line in (home / f"server-{number}.log").read_text().splitlines():
                if "Redis" in line:
                    say(f"server {number}: {line}")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure requests while the Valkey of two servers fails.")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; by default all")
    parser.add_argument("--seconds", type=float, default=5, help="duration of each fault")
    given = parser.parse_args()
    unknown = set(given.faults) - set(FAULTS)
    if unknown:
        parser.error(f"unknown fault: {', '.join(sorted(unknown))}")

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="leadgraph-faults-") as folder:
            home = Path(folder)
            home.chmod(0o711)
            with EmbeddedPostgres(home / "postgres", settings={"fsync": "off"}).running() as postgres:
                asyncio.run(new_database(postgres, DATABASE))
                found = _measure(given.faults or list(FAULTS), given.seconds, home, postgres.url(DATABASE))
                rows = asyncio.run(found)
        headings = ["fault", "answers", "failures", "wrong", "median ms", "p99 ms", "longest ms"]
        show(markdown(headings, rows))
        if any(each[2] != "0" or each[3] != "0" for each in rows):
            raise ServerError("Some requests failed or were answered wrongly.")

    return exit_code("bench.cache_faults", work)


if __name__ == "__main__":
    sys.exit(main())
