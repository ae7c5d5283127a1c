"""Deadlines: many of them share one timer."""

import asyncio

from server.http.deadlines import Deadlines


async def test_items_expire_in_the_order_of_their_deadlines() -> None:
    expired: list[str] = []
    deadlines: Deadlines[str] = Deadlines(expired.append)
    deadlines.add("late", 0.08)
    deadlines.add("early", 0.02)
    await asyncio.sleep(0.05)
    assert expired == ["early"]
    await asyncio.sleep(0.06)
    assert expired == ["early", "late"]


async def test_removed_item_does_not_expire() -> None:
    expired: list[str] = []
    deadlines: Deadlines[str] = Deadlines(expired.append)
    deadlines.add("gone", 0.01)
    deadlines.remove("gone")
    deadlines.remove("gone")
    await asyncio.sleep(0.03)
    assert expired == []


async def test_timer_that_fired_in_vain_leaves_later_deadlines_exact() -> None:
    expired: list[str] = []
    deadlines: Deadlines[str] = Deadlines(expired.append)
    deadlines.add("gone", 0.01)
    deadlines.add("kept", 0.05)
    deadlines.remove("gone")
    await asyncio.sleep(0.03)
    assert expired == []
    await asyncio.sleep(0.04)
    assert expired == ["kept"]
    deadlines.add("new", 0.01)
    await asyncio.sleep(0.03)
    assert expired == ["kept", "new"]


async def test_past_deadline_expires_at_once_and_not_within_the_call() -> None:
    expired: list[str] = []
    deadlines: Deadlines[str] = Deadlines(expired.append)
    deadlines.add("past", -5)
    assert expired == []
    await asyncio.sleep(0.01)
    assert expired == ["past"]


async def test_many_items_make_one_timer() -> None:
    deadlines: Deadlines[int] = Deadlines(lambda _: None)
    made = []
    loop = asyncio.get_running_loop()
    plain = loop.call_at
    loop.call_at = lambda *given, **named: made.append(given) or plain(*given, **named)  # type: ignore[method-assign, func-returns-value]
    try:
        for number in range(1000):
            deadlines.add(number, 60)
            deadlines.remove(number)
    finally:
        loop.call_at = plain  # type: ignore[method-assign]
    assert len(made) == 1


async def test_items_added_by_an_expiry_delay_no_other_deadline() -> None:
    expired: list[str] = []

    def expire(item: str) -> None:
        expired.append(item)
        if item == "first":
            deadlines.add("added", 5)

    deadlines: Deadlines[str] = Deadlines(expire)
    deadlines.add("first", 0.01)
    deadlines.add("second", 0.03)
    await asyncio.sleep(0.06)
    assert expired == ["first", "second"]
    deadlines.remove("added")
