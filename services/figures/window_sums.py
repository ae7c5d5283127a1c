"""Sums of a window, of the previous window, and of the elapsed part of the previous window."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from db.statements.buckets import BucketSums
from db.statements.buckets import Period as Span


class Bounds(Protocol):
    """The bounds of a window and of the previous window, named as in `Period`."""

    @property
    def previous_start(self) -> datetime: ...

    @property
    def previous_cut(self) -> datetime: ...

    @property
    def start(self) -> datetime: ...

    @property
    def end(self) -> datetime: ...


class WindowSums(NamedTuple):
    """The sums of a window, of the previous window, and of the previous window up to its cut."""

    current: BucketSums
    previous: BucketSums
    previous_to_date: BucketSums

    @classmethod
    def of(cls, sums: Sequence[BucketSums]) -> "WindowSums":
        """Return the sums, from one for each of `spans_of`."""
        current, to_date, rest = sums
        return cls(current, to_date.plus(rest), to_date)


def spans_of(bounds: Bounds) -> tuple[Span, Span, Span]:
    """Return the window, and the two parts of the previous window."""
    return (
        (bounds.start, bounds.end),
        (bounds.previous_start, bounds.previous_cut),
        (bounds.previous_cut, bounds.start),
    )
