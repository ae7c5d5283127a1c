"""The process: memory, processor time, open files, and the lag of its event loop."""

import asyncio

from prometheus_client import CollectorRegistry, ProcessCollector

from server.metrics.distribution import Distributions

LOOK_EVERY_SECONDS = 0.1
LAGS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class ProcessMetrics:
    """The metrics of the process. `watch` measures the lag."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        lags = Distributions(
            "leadgraph_event_loop_lag_seconds",
            "Delay of a task of the event loop, ten times per second. Work that blocks the loop delays all requests.",
            bounds=LAGS,
        )
        self._lags = lags.of()
        registry.register(lags)

    async def watch(self) -> None:
        """Measure the lag until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_EVERY_SECONDS
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self._lags.observe(max(0.0, loop.time() - due))
