"""Computing what is missing, once: across the tasks of this process by flights, across processes by locks."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

from loaders.loader import Loads
from services.figures.cache.cached_figure import Asked, CachedFigure, Value
from services.figures.cache.decoded import Decoded
from services.figures.cache.entry import Entry
from services.figures.cache.flight import Flight, Flights, outcome
from services.figures.cache.statistics import Statistics
from services.figures.cache.store import Store

JITTER = 0.1
"""The part of a value's life by which it is shortened at random, so that not all end at once."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.005, 0.05
"""How long to wait before asking again whether another process is ready."""
PATIENCE_SECONDS = 10.0
"""How long other processes are waited for; then the caller computes too."""
SHORTEST_LIFE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Job(Generic[Asked, Value]):
    """Questions of one metric by their keys, with the snapshot to compute them from.

    `usable` tells entries that make a computation unnecessary. A job in the background leaves to others what
    they have begun.
    """

    cached_figure: CachedFigure[Asked, Value]
    loads: Loads
    usable: Callable[[Entry], bool]
    background: bool = False


class Computing:
    """The one place where values are computed. Entries come back, and lie in the store by then.

    A job's snapshot is open, and holds its connection, before anything here begins: who leads never waits for
    a connection that those hold who wait for the leader.
    """

    def __init__(
        self, store: Store, decoded: Decoded, statistics: Statistics, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._decoded = decoded
        self._statistics = statistics
        self._clock = clock
        self._flights = Flights()

    async def entries(self, job: Job[Asked, Value], wanted: Mapping[str, Asked]) -> dict[str, Entry]:
        """An entry for each key, computed here or by whoever is at it already. Raises what the metric raises."""
        found: dict[str, Entry] = {}
        while missing := {key: wanted[key] for key in wanted if key not in found}:
            others = self._flights.of(missing)
            mine = {key: question for key, question in missing.items() if key not in others}
            if mine:
                found |= await self._lead(job, mine)
            if job.background:
                break
            found |= await self._others(job, others)
        return found

    async def compute(self, job: Job[Asked, Value], wanted: Mapping[str, Asked]) -> dict[str, Entry]:
        """The entries, computed from the job's snapshot whatever lies in the store."""
        cached_figure = job.cached_figure
        as_of = self._clock() - job.loads.snapshot_age_seconds
        self._statistics.misses += 0 if job.background else len(wanted)
        values = await cached_figure.compute(job.loads, list(wanted.values()))
        if len(values) != len(wanted):
            raise TypeError(f"{cached_figure.name} returned {len(values)} values for {len(wanted)} questions")
        self._statistics.computed += len(values)
        ttl = cached_figure.ttl_seconds
        entries = {
            key: Entry(as_of, as_of + ttl * (1 - JITTER * random.random()), cached_figure.dump(value))  # noqa: S311
            for key, value in zip(wanted, values, strict=True)
        }
        for (key, entry), value in zip(entries.items(), values, strict=True):
            self._decoded.keep(cached_figure, key, entry.body, value)
        left = as_of + cached_figure.longest_seconds - self._clock()
        if left > SHORTEST_LIFE_SECONDS:
            await self._store.write(entries, left)
        return entries

    async def _others(self, job: Job[Asked, Value], flights: Mapping[str, Flight]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for key, flight in flights.items():
            entry = await outcome(flight)
            if entry is not None and job.usable(entry):
                self._statistics.waited += 1
                found[key] = entry
        return found

    async def _lead(self, job: Job[Asked, Value], wanted: Mapping[str, Asked]) -> dict[str, Entry]:
        """Computes what no other process computes, and waits for those that do, unless in the background."""
        found: dict[str, Entry] = {}
        token = uuid.uuid4().bytes
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        with self._flights.led(wanted) as flights:
            while True:
                missing = {key: wanted[key] for key in wanted if key not in found}
                ready = await self._claimed(job, missing, token, even_if_locked=time.monotonic() > give_up_at)
                for key, entry in ready.items():
                    flights[key].set_result(entry)
                found |= ready
                if job.background or len(found) == len(wanted):
                    return found
                await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _claimed(
        self, job: Job[Asked, Value], wanted: Mapping[str, Asked], token: bytes, *, even_if_locked: bool
    ) -> dict[str, Entry]:
        """The entries that lie in the store by now, and those of the keys that could be locked."""
        entries, held = await self._store.claim(list(wanted), token)
        ready = {key: entry for key, entry in entries.items() if job.usable(entry)}
        if not job.background:
            self._statistics.waited += len(ready)
        mine = {key: wanted[key] for key in (wanted if even_if_locked else held) if key not in ready}
        if held:
            async with self._store.holding(held, token):
                return ready | (await self.compute(job, mine) if mine else {})
        return ready | (await self.compute(job, mine) if mine else {})
