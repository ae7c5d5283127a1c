"""A store that processes share: Redis or Valkey."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar

from aiocache.backends.redis import RedisCache
from aiocache.serializers import BaseSerializer
from redis.exceptions import RedisClusterException, RedisError

from services.figures.cache.backend import Claim
from services.shared_store.client import close, disconnect, open_client

LONGEST_LEASE_SECONDS = 60
CONNECT_SECONDS = 1.0
"""Time limit of a probe's first answer, which may take new connections and a question to Sentinels."""

_FAILURES = (OSError, TimeoutError, RedisError, RedisClusterException)
_OF_A_KEY = "WRONGTYPE"

RENEW = """
for _, key in ipairs(KEYS) do
    if redis.call('get', key) == ARGV[1] then redis.call('pexpire', key, ARGV[2]) end
end
"""
RELEASE = """
for _, key in ipairs(KEYS) do
    if redis.call('get', key) == ARGV[1] then redis.call('del', key) end
end
"""


class BytesSerializer(BaseSerializer):  # type: ignore[misc]
    """Stores bytes unchanged. Without an encoding, aiocache does not decode them to text."""

    DEFAULT_ENCODING = None

    def dumps(self, value: bytes) -> bytes:
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        return value


class RedisBackend(RedisCache):  # type: ignore[misc]
    """aiocache's Redis cache with locks across processes, short timeouts and no retries.

    Raises `ValueError` for an invalid URL.
    """

    shared: ClassVar[bool] = True
    probes: ClassVar[Sequence[str]] = ("leadgraph:probe",)
    """The keys that a probe reads and writes."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        super().__init__(serializer=BytesSerializer(), timeout=None)
        self.client: Any = open_client(url, timeout_seconds=timeout_seconds)
        self._timeout_seconds = timeout_seconds

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim:
        """Read and lock the keys in one round trip. A lock without an expiry, or with a distant one, is ignored."""
        async with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(lock_of(key), token, nx=True, px=int(lease_seconds * 1000))
            for key in keys:
                pipe.pttl(lock_of(key))
            pipe.mget(keys)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        *locks, values = answers
        if isinstance(values, Exception):
            raise values
        return claim_of(keys, locks, values)

    async def heads(self, keys: Sequence[str], length: int) -> Sequence[bytes | None]:
        async with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.getrange(key, 0, length - 1)
            found: list[bytes] = await pipe.execute()
        return [head or None for head in found]

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None:
        await self.client.eval(RENEW, len(keys), *map(lock_of, keys), token, int(lease_seconds * 1000))

    async def release(self, keys: Sequence[str], token: bytes) -> None:
        await self.client.eval(RELEASE, len(keys), *map(lock_of, keys), token)

    def is_unusable(self, failure: Exception) -> bool:
        """Return whether the failure concerns the server, not a key."""
        return isinstance(failure, _FAILURES) and not str(failure).startswith(_OF_A_KEY)

    async def probe(self) -> None:
        """Read, write and run a script. Raise an exception if one of them fails or takes long. Renew the connections then."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.multi_get(self.probes)
            async with asyncio.timeout(self._timeout_seconds):
                for key in self.probes:
                    await self.client.psetex(key, 1000, b"")
            async with asyncio.timeout(self._timeout_seconds):
                await self.renew(self.probes, b"", 1.0)
        except Exception:
            await self._disconnect()
            raise

    async def _disconnect(self) -> None:
        """Close the connections. Another server may have the address by now."""
        with suppress(*_FAILURES):
            async with asyncio.timeout(self._timeout_seconds):
                await disconnect(self.client)

    async def _close(self, *_: object, **__: object) -> None:
        await close(self.client)


def claim_of(keys: Sequence[str], locks: Sequence[Any], values: Sequence[Any]) -> Claim:
    """Return the claim for the answers to SET of each lock, PTTL of each lock, and the values or their failures."""
    locked, expiries = locks[: len(keys)], locks[len(keys) :]
    held = [
        key
        for key, own, expiry in zip(keys, locked, expiries, strict=True)
        if own is True or isinstance(own, Exception) or _is_foreign(expiry)
    ]
    failures = [answer for answer in (*locks, *values) if isinstance(answer, Exception)]
    return Claim([None if isinstance(value, Exception) else value for value in values], held, failures)


def lock_of(key: str) -> str:
    return f"{key}:lock"


def _is_foreign(milliseconds_left: Any) -> bool:
    """Return whether a lock never expires, or later than any lease of this cache."""
    return milliseconds_left == -1 or (
        isinstance(milliseconds_left, int) and milliseconds_left > LONGEST_LEASE_SECONDS * 1000
    )
