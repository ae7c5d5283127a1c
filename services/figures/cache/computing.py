"""Compute missing values once: flights coordinate the tasks of this process, and locks coordinate processes."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from db.engine.activity import AtPlace, FiguresRead
from loaders.dataloader import DataLoaders
from services.figures.cache.decoded import DecodedValues, Unencoded
from services.figures.cache.definition import CachedFigure, Question, Value
from services.figures.cache.entry import Entry
from services.figures.cache.flight import Flight, Flights
from services.figures.cache.statistics import Statistics
from services.figures.cache.store import Store

JITTER = 0.1
"""The share of a TTL that is subtracted at random, so that values do not expire at once."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.005, 0.05
"""The pauses between polls of another process's computation."""
PATIENCE_SECONDS = 10.0
"""The longest wait for another process before computing too."""
SHORTEST_LIFE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Job(Generic[Question, Value]):
    """A computation of one figure's questions from one snapshot.

    `as_of` is the time of the snapshot, and `generations` are the states of the owners' data in it, by key.
    `usable` returns whether an entry of a key makes the computation unnecessary. A background job skips the values
    that other tasks or processes compute. It puts its entries into `unwritten`, so that the caller can store the
    entries of several figures at once. The callers of an exact job want its values alone, whatever the store has.
    """

    figure: CachedFigure[Question, Value]
    loaders: DataLoaders
    as_of: float
    generations: Mapping[str, int]
    usable: Callable[[str, Entry], bool]
    unwritten: dict[str, Entry] | None = None
    is_exact: bool = False

    @property
    def background(self) -> bool:
        return self.unwritten is not None


class Computing:
    """Computes values and stores them as entries.

    A job must open its snapshot, and so hold its connection, first. Otherwise a leader could wait for a connection
    that is held by callers who wait for the leader.
    """

    def __init__(
        self, store: Store, decoded: DecodedValues, statistics: Statistics, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._decoded = decoded
        self._statistics = statistics
        self._clock = clock
        self._flights = Flights()
        self._encoded: set[str] = set()
        """The figures of which a value was encoded at once, so that a value of a wrong type is its caller's error."""

    async def entries(
        self, job: Job[Question, Value], question_by_key: Mapping[str, Question]
    ) -> dict[str, Entry]:
        """Return an entry for each key, computed here or by another task. Raises the computation's exception."""
        found: dict[str, Entry] = {}
        while missing := {key: question_by_key[key] for key in question_by_key if key not in found}:
            others = self._flights.of(missing)
            mine = {key: question for key, question in missing.items() if key not in others}
            if mine:
                found |= await self._lead(job, mine)
            if job.background:
                break
            found |= await self._others(job, others)
        return found

    async def compute(
        self, job: Job[Question, Value], question_by_key: Mapping[str, Question]
    ) -> dict[str, Entry]:
        """Compute the entries from the job's snapshot, regardless of the store, and store them."""
        figure, as_of = job.figure, job.as_of
        self._statistics.misses += 0 if job.background else len(question_by_key)
        activity = job.loaders.activity
        activity.figures.append(FiguresRead(figure.name, "computed", len(question_by_key)))
        computing = _computed(job, list(question_by_key.values()))
        values = await AtPlace(computing, activity.new_unit(of_figures=True))
        if len(values) != len(question_by_key):
            raise TypeError(
                f"{figure.name} returned {len(values)} values for {len(question_by_key)} questions"
            )
        self._statistics.computed += len(values)
        ttl = figure.ttl_seconds
        later = job.is_exact and figure.shared and figure.name in self._encoded
        entries = {
            key: Entry(
                as_of,
                as_of + ttl * (1 - JITTER * random.random()),  # noqa: S311
                job.generations[key],
                Unencoded(self._decoded, figure, key, value) if later else self._body(figure, key, value),
            )
            for key, value in zip(question_by_key, values, strict=True)
        }
        until = as_of + figure.longest_seconds
        if job.unwritten is not None:
            job.unwritten.update(entries)
        elif later:
            await self._write_soon(entries, until)
        else:
            await self.write(entries, until)
        return entries

    def _body(self, figure: CachedFigure[Question, Value], key: str, value: Value) -> bytes:
        """Encode the value. Raises `TypeError` if it is not of the return type of the figure."""
        body = figure.dump(value)
        self._decoded.keep(figure, key, body, value)
        self._encoded.add(figure.name)
        return body

    async def _write_soon(self, entries: Mapping[str, Entry], until: float) -> None:
        """Store the entries after the response, so that it does not wait for their encoding."""
        left = until - self._clock()
        if entries and left > SHORTEST_LIFE_SECONDS:
            await self._store.write_soon(entries, left)

    async def write(self, entries: Mapping[str, Entry], until: float) -> None:
        """Store the entries at once, until the time."""
        left = until - self._clock()
        if entries and left > SHORTEST_LIFE_SECONDS:
            await self._store.write(entries, left)

    async def _others(self, job: Job[Question, Value], flights: Mapping[str, Flight]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for key, flight in flights.items():
            entry = await asyncio.shield(flight)  # a cancelled wait does not cancel the flight
            if entry is not None and job.usable(key, entry):
                self._waited(job, 1)
                found[key] = entry
        return found

    def _waited(self, job: Job[Any, Any], figures: int) -> None:
        self._statistics.waited += figures
        if figures:
            job.loaders.activity.figures.append(FiguresRead(job.figure.name, "waited", figures))

    async def _lead(
        self, job: Job[Question, Value], question_by_key: Mapping[str, Question]
    ) -> dict[str, Entry]:
        """Compute the values that no other process computes. A foreground job waits for the others."""
        found: dict[str, Entry] = {}
        token = uuid.uuid4().bytes
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        with self._flights.led(question_by_key, runs_again=lambda: job.loaders.runs_again) as flights:
            while True:
                missing = {key: question_by_key[key] for key in question_by_key if key not in found}
                ready = await self._claimed(job, missing, token, even_if_locked=time.monotonic() > give_up_at)
                for key, entry in ready.items():
                    flights[key].set_result(entry)
                found |= ready
                if job.background or len(found) == len(question_by_key):
                    return found
                await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _claimed(
        self,
        job: Job[Question, Value],
        question_by_key: Mapping[str, Question],
        token: bytes,
        *,
        even_if_locked: bool,
    ) -> dict[str, Entry]:
        """Return the entries that are in the store by now, and those computed for the keys that could be locked."""
        entries, held = await self._store.claim(list(question_by_key), token)
        ready = {key: entry for key, entry in entries.items() if job.usable(key, entry)}
        if not job.background:
            self._waited(job, len(ready))
        mine = {
            key: question_by_key[key]
            for key in (question_by_key if even_if_locked else held)
            if key not in ready
        }
        if held:
            async with self._store.holding(held, token):
                return ready | (await self.compute(job, mine) if mine else {})
        return ready | (await self.compute(job, mine) if mine else {})


async def _computed(job: Job[Question, Value], questions: Sequence[Question]) -> Sequence[Value]:
    return await job.figure.compute(job.loaders, questions)
