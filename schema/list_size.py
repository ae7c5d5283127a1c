"""The sizes of lists, as fields state them for the cost of an operation."""

from dataclasses import dataclass
from typing import Final, TypeAlias

SIZE: Final = "size"
"""The key of a `ListSize` in a field's metadata."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A list of at most `items`."""

    items: int


@dataclass(frozen=True, slots=True)
class GivenBy:
    """A list whose size is the largest of the integer arguments, or the default without any.

    On a field that returns a page, this is the size of the page's lists.
    """

    arguments: tuple[str, ...]
    default: int


@dataclass(frozen=True, slots=True)
class LengthOf:
    """A list of one item per element of an argument."""

    argument: str


@dataclass(frozen=True, slots=True)
class ValuesOf:
    """A list of at most one item per value of an argument, counted through its objects and lists.

    On a field that returns a payload, this is the size of the payload's list of errors.
    """

    argument: str


@dataclass(frozen=True, slots=True)
class OfPage:
    """A list of the rows of the page that its parent is, or of the errors of the payload that its parent is."""


@dataclass(frozen=True, slots=True)
class TimeBuckets:
    """A list of time buckets.

    It has at most `items` if the ends of the window are given: here or, as `WindowEnds`, at a field above. A window
    without ends has few buckets.
    """

    items: int
    ends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowEnds:
    """The arguments that set the ends of the window for all lists of time buckets below a field."""

    ends: tuple[str, ...]


ListSize: TypeAlias = Fixed | GivenBy | LengthOf | OfPage | TimeBuckets | ValuesOf | WindowEnds
