"""Figures that are computed for one response are encoded and stored after it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import CachedFigure, store
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, TotalsOf


class Numbers:
    """A shared figure that counts its computations and its encodings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.computed = 0
        self.dumped = 0
        self.value: Any = None
        self.figure = CachedFigure("numbers", 1, TTL, STALE, self._compute, shared=True, models=(User,))
        dump = CachedFigure.dump

        def counted(figure: CachedFigure[Any, Any], value: Any) -> bytes:
            self.dumped += 1
            return dump(figure, value)

        monkeypatch.setattr(CachedFigure, "dump", counted)

    async def _compute(self, _: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[list[int]]:
        self.computed += 1
        return [[self.computed] if self.value is None else self.value for _ in questions]

    async def ask(self, laboratory: Laboratory, max_age: float | None = None) -> list[int]:
        async with laboratory.operation() as loaders:
            asked = [TotalsOf(laboratory.ann)]
            (found,) = await laboratory.cached.get(self.figure, loaders, asked, max_age_seconds=max_age)
        return found.value


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> Numbers:
    # A loaded machine takes longer than a server may.
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", 10.0)
    monkeypatch.setattr(store, "WRITE_AFTER_SECONDS", 1.0)
    monkeypatch.setattr(store, "WRITE_TO_MEMORY_AFTER_SECONDS", 1.0)
    return Numbers(monkeypatch)


async def test_repeated_exact_figures_are_encoded_once(laboratory: Laboratory, numbers: Numbers) -> None:
    assert [await numbers.ask(laboratory, 0) for _ in range(5)] == [[1], [2], [3], [4], [5]]
    assert numbers.dumped == 1  # the first value, whose type is checked at once
    async with asyncio.timeout(30):
        while numbers.dumped == 1:
            await asyncio.sleep(0.05)
    assert numbers.dumped == 2  # the last value
    assert await numbers.ask(laboratory) == [5]
    assert (numbers.computed, numbers.dumped) == (5, 2)


async def test_a_read_finds_an_exact_figure_that_is_not_written_yet(
    laboratory: Laboratory, numbers: Numbers
) -> None:
    assert [await numbers.ask(laboratory, 0) for _ in range(2)] == [[1], [2]]
    assert await numbers.ask(laboratory) == [2]
    assert (numbers.computed, numbers.dumped) == (2, 2)


async def test_closing_writes_the_exact_figures(laboratory: Laboratory, numbers: Numbers) -> None:
    assert [await numbers.ask(laboratory, 0) for _ in range(2)] == [[1], [2]]
    await laboratory.cached.close()
    assert numbers.dumped == 2


async def test_a_later_value_of_another_type_is_counted_and_not_stored(
    laboratory: Laboratory, numbers: Numbers, caplog: pytest.LogCaptureFixture
) -> None:
    assert await numbers.ask(laboratory, 0) == [1]
    numbers.value = "text"
    errors = laboratory.cached.statistics.errors
    served: object = await numbers.ask(laboratory, 0)
    assert served == "text"
    assert await numbers.ask(laboratory) == [1]  # the value that was stored before
    assert laboratory.cached.statistics.errors == errors + 1
    assert "a figure cannot be stored" in caplog.text
