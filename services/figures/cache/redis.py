"""The store that all processes share: Redis or Valkey."""

from collections.abc import Sequence
from typing import Any, ClassVar

from aiocache.backends.redis import RedisCache
from redis.asyncio import BlockingConnectionPool, Redis

from services.figures.cache.backend import Claim, Verbatim

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


class RedisBackend(RedisCache):  # type: ignore[misc]
    """aiocache's Redis with locks that work between processes, and a client that neither waits long nor tries
    again by itself. Raises `ValueError` for a URL that is none.
    """

    shared: ClassVar[bool] = True

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        super().__init__(serializer=Verbatim(), timeout=None)
        connections = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            protocol=2,  # no greeting that old servers do not know
            driver_info=None,
        )
        self.client = Redis(connection_pool=connections)

    async def claim(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> Claim:
        """One round trip. A lock that does not end soon was not made here, and does not count."""
        async with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(_lock(key), token, nx=True, px=int(lease_seconds * 1000))
            for key in keys:
                pipe.pttl(_lock(key))
            pipe.mget(keys)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        taken, ends, values = answers[: len(keys)], answers[len(keys) : -1], answers[-1]
        if isinstance(values, Exception):
            raise values
        held = [
            key
            for key, mine, end in zip(keys, taken, ends, strict=True)
            if mine is True or isinstance(mine, Exception) or _foreign(end)
        ]
        return Claim(list(values), held, [answer for answer in answers if isinstance(answer, Exception)])

    async def renew(self, keys: Sequence[str], token: bytes, lease_seconds: float) -> None:
        await self.client.eval(RENEW, len(keys), *map(_lock, keys), token, int(lease_seconds * 1000))

    async def release(self, keys: Sequence[str], token: bytes) -> None:
        await self.client.eval(RELEASE, len(keys), *map(_lock, keys), token)

    async def _close(self, *_: object, **__: object) -> None:
        await self.client.aclose()
        await self.client.connection_pool.disconnect()


def _lock(key: str) -> str:
    return f"{key}:lock"


def _foreign(milliseconds_left: Any) -> bool:
    """Whether a lock has no end, or one that is too far away."""
    return milliseconds_left == -1 or (
        isinstance(milliseconds_left, int) and milliseconds_left > LONGEST_LEASE_SECONDS * 1000
    )
