"""The turnstile: one request begins per turn of the event loop, in turn by sender."""

import asyncio
from typing import Any

from server.http.turnstile import FAST_AFTER, FAST_SECONDS, MOST_SHARES, Turnstile, sender_of

ANN: dict[str, Any] = {
    "headers": [(b"host", b"x"), (b"authorization", b"Bearer a")],
    "client": ("1.1.1.1", 1),
}
BOB: dict[str, Any] = {"headers": [(b"authorization", b"Bearer b")], "client": ("1.1.1.1", 2)}
NOBODY: dict[str, Any] = {"headers": [(b"host", b"x")], "client": ("2.2.2.2", 3)}


class Loop:
    """Counts the turns of the event loop, and notes in which turn each request begins. Its time passes as told."""

    def __init__(self, *, under_way: int = 1) -> None:
        self.now = self.worked = 0.0
        self.turnstile = Turnstile(lambda: under_way, clock=lambda: self.now, worked=lambda: self.worked)
        self.begun: list[str] = []
        self.turns: list[int] = []
        self.turn = 0

    def send(
        self, scope: dict[str, Any], name: str, seconds: float = 0, *, worked: float | None = None
    ) -> None:
        def start() -> None:
            done = seconds if worked is None else worked
            asyncio.get_running_loop().call_soon(self._begin, name, seconds, done)

        self.turnstile.pass_through(scope, start)

    def _begin(self, name: str, seconds: float, worked: float) -> None:
        self.begun.append(name)
        self.turns.append(self.turn)
        self.now += seconds
        self.worked += worked

    async def run(self, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
            self.turn += 1

    async def run_until_idle(self) -> None:
        while self.turnstile.waiting or self.turnstile._timer:
            await asyncio.sleep(0.001)
            self.now += 0.001
        await self.run(3)


async def test_requests_that_arrive_together_begin_in_turns_of_their_own() -> None:
    loop = Loop()
    for n in range(4):
        loop.send(ANN, f"a{n}")
    await loop.run(10)
    assert loop.begun == ["a0", "a1", "a2", "a3"]
    assert len(set(loop.turns)) == 4


async def test_senders_take_turns() -> None:
    loop = Loop()
    for n in range(4):
        loop.send(ANN, f"a{n}")
    for n in range(2):
        loop.send(BOB, f"b{n}")
    await loop.run(20)
    assert loop.begun == ["a0", "a1", "b0", "a2", "b1", "a3"]


async def test_a_sender_of_long_steps_leaves_others_half_of_the_time() -> None:
    loop = Loop(under_way=2)
    for n in range(2):
        loop.send(ANN, f"a{n}", 0.02)
    await loop.run(3)
    began = loop.now
    loop.send(BOB, "b0")
    assert loop.begun == ["a0"]
    await loop.run(3)
    assert loop.begun == ["a0", "b0"]
    await loop.run_until_idle()
    assert loop.begun == ["a0", "b0", "a1"]
    assert loop.now - began >= 0.02 - 1e-9


async def test_a_sender_alone_is_held_back_only_without_a_credential() -> None:
    for scope, held in ((ANN, 0), (NOBODY, 1)):
        loop = Loop(under_way=1)
        loop.send(scope, "1", 0.02)
        loop.send(scope, "2", 0.02)
        await loop.run(4)
        assert loop.turnstile.waiting == held
        await loop.run_until_idle()
        assert loop.begun == ["1", "2"]


async def test_short_steps_without_a_credential_count_together() -> None:
    session: dict[str, Any] = {"headers": [(b"cookie", b"c")], "client": ("2.2.2.2", 3)}
    for scope, held in ((ANN, 0), (session, 0), (NOBODY, 1)):
        loop = Loop(under_way=2)
        for n in range(7):
            loop.send(scope, str(n), 0.0015)
        await loop.run(20)
        assert (loop.turnstile.waiting > 0) == held
        await loop.run_until_idle()
        assert loop.begun == [str(n) for n in range(7)]


async def test_a_sender_is_not_held_back_for_the_time_of_other_processes() -> None:
    loop = Loop(under_way=2)
    loop.send(ANN, "a0", 0.02, worked=0.001)
    await loop.run(3)
    loop.send(ANN, "a1")
    assert loop.turnstile.waiting == 0


async def known_as_fast(loop: Loop, *scopes: dict[str, Any]) -> None:
    """Let each sender begin as many fast requests as it takes to be known."""
    for scope in scopes:
        for n in range(FAST_AFTER):
            loop.send(scope, f"known {n}", FAST_SECONDS / 2)
            await loop.run(3)
    loop.begun.clear()
    loop.turns.clear()


async def test_four_requests_of_fast_senders_begin_in_one_turn() -> None:
    loop = Loop()
    await known_as_fast(loop, ANN, BOB)
    for n in range(5):
        loop.send(ANN, f"a{n}")
    loop.send(BOB, "b0")
    await loop.run(10)
    assert loop.begun == ["a0", "a1", "a2", "a3", "a4", "b0"]
    assert [loop.turns.count(turn) for turn in sorted(set(loop.turns))] == [4, 2]


async def test_one_beginning_less_leaves_a_sender_unknown() -> None:
    loop = Loop()
    for n in range(FAST_AFTER - 1):
        loop.send(ANN, str(n), FAST_SECONDS / 2)
        await loop.run(3)
    loop.turns.clear()
    for n in range(2):
        loop.send(ANN, f"a{n}")
    await loop.run(10)
    assert len(set(loop.turns)) == 2


async def test_a_slow_beginning_ends_the_trust_in_a_sender() -> None:
    loop = Loop(under_way=1)
    await known_as_fast(loop, ANN)
    loop.send(ANN, "slow", 2 * FAST_SECONDS)
    await loop.run(3)
    loop.turns.clear()
    for n in range(3):
        loop.send(ANN, f"a{n}")
    await loop.run(10)
    assert len(set(loop.turns)) == 3


async def test_fast_sender_does_not_bring_an_unknown_one_into_its_turn() -> None:
    loop = Loop()
    await known_as_fast(loop, ANN)
    loop.send(ANN, "a0")
    loop.send(BOB, "b0")
    loop.send(ANN, "a1")
    await loop.run(10)
    assert loop.begun == ["a0", "b0", "a1"]
    assert loop.turns[1] > loop.turns[0]


async def test_callers_without_a_credential_are_never_known_as_fast() -> None:
    loop = Loop()
    for n in range(2 * FAST_AFTER):
        loop.send(NOBODY, str(n))
        await loop.run(3)
    loop.turns.clear()
    for n in range(2):
        loop.send(NOBODY, f"n{n}")
    await loop.run(10)
    assert len(set(loop.turns)) == 2


async def test_the_fast_senders_are_bounded() -> None:
    loop = Loop()
    for n in range(MOST_SHARES + 5):
        loop.send({"headers": [(b"authorization", b"Bearer %d" % n)]}, str(n))
        await loop.run(3)
    assert len(loop.turnstile._fast) == MOST_SHARES


async def test_the_shares_of_addresses_are_bounded() -> None:
    loop = Loop()
    for n in range(MOST_SHARES + 5):
        loop.send({"headers": [], "client": (f"address {n}", 1)}, str(n))
        await loop.run(3)
    assert len(loop.turnstile._shares) == MOST_SHARES


def test_senders_are_credentials_or_addresses() -> None:
    assert [sender_of(scope) for scope in (ANN, BOB, NOBODY)] == [b"a", b"b", "2.2.2.2"]
    for written in (b"bearer a", b"Bearer   a", b"Bearer a \t", b"a"):
        assert sender_of({**ANN, "headers": [(b"authorization", written)]}) == b"a"
    assert sender_of({**ANN, "headers": [(b"authorization", b" ")]}) == b""
