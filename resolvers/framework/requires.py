"""Requirements of resolvers, so that an operation reads only the columns it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from db.language.projection import EVERY_COLUMN, Projection
from db.language.shape import ToOne
from db.models import Base

Resolver = TypeVar("Resolver", bound=Callable[..., Any])

_NEEDS = "needs"


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of a resolver.

    - `own`: the columns that it reads from its parents' rows.
    - `others`: the columns that it reads from rows which it loads itself, by model.
    - `loads`: the largest number of its loads.
    - `relation`: the relation that it resolves. It loads nothing if the rows were joined.
    - `loads_for`: the fields for which it loads. It has a parameter `selected` with the selected fields.

    The selection decides which columns of the returned rows are read.
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
    loads_for: frozenset[str] = frozenset(),
) -> Callable[[Resolver], Resolver]:
    """Return a decorator that states a resolver's requirements. An operation with a resolver that states none reads all
    columns.
    """

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, _NEEDS, Requirements(own, others or {}, loads, relation, loads_for))
        return resolver

    return mark


def requirements_of(resolver: Callable[..., Any]) -> Requirements | None:
    found: Requirements | None = getattr(resolver, _NEEDS, None)
    return found
