"""Whether the Redis of a process is used now.

The first failure ends its use for all callers of the process, so that no request waits for a store that hangs. Probes in
the background find out when it works again. No request takes part in that.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import Final, TypeAlias

logger = logging.getLogger("leadgraph")

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0
"""The pauses between two probes."""
LONGEST_FIRST_PAUSE_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 10.0
"""A store that fails again within this time after its return is probed half as soon as before."""

Probe: TypeAlias = Callable[[], Awaitable[None]]
"""Uses the store like its callers do. Raises an exception if the store cannot be used."""


class Availability:
    """Whether a store is used. `name` names it in the log, and `describe` tells a failure without secrets.

    A failure that the first probe does not confirm is no outage, and not logged.
    """

    def __init__(
        self, name: str = "The shared store", describe: Callable[[Exception], str] = str, *, effect: str = ""
    ) -> None:
        self.is_used = True
        self.outages = 0
        self._name, self._describe, self._effect = name, describe, effect
        self._probes: list[Probe] = []
        self._returning: asyncio.Task[None] | None = None
        self._first_pause = FIRST_PAUSE_SECONDS
        self._failed_at = 0.0
        self._returned_at = -STEADY_SECONDS
        self._is_logged = False

    def probe_by(self, probe: Probe) -> None:
        """Let the store return only when this probe succeeds, too."""
        self._probes.append(probe)

    async def check(self) -> None:
        """Probe the store now. After a failure, it is not used until it works."""
        try:
            await self._probe()
        except Exception as failure:  # noqa: BLE001 - a process starts without its store
            self._confirm(failure)
            self.failed()

    def failed(self) -> None:
        """Stop using the store until its probes succeed."""
        if not self.is_used:
            return
        self.is_used = False
        self._failed_at = now = time.monotonic()
        is_steady = now - self._returned_at >= STEADY_SECONDS
        self._first_pause = (
            FIRST_PAUSE_SECONDS if is_steady else min(2 * self._first_pause, LONGEST_FIRST_PAUSE_SECONDS)
        )
        # A context of its own: lines of the log do not name the request that met the failure.
        self._returning = asyncio.get_running_loop().create_task(self._return(), context=Context())

    async def close(self) -> None:
        """Stop probing. The store is never used again."""
        self.is_used = False
        returning, self._returning = self._returning, None
        if returning is not None:
            returning.cancel()
            with suppress(asyncio.CancelledError):
                await returning

    async def _return(self) -> None:
        pause = self._first_pause
        while True:
            await asyncio.sleep(pause)
            try:
                await self._probe()
            except Exception as failure:  # noqa: BLE001 - whatever it is, the store cannot be used
                self._confirm(failure)
                pause = max(self._first_pause, min(2 * pause, LONGEST_PAUSE_SECONDS))
            else:
                break
        self._returned_at = time.monotonic()
        if self._is_logged:
            logger.warning(
                "%s is used again after %.1f seconds", self._name, self._returned_at - self._failed_at
            )
            self._is_logged = False
        self.is_used = True

    async def _probe(self) -> None:
        for probe in self._probes:
            await probe()

    def _confirm(self, failure: Exception) -> None:
        if not self._is_logged:
            self._is_logged = True
            self.outages += 1
            reason = failure.__cause__ if isinstance(failure.__cause__, Exception) else failure
            logger.warning("%s is not used for now (%s)%s", self._name, self._describe(reason), self._effect)
