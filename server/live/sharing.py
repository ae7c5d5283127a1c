"""The results of events that subscribers share: computed once, and sent as the same bytes.

Subscribers share a result if they have the same operation, the same variables, and see and may read the same rows.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final

from schema.prepared.operation import PreparedOperation
from server.live.frame import Frame
from services.accounts.viewer import Viewer

BYTES_KEPT: Final = 16_000_000
RESULTS_KEPT: Final = 2_000


def key_of(
    operation: PreparedOperation, variables: Mapping[str, Any], viewer: Viewer, *own: object
) -> Hashable:
    """Return the key under which subscribers share results. `own` are further facts that results depend on.

    Download links are made for the API key of the viewer.
    """
    written = json.dumps(variables, sort_keys=True, default=str)
    return operation, written, viewer.user_id, viewer.role, frozenset(viewer.scopes), viewer.key_id, *own


class Shared:
    """The results of the most recent events, by their keys. Subscribers who wait for a result wait for the same one."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[Hashable, asyncio.Task[Frame | None]] = OrderedDict()
        self._bytes = 0
        self.computed = self.asked = 0

    async def get(self, key: Hashable, compute: Callable[[], Awaitable[Frame | None]]) -> Frame | None:
        """Return the result, which the first caller computes. It is computed to its end, even if all callers leave."""
        self.asked += 1
        task = self._tasks.get(key)
        if task is None:
            self.computed += 1
            task = self._tasks[key] = asyncio.ensure_future(_computed(compute))
            task.add_done_callback(self._note)
        if task.done():
            return task.result()
        return await asyncio.shield(task)

    def _note(self, task: asyncio.Task[Frame | None]) -> None:
        """Count the bytes of a result, and forget the oldest results beyond the limit."""
        self._bytes += _length(task)
        while len(self._tasks) > RESULTS_KEPT or self._bytes > BYTES_KEPT:
            if not next(iter(self._tasks.values())).done():
                return
            _, oldest = self._tasks.popitem(last=False)
            self._bytes -= _length(oldest)


async def _computed(compute: Callable[[], Awaitable[Frame | None]]) -> Frame | None:
    return await compute()


def _length(task: asyncio.Task[Frame | None]) -> int:
    """Return the length of a result; 0 for a failure, whose waiting callers have raised it."""
    if task.cancelled() or task.exception() is not None:
        return 0
    return len(found.json) if (found := task.result()) else 0
