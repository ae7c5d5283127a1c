"""Webhooks from `leadgraph worker`: processes that are killed while others write, and a server with its worker."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from services.accounts.vault import Vault, new_key
from tests.server.webhooks.conftest import Hooks
from tests.server.webhooks.test_dispatch import add, until
from tests.support import rows
from tests.support.demo import Demo
from tests.support.ports import free_port
from tests.support.receivers import Receiver, receiving
from tests.support.workers import Workers


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def workers(demo: Demo, database_url: str, key: str) -> Iterator[Workers]:
    made = Workers(demo, database_url, LEADGRAPH_CREDENTIALS_KEY=key, LEADGRAPH_WEBHOOKS_ALLOW_PRIVATE="on")
    yield made
    made.end()


async def test_killed_workers_lose_no_message_and_repeat_none_under_another_id(
    hooks: Hooks, workers: Workers, key: str
) -> None:
    hooks.vault = Vault([key])
    user = await rows.add_user(hooks.pool)
    keyword = await rows.add_keyword(hooks.pool, user)
    async with receiving(Receiver(seconds=0.05)) as receiver:
        made = await add(hooks, user, receiver.url, "mention.created", "mention.updated")
        for _ in range(2):
            await asyncio.to_thread(workers.start)
        mentions = []
        for number in range(60):
            mention = await rows.add_mention(hooks.pool, keyword)
            await hooks.pool.execute("UPDATE mentions SET likes = 1 WHERE id = $1", mention)
            mentions.append(mention)
            if number in {20, 40}:
                while not receiver.at_once:
                    await asyncio.sleep(0.005)
                workers.started[number // 20 - 1].kill()  # SIGKILL, in the middle of attempts
                await asyncio.to_thread(workers.start)
        # The leases of the killed workers end sooner than after a minute.
        await asyncio.sleep(1)
        await hooks.pool.execute(
            "UPDATE webhook_deliveries SET leased_until = now() WHERE status = 'pending'"
        )
        await until(hooks, 120, seconds=60)
    assert made.shown is not None
    by_event: dict[tuple[str, str], set[str]] = {}
    order: dict[str, list[str]] = {}
    for each in receiver.accepted:
        payload = each.verify(made.shown)
        by_event.setdefault((payload["data"]["id"], payload["type"]), set()).add(each.id)
        seen = order.setdefault(payload["data"]["id"], [])
        if payload["type"] not in seen:
            seen.append(payload["type"])
    assert len(by_event) == 120
    assert {len(ids) for ids in by_event.values()} == {1}
    assert list(order.values()) == [["mention.created", "mention.updated"]] * 60
    assert len(await hooks.deliveries()) == 120


async def until_counted(metrics: str) -> None:
    """Wait until a process has counted one accepted attempt and one delivery."""
    counted = {
        'leadgraph_webhook_attempt_seconds_count{outcome="accepted"} 1.0',
        'leadgraph_webhook_deliveries_total{outcome="delivered"} 1.0',
    }
    async with httpx.AsyncClient() as client, asyncio.timeout(20):
        while not counted <= set((await client.get(metrics)).text.splitlines()):
            await asyncio.sleep(0.1)


async def test_a_worker_counts_its_deliveries(hooks: Hooks, demo: Demo, database_url: str, key: str) -> None:
    hooks.vault = Vault([key])
    user, address = await rows.add_user(hooks.pool), f"127.0.0.1:{free_port()}"
    variables = {"CREDENTIALS_KEY": key, "WEBHOOKS_ALLOW_PRIVATE": "on", "METRICS_ADDRESS": address}
    workers = Workers(demo, database_url, **{f"LEADGRAPH_{name}": each for name, each in variables.items()})
    try:
        async with receiving() as receiver:
            await add(hooks, user, receiver.url, "keyword.created")
            await asyncio.to_thread(workers.start)
            await rows.add_keyword(hooks.pool, user)
            await until_counted(f"http://{address}/metrics")
    finally:
        workers.end()


async def test_a_server_delivers_to_the_webhooks_of_its_api(new_demo: Demo) -> None:
    async with receiving() as receiver:
        await asyncio.to_thread(new_demo.start, "--scale", "0.01", LEADGRAPH_WEBHOOKS_ALLOW_PRIVATE="on")
        create = """mutation($url: String!) {
            createWebhook(input: { url: $url, eventTypes: [KEYWORD_CREATED] }) { secret userErrors { message } }
        }"""
        made = (await asyncio.to_thread(new_demo.ask, create, url=receiver.url))["createWebhook"]
        assert made["userErrors"] == []
        write = 'mutation { createKeyword(input: { keyword: "webhooks in action" }) { keyword { id } } }'
        created = (await asyncio.to_thread(new_demo.ask, write))["createKeyword"]["keyword"]
        await receiver.until(1)
        payload = receiver.requests[0].verify(made["secret"])
        await until_counted(f"http://127.0.0.1:{new_demo.port}/metrics")
        await asyncio.to_thread(new_demo.stop)
    assert payload["data"]["id"] == created["id"]
    assert payload["data"]["object"]["keyword"] == "webhooks in action"
