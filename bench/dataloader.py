"""Measure the cost of loading keys by Strawberry's DataLoader and by ours, in one process without a database.

python -m bench.dataloader --keys 1000 --rounds 50
"""

import argparse
import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from strawberry.dataloader import DataLoader as StrawberryDataLoader

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import User
from loaders.dataloader import DataLoader, DataLoaders

Run = Callable[[Sequence[int]], Awaitable[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class SquareByNumber(DataLoader[int, int]):
    """A read that costs nothing."""

    model = User

    async def read(self, _: Reader, __: Scope, keys: Sequence[int]) -> Sequence[int]:
        return [key * key for key in keys]


class NoReader:
    """Takes the place of a reader: nothing is read."""

    single = False

    def close(self) -> None:
        """Do nothing."""


async def _squares(keys: list[int]) -> list[int]:
    return [key * key for key in keys]


async def strawberry_objects(keys: Sequence[int]) -> Sequence[int]:
    """Load each key by itself, as the resolvers of many objects do."""
    loader = StrawberryDataLoader(load_fn=_squares)

    async def resolve(key: int) -> int:
        return await loader.load(key)

    return await asyncio.gather(*map(resolve, keys))


async def our_objects(keys: Sequence[int]) -> Sequence[int]:
    """Load each key by itself, as the resolvers of many objects do."""
    loaders = _ours()

    async def resolve(key: int) -> int:
        (value,) = await loaders.load(SquareByNumber(), [key])
        return value

    return await asyncio.gather(*map(resolve, keys))


async def our_set(keys: Sequence[int]) -> Sequence[int]:
    """Load all keys at once, as one set-wise resolver does."""
    return await _ours().load(SquareByNumber(), keys)


def _ours() -> DataLoaders:
    reader: Any = NoReader()
    return DataLoaders(reader, Scope(1))


WAYS: dict[str, Run] = {
    "Strawberry, one load per object": strawberry_objects,
    "ours, one load per object": our_objects,
    "ours, one load per level": our_set,
}


async def measure(keys: int, rounds: int) -> dict[str, float]:
    """Return the microseconds of the fastest round of each way. The ways take turns."""
    asked = list(range(keys))
    gc.collect()
    gc.freeze()  # collections of the imported modules would fall on one way or another
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, run in WAYS.items():
            started = time.perf_counter()
            found = await run(asked)
            seconds[name].append(time.perf_counter() - started)
            assert list(found) == [key * key for key in asked]  # noqa: S101 - a wrong answer is no measurement
    return {name: min(times) * 1e6 for name, times in seconds.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description="Measure data loaders.")
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=50)
    given = parser.parse_args()
    found = asyncio.run(measure(given.keys, given.rounds))
    slowest = found["Strawberry, one load per object"]
    lines = [f"{'':<34}{'µs':>10}{'µs/key':>10}{'times':>8}"]
    lines += [
        f"{name:<34}{taken:>10,.0f}{taken / given.keys:>10.2f}{slowest / taken:>8.1f}"
        for name, taken in found.items()
    ]
    print("\n".join(lines))  # noqa: T201 - a command


if __name__ == "__main__":
    main()
