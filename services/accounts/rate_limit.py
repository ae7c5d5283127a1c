"""The rate limit of users and keys: leaky buckets of points, shared by the processes of a Redis.

A request is charged in the memory of its process and never waits for Redis. The process adds its charges to the
shared bucket a moment later, and charges itself what other processes have added. Without Redis, or while it does not
answer, each process has its own buckets.
"""

import asyncio
import logging
import math
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from services.accounts.buckets import Buckets, BucketTimes
from services.accounts.viewer import Viewer

if TYPE_CHECKING:
    from throttled.asyncio.rate_limiter.gcra import GCRARateLimiter as SharedBuckets

logger = logging.getLogger("leadgraph")

SECONDS: Final = 60
OBJECTS_PER_POINT: Final = 100
KEYS_OF_USER: Final = 2
"""A user has the points of so many keys, however many keys there are."""
BUCKETS_KEPT: Final = 100_000
NAMES_KEPT: Final = 1_000
SHARE_AFTER_SECONDS: Final = 0.05
REDIS_TIMEOUT_SECONDS: Final = 0.25
REDIS_PAUSE_SECONDS: Final = 5.0
"""Pause after a failure, in which the process keeps to its own buckets."""
_PREFIX: Final = "leadgraph:rate"

Policy: TypeAlias = Literal["default", "user"]
POLICIES: Final[tuple[Policy, ...]] = ("default", "user")


class RateLimit(NamedTuple):
    """The state of a bucket after a request: its size, the points left, the points of the request, and the time until the
    bucket is full again. `retry_seconds` is the time until a refused request can succeed.
    """

    limit: int
    remaining: int
    cost: int
    reset_seconds: int
    retry_seconds: int = 0
    policy: Policy = "default"
    """The bucket: the key's, or the user's."""

    @property
    def reset_at(self) -> datetime:
        """The time at which the bucket is full again."""
        return datetime.now(UTC) + timedelta(seconds=self.reset_seconds)

    @property
    def refused(self) -> bool:
        return self.retry_seconds > 0


def points_of(objects: int) -> int:
    """Return the points of an operation on so many objects or rows."""
    return 1 + objects // OBJECTS_PER_POINT


class RateLimits:
    """The buckets of all users and keys. Each key has `points` per minute, and each user twice as many.

    Databases that use the same Redis need a `namespace` of their own.
    """

    def __init__(self, points: int, redis_url: str | None = None, *, namespace: str = "") -> None:
        self.points = points
        sizes = (points, KEYS_OF_USER * points)
        self._own = [Buckets(size, SECONDS, BucketTimes(BUCKETS_KEPT)) for size in sizes]
        self._shared = None if redis_url is None else [_shared(size, redis_url, namespace) for size in sizes]
        self._untold: dict[tuple[int, str], int] = {}
        self._telling: asyncio.Task[None] | None = None
        self._silent_until = 0.0

    def charge(self, viewer: Viewer, points: int) -> RateLimit:
        """Charge the viewer's key and user. Return the state of the fuller bucket. Charge nothing if it refuses.

        A request larger than the bucket is charged the whole bucket.
        """
        points = min(points, self.points)
        names = _names(viewer.user_id, viewer.key_id)
        fuller, least, reset = 0, math.inf, 0.0
        for number, name in enumerate(names):
            remaining, reset_after, retry_after = self._own[number].charged(name, points)
            if retry_after > 0:
                if number:
                    self._give_back(0, names[0], points)
                retry = max(1, math.ceil(retry_after))
                return self._state(number, remaining, points, reset_after, retry)
            if self._shared is not None:
                self._note(number, name, points)
            if remaining < least:
                fuller, least, reset = number, remaining, reset_after
        return self._state(fuller, int(least), points, reset)

    def _state(
        self, number: int, remaining: int, points: int, reset_after: float, retry_seconds: int = 0
    ) -> RateLimit:
        reset_seconds, limit = math.ceil(max(0.0, reset_after)), self._own[number].size
        return RateLimit(limit, remaining, points, reset_seconds, retry_seconds, POLICIES[number])

    def refund(self, viewer: Viewer, points: int) -> None:
        """Give points back that a request was charged and did not use."""
        for number, name in enumerate(_names(viewer.user_id, viewer.key_id)):
            self._give_back(number, name, points)

    def _give_back(self, number: int, name: str, points: int) -> None:
        # The script in Redis drops a state in which the bucket would be full, and so would drop the refund: one point stays.
        bucket = self._own[number]
        state = bucket.peek(name)
        points = min(points, state.limit - state.remaining - 1)
        if points > 0:
            bucket.charge(name, -points)
            self._note(number, name, -points)

    def _note(self, number: int, name: str, points: int) -> None:
        """Remember points that the shared bucket does not know, and tell it soon."""
        if self._shared is None or time.monotonic() < self._silent_until:
            return
        self._untold[number, name] = self._untold.get((number, name), 0) + points
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        try:
            while self._untold:
                await asyncio.sleep(SHARE_AFTER_SECONDS)
                untold, self._untold = self._untold, {}
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    for (number, name), points in untold.items():
                        await self._share(number, name, points)
        except Exception as failure:  # noqa: BLE001 - whatever Redis does, requests go on
            logger.warning("Rate limits are not shared for now: %s", type(failure).__name__)
            self._untold.clear()
            self._silent_until = time.monotonic() + REDIS_PAUSE_SECONDS
        finally:
            self._telling = None

    async def _share(self, number: int, name: str, points: int) -> None:
        """Add points to the shared bucket, and charge here what other processes have charged there."""
        if self._shared is None:
            return
        shared, own = self._shared[number], self._own[number]
        state = (await shared.limit(name, points)).state if points else await shared.peek(name)
        excess = own.peek(name).remaining - state.remaining - self._untold.get((number, name), 0)
        if excess > 0:
            own.charge(name, excess)

    async def close(self) -> None:
        """Stop sharing."""
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling
        for bucket in self._shared or ():
            backend: Any = bucket._store._backend  # noqa: SLF001 - the library closes no connections
            await backend.get_client().connection_pool.disconnect()


@lru_cache(NAMES_KEPT)
def _names(user_id: int, key_id: int | None) -> tuple[str, str]:
    """Return the names of a viewer's buckets: of the key, or of the user's sessions, and of the user."""
    return f"{user_id}:{key_id or 0}", str(user_id)


def _shared(size: int, redis_url: str, namespace: str) -> "SharedBuckets":
    from throttled import per_duration  # noqa: PLC0415 - the library loads the Redis client
    from throttled.asyncio import RedisStore  # noqa: PLC0415 - as above
    from throttled.asyncio.rate_limiter.gcra import GCRARateLimiter  # noqa: PLC0415 - as above

    timeouts = {"SOCKET_TIMEOUT": REDIS_TIMEOUT_SECONDS, "SOCKET_CONNECT_TIMEOUT": REDIS_TIMEOUT_SECONDS}
    store = RedisStore(server=redis_url, options=timeouts)
    quota = per_duration(timedelta(seconds=SECONDS), size)
    return GCRARateLimiter(quota, store, key_prefix=_PREFIX + namespace)
