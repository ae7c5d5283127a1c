"""The pump of webhooks as a part of a worker, in a process of its own or beside a server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from db.engine.pool import Pool
from resolvers.webhook import fed_entities
from schema.graph import Graph
from server.runtime.background import in_background
from server.runtime.listening import Notifications
from server.runtime.row_security import uses_row_security
from server.runtime.settings import Settings
from server.runtime.worker import Watching
from server.webhooks.client import Client
from server.webhooks.pump import AttemptObserver, Pump, ignore
from server.webhooks.rendering import ExecutedRendering
from services.accounts.vault import Vault
from services.webhooks.addresses import Fence
from services.webhooks.dispatch import Dispatcher

GRACE_SECONDS: Final = 10.0


def delivering(
    settings: Settings,
    vault: Vault,
    graph: Callable[[], Graph],
    observe: AttemptObserver = ignore,
) -> Watching:
    """Return a context that delivers webhooks over the pool of a worker.

    `graph` is made for the first payload. `observe` receives the recorded attempts.
    """

    @asynccontextmanager
    async def run(pool: Pool, notifications: Notifications) -> AsyncIterator[None]:
        pool.has_row_security = await uses_row_security(pool, settings)
        async with Client(Fence(allow_private=settings.webhooks_allow_private)) as client:
            pump = Pump(
                pool,
                vault,
                ExecutedRendering(graph, pool),
                client,
                Dispatcher(fed_entities()),
                observe=observe,
                notifications=notifications,
            )
            async with in_background(pump.run()) as task:
                yield
                await pump.stop()
                await asyncio.wait({task}, timeout=GRACE_SECONDS)

    return run
