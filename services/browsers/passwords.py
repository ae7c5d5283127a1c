"""Passwords: their hashes, by Argon2id in a few threads.

A hash takes 19 MiB of memory and some 50 ms of a core. The threads bound the memory, and the queue before them is short, so
that a flood of sign-ins takes neither the memory nor the time of other requests.
"""

import asyncio
import os
import sys
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

Result = TypeVar("Result")

SHORTEST: Final = 12
LONGEST: Final = 200
_MEMORY_KIB: Final = 19_456
_TURNS: Final = 2
HASHER: Final = PasswordHasher(time_cost=_TURNS, memory_cost=_MEMORY_KIB, parallelism=1)
"""The parameters that OWASP recommends for Argon2id."""
HASH_OF_NOTHING: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$wKykcqphjgdKMKJI0+L1JQ$Dltod+NMlK29UcG8qp2XQHVzsc9x7MaRHRmZl10KA/Q"
)
"""A hash with these parameters, which is verified for unknown users, so that an attempt takes the same time."""
MOST_PER_THREAD: Final = 8
"""The most hashes that wait or run for each thread, so that the last of them waits for about half a second."""
MOST_PER_NETWORK: Final = 4
_NICE: Final = 10


class BusyError(Exception):
    """Too many passwords wait to be hashed."""


def hash_of(password: str) -> str:
    """Return the hash of a password. Takes some 50 ms."""
    return HASHER.hash(_normal(password))


def is_right(hash_: str | None, password: str) -> bool:
    """Return whether the password has the hash. Without a hash, return False after the same time."""
    fits = hash_ is not None and len(password) <= LONGEST
    try:
        HASHER.verify(hash_ if hash_ is not None and fits else HASH_OF_NOTHING, _normal(password[:LONGEST]))
    except VerificationError:
        return False
    return fits


def is_outdated(hash_: str) -> bool:
    """Return whether the hash has other parameters than new ones have."""
    return HASHER.check_needs_rehash(hash_)


def _normal(password: str) -> bytes:
    """Return the password in one form, however its keyboard composes letters."""
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")


class Passwords:
    """Hashes and verifies passwords beside the event loop.

    Known clients have a thread of their own, so that they do not wait for a flood of others.
    """

    def __init__(self, threads: int | None = None) -> None:
        usual = max(1, min(4, (os.cpu_count() or 1) // 2))
        self._lanes = {False: _Lane(usual if threads is None else threads), True: _Lane(1)}

    async def hashed(self, password: str, network: str, *, known: bool) -> str:
        """Return the hash of a password. Raise `BusyError`."""
        return await self._lanes[known].run(network, lambda: hash_of(password))

    async def verified(self, hash_: str | None, password: str, network: str, *, known: bool) -> bool:
        """Return whether the password has the hash, after the same time without one. Raise `BusyError`."""
        return await self._lanes[known].run(network, lambda: is_right(hash_, password))

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()


class _Lane:
    """Some threads, and a short queue before them, in which a network may have a few places."""

    def __init__(self, threads: int) -> None:
        self._most = threads * MOST_PER_THREAD
        self._executor = ThreadPoolExecutor(threads, "password", initializer=_yield_to_others)
        self._of_network: Counter[str] = Counter()

    async def run(self, network: str, work: Callable[[], Result]) -> Result:
        """Run the work in a thread and return its result. Raise `BusyError`."""
        if self._of_network.total() >= self._most or self._of_network[network] >= MOST_PER_NETWORK:
            raise BusyError
        self._of_network[network] += 1
        loop = asyncio.get_running_loop()
        running = self._executor.submit(work)
        running.add_done_callback(lambda _: _tell(loop, partial(self._finish, network)))
        return await asyncio.wrap_future(running)

    def _finish(self, network: str) -> None:
        self._of_network[network] -= 1
        if self._of_network[network] <= 0:
            del self._of_network[network]

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call in the loop of a thread that may have ended meanwhile."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _yield_to_others() -> None:
    """Give the thread a lower priority than the event loop has. Only Linux has priorities of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
