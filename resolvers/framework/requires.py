"""What resolvers say of themselves, so that an operation reads no more than it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from db.language.projection import EVERY_COLUMN, Projection
from db.language.shape import ToOne
from db.models import Base

Resolver = TypeVar("Resolver", bound=Callable[..., Any])

_NEEDS = "needs"


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a resolver takes from the database.

    `own` are the columns that it reads off its parents' rows, `others` those that it reads off rows which it
    loads for itself; `loads` is the most that it loads. Rows that it returns are read by what is selected of them.
    With a `relation`, it loads nothing where its parents' rows carry what they refer to. With `loads_for`, it loads
    only where one of these fields is selected of what it returns: it then has a parameter `selected`.
    """

    own: tuple[str, ...] = ()
    others: Mapping[type[Base], tuple[str, ...]] = field(default_factory=dict)
    loads: int = 1
    relation: ToOne | None = None
    loads_for: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OperationReads:
    """The reads of a whole operation: the columns, and whether a single load brings them all."""

    projection: Projection = EVERY_COLUMN
    single: bool = False


EVERY_READ: Final = OperationReads()
"""The reads of an operation of which nothing is known."""


def requires(
    *own: str,
    others: Mapping[type[Base], tuple[str, ...]] | None = None,
    loads: int = 1,
    relation: ToOne | None = None,
) -> Callable[[Resolver], Resolver]:
    """Has a resolver say so. An operation with one that says nothing reads all columns of all rows."""

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, _NEEDS, Requirements(own, others or {}, loads, relation))
        return resolver

    return mark


def requirements_of(resolver: Callable[..., Any]) -> Requirements | None:
    """None for a resolver that does not say."""
    found: Requirements | None = getattr(resolver, _NEEDS, None)
    return found


def like(resolver: Callable[..., Any], **but: Any) -> Callable[[Resolver], Resolver]:
    """Has a resolver need what another one does, which it only passes on to, `but` for some of it."""

    def mark(passing: Resolver) -> Resolver:
        if (known := requirements_of(resolver)) is not None:
            setattr(passing, _NEEDS, replace(known, **but))
        return passing

    return mark
