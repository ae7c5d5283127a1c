"""Requirements of resolvers, so that an operation reads only the columns it needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from db.language.projection import EVERY_COLUMN, Projection
from db.language.shape import ToOne
from db.models import Base

Resolver = TypeVar("Resolver", bound=Callable[..., Any])

_NEEDS = "needs"
COUNTED_WITH_PAGE = "counted with page"


@dataclass(frozen=True, slots=True)
class Bound:
    """Facts that lower the bound of a resolver's statements below the number of its loads.

    - `viewer_row`, `owner_rows`: one of the loads reads the viewer's row, or the rows of the owners of figures. A member
      is the owner of all figures.
    - `when`: the resolver loads only below a field with all these facts. A list has the names of its arguments as facts,
      and `uncounted`.
    - `unless`: the resolver does not load below a field with one of these facts. A list whose page brings the number of
      its rows along has the fact `COUNTED_WITH_PAGE`.
    - `only_for`: the resolver loads only if the argument has the value.
    - `shared`: resolvers with the same name, in the same scope, share their load. `shared_up_to` is the largest `first`
      that shares it.
    - `opens_scope`: the field is the scope of the fields below.
    - `facts`: the facts of the field for fields below. `of_arguments` adds the given arguments.
    - `most`: the largest number of statements, if the loads depend on a list.
    """

    viewer_row: bool = False
    owner_rows: bool = False
    when: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    only_for: tuple[str, str] | None = None
    shared: str | None = None
    shared_up_to: int | None = None
    opens_scope: bool = False
    facts: frozenset[str] | None = None
    of_arguments: bool = False
    most: int | None = None


LOADS: Final = Bound()
"""The bound is the number of loads."""


@dataclass(frozen=True, slots=True)
class Joins:
    """The relations of returned rows that come with them: all, or those that only one row refers to, or models."""

    shared: bool = True
    models: frozenset[type[Base]] | None = None


ALL_JOINS: Final = Joins()
OWN_JOINS: Final = Joins(shared=False)
"""The joins of a page of each parent, and of other statements for many parents."""
NO_JOINS: Final = Joins(models=frozenset())


def joins_of(*models: type[Base]) -> Joins:
    """Return the joins of rows that bring the rows of these models."""
    return Joins(models=frozenset(models))


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of a resolver.

    - `own`: the columns that it reads from its parents' rows.
    - `others`: the columns that it reads from rows which it loads itself, by model.
    - `loads`: the largest number of its loads.
    - `relation`: the relation that it resolves. It loads nothing if the rows were joined.
    - `loads_for`: the fields for which it loads. It has a parameter `selected` with the selected fields.
    - `joins`: the related rows that come with the returned rows.
    - `bound`: facts for the bound of its statements.
    - `models`: the models whose scopes the viewer's key needs, with `bound.only_for` only for that argument.

    The selection decides which columns of the returned rows are read.
    """

    own: tuple[str, ...] = ()
    others: Mapping[type[Base], tuple[str, ...]] = field(default_factory=dict)
    loads: int = 1
    relation: ToOne | None = None
    loads_for: frozenset[str] = frozenset()
    joins: Joins = ALL_JOINS
    bound: Bound = LOADS
    models: tuple[type[Base], ...] = ()


@dataclass(frozen=True, slots=True)
class OperationReads:
    """The reads of a whole operation: the columns, and whether a single load brings them all.

    `most` is the largest number of statements if no read is shared. It is None if the number is not known.
    `unstated` are the coordinates of the fields of a query whose resolvers do not state their requirements.
    """

    projection: Projection = EVERY_COLUMN
    single: bool = False
    unstated: frozenset[str] = frozenset()
    most: int | None = None


EVERY_READ: Final = OperationReads()
"""The reads of an operation of which nothing is known."""


def requires(
    *own: str,
    others: Mapping[type[Base], tuple[str, ...]] | None = None,
    loads: int = 1,
    relation: ToOne | None = None,
    loads_for: frozenset[str] = frozenset(),
    joins: Joins = ALL_JOINS,
    bound: Bound = LOADS,
    models: Sequence[type[Base]] = (),
) -> Callable[[Resolver], Resolver]:
    """Return a decorator that states a resolver's requirements. An operation with a resolver that states none reads all
    columns.
    """
    stated = Requirements(own, others or {}, loads, relation, loads_for, joins, bound, tuple(models))

    def mark(resolver: Resolver) -> Resolver:
        setattr(resolver, _NEEDS, stated)
        return resolver

    return mark


def requirements_of(resolver: Callable[..., Any]) -> Requirements | None:
    found: Requirements | None = getattr(resolver, _NEEDS, None)
    return found
