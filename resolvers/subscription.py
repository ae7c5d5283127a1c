"""The events of subscriptions: the changed rows, as the snapshot of each event shows them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from db.language.filter import EVERYTHING, All, Filter, Operator, Test
from db.language.keyset import EARLIEST_ID_FIRST, PageBounds
from db.models import Base, ChangeKind, Integration, Keyword, Lead, Mention
from loaders.rows import PageByParent
from resolvers.entities import EXPORT, INTEGRATION, LEAD, MENTION
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.filter_input import filter_of
from resolvers.framework.following import MOST_ROWS, Told, follows
from resolvers.framework.requires import requires
from services.changes.feed import Event

Model = TypeVar("Model", bound=Base)


@dataclass(frozen=True, slots=True)
class Added(Generic[Model]):
    """The new rows of one event."""

    rows: Sequence[Model]
    cursor: str


@dataclass(frozen=True, slots=True)
class ChangedRow(Generic[Model]):
    """The change of one row. The row is None if it was deleted, or does not match the filter."""

    kind: ChangeKind
    row_id: int
    row: Model | None


@dataclass(frozen=True, slots=True)
class Changed(Generic[Model]):
    """The changed rows of one event."""

    changes: Sequence[ChangedRow[Model]]
    cursor: str


@dataclass(frozen=True, slots=True)
class FiguresChanged:
    """An event after which figures can differ."""

    cursor: str


@follows(Mention, kinds=[ChangeKind.CREATED])
@requires(models=[Mention])
async def mention_added(
    parents: Sequence[Told],
    context: Context,
    filter: Any = None,  # noqa: A002 - the API's word
    after: str | None = None,  # noqa: ARG001 - the server has begun there
) -> Sequence[Added[Mention] | None]:
    """Return the new mentions that match the filter; None if no mention does."""
    (told,) = parents
    ids = list(dict.fromkeys(event.row_id for event in told.events))
    rows = await _matching(MENTION, ids, filter, context)
    found = [rows[id_] for id_ in ids if id_ in rows]
    return [Added(found, told.cursor) if found else None]


def _changed(entity: Entity[Model]) -> Callable[..., Awaitable[Sequence[Changed[Model] | None]]]:
    """Return the resolver of the changed rows of an entity."""

    @follows(entity.model)
    @requires(models=[entity.model])
    async def resolve(
        parents: Sequence[Told],
        context: Context,
        filter: Any = None,  # noqa: A002 - the API's word
        after: str | None = None,  # noqa: ARG001 - the server has begun there
    ) -> Sequence[Changed[Model] | None]:
        (told,) = parents
        kinds = _kinds(told.events)
        ids = [id_ for id_, kind in kinds.items() if kind is not ChangeKind.DELETED]
        rows = await _matching(entity, ids, filter, context) if ids else {}
        changes = [
            ChangedRow(kind, id_, rows.get(id_))
            for id_, kind in kinds.items()
            if id_ in rows or kind is not ChangeKind.CREATED
        ]
        return [Changed(changes, told.cursor) if changes else None]

    return resolve


lead_changed = _changed(LEAD)
integration_changed = _changed(INTEGRATION)
export_changed = _changed(EXPORT)


@follows(Keyword, Mention, Lead, Integration, merges=True)
@requires(loads=0)
async def figures_changed(
    parents: Sequence[Told],
    context: Context,
    after: str | None = None,  # noqa: ARG001 - the server has begun there
) -> Sequence[FiguresChanged | None]:
    """Let all figures of the event come from its own snapshot."""
    context.forget_figures(exact=True)
    (told,) = parents
    return [FiguresChanged(told.cursor)]


def _kinds(events: Sequence[Event]) -> dict[int, ChangeKind]:
    """Return the change of each row, in the order of the last changes. An update of a new row is a creation."""
    kinds: dict[int, ChangeKind] = {}
    for event in events:
        before = kinds.pop(event.row_id, None)
        is_new = before is ChangeKind.CREATED and event.kind is ChangeKind.UPDATED
        kinds[event.row_id] = ChangeKind.CREATED if is_new else event.kind
    return kinds


async def _matching(
    entity: Entity[Model], ids: Sequence[int], given: Any, context: Context
) -> dict[int, Model]:
    """Return the visible rows that match the filter, by ID. One statement reads them."""
    where: Filter = EVERYTHING
    if given is not None:
        where = filter_of(entity, given, context.require, context.viewer.scope)
    where = All((Test("id", Operator.IN, tuple(ids)), where))
    page = PageByParent(entity.model, None, EARLIEST_ID_FIRST, PageBounds(MOST_ROWS), where)
    found: dict[int, Model] = {row.id: row for row in (await context.load_one(page, None)).rows}  # type: ignore[attr-defined]
    return found
