"""Connections: pages of rows as the Relay specification describes them, resolved for many parents at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import Any, Generic, NamedTuple, TypeVar

from db.language.filter import EVERYTHING, Filter
from db.language.keyset import Order, PageBounds, Position
from db.models import Base
from loaders.counts import CountByParent, CounterSum
from loaders.rows import HasRowsBeyond, HasRowsBeyondByParent, Page, PageByParent, PageOfAll
from resolvers.framework import cursor
from resolvers.framework.context import Context
from resolvers.framework.errors import UserInputError
from resolvers.framework.requires import requires

DEFAULT_SIZE = 20
LARGEST_SIZE = 100
LARGEST_BULK_SIZE = 1000

Model = TypeVar("Model", bound=Base)
Result = TypeVar("Result")


class PageArguments(NamedTuple):
    """The arguments of every connection: the page as the client asked for it, of which rows, in which order."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    where: Filter = EVERYTHING
    order: Order | None = None
    read: bool = True
    """Whether anything of the page is selected, or only what is known of the whole list."""


UNREAD: Page[Any] = Page((), more=False)
PARTS_OF_PAGE = frozenset({"nodes", "edges", "pageInfo"})
"""The fields of a connection for which its page is read, as the schema has them."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Model]):
    """A kind of list: rows of a model in an order; of all, or of each parent by its column.

    `counter` names the column that knows the number of all rows: of the parent, or of the user for all.
    """

    model: type[Model]
    order: Order
    parent: str | None = None
    counter: str | None = None
    where: Filter = EVERYTHING

    def narrowed(self, where: Filter, order: Order | None) -> "Listing[Model]":
        """The list of the rows that the filter lets through, in the order; by default as it is."""
        return replace(self, where=where, order=order or self.order)

    @property
    def kind(self) -> str:
        """What cursors are bound to: one list (of all, or of each parent of a kind), one order, one filter."""
        filtered = (
            "" if self.where == EVERYTHING else blake2b(repr(self.where).encode(), digest_size=6).hexdigest()
        )
        return f"{self.model.__tablename__}:{self.parent or ''}:{self.order.name}:{filtered}"

    def span(self, arguments: PageArguments, largest: int = LARGEST_SIZE) -> PageBounds:
        """The span that the arguments ask for. Raises `UserInputError` or `CursorError`."""
        first, after, last, before, *_ = arguments
        if first is not None and last is not None:
            raise UserInputError("`first` and `last` cannot be used together: drop one of them.")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 0 <= size <= largest:
                raise UserInputError(f"`{name}` has to be between 0 and {largest}, not {size}.")
        asked = last if first is None else first
        return PageBounds(
            limit=DEFAULT_SIZE if asked is None else asked,
            backwards=last is not None,
            after=None if after is None else self._position(after, "after"),
            before=None if before is None else self._position(before, "before"),
        )

    def _position(self, text: str, argument: str) -> Position:
        return cursor.decode(self.kind, self.model, self.order, text, argument)

    def cursor(self, row: Model) -> str:
        return cursor.encode(self.kind, self.order, row)


def bounded(first: int | None, default: int, largest: int = LARGEST_SIZE) -> int:
    """The size of a list that is no page. Raises `UserInputError`."""
    if first is not None and not 0 <= first <= largest:
        raise UserInputError(f"`first` has to be between 0 and {largest}, not {first}.")
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
    """One page of one parent's rows. `parent` is None, and so is its id, for a list of all."""

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
    def page_info(self) -> "Connection[Model]":
        return self

    @property
    def stats(self) -> "Connection[Model]":
        """Figures are of the list, which the connection knows."""
        return self

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


async def pages_of_each(
    listing: Listing[Model], parents: Sequence[Any], context: Context, arguments: PageArguments
) -> Sequence[Connection[Model]]:
    """One page per parent, all read together."""
    context.require(listing.model)
    listing = listing.narrowed(arguments.where, arguments.order)
    span = listing.span(arguments)
    assert listing.parent is not None  # noqa: S101 - a list of each parent names the column of the parent
    if not arguments.read:
        return [Connection(listing, span, UNREAD, parent) for parent in parents]
    loader = PageByParent(listing.model, listing.parent, listing.order, span, listing.where)
    pages = await context.load(loader, [parent.id for parent in parents])
    return [Connection(listing, span, page, parent) for page, parent in zip(pages, parents, strict=True)]


async def page_of_all(
    listing: Listing[Model], context: Context, arguments: PageArguments
) -> Connection[Model]:
    """One page of all that the viewer may see."""
    context.require(listing.model)
    listing = listing.narrowed(arguments.where, arguments.order)
    largest = LARGEST_BULK_SIZE if context.viewer.bulk else LARGEST_SIZE
    span = listing.span(arguments, largest)
    if not arguments.read:
        return Connection(listing, span, UNREAD, None)
    page = await context.load_one(PageOfAll(listing.model, listing.order, span, listing.where), None)
    return Connection(listing, span, page, None)


@requires()
async def has_next_page(connections: Sequence[Connection[Any]], context: Context) -> Sequence[bool]:
    """Whether rows follow. Reading backwards this is a question of its own, asked only if selected."""
    return await of_each_list(connections, partial(_has_more, context=context, later=True))


@requires()
async def has_previous_page(connections: Sequence[Connection[Any]], context: Context) -> Sequence[bool]:
    return await of_each_list(connections, partial(_has_more, context=context, later=False))


@requires()
async def total_count(connections: Sequence[Connection[Any]], context: Context) -> Sequence[int]:
    """The number of all rows, whatever the page: from a counter where there is one."""
    return await of_each_list(connections, partial(_total_count, context=context))


async def _has_more(
    connections: Sequence[Connection[Any]], *, context: Context, later: bool
) -> Sequence[bool]:
    listing, span = connections[0].listing, connections[0].span
    if later != span.backwards:  # the end that the page was cut at
        return [connection.page.more for connection in connections]
    position = span.before if later else span.after
    if position is None:  # it starts where the list does
        return [False] * len(connections)
    if listing.parent is None:
        anything = HasRowsBeyond(listing.model, listing.order, position, later, listing.where)
        return [await context.load_one(anything, None)] * len(connections)
    loader = HasRowsBeyondByParent(
        listing.model, listing.parent, listing.order, position, later, listing.where
    )
    return await context.load(loader, [connection.parent.id for connection in connections])


async def _total_count(connections: Sequence[Connection[Any]], *, context: Context) -> Sequence[int]:
    listing = connections[0].listing
    counter = listing.counter if listing.where == EVERYTHING else None
    if counter is None:
        loader = CountByParent(listing.model, listing.parent, listing.where)
        return await context.load(loader, [connection.parent_id for connection in connections])
    if listing.parent is None:
        return [await context.load_one(CounterSum(counter), None)] * len(connections)
    return [getattr(connection.parent, counter) for connection in connections]


async def of_each_list(
    connections: Sequence[Connection[Any]],
    ask: Callable[[Sequence[Connection[Any]]], Awaitable[Sequence[Result]]],
) -> Sequence[Result]:
    """Asks once per kind of list: one fragment can be spread on pages of several."""
    kinds: dict[tuple[Listing[Any], PageBounds], list[int]] = {}
    for index, connection in enumerate(connections):
        kinds.setdefault((connection.listing, connection.span), []).append(index)
    answers = await asyncio.gather(*(ask([connections[i] for i in indices]) for indices in kinds.values()))
    answered = zip(kinds.values(), answers, strict=True)
    placed = {i: one for indices, many in answered for i, one in zip(indices, many, strict=True)}
    return [placed[i] for i in range(len(connections))]
