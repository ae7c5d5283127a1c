"""Connections as the Relay specification describes them, resolved for many parents at once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar, cast

from db.language.filter import EVERYTHING, Filter
from db.language.keyset import Count, Order, PageBounds, Position
from db.models import Base
from loaders.counts import CountByParent, CounterSum
from loaders.dataloader import DataLoader
from loaders.rows import HasRowsBeyondByParent, Page, PageByParent
from resolvers.framework import cursor
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.errors import UserInputError
from resolvers.framework.filter_input import filter_of, order_of
from resolvers.framework.requires import ALL_JOINS, COUNTED_WITH_PAGE, OWN_JOINS, Bound, requires
from services.changes.loading import PositionOfSnapshot
from services.figures.group_by import ask_by_group

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LARGEST_BULK_SIZE = 1000

Model = TypeVar("Model", bound=Base)
Result = TypeVar("Result")


UNREAD: Page[Any] = Page((), more=False)
PARTS_OF_PAGE = frozenset({"nodes", "edges", "pageInfo"})
"""The fields of a connection that require its page."""
HAS_NEXT, HAS_PREVIOUS = "pageInfo.hasNextPage", "pageInfo.hasPreviousPage"
_EITHER = frozenset({HAS_NEXT, HAS_PREVIOUS})
_LIST = Bound(opens_scope=True, facts=frozenset(), of_arguments=True)
_UNCOUNTED_LIST = replace(_LIST, facts=frozenset({"uncounted"}))
"""A list without a counter in the rows of its parents."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Model]):
    """A kind of list: the rows of a model in an order, either all or those of each parent.

    `parent` is the column that names the parent. `counter` is the column with the number of rows: of the parent, or of
    the user for the list of all.
    """

    model: type[Model]
    order: Order
    parent: str | None = None
    counter: str | None = None
    where: Filter = EVERYTHING

    @property
    def kind(self) -> str:
        """Return the name that cursors are bound to: list, order and filter."""
        filtered = (
            "" if self.where == EVERYTHING else blake2b(repr(self.where).encode(), digest_size=6).hexdigest()
        )
        return f"{self.model.__tablename__}:{self.parent or ''}:{self.order.name}:{filtered}"

    def beyond(self, span: PageBounds, selected: Collection[str]) -> "HasRowsBeyondByParent[Model] | None":
        """Return the loader of whether rows are on the other side of a page's position, if it is selected."""
        position, name = (span.before, HAS_NEXT) if span.backwards else (span.after, HAS_PREVIOUS)
        if position is None or name not in selected:
            return None
        return HasRowsBeyondByParent(
            self.model, self.parent, self.order, position, span.backwards, self.where
        )

    @property
    def counted_in_row(self) -> str | None:
        """Return the counter of the list; None for a filtered list."""
        return self.counter if self.where == EVERYTHING else None

    def count_of_page(self, span: PageBounds) -> Count | None:
        """Return how the statement of a page counts the list. None if the row of the parent has the number, or if the
        page can lack rows although the list has some.
        """
        counter = self.counted_in_row
        if not span.starts_at_an_end or (self.parent and counter):
            return None
        return Count(counter)

    def span(
        self,
        largest: int,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> PageBounds:
        """Return the span of a page's arguments. Raise `UserInputError` or `CursorError`."""
        if first is not None and last is not None:
            raise UserInputError("Give `first` or `last`, not both.")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 0 <= size <= largest:
                raise UserInputError(f"`{name}` must be between 0 and {largest}, not {size}.")
        size = last if first is None else first
        return PageBounds(
            limit=DEFAULT_SIZE if size is None else size,
            backwards=last is not None,
            after=None if after is None else self._position(after, "after"),
            before=None if before is None else self._position(before, "before"),
        )

    def _position(self, text: str, argument: str) -> Position:
        return cursor.decode(self.kind, self.model, self.order, text, argument)

    def cursor(self, row: Model) -> str:
        return cursor.encode(self.kind, self.model, self.order, row)


def bounded(first: int | None, default: int, largest: int = LARGEST_SIZE) -> int:
    """Return the size of a bounded list. Raise `UserInputError`."""
    if first is not None and not 0 <= first <= largest:
        raise UserInputError(f"`first` must be between 0 and {largest}, not {first}.")
    return default if first is None else first


@dataclass(frozen=True, slots=True)
class Edge(Generic[Model]):
    node: Model
    listing: Listing[Model]

    @property
    def cursor(self) -> str:
        return self.listing.cursor(self.node)


@dataclass(frozen=True, slots=True)
class Connection(Generic[Model]):
    """One page of one parent's rows. `parent` is None for the list of all."""

    listing: Listing[Model]
    span: PageBounds
    page: Page[Model]
    parent: Any

    @property
    def parent_id(self) -> int | None:
        found: int | None = None if self.parent is None else self.parent.id
        return found

    @property
    def nodes(self) -> Sequence[Model]:
        return self.page.rows

    @property
    def edges(self) -> list[Edge[Model]]:
        return [Edge(row, self.listing) for row in self.page.rows]

    @property
    def start_cursor(self) -> str | None:
        return self._cursor(0)

    @property
    def end_cursor(self) -> str | None:
        return self._cursor(-1)

    def _cursor(self, index: int) -> str | None:
        if not self.page.rows:
            return None
        return self.listing.cursor(self.page.rows[index])


@dataclass(frozen=True, slots=True)
class ReadPage(Generic[Result]):
    """A page of a list that is no list of rows, whose ends are known."""

    edges: Sequence[Any]
    start_cursor: str | None
    end_cursor: str
    has_next_page: bool
    has_previous_page: bool
    changes_after: str
    """The position in the change feed that follows the page."""

    @property
    def nodes(self) -> Sequence[Result]:
        return [edge.node for edge in self.edges]


AnyPage: TypeAlias = Connection[Any] | ReadPage[Any]


def connection(
    entity: Entity[Model], *, parent: str | None = None, counter: str | None = None
) -> Callable[..., Awaitable[Sequence[Connection[Model]]]]:
    """Return the resolver of a page of each parent's rows, or, without a `parent`, of all rows that the viewer may see.

    The page is read if the operation has `selected` a part of it, and not only facts of the whole list.
    """
    listing = Listing(entity.model, entity.default_order, parent, counter)

    @requires(
        *([counter] if parent and counter else []),
        loads_for=PARTS_OF_PAGE,
        joins=OWN_JOINS if parent else ALL_JOINS,
        bound=_LIST if parent and counter else _UNCOUNTED_LIST,
        models=[entity.model],
    )
    async def resolve(
        parents: Sequence[Any],
        context: Context,
        selected: Collection[str],
        *,
        filter: Any = None,  # noqa: A002 - the API's word
        order_by: Enum | None = None,
        **arguments: Any,
    ) -> Sequence[Connection[Model]]:
        where = (
            EVERYTHING if filter is None else filter_of(entity, filter, context.require, context.viewer.scope)
        )
        of_all = parent is None and context.viewer.scope.everybody
        order = order_of(order_by, filter, of_all=of_all) or listing.order
        shown = replace(listing, where=where, order=order)
        context.require(entity.model)
        is_bulk = parent is None and context.viewer.bulk
        span = shown.span(LARGEST_BULK_SIZE if is_bulk else LARGEST_SIZE, **arguments)
        owners = parents if parent else [None] * len(parents)
        pages: Sequence[Page[Model]] = [UNREAD] * len(parents)
        if PARTS_OF_PAGE.isdisjoint(selected):
            return [Connection(shown, span, page, owner) for page, owner in zip(pages, owners, strict=True)]
        count = shown.count_of_page(span) if "totalCount" in selected else None
        loader = PageByParent(entity.model, parent, shown.order, span, where, count)
        keys = [owner and owner.id for owner in owners]
        beyond = shown.beyond(span, selected)
        if beyond is None:
            pages = await context.load(loader, keys)
        else:
            # At the same time. Its own field loads it, and raises its error.
            pages, _ = await _together(context.load(loader, keys), context.load(beyond, keys))
        return [Connection(shown, span, page, owner) for page, owner in zip(pages, owners, strict=True)]

    return resolve


async def _together(first: Awaitable[Result], other: Awaitable[object]) -> tuple[Result, object]:
    """Return the results of both. Raise the error of the first, and return that of the other."""
    one, another = await asyncio.gather(first, other, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    return one, another


def whole_list(
    entity: Entity[Model], *, counter: str | None = None
) -> Callable[..., Awaitable[Sequence[Connection[Model]]]]:
    """Return the resolver of the list of all rows that the viewer may see, for figures over the list without a page."""
    listing = Listing(entity.model, entity.default_order, counter=counter)

    @requires(loads=0, bound=_UNCOUNTED_LIST, models=[entity.model])
    async def resolve(
        parents: Sequence[Any],
        context: Context,
        *,
        filter: Any = None,  # noqa: A002 - the API's word
    ) -> Sequence[Connection[Model]]:
        context.require(entity.model)
        where = (
            EVERYTHING if filter is None else filter_of(entity, filter, context.require, context.viewer.scope)
        )
        return [Connection(replace(listing, where=where), PageBounds(0), UNREAD, None)] * len(parents)

    return resolve


@requires(bound=Bound(when=frozenset({"last", "before"})))
async def has_next_page(pages: Sequence[AnyPage], context: Context) -> Sequence[bool]:
    """Return whether rows follow the page. A page read backwards needs a statement for this."""
    return await _of_each_page(
        pages, attrgetter("has_next_page"), partial(_has_more, context=context, later=True)
    )


@requires(bound=Bound(when=frozenset({"after"})))
async def has_previous_page(pages: Sequence[AnyPage], context: Context) -> Sequence[bool]:
    return await _of_each_page(
        pages, attrgetter("has_previous_page"), partial(_has_more, context=context, later=False)
    )


@requires(bound=Bound(shared="position of snapshot"))
async def changes_after(pages: Sequence[AnyPage], context: Context) -> Sequence[str]:
    """Return the position in the change feed that follows the snapshot of the operation."""
    context.is_inexact = True
    if all(isinstance(page, ReadPage) for page in pages):
        return [page.changes_after for page in pages if isinstance(page, ReadPage)]
    (found,) = await context.load(PositionOfSnapshot(), [None])
    position = str(found)
    return [page.changes_after if isinstance(page, ReadPage) else position for page in pages]


async def _of_each_page(
    pages: Sequence[AnyPage],
    known: Callable[[AnyPage], bool],
    ask: Callable[[Sequence[Connection[Any]]], Awaitable[Sequence[bool]]],
) -> Sequence[bool]:
    """Return what pages know themselves, and ask for the others once per kind of list."""
    unknown = [page for page in pages if isinstance(page, Connection)]
    asked = iter(await of_each_list(unknown, ask) if unknown else [])
    return [next(asked) if isinstance(page, Connection) else known(page) for page in pages]


@requires(bound=Bound(when=frozenset({"uncounted"}), unless=frozenset({COUNTED_WITH_PAGE})))
async def total_count(connections: Sequence[Connection[Any]], context: Context) -> Sequence[int]:
    """Return the number of rows in the list, from its counter if it has one, or from the statement of its page."""
    known = [connection.page.total for connection in connections]
    if None not in known:
        return cast("list[int]", known)
    return await of_each_list(connections, partial(_total_count, context=context))


async def _has_more(
    connections: Sequence[Connection[Any]], *, context: Context, later: bool
) -> Sequence[bool]:
    listing, span = connections[0].listing, connections[0].span
    if later != span.backwards:  # the end at which the page was cut
        return [connection.page.more for connection in connections]
    loader = listing.beyond(span, _EITHER)
    if loader is None:  # the page starts at the start of the list
        return [False] * len(connections)
    return await context.load(loader, [connection.parent_id for connection in connections])


async def _total_count(connections: Sequence[Connection[Any]], *, context: Context) -> Sequence[int]:
    listing = connections[0].listing
    counter = listing.counted_in_row
    if counter is None:
        loader = CountByParent(listing.model, listing.parent, listing.where)
        return await context.load(loader, [connection.parent_id for connection in connections])
    if listing.parent is None:
        return [await context.load_one(CounterSum(listing.model, counter), None)] * len(connections)
    return [getattr(connection.parent, counter) for connection in connections]


async def of_each_list(
    connections: Sequence[Connection[Any]],
    ask: Callable[[Sequence[Connection[Any]]], Awaitable[Sequence[Result]]],
) -> Sequence[Result]:
    """Ask once per kind of list. A fragment can be spread on pages of several kinds."""
    return await ask_by_group(connections, lambda one: (one.listing, one.span), lambda _, some: ask(some))


async def load_of_each_list(
    connections: Sequence[Connection[Any]],
    context: Context,
    loader_of: Callable[[Listing[Any]], DataLoader[int | None, Result]],
) -> Sequence[Result]:
    """Load a value of each list, with one loader per kind of list."""

    async def ask(some: Sequence[Connection[Any]]) -> Sequence[Result]:
        return await context.load(loader_of(some[0].listing), [connection.parent_id for connection in some])

    return await of_each_list(connections, ask)
