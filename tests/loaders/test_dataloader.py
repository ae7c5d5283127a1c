"""Batched data loaders: batches, values, cancellation, limits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from db.engine.activity import Activity, Batch
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from loaders.dataloader import DataLoader, DataLoaders


class ReaderStub:
    """A reader that counts batches instead of sending statements."""

    single = False

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.activity = Activity()
        self.closed = False

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, slots=True)
class SquareByNumber(DataLoader[int, int]):
    model = User
    max_keys = 4
    add: int = 0
    delay: float = 0.0
    failure: Exception | None = field(default=None, compare=False)

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[int]:
        assert scope == Scope(1)
        stub: Any = reader
        stub.batches.append(list(keys))
        await asyncio.sleep(self.delay)
        if self.failure is not None:
            raise self.failure
        return [key * key + self.add for key in keys]


@pytest.fixture
def reader() -> Any:
    return ReaderStub()


@pytest.fixture
def loaders(reader: Any) -> DataLoaders:
    return DataLoaders(reader, Scope(1))


async def test_equal_loaders_of_one_turn_share_a_batch(loaders: DataLoaders, reader: Any) -> None:
    found = await asyncio.gather(
        loaders.load(SquareByNumber(), [3, 1, 3]), loaders.load(SquareByNumber(), [2, 1])
    )
    assert list(found) == [[9, 1, 9], [4, 1]]
    assert reader.batches == [[3, 1, 2]]
    assert reader.activity.batches == [Batch("SquareByNumber", 3, models=(User,))]


async def test_loaders_with_other_arguments_have_batches_of_their_own(
    loaders: DataLoaders, reader: Any
) -> None:
    found = await asyncio.gather(
        loaders.load(SquareByNumber(), [2]), loaders.load(SquareByNumber(add=1), [2])
    )
    assert list(found) == [[4], [5]]
    assert reader.batches == [[2], [2]]


async def test_a_loaded_value_is_not_read_again(loaders: DataLoaders, reader: Any) -> None:
    await loaders.load(SquareByNumber(), [2])
    assert await loaders.load(SquareByNumber(), [2, 3]) == [4, 9]
    assert reader.batches == [[2], [3]]


async def test_a_batch_has_at_most_max_keys(loaders: DataLoaders, reader: Any) -> None:
    assert await loaders.load(SquareByNumber(), range(6)) == [0, 1, 4, 9, 16, 25]
    assert reader.batches == [[0, 1, 2, 3], [4, 5]]


async def test_a_cancelled_load_leaves_the_others_of_its_batch(loaders: DataLoaders, reader: Any) -> None:
    slow = SquareByNumber(delay=0.05)
    cancelled = asyncio.create_task(loaders.load(slow, [1, 2]))
    other = asyncio.create_task(loaders.load(slow, [2, 3]))
    await asyncio.sleep(0.01)
    cancelled.cancel()
    assert await other == [4, 9]
    assert reader.batches == [[1, 2, 3]]
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_every_load_of_a_batch_raises_its_failure(loaders: DataLoaders) -> None:
    failing = SquareByNumber(failure=ValueError("broken"))
    found = await asyncio.gather(
        loaders.load(failing, [1]), loaders.load(failing, [2]), return_exceptions=True
    )
    assert [str(one) for one in found] == ["broken", "broken"]


async def test_closing_stops_running_reads_and_drops_values(loaders: DataLoaders, reader: Any) -> None:
    await loaders.load(SquareByNumber(), [2])
    running = asyncio.create_task(loaders.load(SquareByNumber(delay=60), [3]))
    await asyncio.sleep(0.01)
    await loaders.close()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert reader.closed
    assert loaders._reads == {}
