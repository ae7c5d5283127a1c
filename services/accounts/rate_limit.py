"""The rate limit of users and keys: leaky buckets of points, shared by the processes of a Redis.

A request is charged in the memory of its process and never waits for Redis. The process adds its charges to the
shared bucket a moment later, and charges itself what other processes have added. Without Redis, or while it does not
answer, each process has its own buckets.
"""

import asyncio
import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

from services.accounts.buckets import Buckets, BucketTimes
from services.accounts.viewer import Viewer
from services.shared_store.availability import Availability

if TYPE_CHECKING:
    from throttled.asyncio.rate_limiter.gcra import GCRARateLimiter as SharedBuckets

    from services.shared_store.client import Client

SECONDS: Final = 60
OBJECTS_PER_POINT: Final = 100
KEYS_OF_USER: Final = 2
"""A user has the points of so many keys, however many keys there are."""
BUCKETS_KEPT: Final = 100_000
NAMES_KEPT: Final = 1_000
SHARE_AFTER_SECONDS: Final = 0.05
REDIS_TIMEOUT_SECONDS: Final = 0.25
PROBE_SECONDS: Final = 1.0
_PREFIX: Final = "leadgraph:rate"
_PROBED: Final = "probe"

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

    def __init__(
        self,
        points: int,
        redis_url: str | None = None,
        *,
        namespace: str = "",
        availability: Availability | None = None,
    ) -> None:
        self.points = points
        sizes = (points, KEYS_OF_USER * points)
        self._own = [Buckets(size, SECONDS, BucketTimes(BUCKETS_KEPT)) for size in sizes]
        self._client = None if redis_url is None else _client(redis_url)
        self._shared = (
            None if self._client is None else [_shared(size, self._client, namespace) for size in sizes]
        )
        self._availability = availability or Availability()
        if self._client is not None:
            self._availability.probe_by(self._probe)
        self._untold: dict[tuple[int, str], int] = {}
        self._telling: asyncio.Task[None] | None = None

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
        if self._shared is None or not self._availability.is_used:
            return
        self._untold[number, name] = self._untold.get((number, name), 0) + points
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        try:
            while self._untold:
                await asyncio.sleep(SHARE_AFTER_SECONDS)
                untold, self._untold = self._untold, {}
                for (number, name), points in untold.items():
                    async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                        await self._share(number, name, points)
        except Exception:  # noqa: BLE001 - whatever Redis does, requests go on
            self._untold.clear()
            self._availability.failed()
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
        await self._availability.close()
        if self._client is not None:
            from services.shared_store.client import close  # noqa: PLC0415 - the Redis client takes 8 MB

            with suppress(Exception):
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    await close(self._client)

    async def _probe(self) -> None:
        """Read the state of a bucket. Raise an exception if that fails or takes long, and renew the connections then."""
        try:
            for seconds in (
                PROBE_SECONDS,
                REDIS_TIMEOUT_SECONDS,
            ):  # the first answer may take a new connection
                async with asyncio.timeout(seconds):
                    for shared in self._shared or ():
                        await shared.peek(_PROBED)
        except Exception:
            await self._renew_connections()
            raise

    async def _renew_connections(self) -> None:
        from services.shared_store.client import disconnect  # noqa: PLC0415 - the Redis client takes 8 MB

        if self._client is not None:
            with suppress(Exception):
                async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                    await disconnect(self._client)


@lru_cache(NAMES_KEPT)
def _names(user_id: int, key_id: int | None) -> tuple[str, str]:
    """Return the names of a viewer's buckets: of the key, or of the user's sessions, and of the user."""
    return f"{user_id}:{key_id or 0}", str(user_id)


def _client(redis_url: str) -> "Client":
    from services.shared_store.client import open_client  # noqa: PLC0415 - the Redis client takes 8 MB

    return open_client(redis_url, timeout_seconds=REDIS_TIMEOUT_SECONDS)


def _shared(size: int, client: "Client", namespace: str) -> "SharedBuckets":
    from throttled import per_duration  # noqa: PLC0415 - the library loads the Redis client
    from throttled.asyncio import RedisStore  # noqa: PLC0415 - as above
    from throttled.asyncio.rate_limiter.gcra import GCRARateLimiter  # noqa: PLC0415 - as above

    store = RedisStore()
    # The library makes clients of addresses itself, of fewer forms and with retries.
    cast("Any", store._backend)._client = client
    quota = per_duration(timedelta(seconds=SECONDS), size)
    return GCRARateLimiter(quota, store, key_prefix=_PREFIX + namespace)
