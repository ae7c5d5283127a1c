"""Long work is divided into short steps."""

from time import perf_counter, sleep

from db.engine.steps import STEP_SECONDS, Steps


async def test_a_step_ends_when_its_time_is_over() -> None:
    turns: list[float] = []

    async def turn() -> float:
        turns.append(perf_counter())
        return 0.01

    steps = Steps(turn)
    assert steps.are_due()
    await steps.next()
    assert not steps.are_due()
    sleep(0.011)
    assert steps.are_due()
    assert len(turns) == 1


async def test_without_a_turn_of_its_own_work_goes_on_in_the_next_turn_of_the_loop() -> None:
    steps = Steps()
    await steps.next()
    assert not steps.are_due()
    sleep(STEP_SECONDS)
    assert steps.are_due()
