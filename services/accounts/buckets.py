"""Leaky buckets in the memory of the process.

A bucket is one number, the time at which all of its points are back (GCRA). Its states are those of throttled-py, which
shares buckets through Redis and loads the Redis client even for buckets in memory.
"""

import math
from collections import OrderedDict
from time import monotonic
from typing import NamedTuple


class BucketState(NamedTuple):
    """The size of a bucket, the points left, and seconds until all points are back.

    `retry_after` is the time in seconds until a refused charge can succeed, and 0 if the charge was accepted.
    """

    limit: int
    remaining: int
    reset_after: float
    retry_after: float = 0.0

    @property
    def limited(self) -> bool:
        return self.retry_after > 0


class BucketTimes:
    """The times of the buckets used last, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._times)

    def get(self, name: str, now: float) -> float:
        """Return the time of a bucket, or now for a full bucket."""
        found = self._times.get(name)
        if found is None:
            return now
        if found <= now:
            del self._times[name]
            return now
        self._times.move_to_end(name)
        return found

    def take(self, name: str, now: float) -> float:
        """Return the time of a bucket like `get`, and forget it. `set` sets a new one."""
        return max(now, self._times.pop(name, now))

    def set(self, name: str, time: float) -> None:
        """Set the time of a bucket that is not known, as the one used last."""
        self._times[name] = time
        if len(self._times) > self._most:
            self._times.popitem(last=False)

    def forget(self, name: str) -> None:
        self._times.pop(name, None)


class Buckets:
    """Buckets of `size` points, which come back evenly within `seconds`."""

    def __init__(self, size: int, seconds: float, times: BucketTimes) -> None:
        self.size = size
        self.interval = seconds / size
        self._times = times

    def charge(self, name: str, points: int = 1) -> BucketState:
        """Take points from a bucket, or give them back if they are negative. A refused charge takes nothing."""
        return BucketState(self.size, *self.charged(name, points))

    def charged(self, name: str, points: int) -> tuple[int, float, float]:
        """Charge a bucket like `charge`. Return the last three values of its state, which costs less than the state."""
        now, size, interval = monotonic(), self.size, self.interval
        full_at = self._times.take(name, now)
        remaining = size - points + math.floor((now - full_at) / interval)
        if remaining < 0:
            self._times.set(name, full_at)
            retry_after = full_at - now - (size - points) * interval
            return min(size, points + remaining), full_at - now, retry_after
        full_at += points * interval
        if full_at > now:
            self._times.set(name, full_at)
        return remaining, full_at - now, 0.0

    def peek(self, name: str) -> BucketState:
        """Return the state of a bucket."""
        now = monotonic()
        full_at = self._times.get(name, now)
        remaining = max(0, self.size + math.floor((now - full_at) / self.interval))
        return BucketState(self.size, remaining, full_at - now)

    def refill(self, name: str) -> None:
        """Give all points back."""
        self._times.forget(name)
