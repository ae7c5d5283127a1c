"""A store that processes share: Redis or Valkey."""

from collections.abc import Sequence
from typing import Any, ClassVar

from aiocache.backends.redis import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from services.figures.cache.backend import Claim

CONNECTIONS = 16
LONGEST_LEASE_SECONDS = 60

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
    unreachable: ClassVar[tuple[type[Exception], ...]] = (RedisConnectionError, RedisTimeoutError)

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        super().__init__(serializer=BytesSerializer(), timeout=None)
        connections = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            protocol=2,  # old servers reject the greeting of protocol 3
            driver_info=None,
        )
        self.client = Redis(connection_pool=connections)

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim:
        """Read and lock the keys in one round trip. A lock without an expiry, or with a distant one, is ignored."""
        async with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(_lock(key), token, nx=True, px=int(lease_seconds * 1000))
            for key in keys:
                pipe.pttl(_lock(key))
            pipe.mget(keys)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        locked, expiries, values = answers[: len(keys)], answers[len(keys) : -1], answers[-1]
        if isinstance(values, Exception):
            raise values
        held = [
            key
            for key, own, expiry in zip(keys, locked, expiries, strict=True)
            if own is True or isinstance(own, Exception) or _is_foreign(expiry)
        ]
        return Claim(list(values), held, [answer for answer in answers if isinstance(answer, Exception)])

    async def heads(self, keys: Sequence[str], length: int) -> Sequence[bytes | None]:
        async with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.getrange(key, 0, length - 1)
            found: list[bytes] = await pipe.execute()
        return [head or None for head in found]

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None:
        await self.client.eval(RENEW, len(keys), *map(_lock, keys), token, int(lease_seconds * 1000))

    async def release(self, keys: Sequence[str], token: bytes) -> None:
        await self.client.eval(RELEASE, len(keys), *map(_lock, keys), token)

    async def _close(self, *_: object, **__: object) -> None:
        await self.client.aclose()
        await self.client.connection_pool.disconnect()


def _lock(key: str) -> str:
    return f"{key}:lock"


def _is_foreign(milliseconds_left: Any) -> bool:
    """Return whether a lock never expires, or later than any lease of this cache."""
    return milliseconds_left == -1 or (
        isinstance(milliseconds_left, int) and milliseconds_left > LONGEST_LEASE_SECONDS * 1000
    )
