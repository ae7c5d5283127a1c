"""Long work is divided into short steps."""

import pytest

from db.engine import steps as module
from db.engine.steps import STEP_SECONDS, Steps


class Clock:
    """A clock whose time passes as told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", clock)
    return clock


async def test_a_step_ends_when_its_time_is_over(clock: Clock) -> None:
    turns: list[float] = []

    async def turn() -> float:
        turns.append(clock.now)
        return 0.01

    steps = Steps(turn)
    assert steps.are_due()
    await steps.next()
    clock.now += 0.009
    assert not steps.are_due()
    clock.now += 0.002
    assert steps.are_due()
    assert len(turns) == 1


async def test_without_a_turn_of_its_own_work_goes_on_in_the_next_turn_of_the_loop(clock: Clock) -> None:
    steps = Steps()
    await steps.next()
    assert not steps.are_due()
    clock.now += STEP_SECONDS
    assert steps.are_due()
