"""The questions of the last minutes, so that a refresh computes no others."""

from collections import OrderedDict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from services.figures.cache.definition import CachedFigure, FigureQuestion

Asked: TypeAlias = tuple[CachedFigure[Any, Any], FigureQuestion]
Group: TypeAlias = tuple[int | None, int | None]
"""The viewer, None for operators, and the owner of the data, None for all users."""

RECENT_SECONDS = 300.0
MOST_GROUPS = 10_000
MOST_QUESTIONS = 1000


class RecentlyAsked:
    """The questions of each viewer about each owner, with the time when they were asked last.

    The groups that were not asked for longest are dropped.
    """

    def __init__(self) -> None:
        self._groups: OrderedDict[Group, dict[Asked, float]] = OrderedDict()

    def note(self, group: Group, asked: Iterable[Asked], now: float) -> None:
        known = self._groups.get(group)
        if known is None:
            known = self._groups[group] = {}
            if len(self._groups) > MOST_GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end(group)
        known.update(dict.fromkeys(asked, now))
        if len(known) > MOST_QUESTIONS:
            newest = sorted(known, key=known.__getitem__)[-MOST_QUESTIONS // 2 :]
            self._groups[group] = {one: known[one] for one in newest}

    def recent(self, group: Group, now: float) -> AbstractSet[Asked]:
        """Return the group's questions of the last minutes, and forget all others."""
        known = self._groups.get(group)
        if known is None:
            return frozenset()
        self._groups[group] = {one: at for one, at in known.items() if now - at <= RECENT_SECONDS}
        return self._groups[group].keys()
