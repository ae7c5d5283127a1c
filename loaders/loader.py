"""Loaders: keys in, one value per key out; and how the loads of one operation become few statements."""

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, cast

from db.pool import Reader
from db.scope import Scope

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Loader(Generic[Key, Value]):
    """One kind of read. Subclasses are frozen dataclasses: their fields are the read's arguments, and equal
    loaders share their batches and what they have read.
    """

    max_keys: ClassVar[int] = 10_000

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Key]) -> Sequence[Value]:
        """One value per key, in the order of the keys, which are distinct; absence is a value too."""
        raise NotImplementedError


@dataclass(slots=True)
class _Batch:
    """Keys that wait to be read together."""

    keys: dict[Hashable, None] = field(default_factory=dict)
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Loads:
    """The loads of one operation: equal loaders read together what is asked for in the same turn of the
    event loop, and nothing twice.
    """

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self._reader = reader
        self._scope = scope
        self._values: dict[Loader[Any, Any], dict[Hashable, Any]] = {}
        self._waiting: dict[Loader[Any, Any], _Batch] = {}
        self._reading: dict[Loader[Any, Any], dict[Hashable, _Batch]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self, loader: Loader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        """One value per key, in the order of the keys. Raises what the loader's read raised."""
        values = self._values.setdefault(loader, {})
        batches = self._wanted(loader, keys, values)
        for batch in batches:
            # Shielded: one load that is cancelled must not take the others of its batch with it.
            await asyncio.shield(batch.done)
        return cast("list[Value]", [values[key] for key in keys])

    def _wanted(
        self, loader: Loader[Key, Value], keys: Sequence[Key], values: dict[Hashable, Any]
    ) -> list[_Batch]:
        """The batches that the missing keys are in, after they have joined one."""
        reading = self._reading.setdefault(loader, {})
        batches: dict[int, _Batch] = {}
        for key in keys:
            if key in values:
                continue
            batch = reading.get(key) or self._join(loader, key)
            batches[id(batch)] = batch
        return list(batches.values())

    def _join(self, loader: Loader[Key, Value], key: Key) -> _Batch:
        batch = self._waiting.get(loader)
        if batch is None:
            batch = self._waiting[loader] = _Batch()
            asyncio.get_running_loop().call_soon(self._start, loader)
        batch.keys[key] = None
        if len(batch.keys) >= loader.max_keys:
            self._start(loader)
        return batch

    def _start(self, loader: Loader[Any, Any]) -> None:
        batch = self._waiting.pop(loader, None)
        if batch is None:  # it was full, and was started then
            return
        self._reading[loader] |= dict.fromkeys(batch.keys, batch)
        task = asyncio.get_running_loop().create_task(self._read(loader, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, loader: Loader[Any, Any], batch: _Batch) -> None:
        keys = list(batch.keys)
        try:
            read = await loader.read(self._reader, self._scope, keys)
            self._values[loader].update(_paired(loader, keys, read))
        except asyncio.CancelledError:
            batch.done.cancel()
            raise
        except Exception as failure:  # noqa: BLE001 - whoever waits for the batch is told
            batch.done.set_exception(failure)
            batch.done.exception()  # a load that was cancelled meanwhile leaves nobody to look at it
        else:
            batch.done.set_result(None)
        finally:
            for key in keys:
                self._reading[loader].pop(key, None)

    async def close(self) -> None:
        """Stops the reads that nobody waits for any more and gives the connection back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._reader.close()


def _paired(
    loader: Loader[Key, Value], keys: Sequence[Key], values: Sequence[Value]
) -> Iterable[tuple[Key, Value]]:
    if len(values) != len(keys):
        raise TypeError(f"{loader!r} returned {len(values)} values for {len(keys)} keys")
    return zip(keys, values, strict=True)
