"""The guarantees of the cache, on each kind of store."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

import pytest

from db.engine.reader import Reader
from db.models import User
from loaders.dataloader import DataLoaders
from services.figures.cache import Cached, CachedFigure, FigureByQuestion, FigureRegistry, cached_figure
from services.figures.cache.decoded import DecodedValues
from tests.services.figures.cache.conftest import STALE, TTL, Laboratory, Totals, TotalsOf
from tests.support.rows import add_user


async def test_a_figure_is_computed_once_and_then_read(laboratory: Laboratory) -> None:
    await laboratory.ingest()
    first, second = await laboratory.figure(), await laboratory.figure()
    assert first == second
    assert first.value == Totals(version=0, mentions=1, name="", words=[""])
    assert laboratory.counting.runs == 1
    statistics = laboratory.cached.statistics
    assert (statistics.misses, statistics.hits, statistics.computed, statistics.errors) == (1, 1, 1, 0)


async def test_only_missing_figures_are_computed_together_and_in_order(laboratory: Laboratory) -> None:
    await laboratory.figures("b")
    figures = await laboratory.figures("a", "b", "c", "a")
    assert [figure.value.name for figure in figures] == ["a", "b", "c", "a"]
    assert laboratory.counting.asked == [["b"], ["a", "c"]]
    assert await laboratory.figures() == []


async def test_each_caller_gets_its_own_copy_of_a_value(laboratory: Laboratory) -> None:
    computed = await laboratory.figures("a", "a")
    for figure in computed:
        assert figure.value.words == ["a"]
        figure.value.words.append("changed")
    (read,) = await laboratory.figures("a")
    read.value.words.append("changed")
    (again,) = await laboratory.figures("a")
    assert again.value.words == ["a"]


async def test_tasks_that_wait_for_one_computation_get_separate_copies(laboratory: Laboratory) -> None:
    figures = await asyncio.gather(*(laboratory.figure() for _ in range(5)))
    assert len({id(figure.value.words) for figure in figures}) == 5


class Kind(Enum):
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Plain:
    moment: datetime
    amount: Decimal
    kind: Kind
    counts: dict[int, int]
    pair: tuple[int, str | None]


@pytest.mark.parametrize("max_age", [None, 0])
async def test_values_round_trip_through_the_cache(laboratory: Laboratory, max_age: float | None) -> None:
    value = Plain(datetime(2026, 3, 29, 1, tzinfo=UTC), Decimal("12.50"), Kind.FIRST, {1: 2}, (3, None))

    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Plain]:
        return [value for _ in questions]

    kept = CachedFigure("plain", 1, TTL, STALE, compute, models=(User,))
    async with laboratory.operation() as loaders:
        for _ in range(2):
            (figure,) = await laboratory.cached.get(
                kept, loaders, [TotalsOf(laboratory.ann)], max_age_seconds=max_age
            )
            assert figure.value == value
            assert figure.value is not value


async def test_values_of_shared_figures_are_one_object_per_stored_value(
    laboratory: Laboratory,
) -> None:
    shared = CachedFigure("lent", 1, TTL, STALE, laboratory.counting.compute, shared=True, models=(User,))

    async def value(cached: Cached | None = None) -> Totals:
        async with laboratory.operation() as loaders:
            asked = [TotalsOf(laboratory.ann)]
            (figure,) = await (cached or laboratory.cached).get(shared, loaders, asked)
        return figure.value

    first = await value()
    assert await value() is first
    another = laboratory.another(laboratory.backend)  # it computes nothing, and so has to read
    read = await value(another)
    assert read == first
    assert read is not first
    assert await value(another) is read
    await another.close()
    await laboratory.write()
    written = await value()
    assert (written.version, first.version) == (1, 0)
    assert await value() is written
    assert laboratory.counting.runs == 2


async def test_a_recomputed_shared_value_replaces_the_old_object(
    laboratory: Laboratory,
) -> None:
    shared = CachedFigure("lent", 1, TTL, STALE, laboratory.counting.compute, shared=True, models=(User,))
    mentions = []
    for later in (0, 2 * (TTL + STALE)):
        laboratory.later = later
        async with laboratory.operation() as loaders:
            (figure,) = await laboratory.cached.get(shared, loaders, [TotalsOf(laboratory.ann)])
        mentions.append(figure.value.mentions)
        await laboratory.ingest()
    assert mentions == [0, 1]


def test_the_decoded_values_are_bounded() -> None:
    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[list[int]]:
        return [[] for _ in questions]

    shared = CachedFigure("lists", 1, TTL, STALE, compute, shared=True, models=(User,))
    decoded = DecodedValues(largest_bytes=10)
    for number in range(9):
        assert decoded.value(shared, f"key {number}", b"[%d]" % number) == [number]
    assert [body for _, body, _ in decoded] == [b"[6]", b"[7]", b"[8]"]
    assert decoded.value(shared, "key 7", b"[7, 7]") == [7, 7]
    assert [value for _, _, value in decoded] == [[8], [7, 7]]
    assert decoded.value(shared, "large", b"[1, 2, 3, 4, 5]") == [1, 2, 3, 4, 5]
    assert list(decoded) == []


async def test_closing_an_operation_frees_its_figures_without_garbage_collection(
    laboratory: Laboratory,
) -> None:
    gc.disable()
    try:
        async with laboratory.operation() as loaders:
            figures = FigureByQuestion(laboratory.totals, None, laboratory.cached.answer(loaders))
            await loaders.load(figures, [TotalsOf(laboratory.ann)])
        there = weakref.ref(loaders)
        del loaders, figures
        await asyncio.sleep(0)
        assert there() is None
    finally:
        gc.enable()


async def test_nulls_and_zeros_are_cached(laboratory: Laboratory) -> None:
    runs = 0

    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int | None]:
        nonlocal runs
        runs += 1
        return [None if question.name == "none" else 0 for question in questions]

    nothing = CachedFigure("nothing", 1, TTL, STALE, compute, models=(User,))
    async with laboratory.operation() as loaders:
        for _ in range(3):
            questions = [TotalsOf(laboratory.ann, "none"), TotalsOf(laboratory.ann, "zero")]
            figures = await laboratory.cached.get(nothing, loaders, questions)
            assert [figure.value for figure in figures] == [None, 0]
    assert runs == 1


async def test_a_failure_reaches_all_waiting_callers_and_is_not_cached(laboratory: Laboratory) -> None:
    laboratory.counting.failure = ZeroDivisionError("no")
    laboratory.counting.gate.clear()
    tasks = [asyncio.create_task(laboratory.figure()) for _ in range(3)]
    await asyncio.sleep(0.2)
    laboratory.counting.gate.set()
    failed = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(failure) for failure in failed] == [ZeroDivisionError] * 3
    assert laboratory.counting.runs == 1
    laboratory.counting.failure = None
    assert (await laboratory.figure()).value.version == 0
    assert laboratory.counting.runs == 2


async def test_many_tasks_on_a_cold_key_compute_once(laboratory: Laboratory) -> None:
    figures = await asyncio.gather(*(laboratory.figures("a", "b") for _ in range(50)))
    assert laboratory.counting.runs == 1
    assert len({figure.as_of for pair in figures for figure in pair}) == 1
    statistics = laboratory.cached.statistics
    assert statistics.computed == statistics.misses == 2
    assert statistics.hits + statistics.waited + statistics.misses == 100


async def test_overlapping_questions_are_each_computed_once(laboratory: Laboratory) -> None:
    names = "abcdefgh"
    asked = [names[start:] + names[:start] for start in range(len(names))] + [names[:3], names[2:5]]
    answers = await asyncio.gather(*(laboratory.figures(*some) for some in asked))
    for some, figures in zip(asked, answers, strict=True):
        assert "".join(figure.value.name for figure in figures) == some
    assert sorted(name for run in laboratory.counting.asked for name in run) == list(names)


async def test_cancelling_a_computing_caller_leaves_waiting_callers_an_answer(
    laboratory: Laboratory,
) -> None:
    counting = laboratory.counting
    counting.gate.clear()
    leader = asyncio.create_task(laboratory.figure())
    await counting.entered.wait()
    followers = [asyncio.create_task(laboratory.figure()) for _ in range(5)]
    await asyncio.sleep(0.05)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)
    counting.gate.set()
    assert {(await follower).value.version for follower in followers} == {0}
    assert leader.cancelled()
    assert counting.runs == 2


async def test_cancelling_a_waiting_caller_does_not_stop_others(laboratory: Laboratory) -> None:
    counting = laboratory.counting
    counting.gate.clear()
    leader = asyncio.create_task(laboratory.figure())
    await counting.entered.wait()
    followers = [asyncio.create_task(laboratory.figure()) for _ in range(5)]
    await asyncio.sleep(0.05)
    for follower in followers[:3]:
        follower.cancel()
    await asyncio.gather(*followers[:3], return_exceptions=True)
    counting.gate.set()
    for task in [leader, *followers[3:]]:
        assert (await task).value.version == 0
    assert counting.runs == 1


async def test_a_stale_figure_is_served_while_a_new_one_is_computed(laboratory: Laboratory) -> None:
    old = await laboratory.figure()
    await laboratory.ingest()
    laboratory.later = TTL + 1
    laboratory.counting.gate.clear()
    assert await laboratory.figure() == old
    assert await laboratory.figure() == old
    laboratory.counting.gate.set()
    await laboratory.settled()
    new = await laboratory.figure()
    assert new.value.mentions == 1
    assert (new.as_of - old.as_of).total_seconds() > TTL
    statistics = laboratory.cached.statistics
    assert (statistics.stale, statistics.hits, statistics.misses, statistics.computed) == (2, 1, 1, 2)


async def test_figures_older_than_their_limit_are_not_served(laboratory: Laboratory) -> None:
    await laboratory.figure()
    await laboratory.ingest()
    laboratory.later = TTL + STALE + 1
    assert (await laboratory.figure()).value.mentions == 1
    assert laboratory.cached.statistics.stale == 0


async def test_a_figure_is_fresh_for_at_least_nine_tenths_of_its_ttl(laboratory: Laboratory) -> None:
    await laboratory.figures(*(str(n) for n in range(100)))
    laboratory.later = 0.9 * TTL - 5
    await laboratory.figures(*(str(n) for n in range(100)))
    assert laboratory.cached.statistics.stale == 0
    laboratory.later = 0.95 * TTL
    await laboratory.figures(*(str(n) for n in range(100)))
    assert 10 < laboratory.cached.statistics.stale < 90  # each at its own time
    await laboratory.settled()


async def test_max_age_limits_the_age_of_figures(laboratory: Laboratory) -> None:
    old = await laboratory.figure()
    await laboratory.ingest()
    laboratory.later = 30
    assert await laboratory.figure(max_age=40) == old
    new = await laboratory.figure(max_age=20)
    assert new.value.mentions == 1
    assert await laboratory.figure() == new


async def test_max_age_does_not_extend_the_limit_of_a_figure(laboratory: Laboratory) -> None:
    await laboratory.figure()
    await laboratory.ingest()
    laboratory.later = TTL + STALE + 1
    assert (await laboratory.figure(max_age=10 * TTL)).value.mentions == 1


async def test_an_exact_figure_is_computed_from_the_callers_snapshot_and_cached(
    laboratory: Laboratory,
) -> None:
    async with laboratory.operation() as loaders:
        (before,) = await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
        await laboratory.ingest()
        (same,) = await laboratory.cached.get(
            laboratory.totals, loaders, [TotalsOf(laboratory.ann)], max_age_seconds=0
        )
    assert (before.value.mentions, same.value.mentions) == (0, 0)
    exact = await laboratory.figure(max_age=0)
    assert exact.value.mentions == 1
    assert await laboratory.figure() == exact
    assert laboratory.counting.runs == 3


async def test_a_figure_is_as_old_as_its_snapshot(laboratory: Laboratory) -> None:
    before = datetime.now(UTC)
    async with laboratory.operation() as loaders:
        await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann, "opens")])
        opened = datetime.now(UTC)
        await asyncio.sleep(0.05)
        (figure,) = await laboratory.cached.get(
            laboratory.totals, loaders, [TotalsOf(laboratory.ann, "late")]
        )
    assert before <= figure.as_of <= opened


async def test_users_read_their_own_writes(laboratory: Laboratory) -> None:
    await laboratory.figure()
    for version in range(1, 4):
        await laboratory.write()
        assert (await laboratory.figure()).value.version == version
        assert (await laboratory.figure()).value.version == version
    assert laboratory.counting.runs == 4


async def test_an_older_snapshot_reads_figures_of_its_data_version(laboratory: Laboratory) -> None:
    async with laboratory.operation() as loaders:
        await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann, "opens")])
        await laboratory.write()
        assert (await laboratory.figure()).value.version == 1
        (old,) = await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
    assert old.value.version == 0
    assert (await laboratory.figure()).value.version == 1


async def test_ingested_mentions_count_from_the_next_computation(laboratory: Laboratory) -> None:
    await laboratory.figure()
    await laboratory.ingest()
    assert (await laboratory.figure()).value.mentions == 0
    await laboratory.write()
    assert (await laboratory.figure()).value.mentions == 1


async def test_viewers_do_not_share_figures(laboratory: Laboratory) -> None:
    questions = [TotalsOf(laboratory.ann)]
    await laboratory.figure()
    async with laboratory.operation(laboratory.ben) as loaders:
        await laboratory.cached.get(laboratory.totals, loaders, questions)
    async with laboratory.operation(operator=True) as loaders:
        await laboratory.cached.get(laboratory.totals, loaders, questions)
    assert laboratory.counting.runs == 3


async def test_a_figure_over_all_users_changes_with_every_users_writes(laboratory: Laboratory) -> None:
    async def ask() -> None:
        async with laboratory.operation(operator=True) as loaders:
            await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(None)])

    await ask()
    await ask()
    assert laboratory.counting.runs == 1
    await laboratory.write(laboratory.ben)
    await ask()
    assert laboratory.counting.runs == 2


async def test_another_version_of_a_figure_has_separate_entries(laboratory: Laboratory) -> None:
    await laboratory.figure()
    laboratory.totals = CachedFigure("totals", 2, TTL, STALE, laboratory.counting.compute, models=(User,))
    await laboratory.figure()
    assert laboratory.counting.runs == 2


async def test_a_refresh_stores_its_figure_under_the_version_of_its_snapshot(laboratory: Laboratory) -> None:
    async with laboratory.operation() as loaders:
        await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
        await laboratory.write()
        laboratory.later = TTL + 1
        await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
        await laboratory.settled()
        (old,) = await laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
    assert old.value.version == 0
    await laboratory.settled()
    runs = laboratory.counting.runs
    assert (await laboratory.figure()).value.version == 1
    assert laboratory.counting.runs == runs


async def test_a_failed_refresh_keeps_the_stale_figure(
    laboratory: Laboratory, caplog: pytest.LogCaptureFixture
) -> None:
    old = await laboratory.figure()
    laboratory.later = TTL + 1
    laboratory.counting.failure = ZeroDivisionError("no")
    for _ in range(2):
        assert await laboratory.figure() == old
        await laboratory.settled()
    assert laboratory.cached.statistics.failed_refreshes == 2
    assert "totals could not be refreshed in the background" in caplog.text
    laboratory.counting.failure = None
    assert await laboratory.figure() == old
    await laboratory.settled()
    assert (await laboratory.figure()).as_of > old.as_of


async def test_refreshes_use_at_most_two_connections(laboratory: Laboratory) -> None:
    users = [await add_user(laboratory.pool, f"{number}@example.com") for number in range(20)]
    for user in users:
        await laboratory.figures("", user_id=user)
    laboratory.later = TTL + 1
    laboratory.counting.gate.clear()
    runs = laboratory.counting.runs
    for user in users:
        await laboratory.figures("", user_id=user)
    await asyncio.sleep(0.1)
    assert laboratory.counting.runs == runs + 2
    laboratory.counting.gate.set()
    await laboratory.settled()
    assert laboratory.counting.runs == runs + 20


async def test_closing_cancels_refreshes_and_releases_their_connections(laboratory: Laboratory) -> None:
    await laboratory.figure()
    laboratory.later = TTL + 1
    laboratory.counting.gate.clear()
    laboratory.counting.entered.clear()
    await laboratory.figure()
    await laboratory.counting.entered.wait()
    await laboratory.cached.close()
    await laboratory.all_connections_given_back()
    laboratory.counting.gate.set()
    assert (await laboratory.figure()).value.version == 0  # computed: nothing is kept any more


async def test_callers_that_exhaust_the_pool_do_not_deadlock(laboratory: Laboratory) -> None:
    """Every caller holds its connection before it waits for others. So do refreshes."""
    await laboratory.figures("stale")
    laboratory.later = TTL + 1
    most = laboratory.pool.get_max_size()
    calls = [laboratory.figures("stale", "cold", str(number % 3)) for number in range(5 * most)]
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*calls)
    assert all(figures[1].value.name == "cold" for figures in answers)
    await laboratory.settled()


async def test_a_figure_that_returns_too_few_values_raises(laboratory: Laboratory) -> None:
    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int]:
        return [1 for _ in questions[1:]]

    short = CachedFigure("short", 1, TTL, STALE, compute, models=(User,))
    async with laboratory.operation() as loaders:
        with pytest.raises(TypeError, match="short returned 1 values for 2 questions"):
            await laboratory.cached.get(short, loaders, [TotalsOf(1, "a"), TotalsOf(1, "b")])


async def test_a_figure_that_returns_values_of_another_type_raises(laboratory: Laboratory) -> None:
    async def compute(loaders: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int]:
        return [loaders for _ in questions]  # type: ignore[misc]

    wrong = CachedFigure("wrong", 1, TTL, STALE, compute, models=(User,))
    async with laboratory.operation() as loaders:
        with pytest.raises(TypeError, match="wrong returned a value of another type than annotated"):
            await laboratory.cached.get(wrong, loaders, [TotalsOf(laboratory.ann)])


def test_a_figure_of_values_that_cannot_be_stored_raises() -> None:
    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[Reader]:
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"readers must have plain questions and values: .*Reader"):
        CachedFigure("readers", 1, TTL, STALE, compute, models=(User,))


@pytest.mark.parametrize(("ttl", "stale"), [(0, 1), (-1, 1), (1, -1)])
def test_a_figure_without_a_positive_ttl_raises(ttl: float, stale: float) -> None:
    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int]:
        raise NotImplementedError

    with pytest.raises(ValueError, match="short-lived"):
        CachedFigure("short-lived", 1, ttl, stale, compute, models=(User,))


def test_figures_register_once() -> None:
    known = FigureRegistry()

    async def compute(_: DataLoaders, questions: Sequence[TotalsOf]) -> Sequence[int]:
        raise NotImplementedError

    make: Callable[..., CachedFigure[TotalsOf, int]] = cached_figure(
        "figure", models=(User,), version=1, ttl_seconds=1, stale_seconds=1, registry=known
    )
    assert list(known) == []
    made = make(compute)
    assert list(known) == [made]
    with pytest.raises(ValueError, match="two figures with the name figure"):
        make(compute)


async def test_a_single_load_operation_holds_its_connection_for_figures(laboratory: Laboratory) -> None:
    """A computing caller must hold its connection before others wait for it; see `Computing`."""
    async with laboratory.operation() as loaders:
        loaders._reader.single = True
        laboratory.counting.gate.clear()
        asking = asyncio.create_task(
            laboratory.cached.get(laboratory.totals, loaders, [TotalsOf(laboratory.ann)])
        )
        await laboratory.counting.entered.wait()
        assert laboratory.pool.get_idle_size() == laboratory.pool.get_size() - 1
        laboratory.counting.gate.set()
        (figure,) = await asking
    assert figure.value.version == 0
