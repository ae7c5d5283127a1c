"""All figures of one answer are of one generation, on each kind of store and across processes."""

import asyncio
from typing import Any

import pytest

from services.figures.cache import Figure, asked
from services.figures.cache.asked import RECENT_SECONDS, RecentlyAsked
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, Totals, TotalsOf


def mentions(figures: list[Figure[Totals]]) -> list[int]:
    return [figure.value.mentions for figure in figures]


async def test_figures_of_one_state_are_served_after_the_data_changed(laboratory: Laboratory) -> None:
    await laboratory.figures("a", "b")
    await laboratory.ingest()
    assert mentions(await laboratory.figures("b", "a")) == [0, 0]
    assert laboratory.counting.runs == 1


async def test_figures_of_different_states_are_computed_again(laboratory: Laboratory) -> None:
    await laboratory.figures("a")
    await laboratory.ingest()
    await laboratory.figures("b")
    await laboratory.ingest()
    assert mentions(await laboratory.figures("a", "b")) == [2, 2]
    assert laboratory.counting.asked == [["a"], ["b"], ["a", "b"]]


async def test_a_missing_figure_is_computed_alone_while_the_data_is_unchanged(laboratory: Laboratory) -> None:
    await laboratory.figures("a")
    assert mentions(await laboratory.figures("a", "b")) == [0, 0]
    assert laboratory.counting.asked == [["a"], ["b"]]


async def test_a_figure_that_is_too_old_is_not_mixed_with_a_younger_one(laboratory: Laboratory) -> None:
    await laboratory.figures("a", "b")
    await laboratory.ingest()
    laboratory.later = TTL / 2
    async with laboratory.operation() as loaders:
        answer = laboratory.cached.answer(loaders)
        young, other = await asyncio.gather(
            answer.get(laboratory.totals, [TotalsOf(laboratory.ann, "a")], 5),
            answer.get(laboratory.totals, [TotalsOf(laboratory.ann, "b")]),
        )
    assert mentions(young) == mentions(other) == [1]
    assert not answer.is_torn


async def test_a_later_figure_that_cannot_be_of_the_shown_state_tears_the_answer(
    laboratory: Laboratory,
) -> None:
    await laboratory.figures("a")
    await laboratory.ingest()
    async with laboratory.operation() as loaders:
        for exact in (False, True):
            answer = laboratory.cached.answer(loaders, exact=exact)
            first = await answer.get(laboratory.totals, [TotalsOf(laboratory.ann, "a")])
            second = await answer.get(laboratory.totals, [TotalsOf(laboratory.ann, "b")])
            assert (mentions(first), mentions(second)) == ([int(exact)], [1])
            assert answer.is_torn is not exact
    assert laboratory.counting.asked == [["a"], ["b"], ["a"]]


async def test_figures_over_all_users_agree_with_those_of_one_user(laboratory: Laboratory) -> None:
    async with laboratory.operation(operator=True) as loaders:
        await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
    await laboratory.ingest()
    async with laboratory.operation(operator=True) as loaders:
        answer = laboratory.cached.answer(loaders)
        await answer.get(laboratory.totals, [TotalsOf(laboratory.ann), TotalsOf(None)])
    assert answer.is_torn


async def test_users_do_not_share_generations(laboratory: Laboratory) -> None:
    questions = [TotalsOf(laboratory.ann), TotalsOf(laboratory.ben)]
    for index in (0, 1):
        async with laboratory.operation(operator=True) as loaders:
            await laboratory.cached.get(laboratory.totals, loaders, [questions[index]])
        await laboratory.ingest()
    async with laboratory.operation(operator=True) as loaders:
        answer = laboratory.cached.answer(loaders)
        await answer.get(laboratory.totals, questions)
    assert not answer.is_torn
    assert laboratory.counting.runs == 2


async def test_a_refresh_computes_the_questions_of_the_last_minutes_together(laboratory: Laboratory) -> None:
    for name in ("a", "b", "c"):
        await laboratory.figures(name)
        await laboratory.ingest()
    for later, refreshed in (
        (TTL + 1, ["a", "b", "c"]),
        (2 * TTL + 2, ["a", "b", "c"]),
        (RECENT_SECONDS + 40, ["a"]),  # more than a slow machine takes,
    ):
        laboratory.later = later
        await laboratory.figures("a")
        await laboratory.settled()
        assert sorted(laboratory.counting.asked[-1]) == refreshed
        await laboratory.ingest()
    runs = laboratory.counting.runs
    assert len(set(mentions(await laboratory.figures("b", "c")))) == 1
    assert laboratory.counting.runs == runs


def test_the_remembered_questions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    figure: Any = object()
    monkeypatch.setattr(asked, "MOST_GROUPS", 2)
    monkeypatch.setattr(asked, "MOST_QUESTIONS", 4)
    known = RecentlyAsked()
    for user_id in (1, 2, 3):
        known.note((user_id, user_id), [(figure, TotalsOf(user_id))], 0)
    assert [len(known.recent((user_id, user_id), 0)) for user_id in (1, 2, 3)] == [0, 1, 1]
    for number in range(5):
        known.note((2, 2), [(figure, TotalsOf(2, str(number)))], number + 1)
    assert [question for _, question in known.recent((2, 2), 0)] == [TotalsOf(2, name) for name in "234"]


async def test_replaced_figures_bring_the_others_of_their_user_along(laboratory: Laboratory) -> None:
    """Overlapping sets of figures would otherwise replace each other's figures again and again."""
    sets = [("a", "b"), ("b", "c"), ("c", "a")]
    for names in sets:
        await laboratory.figures(*names)
        await laboratory.ingest()
        await laboratory.settled()
    runs = laboratory.counting.runs
    for names in sets:
        assert len(set(mentions(await laboratory.figures(*names)))) == 1
        await laboratory.ingest()
    assert laboratory.counting.runs == runs


async def test_a_failed_figure_does_not_fail_the_others(laboratory: Laboratory) -> None:
    failing = laboratory.another(laboratory.backend)
    laboratory.counting.failures.append(ZeroDivisionError("no"))
    async with laboratory.operation() as loaders:
        answer = failing.answer(loaders)
        other = type(laboratory.totals)(
            "others", 1, TTL, STALE, laboratory.counting.compute, models=laboratory.totals.models
        )
        results = await asyncio.gather(
            answer.get(laboratory.totals, [TotalsOf(laboratory.ann)]),
            answer.get(other, [TotalsOf(laboratory.ann)]),
            return_exceptions=True,
        )
    assert sorted(type(result).__name__ for result in results) == ["ZeroDivisionError", "list"]
    await failing.close()


async def test_processes_that_share_a_store_show_one_generation(shared: Laboratory) -> None:
    other = shared.another(shared.backend)
    await shared.figures("a")
    await shared.ingest()
    await shared.figures("b", cached=other)
    await shared.ingest()
    first, second = await asyncio.gather(shared.figures("a", "b"), shared.figures("b", "a", cached=other))
    assert len(set(mentions(first))) == len(set(mentions(second))) == 1
    assert mentions(await shared.figures("a", "b", cached=other)) == [2, 2]


@pytest.mark.parametrize("readers", [2, 8])
async def test_concurrent_readers_of_a_cold_cache_agree_each(laboratory: Laboratory, readers: int) -> None:
    async def read(number: int) -> list[Figure[Totals]]:
        await laboratory.ingest()
        return await laboratory.figures(*["abc", "bcd", "cda"][number % 3])

    for figures in await asyncio.gather(*map(read, range(readers))):
        assert len(set(mentions(figures))) == 1
