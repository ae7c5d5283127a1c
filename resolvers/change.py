"""Changes: pages of the feed that the viewer may read, and the newest changes of rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter
from typing import Any, Final

from db.models import Base, User
from loaders.rows import RowById
from resolvers.entities import API_KEY, ENTITIES, OF_TYPENAME
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.errors import CursorError, ExpiredCursorError, UserInputError
from resolvers.framework.global_id import decode, encoder
from resolvers.framework.paging import DEFAULT_SIZE, LARGEST_BULK_SIZE, LARGEST_SIZE, ReadPage, bounded
from resolvers.framework.requires import Bound, requires
from services.changes.feed import ChangeFilter, Event, ExpiredPositionError
from services.changes.loading import ChangesAfter, ChangesByRow
from services.changes.position import BadPositionError, Position
from services.figures.group_by import ask_by_group

FED: Final[Sequence[Entity[Any]]] = [
    entity for entity in ENTITIES if entity.model.__feed__ and entity.model.__feed__.part is None
]
"""The entities whose changes are in the feed."""
_PERSONAL = frozenset(entity.typename for entity in FED if entity.personal)
_STATEMENTS = 5
"""The state of the feed, and the first ID and a page of each of two runs (`services.changes.feed`)."""


def _constant(typename: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in typename).strip("_").upper()


ChangeType: Any = Enum("ChangeType", [(_constant(entity.typename), entity.typename) for entity in FED])  # type: ignore[misc] # derived
"""The types of objects whose changes are in the feed."""


@dataclass(frozen=True, slots=True)
class ChangeEdge:
    node: Event

    @property
    def cursor(self) -> str:
        return str(self.node.position)


@requires(bound=Bound(most=_STATEMENTS))
async def changes(
    parents: Sequence[None],
    context: Context,
    *,
    first: int | None = None,
    after: str | None = None,
    types: Sequence[Any] | None = None,
    filter: Any = None,  # noqa: A002 - the API's word
) -> Sequence[ReadPage[Event]]:
    """Return a page of the changes after the cursor, or from the oldest one that is kept."""
    context.is_inexact = True
    limit = bounded(first, DEFAULT_SIZE, LARGEST_BULK_SIZE if context.viewer.bulk else LARGEST_SIZE)
    wanted = _wanted(context, types, filter)
    try:
        position = None if after is None else Position.parse(after)
        page = await context.load_one(ChangesAfter(position, limit, wanted), None)
    except BadPositionError:
        raise CursorError(
            "`after` must be a cursor that `changes` or `changesAfter` returned to a viewer with the same rows."
        ) from None
    except ExpiredPositionError:
        raise ExpiredCursorError(
            "Changes after this cursor are no longer kept. Read the lists again with `pageInfo { changesAfter }`, and "
            "continue from that cursor."
        ) from None
    edges = [ChangeEdge(event) for event in page.events]
    end = str(page.after)
    shown: ReadPage[Event] = ReadPage(
        edges, edges[0].cursor if edges else None, end, page.has_more, after is not None, end
    )
    return [shown] * len(parents)


def _wanted(context: Context, types: Sequence[Any] | None, given: Any) -> ChangeFilter:
    """Return the filter of the arguments, limited to the entities that the viewer's key may read.

    Raise `ForbiddenError` for a named entity that the key must not read.
    """
    entities = {each.value for each in types} if types is not None else None
    kinds, row = getattr(given, "kinds", None), None
    if getattr(given, "id", None):
        model, row = decode(given.id)
        typename = next((entity.typename for entity in FED if entity.model is model), None)
        if typename is None:
            raise UserInputError("`filter.id` must be the ID of an object whose changes are in the feed.")
        entities = {typename} & (entities or {typename})
        context.require(model)
    if entities is None:
        entities = {entity.typename for entity in FED if context.may_read([entity.model])}
    for typename in sorted(entities):
        context.require(OF_TYPENAME[typename].model)
    return ChangeFilter(
        frozenset(entities),
        frozenset(kind.value for kind in kinds) if kinds else None,
        row,
        _PERSONAL,
        context.viewer.user_id,
    )


def changes_of(entity: Entity[Any]) -> Callable[..., Awaitable[Sequence[Sequence[Event]]]]:
    """Return the resolver of the newest changes of each row of the entity."""

    @requires("id", models=[entity.model])
    async def resolve(
        rows: Sequence[Any], context: Context, *, first: int | None = None
    ) -> Sequence[Sequence[Event]]:
        context.require(entity.model)
        loader = ChangesByRow(entity.typename, bounded(first, DEFAULT_SIZE))
        return await context.load(loader, [row.id for row in rows])

    return resolve


@requires(others={entity.model: ("id",) for entity in FED}, bound=Bound(most=len(FED)))
async def nodes_of(events: Sequence[Event], context: Context) -> Sequence[Base | None]:
    """Return the present object of each change, with one statement per type. None if the object is gone or hidden."""

    async def load(typename: str, some: Sequence[Event]) -> Sequence[Base | None]:
        return await context.load(RowById(OF_TYPENAME[typename].model), [event.row_id for event in some])

    return await ask_by_group(events, attrgetter("entity"), load)


@requires(models=[User])
async def actors_of(events: Sequence[Event], context: Context) -> Sequence[User | None]:
    """Return the author of each change. None if the viewer may not see the user, or the change has no author."""
    context.require(User)
    ids = [event.actor_id for event in events if event.actor_id is not None]
    found = iter(await context.load(RowById(User), ids) if ids else [])
    return [None if event.actor_id is None else next(found) for event in events]


@requires(loads=0)
async def keys_of(events: Sequence[Event], context: Context) -> Sequence[str | None]:
    """Return the global ID of each change's API key. None for the key of a user whom the viewer may not see."""
    scope, encoded = context.viewer.scope, encoder(API_KEY.typename)
    return [
        encoded(event.key_id)
        if event.key_id is not None and (scope.everybody or event.actor_id == scope.user_id)
        else None
        for event in events
    ]
