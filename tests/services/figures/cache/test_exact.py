"""Figures that show the snapshot of their operation: computed once for all places, without tasks of their own."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest

from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import CachedFigure, Figure, FigureByQuestion
from services.figures.cache.answer import Answer
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, Totals, TotalsOf


class Operation:
    """The figures of one operation, as resolvers load them."""

    def __init__(self, laboratory: Laboratory, loaders: DataLoaders) -> None:
        self.laboratory = laboratory
        self.answer: Answer = laboratory.cached.answer(loaders)

    async def load(
        self, *names: str, max_age: float | None = 0, figure: CachedFigure[Any, Totals] | None = None
    ) -> Sequence[Figure[Totals]]:
        laboratory = self.laboratory
        loader = FigureByQuestion(figure or laboratory.totals, max_age, self.answer)
        return await self.answer.load(loader, [TotalsOf(laboratory.ann, name) for name in names])


async def test_places_that_ask_together_share_one_computation(laboratory: Laboratory) -> None:
    async with laboratory.operation() as loaders:
        operation = Operation(laboratory, loaders)
        one, other, third = await asyncio.gather(
            operation.load("a", "b"), operation.load("b", "c"), operation.load("a")
        )
        later = await operation.load("c", "a")
    names = [[figure.value.name for figure in found] for found in (one, other, third, later)]
    assert names == [["a", "b"], ["b", "c"], ["a"], ["c", "a"]]
    assert laboratory.counting.asked == [["a", "b"], ["c"]]
    assert len({figure.as_of for found in (one, other, third, later) for figure in found}) == 1
    statistics = laboratory.cached.statistics
    assert (statistics.misses, statistics.computed, statistics.hits) == (3, 3, 0)
    assert [(batch.loader, batch.keys) for batch in loaders.activity.batches if "Figure" in batch.loader] == [
        ("FigureByQuestion", 2),
        ("FigureByQuestion", 1),
    ]


async def test_the_store_is_not_read_and_is_written(laboratory: Laboratory) -> None:
    await laboratory.figure()
    await laboratory.ingest()
    async with laboratory.operation() as loaders:
        (exact,) = await Operation(laboratory, loaders).load("")
    assert exact.value.mentions == 1
    assert (await laboratory.figure()).value.mentions == 1
    assert laboratory.counting.runs == 2


async def test_places_share_the_object_of_a_shared_figure_and_copy_any_other(laboratory: Laboratory) -> None:
    shared = CachedFigure("lent", 1, TTL, STALE, laboratory.counting.compute, shared=True, models=(User,))
    async with laboratory.operation() as loaders:
        operation = Operation(laboratory, loaders)
        (one,), (other,) = await asyncio.gather(
            operation.load("a", figure=shared), operation.load("a", figure=shared)
        )
        (copied,), (another,) = await asyncio.gather(operation.load("a"), operation.load("a"))
    assert one is other
    assert copied == another
    assert copied.value is not another.value


async def test_a_failure_reaches_all_places_and_is_not_kept(laboratory: Laboratory) -> None:
    laboratory.counting.failures = [RuntimeError("gone")]
    async with laboratory.operation() as loaders:
        operation = Operation(laboratory, loaders)
        failed = await asyncio.gather(operation.load("a"), operation.load("a"), return_exceptions=True)
        (found,) = await operation.load("a")
    assert [str(failure) for failure in failed] == ["gone", "gone"]
    assert found.value.name == "a"


async def test_a_waiting_place_computes_if_the_first_one_is_cancelled(laboratory: Laboratory) -> None:
    laboratory.counting.gate.clear()
    async with laboratory.operation() as loaders:
        operation = Operation(laboratory, loaders)
        first = asyncio.create_task(operation.load("a"))
        await laboratory.counting.entered.wait()
        second, third = (asyncio.create_task(operation.load("a")) for _ in range(2))
        await asyncio.sleep(0)
        third.cancel()
        first.cancel()
        laboratory.counting.gate.set()
        (found,) = await second
        for cancelled in (first, third):
            with pytest.raises(asyncio.CancelledError):
                await cancelled
    assert found.value.name == "a"
    assert laboratory.counting.asked == [["a"], ["a"]]


async def test_figures_beside_exact_ones_show_the_snapshot_too(laboratory: Laboratory) -> None:
    await laboratory.figures("a")
    await laboratory.ingest()
    async with laboratory.operation() as loaders:
        operation = Operation(laboratory, loaders)
        (exact,) = await operation.load("b")
        (kept,) = await operation.load("a", max_age=None)
        assert not operation.answer.is_torn
    assert (exact.value.mentions, kept.value.mentions) == (1, 1)


async def test_an_old_figure_that_was_shown_before_makes_the_answer_torn(laboratory: Laboratory) -> None:
    await laboratory.figures("a")
    await laboratory.ingest()
    async with laboratory.operation() as loaders:
        operation = Operation(laboratory, loaders)
        (kept,) = await operation.load("a", max_age=None)
        (exact,) = await operation.load("b")
        assert operation.answer.is_torn
    assert (exact.value.mentions, kept.value.mentions) == (1, 0)


async def test_the_figures_are_freed_without_garbage_collection(laboratory: Laboratory) -> None:
    gc.disable()
    try:
        async with laboratory.operation() as loaders:
            operation = Operation(laboratory, loaders)
            await asyncio.gather(operation.load("a"), operation.load("a"))
        there = weakref.ref(operation.answer)
        del operation
        await asyncio.sleep(0)
        assert there() is None
    finally:
        gc.enable()
