"""Fragments: the JSON of values that were made of cached figures alone, kept in the memory of the process.

A fragment names the entries of the store that it was made of. It may be served only while the store has exactly these
entries, and while each may be served itself (`Cached.may_serve`). So a fragment is never older than its figures allow,
and ends with the first of them that is computed again.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from db.engine.activity import FiguresRead, Place
from db.models import Base
from services.figures.cache.asked import Asked
from services.figures.cache.definition import CachedFigure
from services.figures.cache.entry import Entry

OVERHEAD_BYTES: Final = 1_000
USE_BYTES: Final = 700
"""The approximate sizes of a fragment and of each of its figures, besides the JSON and the key."""

MOST_DOUBTED: Final = 10_000


class FigureUse:
    """A figure that a fragment was made of: its question, its largest age, and the identity of its entry.

    The path of its `place` begins below the field of the fragment.
    """

    __slots__ = (
        "as_of",
        "figure",
        "fresh_until",
        "generation",
        "head",
        "key",
        "oldest_seconds",
        "place",
        "question",
    )

    def __init__(
        self,
        figure: CachedFigure[Any, Any],
        question: Any,
        oldest_seconds: float,
        key: str,
        entry: Entry,
        place: Place | None,
    ) -> None:
        self.figure = figure
        self.question = question
        self.oldest_seconds = oldest_seconds
        self.key = key
        self.head = entry.head(key)
        self.as_of = entry.as_of
        self.fresh_until = entry.fresh_until
        self.generation = entry.generation
        self.place = place

    def is_entry(self, entry: Entry) -> bool:
        """Return whether the entry is the one that was used."""
        return entry.head(self.key) == self.head


@dataclass(eq=False)
class Fragment:
    """The JSON of a value, and all that it depends on besides its key.

    `state` is the part of the user's row that its questions depend on, and `quarter` the quarter of an hour.
    """

    body: bytes
    user_id: int
    state: Hashable
    quarter: int
    uses: Sequence[FigureUse]
    noted_at: float = float("-inf")
    """The time when its questions were noted as asked."""

    @cached_property
    def young_until(self) -> float:
        """The time until which all figures are young enough."""
        return min(use.as_of + use.oldest_seconds for use in self.uses)

    @cached_property
    def fresh_until(self) -> float:
        """The time at which the first figure becomes stale."""
        return min(use.fresh_until for use in self.uses)

    @cached_property
    def hits(self) -> Sequence[FiguresRead]:
        """The figures, while all are fresh."""
        return figures_read(self.uses, float("-inf"))

    @cached_property
    def heads(self) -> dict[str, bytes]:
        """The heads of the entries, by their keys."""
        return {use.key: use.head for use in self.uses}

    @cached_property
    def asked(self) -> Sequence[Asked]:
        return [(use.figure, use.question) for use in self.uses]

    @cached_property
    def models(self) -> frozenset[type[Base]]:
        """The models of its figures."""
        return frozenset(model for use in self.uses for model in use.figure.models)

    @property
    def generation(self) -> int:
        """The generation of its figures, which is the same for all."""
        return self.uses[0].generation

    @property
    def size_bytes(self) -> int:
        return len(self.body) + OVERHEAD_BYTES + USE_BYTES * len(self.uses)


def figures_read(uses: Sequence[FigureUse], now: float) -> Sequence[FiguresRead]:
    """Return the figures by kind and outcome."""
    outcomes = Counter((use.figure.name, "hit" if now < use.fresh_until else "stale") for use in uses)
    return [FiguresRead(*of, count) for of, count in outcomes.items()]


class FragmentStore:
    """The fragments that were used last, bounded in bytes."""

    def __init__(self, largest_bytes: int) -> None:
        self.size_bytes = 0
        self._largest_bytes = largest_bytes
        self._doubted: set[int] = set()
        self._fragments: OrderedDict[Hashable, Fragment] = OrderedDict()

    def __len__(self) -> int:
        return len(self._fragments)

    @property
    def is_off(self) -> bool:
        return self._largest_bytes <= 0

    def note_write(self, user_id: int) -> None:
        """Note that a user has written in this process, so that the user's fragments are probably outdated."""
        if len(self._doubted) >= MOST_DOUBTED:
            self._doubted.clear()
        self._doubted.add(user_id)

    def is_likely_current(self, fragment: Fragment) -> bool:
        """Return whether no write of the user is known since a fragment of the user was kept."""
        return fragment.user_id not in self._doubted

    def find(self, key: Hashable) -> Fragment | None:
        found = self._fragments.get(key)
        if found is not None:
            self._fragments.move_to_end(key)
        return found

    def keep(self, key: Hashable, fragment: Fragment) -> None:
        """Keep a fragment in the place of an earlier one. Drop the fragments that were not used for longest."""
        self._doubted.discard(fragment.user_id)
        self._drop(key)
        if fragment.size_bytes > self._largest_bytes:
            return
        self._fragments[key] = fragment
        self.size_bytes += fragment.size_bytes
        while self.size_bytes > self._largest_bytes:
            self._drop(next(iter(self._fragments)))

    def _drop(self, key: Hashable) -> None:
        found = self._fragments.pop(key, None)
        if found is not None:
            self.size_bytes -= found.size_bytes
