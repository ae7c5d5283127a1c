"""Slots of users: who gets the next one, who waits, and who is refused."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app
from server.http.admission import Admission, AdmissionLimits, TooManyAtOnceError
from server.http.protocol import UnavailableError
from tests.support.rows import add_key, add_user

ANN, BOB, CY = 1, 2, 3


class Line:
    """Requests that hold their slots until they are told to end, and the order in which they began."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def send(self, user_id: int, *names: str, patient: bool = False) -> None:
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._run(user_id, name, patient=patient))
        await asyncio.sleep(0.001)

    async def _run(self, user_id: int, name: str, *, patient: bool) -> None:
        async with self.admission.slot(user_id, patient=patient):
            self.begun.append(name)
            await self.ends[name].wait()

    async def end(self, *names: str) -> None:
        for name in names:
            self.ends[name].set()
            await self.tasks[name]
        await asyncio.sleep(0.001)

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.tasks[name]

    async def end_all(self) -> None:
        for end in self.ends.values():
            end.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line(
        Admission(AdmissionLimits(slots=3, user_slots=2, waiting=4, user_waiting=3, wait_seconds=0.2))
    )
    yield line
    await line.end_all()
    state = line.admission
    assert (state.running, state.waiting, state._running, state._queues, state._served) == (0, 0, {}, {}, {})


async def test_a_user_never_has_more_slots_than_its_share(line: Line) -> None:
    await line.send(ANN, "a1", "a2", "a3")
    assert line.begun == ["a1", "a2"]
    await line.send(BOB, "b1")
    assert line.begun == ["a1", "a2", "b1"]
    await line.end("a1")
    assert line.begun == ["a1", "a2", "b1", "a3"]


async def test_a_free_slot_goes_to_the_user_with_the_least_time(line: Line) -> None:
    await line.send(ANN, "a1", "a2")
    await line.send(BOB, "b1")
    await line.send(ANN, "a3", "a4")
    await line.send(BOB, "b2")
    await asyncio.sleep(0.05)
    await line.end("a1")
    assert line.begun[3:] == ["b2"]
    await line.end("b2")  # soon: ann has held her slots for longer
    assert line.begun[4:] == ["a3"]


async def test_absence_saves_up_no_claim(line: Line) -> None:
    """Cy comes when ann and bob have held slots for a while, and is served once before them, not as long as they."""
    await line.send(ANN, "a1", "a2")
    await line.send(BOB, "b1")
    await asyncio.sleep(0.05)
    await line.send(ANN, "a3")
    await line.end("a1")
    await line.send(CY, "c1", "c2", patient=True)
    await line.send(BOB, "b2")
    await asyncio.sleep(0.05)
    await line.end("a2", "a3", "b1")
    assert sorted(line.begun[3:]) == ["a3", "b2", "c1", "c2"]


async def test_a_user_with_too_many_waiting_requests_is_refused(line: Line) -> None:
    await line.send(ANN, *(f"a{n}" for n in range(6)))
    with pytest.raises(TooManyAtOnceError, match="This user has too many operations at once: 2 run"):
        await line.tasks["a5"]
    assert (line.begun, line.admission.waiting) == (["a0", "a1"], 3)
    assert line.admission.refused == {"user": 1, "server": 0}


async def test_a_full_queue_refuses_all_users(line: Line) -> None:
    await line.send(ANN, "a0", "a1", "a2", "a3", "a4")
    await line.send(BOB, "b0", "b1")
    await line.send(CY, "c0")
    with pytest.raises(UnavailableError, match="The server is busy"):
        await line.tasks["c0"]
    assert line.admission.refused == {"user": 0, "server": 1}


async def test_a_long_wait_is_refused_by_its_reason(line: Line) -> None:
    await line.send(ANN, "a1", "a2", "a3")
    await line.send(BOB, "b1", "b2")
    with pytest.raises(TooManyAtOnceError):
        await line.tasks["a3"]
    with pytest.raises(UnavailableError):
        await line.tasks["b2"]
    assert line.admission.refused == {"user": 1, "server": 1}


async def test_the_patient_wait_as_long_as_it_takes(line: Line) -> None:
    await line.send(ANN, "a1", "a2", "a3", "a4", "a5")
    await line.send(ANN, "a6", patient=True)  # beyond the limit of waiting requests
    await asyncio.sleep(0.3)
    await line.end("a1")
    assert line.begun == ["a1", "a2", "a6"]


async def test_cancelled_waits_leave_the_queue(line: Line) -> None:
    await line.send(ANN, "a1", "a2", "a3", "a4")
    await line.cancel("a3")
    assert line.admission.waiting == 1
    line.tasks["a4"].cancel()
    line.ends["a1"].set()  # the slot comes in the same turn as the cancellation
    await asyncio.sleep(0.01)
    assert (line.admission.waiting, line.admission.running) == (0, 1)
    await line.send(ANN, "a5")
    assert line.begun == ["a1", "a2", "a5"]


async def test_an_uncontended_slot_never_suspends_its_task() -> None:
    admission = Admission(AdmissionLimits.of_pool(10))
    entering = admission.slot(ANN).__aenter__()
    with pytest.raises(StopIteration):
        entering.send(None)
    assert admission.running == 1


@pytest.mark.parametrize(
    ("connections", "given", "slots", "user_slots"),
    [(1, None, 1, 1), (2, None, 1, 1), (10, None, 9, 3), (10, 7, 9, 7), (10, 50, 9, 9), (40, None, 39, 13)],
)
def test_limits_of_a_pool(connections: int, given: int | None, slots: int, user_slots: int) -> None:
    limits = AdmissionLimits.of_pool(connections, user_slots=given)
    assert (limits.slots, limits.user_slots) == (slots, user_slots)


async def test_a_user_with_too_many_operations_gets_429_and_others_their_answer(pool: Pool) -> None:
    keys = [await add_key(pool, await add_user(pool, f"{name}@example.com")) for name in ("ann", "bob")]
    ann, bob = ({"authorization": f"Bearer {key}"} for key in keys)
    admission = Admission(AdmissionLimits(slots=2, user_slots=1, wait_seconds=0.1))
    user_id = await pool.fetchval("SELECT id FROM users WHERE email = 'ann@example.com'")
    transport = httpx.ASGITransport(app=create_app(pool, admission=admission))
    body = {"query": "{ viewer { email } }"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        async with admission.slot(user_id):
            refused, answered = await asyncio.gather(
                client.post("/graphql", json=body, headers=ann),
                client.post("/graphql", json=body, headers=bob),
            )
        later = await client.post("/graphql", json=body, headers=ann)
        metrics = (await client.get("http://127.0.0.1/metrics")).text
    assert refused.status_code == 429
    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert refused.headers["retry-after"] == "1"
    assert answered.json() == {"data": {"viewer": {"email": "bob@example.com"}}}
    assert later.json() == {"data": {"viewer": {"email": "ann@example.com"}}}
    for line in (
        'leadgraph_admission_refused_total{reason="user"} 1.0',
        'leadgraph_admission_requests{state="running"} 0.0',
        "leadgraph_admission_wait_seconds_count 1.0",
    ):
        assert line in metrics.splitlines()
