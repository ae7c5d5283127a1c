"""A store that processes share: a cluster of Redis or Valkey servers."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from services.figures.cache.backend import Claim
from services.figures.cache.redis import RELEASE, RENEW, RedisBackend, claim_of, lock_of
from services.shared_store.client import CONNECTIONS


def open_backend(url: str, *, timeout_seconds: float) -> RedisBackend:
    """Return the store of an address of any form. Raise `ValueError` for an invalid one."""
    kind = ClusterBackend if urlsplit(url).scheme.endswith("+cluster") else RedisBackend
    return kind(url, timeout_seconds=timeout_seconds)


class ClusterBackend(RedisBackend):
    """`RedisBackend` for a cluster. Keys may lie on several nodes, so each command has one key.

    The client sends the commands of one operation to all nodes at the same time.
    """

    probes: ClassVar[Sequence[str]] = tuple(f"leadgraph:probe:{number}" for number in range(16))
    """Enough keys to lie on each node of a small cluster."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        super().__init__(url, timeout_seconds=timeout_seconds)
        self._turns = asyncio.Semaphore(CONNECTIONS)

    async def multi_get(self, keys: Sequence[str], **_: object) -> list[bytes | None]:
        return await self._each([("GET", key) for key in keys])

    async def heads(self, keys: Sequence[str], length: int) -> Sequence[bytes | None]:
        found = await self._each([("GETRANGE", key, 0, length - 1) for key in keys])
        return [head or None for head in found]

    async def multi_set(self, pairs: Iterable[tuple[str, bytes]], ttl: float, **_: object) -> object:
        return await self._each([("PSETEX", key, int(ttl * 1000), value) for key, value in pairs])

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim:
        milliseconds = int(lease_seconds * 1000)
        commands: list[tuple[Any, ...]] = [
            ("SET", lock_of(key), token, "PX", milliseconds, "NX") for key in keys
        ]
        commands += [("PTTL", lock_of(key)) for key in keys]
        commands += [("GET", key) for key in keys]
        answers = await self._each(commands, raise_on_error=False)
        return claim_of(keys, answers[: 2 * len(keys)], answers[2 * len(keys) :])

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None:
        milliseconds = int(lease_seconds * 1000)
        await self._each([("EVAL", RENEW, 1, lock_of(key), token, milliseconds) for key in keys])

    async def release(self, keys: Sequence[str], token: bytes) -> None:
        await self._each([("EVAL", RELEASE, 1, lock_of(key), token) for key in keys])

    async def _each(self, commands: Sequence[tuple[Any, ...]], *, raise_on_error: bool = True) -> list[Any]:
        """Run commands of one key each, in any order, and return their answers."""
        async with self._turns, self.client.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error=raise_on_error)
        return answers
