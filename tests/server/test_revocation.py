"""A revoked or expired key, and a suspended user, stop within a stated time in all processes."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from services.accounts import api_key
from tests.support.rows import add_key, add_user
from tests.support.serving import served

TRUST_SECONDS = 5
SLACK_SECONDS = 2.5
"""For the request itself on a busy machine."""
REVOKE = "mutation($id: ID!) { r: revokeApiKey(input: {id: $id}) { userErrors { code } } }"
SUSPEND = "mutation($id: ID!) { r: suspendUser(input: {id: $id}) { userErrors { code } } }"


class Site:
    """Two servers on one database."""

    def __init__(self, client: httpx.AsyncClient, origins: list[str]) -> None:
        self._client = client
        self.origins = origins

    async def ask(self, origin: str, key: str, query: str, **variables: str) -> httpx.Response:
        headers, body = {"authorization": f"Bearer {key}"}, {"query": query, "variables": variables}
        return await self._client.post(f"{origin}/graphql", json=body, headers=headers)

    async def seconds_until_refused(self, origin: str, key: str) -> float:
        """Return how long the server goes on to accept the key, which is in use all the time."""
        began = time.monotonic()
        while (answer := await self.ask(origin, key, "{ viewer { id } }")).status_code == 200:
            await asyncio.sleep(0.1)
        assert answer.status_code == 401
        return time.monotonic() - began

    async def until_refused(self, key: str) -> list[float]:
        """Return these seconds of each server."""
        return await asyncio.gather(*(self.seconds_until_refused(each, key) for each in self.origins))


@pytest.mark.slow
@pytest.mark.process
async def test_revoked_expired_and_suspended_keys_stop_in_all_processes(
    pool: Pool, database_url: str, tmp_path: Path
) -> None:
    ann, ben = await add_user(pool), await add_user(pool, "ben@example.com")
    revoked, expiring, suspended = [await add_key(pool, user) for user in (ann, ann, ben)]
    olga = await add_key(pool, await add_user(pool, "olga@example.com", role="operator"))
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        folders = (tmp_path / "one", tmp_path / "two")
        servers = [await stack.enter_async_context(served(database_url, folder)) for folder in folders]
        site = Site(client, [origin for origin, _ in servers])
        parsed = api_key.parse(revoked)
        assert parsed is not None
        for key in (revoked, expiring, suspended):
            for origin in site.origins:
                assert (await site.ask(origin, key, "{ viewer { id } }")).status_code == 200
        one, _ = site.origins
        changes = [
            await site.ask(one, revoked, REVOKE, id=encode("ApiKey", parsed.key_id)),
            await site.ask(one, olga, SUSPEND, id=encode("User", ben)),
        ]
        assert [change.json() for change in changes] == [{"data": {"r": {"userErrors": []}}}] * 2
        ends = datetime.now(UTC) + timedelta(seconds=8)
        await pool.execute("UPDATE api_keys SET expires_at = $1 WHERE id = $2", ends, parsed.key_id + 1)
        lasted = await asyncio.gather(*(site.until_refused(key) for key in (revoked, suspended)))
        assert max(map(max, lasted)) < TRUST_SECONDS + SLACK_SECONDS
        await site.until_refused(expiring)
        late = (datetime.now(UTC) - ends).total_seconds()
        assert 0 <= late < SLACK_SECONDS
