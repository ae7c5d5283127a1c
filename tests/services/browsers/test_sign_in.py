"""Guessing passwords: what it costs, where it ends, and that it keeps no victim out."""

import asyncio
import statistics
import threading
import time
from collections import Counter
from functools import partial

import pytest
from argon2 import PasswordHasher

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import session as stored
from services.browsers import passwords, sign_in_limits
from services.browsers.passwords import (
    HASH_OF_NOTHING,
    HASHER,
    BusyError,
    Passwords,
    hash_of,
    is_right,
)
from services.browsers.sign_in import Client, Outcome, SignedIn, SignIns, Transaction
from services.browsers.sign_in_limits import Attempt, SignInLimits, network_of
from services.rules.user_errors import UserErrors
from tests.support.rows import add_user

EMAIL, PASSWORD, WRONG = "ann@example.com", "correct horse battery", "wrong horse battery"
HASH = hash_of(PASSWORD)


class Checks(Passwords):
    """Verifies without the cost of a hash, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.verifications = 0

    async def verified(
        self,
        hash_: str | None,
        password: str,
        network: str,  # noqa: ARG002 - the signature of the real one
        *,
        known: bool,  # noqa: ARG002
    ) -> bool:
        self.verifications += 1
        return hash_ == HASH and password == PASSWORD


@pytest.fixture
async def write(pool: Pool) -> Transaction:
    user_id = await add_user(pool, EMAIL)
    await in_transaction(pool, lambda writer: stored.set_password(writer, user_id, HASH))

    return partial(in_transaction, pool)


class Door:
    """Attempts to sign in from any address, without the cost of a hash."""

    def __init__(self, write: Transaction) -> None:
        self.checks = Checks()
        self._write = write
        self._sign_ins = SignIns(self.checks)

    @property
    def outcomes(self) -> Counter[Outcome]:
        return self._sign_ins.outcomes

    async def enter(
        self, address: str, password: str = PASSWORD, *, device: str | None = None, email: str = EMAIL
    ) -> SignedIn:
        return await self._sign_ins.sign_in(self._write, email, password, Client(address, device=device))

    async def refusal(
        self, address: str, password: str = WRONG, *, device: str | None = None, email: str = EMAIL
    ) -> str:
        with pytest.raises(UserErrors) as refused:
            await self.enter(address, password, device=device, email=email)
        return str(refused.value.errors[0].code)


@pytest.fixture
def door(write: Transaction) -> Door:
    return Door(write)


async def test_ten_wrong_passwords_close_the_door_to_their_address_before_the_next_hash(door: Door) -> None:
    assert {await door.refusal("192.0.2.1") for _ in range(10)} == {"wrong_credentials"}
    assert door.checks.verifications == 10
    assert await door.refusal("192.0.2.1", PASSWORD) == "too_many_attempts"
    assert door.checks.verifications == 10
    assert (await door.enter("192.0.2.2")).session


async def test_unknown_addresses_are_counted_like_known_ones(door: Door) -> None:
    codes = [await door.refusal("192.0.2.1", email="Nobody@example.com") for _ in range(11)]
    assert codes == ["wrong_credentials"] * 10 + ["too_many_attempts"]
    assert await door.refusal("192.0.2.1", email="nobody@EXAMPLE.com") == "too_many_attempts"


async def test_an_address_that_tries_many_accounts_is_stopped(door: Door) -> None:
    codes = [await door.refusal("192.0.2.1", email=f"u{n}@example.com") for n in range(101)]
    assert codes == ["wrong_credentials"] * 100 + ["too_many_attempts"]


async def test_a_crowd_of_attackers_does_not_keep_the_victim_out(door: Door) -> None:
    known = await door.enter("198.51.100.1")
    crowd = [await door.refusal(f"203.0.113.{n}") for n in range(101)]
    assert crowd == ["wrong_credentials"] * 100 + ["too_many_attempts"]
    # Unknown clients elsewhere must wait. A known device does, and so does a known network.
    assert await door.refusal("192.0.2.9", PASSWORD) == "too_many_attempts"
    assert (await door.enter("192.0.2.9", device=known.new_device)).new_device is None
    assert (await door.enter("198.51.100.1")).session


async def test_an_attacker_beside_the_victim_does_not_lock_the_known_device(door: Door) -> None:
    known = await door.enter("198.51.100.1")
    for _ in range(10):
        await door.refusal("198.51.100.1")
    assert await door.refusal("198.51.100.1", PASSWORD) == "too_many_attempts"
    assert (await door.enter("198.51.100.1", device=known.new_device)).session


async def test_a_stolen_device_has_a_count_of_its_own_and_another_account_does_not_know_it(
    door: Door, pool: Pool
) -> None:
    known = await door.enter("198.51.100.1")
    codes = [await door.refusal(f"192.0.2.{n}", device=known.new_device) for n in range(11)]
    assert codes == ["wrong_credentials"] * 10 + ["too_many_attempts"]
    ben = await add_user(pool, "ben@example.com")
    await in_transaction(pool, lambda writer: stored.set_password(writer, ben, HASH))
    other = await door.enter("192.0.2.50", email="ben@example.com", device=known.new_device)
    assert other.new_device not in {None, known.new_device}


async def test_the_right_password_takes_the_failures_of_its_client_back(door: Door) -> None:
    for _ in range(3):
        for _ in range(9):
            assert await door.refusal("192.0.2.1") == "wrong_credentials"
        assert (await door.enter("192.0.2.1")).session


async def test_outcomes_are_counted_and_failures_are_logged_without_the_address_and_the_password(
    door: Door, pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "leadgraph")
    user_id = await pool.fetchval("SELECT id FROM users")
    await door.enter("198.51.100.1")
    await door.refusal("198.51.100.1")
    await door.refusal("2001:db8::1", email="hidden@example.com")
    for _ in range(9):
        await door.refusal("2001:db8::1", email="hidden@example.com")
    assert await door.refusal("2001:db8::1", email="hidden@example.com") == "too_many_attempts"
    await pool.execute("UPDATE users SET status = 'suspended'")
    await door.refusal("198.51.100.1", PASSWORD)
    assert door.outcomes == {"succeeded": 1, "wrong": 11, "limited": 1, "inactive": 1}

    names = ("outcome", "user_id", "network", "known")
    lines = [tuple(vars(record)[name] for name in names) for record in caplog.records]
    assert {record.getMessage() for record in caplog.records} == {"password refused"}
    assert lines == [
        ("wrong", user_id, "198.51.100.1", True),
        *[("wrong", None, "2001:db8::", False)] * 10,
        ("limited", None, "2001:db8::", False),
        ("inactive", user_id, "198.51.100.1", True),
    ]
    everything = str([vars(record) for record in caplog.records])
    assert all(secret not in everything for secret in ("example.com", PASSWORD, WRONG))


async def test_a_busy_check_is_counted_and_is_no_failure_of_the_client(write: Transaction) -> None:
    class Busy(Checks):
        async def verified(self, *_: object, **__: object) -> bool:
            raise BusyError

    sign_ins = SignIns(Busy())
    for _ in range(11):
        with pytest.raises(UserErrors, match="Too many people sign in"):
            await sign_ins.sign_in(write, EMAIL, PASSWORD, Client("192.0.2.1"))
    assert sign_ins.outcomes == {"busy": 11}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("unix", "unix"),
    ],
)
def test_the_network_of_a_client_is_its_address_or_the_prefix_of_ipv6(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_a_password_that_changes_during_the_check_opens_no_session(
    write: Transaction, pool: Pool
) -> None:
    class Slow(Checks):
        async def verified(self, hash_: str | None, password: str, network: str, *, known: bool) -> bool:
            await pool.execute("UPDATE passwords SET hash = 'other'")
            return await super().verified(hash_, password, network, known=known)

    with pytest.raises(UserErrors, match="wrong"):
        await SignIns(Slow()).sign_in(write, EMAIL, PASSWORD, Client())
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_sign_in_renews_a_hash_with_other_parameters(write: Transaction, pool: Pool) -> None:
    stored_hash = "SELECT hash FROM passwords"
    sign_ins = SignIns()
    await sign_ins.sign_in(write, EMAIL, PASSWORD, Client())
    assert await pool.fetchval(stored_hash) == HASH

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await pool.execute("UPDATE passwords SET hash = $1", old)
    with pytest.raises(UserErrors, match="wrong"):
        await sign_ins.sign_in(write, EMAIL, WRONG, Client())
    assert await pool.fetchval(stored_hash) == old
    first = await sign_ins.sign_in(write, EMAIL, PASSWORD, Client())
    renewed = await pool.fetchval(stored_hash)
    assert (renewed.split("$")[3], is_right(renewed, PASSWORD)) == ("m=19456,t=2,p=1", True)
    second = await sign_ins.sign_in(write, EMAIL, PASSWORD, Client())
    assert await pool.fetchval(stored_hash) == renewed
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 3
    assert first.session != second.session
    sign_ins.close()


async def test_a_busy_server_keeps_an_old_hash_and_signs_in(write: Transaction, pool: Pool) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    await pool.execute("UPDATE passwords SET hash = $1", old)

    class Busy(Passwords):
        async def hashed(self, *_: object, **__: object) -> str:
            raise BusyError

    sign_ins = SignIns(Busy())
    assert (await sign_ins.sign_in(write, EMAIL, PASSWORD, Client())).session
    assert await pool.fetchval("SELECT hash FROM passwords") == old
    sign_ins.close()


async def test_a_flood_waits_in_a_short_queue_and_known_clients_pass_it() -> None:
    checks = Passwords(threads=1)
    go = threading.Event()
    flood = [
        asyncio.create_task(checks._lanes[False].run(f"192.0.2.{n // 4}", go.wait))
        for n in range(passwords.MOST_PER_THREAD)
    ]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await checks.verified(HASH, PASSWORD, "198.51.100.1", known=False)
    assert await checks.verified(HASH, PASSWORD, "198.51.100.1", known=True)
    assert not any(each.done() for each in flood)
    go.set()
    assert await asyncio.gather(*flood) == [True] * passwords.MOST_PER_THREAD
    assert await checks.verified(HASH, PASSWORD, "198.51.100.1", known=False)
    checks.close()


async def test_one_network_takes_four_places_also_if_its_clients_leave() -> None:
    checks = Passwords(threads=1)
    go = threading.Event()
    first = [asyncio.create_task(checks._lanes[True].run("192.0.2.1", go.wait)) for _ in range(4)]
    await asyncio.sleep(0.05)
    first[0].cancel()  # its thread goes on
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await checks.verified(HASH, PASSWORD, "192.0.2.1", known=True)
    assert await checks.verified(HASH, PASSWORD, "192.0.2.1", known=False)
    go.set()
    await asyncio.gather(*first, return_exceptions=True)
    assert await checks.verified(HASH, PASSWORD, "192.0.2.1", known=True)
    checks.close()


def test_the_hash_of_nothing_costs_what_each_hash_costs() -> None:
    assert (
        HASH_OF_NOTHING.split("$")[:4]
        == hash_of(PASSWORD).split("$")[:4]
        == ["", "argon2id", "v=19", "m=19456,t=2,p=1"]
    )
    assert not HASHER.check_needs_rehash(HASH_OF_NOTHING)
    assert HASHER.type.name == "ID"

    def seconds(hash_: str | None) -> float:
        began = time.thread_time()
        assert not is_right(hash_, WRONG)
        return time.thread_time() - began

    seconds(HASH)
    known, unknown = ([seconds(hash_) for _ in range(7)] for hash_ in (HASH, None))
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


def test_a_password_counts_in_each_composition_of_its_letters() -> None:
    assert is_right(hash_of("caf\u00e9 au lait noir"), "cafe\u0301 au lait noir")
    assert not is_right(hash_of(PASSWORD), PASSWORD.upper())
    assert not is_right(hash_of("x" * 200), "x" * 201)


def test_a_full_count_forgets_one_failure_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("services.accounts.buckets.monotonic", lambda: now)
    limits, attempt = SignInLimits(), Attempt("ann@example.com", "192.0.2.1")
    for _ in range(10):
        assert limits.wait(attempt) == 0
        limits.note_failure(attempt)
    waits = {0.0: 90, 0.5: 90, 45.0: 45, 89.5: 1, 90.0: 0}
    for later, wait in waits.items():
        now = 1_000_000.0 + later
        assert limits.wait(attempt) == wait
    limits.note_failure(attempt)
    assert limits.wait(attempt) == 90
    limits.forgive(attempt)
    for _ in range(10):
        assert limits.wait(attempt) == 0
        limits.note_failure(attempt)
    assert limits.wait(attempt) == 90


def test_the_counts_take_a_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_limits, "COUNTS_KEPT", 30)
    limits = SignInLimits()
    for number in range(100):
        limits.note_failure(Attempt(f"u{number}@example.com", f"192.0.2.{number}"))
    assert len(limits._times) == 30


def test_the_limits_are_those_of_the_guide() -> None:
    assert sign_in_limits.LIMITS == {
        "device": (10, 900),
        "client": (10, 900),
        "network": (100, 900),
        "account": (100, 3600),
    }
