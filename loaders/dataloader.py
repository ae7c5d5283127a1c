"""Batched data loaders (see the package's docstring)."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar, cast

from db.engine.activity import PLACE, Activity, Batch
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Base

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class DataLoader(Generic[Key, Value]):
    """One kind of batched read: distinct keys in, one value per key out.

    A subclass is a frozen dataclass. Its fields are the arguments of the read, and its name states value and key, such
    as `PageByParent`. Loaders are values: equal loaders of one operation share batches and loaded values.

    A subclass states the `model` whose rows it reads or counts, or several `models`. A viewer may load the values if
    the viewer may read the rows of all of them. A class that states no model is refused when it is defined.
    """

    model: type[Base]
    max_keys: ClassVar[int] = 10_000

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        states_model = hasattr(cls, "model") or "model" in inspect.get_annotations(cls)
        models: object = cls.models
        if models == () or (models is DataLoader.models and not states_model):
            raise TypeError(f"{cls.__qualname__} must state its `model`, or its `models`.")

    @property
    def models(self) -> tuple[type[Base], ...]:
        """Return the models whose rows the loader reads or counts."""
        return (self.model,)

    @property
    def counted_in(self) -> str | None:
        """Return the column that has the value already, for a loader that counts rows in vain."""
        return None

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Key]) -> Sequence[Value]:
        """Read one value per key, in the order of the keys. The keys are distinct. A missing row is a value, too."""
        raise NotImplementedError


@dataclass(slots=True, eq=False)
class _KeyBatch:
    """Keys that are read together. Each load has a future of its own, so that it can be cancelled without the others."""

    keys: dict[Hashable, None] = field(default_factory=dict)
    loads: list[asyncio.Future[None]] = field(default_factory=list)
    outcome: BaseException | bool = False
    """True after the read, or why it failed."""

    def done(self) -> asyncio.Future[None]:
        """Return a future of one load, which ends with the read."""
        load: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.loads.append(load)
        if self.outcome:
            self._end(load)
        return load

    def end(self, failure: BaseException | None = None) -> None:
        """End all loads. They raise the failure."""
        self.outcome = failure or True
        for load in self.loads:
            self._end(load)

    def _end(self, load: asyncio.Future[None]) -> None:
        if load.done():  # its load was cancelled
            return
        if isinstance(self.outcome, asyncio.CancelledError):
            load.cancel()
        elif isinstance(self.outcome, BaseException):
            load.set_exception(self.outcome)
        else:
            load.set_result(None)


@dataclass(slots=True, eq=False)
class _Reads:
    """The state of one loader: its loaded values, its running batches, and its next batch."""

    loader: DataLoader[Any, Any]
    values: dict[Hashable, Any] = field(default_factory=dict)
    running: list[_KeyBatch] = field(default_factory=list)
    waiting: _KeyBatch | None = None


class DataLoaders:
    """The data loaders of one operation.

    Equal loaders read the keys of one turn of the event loop in one batch, and no key twice. They read within the row
    scope; `scope_of` may give a loader another one.
    """

    def __init__(
        self,
        reader: Reader,
        scope: Scope,
        scope_of: Callable[[DataLoader[Any, Any]], Scope] | None = None,
    ) -> None:
        self.scope = scope
        self._reader = reader
        self._scope_of = scope_of or (lambda _: scope)
        self._reads: dict[DataLoader[Any, Any], _Reads] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open a snapshot and hold its connection. All later reads come from this snapshot."""
        await self._reader.open()

    def expect_fewer(self, statements: int) -> None:
        """Note that a read needs so many statements fewer than its bound."""
        self._reader.expect_fewer(statements)

    @property
    def activity(self) -> Activity:
        """The activity of the operation."""
        return self._reader.activity

    @property
    def runs_again(self) -> bool:
        """Whether a read has failed so that the operation runs again on another server."""
        return self._reader.failure is not None

    @property
    def snapshot_age_seconds(self) -> float:
        return self._reader.snapshot_age_seconds

    def load(
        self, loader: DataLoader[Key, Value], keys: Sequence[Key]
    ) -> Coroutine[Any, Any, Sequence[Value]]:
        """Return one value per key, in the order of the keys. Raise the exception that the loader's read raised."""
        if self._reader.single:  # no other load can join the batch
            return self._load_alone(loader, keys)
        return self._load_together(loader, keys)

    async def _load_together(self, loader: DataLoader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        reads = self._known(loader)
        values = reads.values
        missing = [key for key in dict.fromkeys(keys) if key not in values]
        for batch in self._batches(reads, missing):
            await batch.done()
        return cast("list[Value]", [values[key] for key in keys])

    async def load_alone(self, loader: DataLoader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        """Return one value per key, by a statement without a snapshot if none is open and none is required.

        Nothing else may be loaded meanwhile. The values are not kept.
        """
        with self._reader.without_snapshot():
            return await self.load(loader, keys)

    def loaded(self, loader: DataLoader[Key, Value], key: Key) -> Value | None:
        """Return the value of a key, if the operation has loaded it."""
        reads = self._reads.get(loader)
        return None if reads is None else cast("Value | None", reads.values.get(key))

    async def _load_alone(self, loader: DataLoader[Key, Value], keys: Sequence[Key]) -> Sequence[Value]:
        distinct = keys if len(keys) == 1 else list(dict.fromkeys(keys))
        self.record(loader, len(distinct))
        read = await loader.read(self._reader, self._scope_of(loader), distinct)
        if len(keys) == len(read) == 1:
            return read
        values = dict(_paired(loader, distinct, read))
        return [values[key] for key in keys]

    def _known(self, loader: DataLoader[Any, Any]) -> _Reads:
        reads = self._reads.get(loader)
        if reads is None:
            reads = self._reads[loader] = _Reads(loader)
        return reads

    def _batches(self, reads: _Reads, keys: list[Any]) -> list[_KeyBatch]:
        """Add each key to a batch, unless a running batch has it, and return the batches of all keys."""
        batches: list[_KeyBatch] = []
        for batch in reads.running:
            others = [key for key in keys if key not in batch.keys]
            if len(others) < len(keys):
                batches.append(batch)
                keys = others
        while keys:
            batch = reads.waiting or self._new_batch(reads)
            room = reads.loader.max_keys - len(batch.keys)
            batch.keys.update(dict.fromkeys(keys[:room]))
            batches.append(batch)
            if len(batch.keys) >= reads.loader.max_keys:
                reads.waiting = None
            keys = keys[room:]
        return batches

    def _new_batch(self, reads: _Reads) -> _KeyBatch:
        batch = reads.waiting = _KeyBatch()
        reads.running.append(batch)
        task = asyncio.get_running_loop().create_task(self._read(reads, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return batch

    def record(self, loader: DataLoader[Any, Any], keys: int) -> None:
        """Record a batch of the loader."""
        activity, full = self._reader.activity, keys >= loader.max_keys
        activity.models.update(loader.models)
        activity.batches.append(
            Batch(type(loader).__name__, keys, PLACE.get(), full, loader.counted_in, loader.models)
        )

    async def _read(self, reads: _Reads, batch: _KeyBatch) -> None:
        """Read the keys that were added until now, at the next turn of the event loop."""
        if reads.waiting is batch:
            reads.waiting = None
        keys = list(batch.keys)
        try:
            self.record(reads.loader, len(keys))
            read = await reads.loader.read(self._reader, self._scope_of(reads.loader), keys)
            reads.values.update(_paired(reads.loader, keys, read))
        except asyncio.CancelledError as cancelled:
            batch.end(cancelled)
            raise
        except Exception as failure:  # noqa: BLE001 - all loads of the batch raise it
            batch.end(failure)
        else:
            batch.end()
        finally:
            reads.running.remove(batch)

    async def close(self) -> None:
        """Stop running reads, release the connection, and drop the loaded values."""
        if self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        # Loaders of figures refer to this object: the cycle would keep all values until garbage collection.
        self._reads.clear()
        self._reader.close()


def _paired(
    loader: DataLoader[Key, Value], keys: Sequence[Key], values: Sequence[Value]
) -> Iterable[tuple[Key, Value]]:
    if len(values) != len(keys):
        raise TypeError(f"{loader!r} returned {len(values)} values for {len(keys)} keys")
    return zip(keys, values, strict=True)
