"""Streams take turns, and leave time to operations."""

import asyncio
from math import inf
from time import perf_counter

import pytest

from db.engine.steps import STEP_SECONDS
from server.ingest.step_turns import HOLD_SECONDS, QUIET_SECONDS, SHORT_STEP_SECONDS, StepTurns


async def order_of(turns: StepTurns, *users: int) -> list[int]:
    """Return the users in the order of their turns, each with the turn of the event loop."""
    order: list[int] = []

    async def work(user_id: int) -> None:
        await turns.read(user_id)
        order.append(user_id)

    await asyncio.gather(*(work(user_id) for user_id in users))
    return order


async def test_users_take_turns_however_many_streams_one_has() -> None:
    assert await order_of(StepTurns(lambda: -inf), 1, 1, 1, 1, 2) == [1, 2, 1, 1, 1]


async def test_a_batch_is_written_before_streams_read_on() -> None:
    turns, order = StepTurns(lambda: -inf), list[str]()

    async def work(name: str) -> None:
        await (turns.write() if name == "write" else turns.read(1))
        order.append(name)

    await asyncio.gather(*(work(name) for name in ("read", "read", "read", "write")))
    assert order.index("write") == 1


async def test_one_stream_works_in_each_turn_of_the_loop() -> None:
    turns, at, turn = StepTurns(lambda: -inf), list[int](), 0

    async def work() -> None:
        await turns.write()
        at.append(turn)

    working = [asyncio.create_task(work()) for _ in range(4)]
    while not all(each.done() for each in working):
        await asyncio.sleep(0)
        turn += 1
    assert len(set(at)) == 4


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the event loop. They take no time."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return pauses


async def test_streams_alone_take_long_steps_without_a_pause(pauses: list[float]) -> None:
    turns = StepTurns(lambda: perf_counter() - QUIET_SECONDS - 1)
    assert await turns.write() == STEP_SECONDS
    assert pauses == [0]


async def test_streams_leave_most_of_the_time_to_operations(pauses: list[float]) -> None:
    turns = StepTurns(lambda: inf)
    assert [await turns.write() for _ in range(5)] == [SHORT_STEP_SECONDS] * 5
    assert pauses == [HOLD_SECONDS] * 5
