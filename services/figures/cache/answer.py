"""The figures of one answer. All figures of an owner are of one generation, so that they agree with each other.

An entry of the cache names its generation: the state of the owner's data that it was computed from. The figures that
an operation requests in one turn of the event loop are chosen together:

1. If the cache has all of an owner's figures in one generation, they are served, whatever the current state is.
2. Otherwise the missing ones are computed, and those of other generations than the caller's snapshot are computed
   again. Another task or process may be computing them: its values are served if they are all of one generation.
3. Figures that still differ are computed from the caller's snapshot.

Figures that are requested in a later turn must have the generation of the earlier ones. If they are neither in the
cache nor computable, because the data has changed meanwhile, the answer `is_torn`. The operation then runs again,
because a refresh may have brought all figures to a new generation between the turns. If that answer is torn, too, the
operation runs with an `exact` answer: entries are served only if they have the generation of the caller's snapshot.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from db.engine.activity import PLACE, AtPlace, FiguresRead, Place
from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Base
from loaders.dataloader import DataLoader, DataLoaders
from services.figures.cache.asked import Asked
from services.figures.cache.computing import Job
from services.figures.cache.definition import CachedFigure, Question, Value
from services.figures.cache.entry import Entry
from services.figures.cache.exact import ExactFigures
from services.figures.cache.fragments import FigureUse, Fragment
from services.figures.cache.owners import OwnerState, owner_states

if TYPE_CHECKING:
    from services.figures.cache.cached import Cached

logger = logging.getLogger("leadgraph")

Owner = int | None


@dataclass(frozen=True, slots=True)
class Figure(Generic[Value]):
    """A value, and the time at which it was true."""

    value: Value
    as_of: datetime


@dataclass(frozen=True, slots=True)
class FigureByQuestion(DataLoader[Question, Figure[Value]]):
    """Loads each figure once per answer, so that two places of it cannot differ."""

    figure: CachedFigure[Question, Value]
    max_age_seconds: float | None
    answer: "Answer" = field(repr=False)

    @property
    def models(self) -> tuple[type[Base], ...]:
        """Return the models of the figure."""
        return self.figure.models

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[Question]) -> Sequence[Figure[Value]]:
        del reader, scope  # the answer has loaders of its own
        return await self.answer.get(self.figure, keys, self.max_age_seconds)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A requested figure, its largest age, and the generation of its owner in the caller's snapshot."""

    figure: CachedFigure[Any, Any]
    question: Any
    oldest_seconds: float
    current: int

    @property
    def asked(self) -> Asked:
        return self.figure, self.question

    @property
    def is_exact(self) -> bool:
        return self.oldest_seconds <= 0


class Answer:
    """The figures of one operation and snapshot. An exact answer serves only the state of its snapshot."""

    def __init__(self, cached: "Cached", loaders: DataLoaders, *, exact: bool = False) -> None:
        self.is_torn = False
        """True if two served figures can disagree."""
        self._cached = cached
        self._loaders = loaders
        self._exact = exact
        self._shown: dict[Owner, int] = {}
        self._is_old = False
        self._turn: dict[Asked, float] | None = None
        self._places: dict[str, Place | None] = {}
        self._served: dict[Asked, _Found | None] = {}
        self._ready: dict[Asked, _Found] = {}
        self._reading: asyncio.Task[dict[Asked, _Found]]
        self._computed_now = ExactFigures(cached, loaders)
        self._figures: dict[Asked, Figure[Any]] = {}

    async def load(
        self,
        loader: FigureByQuestion[Question, Value],
        questions: Sequence[Question],
    ) -> Sequence[Figure[Value]]:
        """Return one figure per question, each loaded once by the data loader.

        Figures that must show the snapshot are computed at once. Beside others, they are chosen together with them.
        """
        max_age, figure = loader.max_age_seconds, loader.figure
        if max_age is None or max_age > 0 or self._turn is not None:
            return await self._loaders.load(loader, questions)
        found = await self._computed_now.get(loader, figure, questions)
        return [
            self._shown_now(figure, question, *one) for question, one in zip(questions, found, strict=True)
        ]

    def _shown_now(
        self, figure: CachedFigure[Question, Value], question: Question, key: str, entry: Entry
    ) -> Figure[Value]:
        """Return the figure of an entry that was computed from the snapshot. A shared one is always the same object."""
        known = self._figures.get((figure, question))
        if known is not None:
            return known
        generation = self._computed_now.states[question.user_id].generation
        self._show_generation(question.user_id, generation, generation)
        self._served[figure, question] = None  # no fragment is made of it
        value = self._cached.value(figure, key, entry)
        if figure.shared:
            self._figures[figure, question] = value
        return value

    async def get(
        self,
        figure: CachedFigure[Question, Value],
        questions: Sequence[Question],
        max_age_seconds: float | None = None,
    ) -> list[Figure[Value]]:
        """Return one figure per question, in order. Raise the exception of a failed computation.

        All figures that are requested in one turn of the event loop are read together.
        """
        if not questions:
            return []
        oldest = oldest_of(figure, max_age_seconds)
        ready = [self._ready.get((figure, question)) for question in questions]
        known = [one for one in ready if one is not None and one.wanted.oldest_seconds <= oldest]
        if len(known) == len(questions):
            return await self._values(figure, known)
        found = await self._ask([(figure, question, oldest) for question in questions], PLACE.get())
        return await self._values(figure, [found[figure, question] for question in questions])

    async def prepare(self, uses: Sequence[FigureUse], path: tuple[str, ...]) -> None:
        """Read the figures of an outdated fragment together, for their places below the path.

        `get` then returns them at once.
        """
        reading = [
            self._ask([(use.figure, use.question, use.oldest_seconds)], _below(path, use.place))
            for use in uses
        ]
        for found in await asyncio.gather(*reading):
            self._ready |= found

    async def _ask(
        self, requests: Iterable[tuple[CachedFigure[Any, Any], Any, float]], place: Place | None
    ) -> dict[Asked, "_Found"]:
        if self._turn is None:
            self._turn = {}
            self._reading = asyncio.create_task(self._read(self._turn))
        for figure, question, oldest in requests:
            self._places[figure.name] = place
            asked: Asked = (figure, question)
            self._turn[asked] = min(oldest, self._turn.get(asked, oldest))
        return await self._reading

    def uses(self, requests: Iterable[tuple[Asked, float | None, Place | None]]) -> list[FigureUse] | None:
        """Return the figures that a fragment is made of, by questions with their `max_age_seconds` and places.

        Return None if an answer was served in two states, failed, or must always be exact.
        """
        uses: list[FigureUse] = []
        for asked, max_age_seconds, place in requests:
            found, oldest = self._served.get(asked), oldest_of(asked[0], max_age_seconds)
            if found is None or isinstance(found.entry, Exception) or oldest <= 0:
                return None
            uses.append(FigureUse(*asked, oldest, found.key, found.entry, place))
        return uses

    def serves(self, use: FigureUse) -> bool:
        """Return whether the prepared figure is the one that a fragment was made of."""
        found = self._ready.get((use.figure, use.question))
        return found is not None and not isinstance(found.entry, Exception) and use.is_entry(found.entry)

    def serve(self, fragment: Fragment, state: OwnerState) -> bool:
        """Serve the figures of a fragment, whose owner is in the state now. Return whether they may be served.

        They count as figures of the store, like those of `get`.
        """
        owner, generation, cached = fragment.user_id, fragment.generation, self._cached
        if (self._exact and generation != state.generation) or self._shown.get(
            owner, generation
        ) != generation:
            return False
        self._show_generation(owner, generation, state.generation)
        reads = cached.count(fragment, (self._loaders.scope.user_id, owner))
        self._loaders.activity.figures += reads
        if any(read.outcome == "stale" for read in reads):
            cached.refresh_later(self._loaders.scope, {owner})
        return True

    async def _read(self, turn: Mapping[Asked, float]) -> dict[Asked, "_Found"]:
        self._turn = None  # later requests start a new turn
        await self._loaders.open()  # see `Computing`
        states = await owner_states(self._loaders, {question.user_id for _, question in turn})
        viewer = self._loaders.scope.user_id
        wanted: dict[str, _Wanted] = {}
        for (figure, question), oldest in turn.items():
            state = states[question.user_id]
            key = self._cached.key(figure, question, viewer, state.data_version)
            wanted[key] = _Wanted(figure, question, oldest, state.generation)
        entries = await self._settled(wanted)
        found = {one.asked: _Found(key, one, entries[key]) for key, one in wanted.items()}
        for asked, one in found.items():
            before = self._served.setdefault(asked, one)
            if before is not None and before.entry != one.entry:
                self._served[asked] = None
        return found

    async def _settled(self, wanted: Mapping[str, _Wanted]) -> dict[str, Entry | Exception]:
        """Return an entry of one generation per owner for each key, or the exception of its computation."""
        cached, statistics = self._cached, self._cached.statistics
        readable = [key for key, one in wanted.items() if not one.is_exact]
        read = await cached.store.read(readable) if readable else {}
        young = {key: entry for key, entry in read.items() if cached.age(entry) <= wanted[key].oldest_seconds}
        choices = [self._choice(owner, keys, young) for owner, keys in _by_owner(wanted).items()]
        choice_of = {key: choice for choice in choices for key in choice.wanted}

        def usable(key: str, entry: Entry) -> bool:
            return cached.age(entry) <= wanted[key].oldest_seconds and choice_of[key].accepts(entry)

        kept = {key: entry for choice in choices for key, entry in choice.kept.items()}
        found: dict[str, Entry | Exception] = dict(kept)
        found |= await self._computed({key: wanted[key] for key in wanted if key not in kept}, usable)
        again = {key: wanted[key] for choice in choices for key in choice.differing(found)}
        statistics.waited -= len(again)  # they count as misses instead
        found |= await self._computed(again, _never)
        for choice in choices:
            self._show(choice, found)
        self._record(wanted, kept)
        stale = {key for key, entry in kept.items() if not cached.is_fresh(entry)}
        statistics.stale += len(stale)
        statistics.hits += len(kept) - len(stale)
        cached.refresh_later(self._loaders.scope, self._to_refresh(choices, stale))
        return found

    def _choice(self, owner: Owner, wanted: Mapping[str, _Wanted], young: Mapping[str, Entry]) -> "_Choice":
        current = next(iter(wanted.values())).current
        entries = {key: young[key] for key in wanted if key in young}
        generations = {entry.generation for entry in entries.values()}
        is_exact = self._exact or any(one.is_exact for one in wanted.values())
        shown = self._shown.get(owner)
        target = current
        if not is_exact and shown != current:
            if len(entries) == len(wanted) and len(generations) == 1:
                (target,) = (
                    generations  # if another one is shown, nothing is computed: the operation runs again
                )
            elif shown is not None:
                target = shown
        kept = {key: entry for key, entry in entries.items() if entry.generation == target}
        choice = _Choice(owner, wanted, kept, current, accepted={target, current})
        if not is_exact and not kept and shown is None:
            choice.newer_than = max((entry.as_of for entry in entries.values()), default=float("-inf"))
        choice.replaces = len(kept) < len(entries)
        return choice

    async def _computed(
        self, missing: Mapping[str, _Wanted], usable: Callable[[str, Entry], bool]
    ) -> dict[str, Entry | Exception]:
        """Compute the figures. Each fails for itself."""
        if not missing:
            return {}
        by_figure: defaultdict[tuple[CachedFigure[Any, Any], bool], list[str]] = defaultdict(list)
        for key, one in missing.items():
            by_figure[one.figure, one.is_exact or usable is _never].append(key)
        as_of = self._computed_now.snapshot_time()
        generations = {key: one.current for key, one in missing.items()}
        calls: list[Coroutine[Any, Any, dict[str, Entry]]] = []
        for (figure, is_exact), keys in by_figure.items():
            job = Job(figure, self._loaders, as_of, generations, usable, is_exact=is_exact)
            compute = self._cached.computing.compute if is_exact else self._cached.computing.entries
            call = compute(job, {key: missing[key].question for key in keys})
            calls.append(AtPlace(call, self._places[figure.name]))
        entries: dict[str, Entry | Exception] = {}
        for keys, result in zip(
            by_figure.values(), await asyncio.gather(*calls, return_exceptions=True), strict=True
        ):
            if isinstance(result, Exception):
                entries |= dict.fromkeys(keys, result)
            elif isinstance(result, BaseException):
                raise result
            else:
                entries |= result
        return entries

    def _record(self, wanted: Mapping[str, _Wanted], kept: Mapping[str, Entry]) -> None:
        """Record the figures that the cache had."""
        outcomes = Counter(
            (wanted[key].figure.name, "hit" if self._cached.is_fresh(entry) else "stale")
            for key, entry in kept.items()
        )
        self._loaders.activity.figures += [FiguresRead(*of, count) for of, count in outcomes.items()]

    @property
    def is_old(self) -> bool:
        """True if a served figure shows another state of the data than the snapshot of the operation."""
        return self._is_old

    def _show(self, choice: "_Choice", found: Mapping[str, Entry | Exception]) -> None:
        """Note the generation that the answer shows of an owner."""
        for generation in choice.generations(found):
            self._show_generation(choice.owner, generation, choice.current)

    def _show_generation(self, owner: Owner, generation: int, current: int) -> None:
        before = self._shown.setdefault(owner, generation)
        self.is_torn |= generation != before
        self._is_old |= generation != current
        # Figures over all users agree with those of single users in the state of the snapshot.
        self.is_torn |= self._is_old and None in self._shown and len(self._shown) > 1

    def _to_refresh(self, choices: Iterable["_Choice"], stale: AbstractSet[str]) -> set[Owner]:
        """Note the questions, and return the owners whose questions should be answered by a new generation."""
        owners: set[Owner] = set()
        for choice in choices:
            asked = [one.asked for one in choice.wanted.values()]
            cached_ones = [one.asked for one in choice.wanted.values() if not one.is_exact]
            group = self._loaders.scope.user_id, choice.owner
            if choice.replaces and self._cached.has_others(group, asked):
                owners.add(choice.owner)
            self._cached.note(group, cached_ones)
            if stale & choice.wanted.keys():
                owners.add(choice.owner)
        return owners

    async def _values(
        self, figure: CachedFigure[Question, Value], found: Sequence["_Found"]
    ) -> list[Figure[Value]]:
        entries = [_entry(one.entry) for one in found]
        try:
            return [
                self._cached.value(figure, one.key, entry) for one, entry in zip(found, entries, strict=True)
            ]
        except ValueError as damaged:
            # The shape of the value changed, but the version of the figure did not.
            logger.warning("the stored value of %s cannot be read: %s", figure.name, damaged)
            self._cached.statistics.errors += 1
        self._served |= dict.fromkeys((one.wanted.asked for one in found), None)
        wanted = {one.key: one.wanted for one in found}
        computed = await self._computed(wanted, _never)
        for owner, some in _by_owner(wanted).items():
            self._show(_Choice(owner, some, {}, next(iter(some.values())).current), computed)
        return [self._cached.value(figure, one.key, _entry(computed[one.key])) for one in found]


class _Found(NamedTuple):
    key: str
    wanted: _Wanted
    entry: Entry | Exception


@dataclass(slots=True)
class _Choice:
    """One owner's figures of a turn: the entries that are kept, and the generations that the others may have.

    An entry of another task is accepted in any generation if it is newer than `newer_than`.
    """

    owner: Owner
    wanted: Mapping[str, _Wanted]
    kept: Mapping[str, Entry]
    current: int
    accepted: Collection[int] = ()
    newer_than: float | None = None
    replaces: bool = False
    """True if entries of another generation are computed again."""

    def accepts(self, entry: Entry) -> bool:
        is_newer = self.newer_than is not None and entry.as_of > self.newer_than
        return is_newer or entry.generation in self.accepted

    def generations(self, found: Mapping[str, Entry | Exception]) -> set[int]:
        entries = [found[key] for key in self.wanted]
        return {entry.generation for entry in entries if not isinstance(entry, Exception)}

    def differing(self, found: Mapping[str, Entry | Exception]) -> list[str]:
        """Return the keys to compute from the caller's snapshot, because other tasks gave several generations."""
        if self.newer_than is None or len(self.generations(found)) < 2:  # noqa: PLR2004 - one generation agrees
            return []
        return [
            key
            for key in self.wanted
            if isinstance(entry := found[key], Entry) and entry.generation != self.current
        ]


def _below(path: tuple[str, ...], place: Place | None) -> Place | None:
    return place and place._replace(path=(*path, *place.path))


def oldest_of(figure: CachedFigure[Any, Any], max_age_seconds: float | None) -> float:
    """Return the largest age of the figure's served values."""
    longest = figure.longest_seconds
    return longest if max_age_seconds is None else min(longest, max_age_seconds)


def _by_owner(wanted: Mapping[str, _Wanted]) -> dict[Owner, dict[str, _Wanted]]:
    found: dict[Owner, dict[str, _Wanted]] = {}
    for key, one in wanted.items():
        found.setdefault(one.question.user_id, {})[key] = one
    return found


def _entry(found: Entry | Exception) -> Entry:
    """Return the entry. Raise the exception of its computation."""
    if isinstance(found, Exception):
        raise found
    return found


def _never(_key: str, _entry: Entry) -> bool:
    return False
