"""python -m bench.webhooks.pump: the pump of a worker with short waits. The database and the key are in the environment."""

import asyncio
import os
import signal
from datetime import timedelta
from typing import Final

from db.engine.pool import open_pool
from resolvers.webhook import fed_entities
from schema.graph import build
from server.runtime.background import in_background
from server.webhooks.client import Client
from server.webhooks.pump import Pump
from server.webhooks.rendering import ExecutedRendering
from services.accounts.vault import Vault
from services.webhooks import deliveries, retries
from services.webhooks.addresses import Fence
from services.webhooks.dispatch import Dispatcher

DATABASE, KEY = "BENCH_DATABASE", "BENCH_KEY"
ATTEMPTS: Final = 30
WAIT: Final = timedelta(seconds=0.2)
LEASE: Final = timedelta(seconds=10)
SECONDS: Final = 1.0


async def main() -> None:
    """Deliver until a signal ends the process."""
    vars(retries).update(WAITS=(WAIT,) * (ATTEMPTS - 1), MOST_ATTEMPTS=ATTEMPTS)
    vars(deliveries).update(LEASE=LEASE)
    graph = build()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with (
        await open_pool(os.environ[DATABASE], size=3) as pool,
        Client(Fence(allow_private=True), seconds=SECONDS) as client,
    ):
        vault = Vault([os.environ[KEY]])
        pump = Pump(pool, vault, ExecutedRendering(lambda: graph, pool), client, Dispatcher(fed_entities()))
        async with in_background(pump.run()) as task:
            await stopped.wait()
            await pump.stop()
            await task


if __name__ == "__main__":
    asyncio.run(main())
