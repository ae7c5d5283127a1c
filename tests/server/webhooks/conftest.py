"""Fixtures of the webhooks' tests: a webhook in the database, and pumps."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from db.engine.pool import Pool, open_pool
from db.engine.writer import Writer, in_transaction
from db.models import UserRole, Webhook, WebhookSignature
from db.statements import webhook_delivery as stored
from db.statements import write_rows
from db.statements.webhook_delivery import NewDelivery
from resolvers.webhook import fed_entities
from schema.graph import build
from server.runtime.background import in_background
from server.webhooks.client import Client
from server.webhooks.pump import Pump
from server.webhooks.rendering import ExecutedRendering
from services.accounts.api_key import READ_SCOPES
from services.accounts.vault import Vault, new_key
from services.accounts.viewer import Viewer
from services.rules.user_locks import hold_viewer
from services.webhooks import keys
from services.webhooks.addresses import Fence
from services.webhooks.endpoints import KeyedWebhook

GRAPH = build()
FED = fed_entities()
Dispatch = Callable[[Pool], Awaitable[bool | None]]


async def no_changes(_: Pool) -> bool | None:
    return False


@dataclass
class Hooks:
    """A database with webhooks, deliveries, and pumps on it."""

    pool: Pool
    url: str
    vault: Vault

    async def add(self, user_id: int, url: str, **values: Any) -> KeyedWebhook:
        """Add a webhook and return it with its key."""
        viewer = Viewer(user_id, UserRole.MEMBER)
        signature = values.pop("signature", WebhookSignature.V1)
        key, public = keys.fresh_key(signature)
        row = {
            "user_id": user_id, "everybody": False, "url": url, "event_types": ["lead.updated"],
            "scopes": sorted(READ_SCOPES), "signature": signature, "public_key": public,
            "position": "", "change_id": 0, **values,
        }  # fmt: skip

        async def work(writer: Writer) -> Webhook:
            await hold_viewer(writer, viewer)
            webhook = await write_rows.insert_one(writer, Webhook, row)
            await keys.add_key(writer, self.vault, webhook, key)
            return webhook

        return KeyedWebhook(await in_transaction(self.pool, work), key)

    async def deliver(self, webhook: Webhook, *rows: tuple[str, int, str], entity: str = "Lead") -> None:
        """Add deliveries: each the ID of its message, the ID of its row, and the time of its event."""
        seen: set[int] = set()
        new = []
        for message_id, row_id, at in rows:
            new.append(
                NewDelivery(message_id, "lead.updated", entity, row_id, ["status"], at, row_id not in seen)
            )
            seen.add(row_id)
        await in_transaction(self.pool, lambda writer: stored.add(writer, webhook.user_id, webhook.id, new))

    async def deliveries(self) -> list[Any]:
        return list(await self.pool.fetch("SELECT * FROM webhook_deliveries ORDER BY id"))

    def pump(self, dispatch: Dispatch = no_changes, **options: Any) -> AbstractAsyncContextManager[Pump]:
        return self._pumping(dispatch, options)

    @asynccontextmanager
    async def _pumping(self, dispatch: Dispatch, options: dict[str, Any]) -> AsyncIterator[Pump]:
        seconds = options.pop("seconds", 2.0)
        async with (
            await open_pool(self.url, size=3) as pool,
            Client(Fence(allow_private=True), seconds=seconds) as client,
        ):
            pump = Pump(pool, self.vault, ExecutedRendering(lambda: GRAPH, pool), client, dispatch, **options)
            async with in_background(pump.run()) as task:
                yield pump
                await pump.stop()
                await task


@pytest.fixture
async def hooks(pool: Pool, database_url: str) -> Hooks:
    return Hooks(pool, database_url, Vault([new_key()]))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for work often, so that tests wait little."""
    monkeypatch.setattr("server.webhooks.pump.POLL_SECONDS", 0.05)
