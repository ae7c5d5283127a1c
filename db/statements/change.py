"""The change feed: its state, and the changes after a position, one row per changed row.

A member's position is the ID of a change: IDs of one owner ascend in the order of commits. For all owners, a position
is a snapshot and the highest ID that it saw. New are the changes of transactions that the snapshot did not see, and all
with a higher ID: after a crash, PostgreSQL may use the ID of a rolled back transaction again
(docs/decisions/0052-change-feed.md).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    all_,
    any_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import UserDefinedType

from db.engine.session import Session
from db.engine.statement_cache import statement
from db.language.scope import Scope, visible, visible_among
from db.models import ChangeFeed, RowChange
from db.models.base import table_of
from db.models.change import TransactionId
from db.statements.parameters import keys_parameter

_CHANGES, _FEED = table_of(RowChange), table_of(ChangeFeed)


class _Snapshot(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "pg_snapshot"


@dataclass(frozen=True, slots=True)
class FeedState:
    """The series of changes, the last expired change and transaction, and a snapshot that sees everything committed.

    `last_id` is the ID of the last change in the scope.
    """

    feed_id: str
    expired_id: int
    expired_xid: int
    snapshot: str
    last_id: int


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """The wanted changes. None means any. `row` is the ID of a row.

    Of the entities `personal`, only the rows of the user `personal_of` are wanted.
    """

    entities: Collection[str] | None = None
    kinds: Collection[str] | None = None
    row: int | None = None
    personal: Collection[str] = field(default=())
    personal_of: int | None = None


@dataclass(frozen=True, slots=True)
class IdRange:
    """The changes from one ID to another. `skip` rows of the first change are left out."""

    first: int
    last: int
    skip: int = 0


@dataclass(frozen=True, slots=True)
class NewSince:
    """The changes that transactions committed between two snapshots.

    They are those from `xmax` on, those of `running`, and those after the change `newest`. The second snapshot sees the
    transactions of `until`, up to the change `until_newest`.
    """

    xmax: int
    running: Sequence[int]
    newest: int
    until: str
    until_newest: int


def _text(name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text), Text)


@statement
def _state_of_feed(*, everybody: bool) -> Select[Any]:
    own = visible(RowChange, everybody=everybody)
    last = select(func.max(_CHANGES.c.id)).where(own).scalar_subquery()
    return select(
        _FEED.c.feed_id,
        _FEED.c.expired_id,
        cast(cast(_FEED.c.expired_xid, Text), BigInteger).label("expired_xid"),
        cast(func.pg_current_snapshot(), Text).label("snapshot"),
        func.coalesce(last, 0).label("last_id"),
    )


async def state(session: Session, scope: Scope) -> FeedState:
    """Return the state of the feed in the snapshot of the session."""
    (row,) = await session.fetch_values(_state_of_feed(everybody=scope.everybody), scope)
    return FeedState(**dict(row))


def _is_new(*, everybody: bool) -> ColumnElement[bool]:
    if not everybody:
        return visible(RowChange, everybody=False)
    from_xmax = _CHANGES.c.xid >= cast(_text("xmax"), TransactionId)
    was_running = _CHANGES.c.xid == any_(cast(_text("running"), ARRAY(TransactionId)))
    after_newest = _CHANGES.c.id > bindparam("newest", type_=BigInteger)
    seen_now = func.pg_visible_in_snapshot(_CHANGES.c.xid, cast(_text("until"), _Snapshot))
    by_id = _CHANGES.c.id <= bindparam("until_newest", type_=BigInteger)
    return or_(from_xmax, was_running, after_newest) & seen_now & by_id


@statement
def _first_new_change() -> Select[Any]:
    # The sum keeps the planner from a scan of all IDs in their order.
    return select(func.min(_CHANGES.c.id + 0).label("id")).where(_is_new(everybody=True))


async def first_new(session: Session, scope: Scope, since: NewSince) -> int | None:
    """Return the lowest ID of the new changes, or None if there are no new changes."""
    (row,) = await session.fetch_values(_first_new_change(), scope, **_values(since))
    found: int | None = row["id"]
    return found


def _values(since: NewSince | None) -> dict[str, object]:
    if since is None:
        return {}
    running = ",".join(map(str, since.running))
    return {
        "xmax": str(since.xmax),
        "running": f"{{{running}}}",
        "newest": since.newest,
        "until": since.until,
        "until_newest": since.until_newest,
    }


def _item(changes: FromClause = _CHANGES) -> TableValuedAlias:
    """Return the changed rows of a change, each with its number from 1 on."""
    rows = func.unnest(changes.c.row_ids)
    return rows.table_valued(
        column("row_id", BigInteger), with_ordinality="number", name="item"
    ).render_derived()


def _columns(item: TableValuedAlias, changes: FromClause = _CHANGES) -> tuple[ColumnElement[Any], ...]:
    c = changes.c
    return (
        c.id.label("id"),
        cast(cast(c.xid, Text), BigInteger).label("xid"),
        c.user_id,
        c.entity,
        c.kind,
        item.c.row_id.label("row_id"),
        cast(item.c.number, Integer).label("number"),
        c.columns,
        c.at,
        c.actor_id,
        c.key_id,
        c.request_id,
    )


def _conditions(names: frozenset[str]) -> list[ColumnElement[bool]]:
    c = _CHANGES.c
    conditions: dict[str, ColumnElement[bool]] = {
        "entities": c.entity == any_(bindparam("entities", type_=ARRAY(Text))),
        "kinds": c.kind == any_(bindparam("kinds", type_=ARRAY(Text))),
        "row": c.row_ids.contains(array([bindparam("row", type_=BigInteger)])),
        "personal": or_(
            c.entity != all_(bindparam("personal", type_=ARRAY(Text))),
            c.user_id == bindparam("personal_of", type_=BigInteger),
        ),
    }
    return [conditions[name] for name in sorted(names)]


@statement
def _changes_after(names: frozenset[str], *, everybody: bool) -> Select[Any]:
    """Take as many changes as there can be rows, one more for a change whose rows are skipped, and then their rows.

    The limit inside keeps the planner from computing the number of rows, which reads the whole array, for each row.
    """
    first, most = bindparam("first", type_=BigInteger), bindparam("most", type_=BigInteger)
    changes = (
        select(*_CHANGES.c, func.cardinality(_CHANGES.c.row_ids).label("rows"))
        .where(
            _CHANGES.c.id.between(first, bindparam("last", type_=BigInteger)),
            _is_new(everybody=everybody),
            *_conditions(names),
        )
        .order_by(_CHANGES.c.id)
        .limit(most + 1)
        .subquery("page")
    )
    item, c = _item(changes), changes.c
    found = (
        select(*_columns(item, changes), c.rows)
        .select_from(changes.join(item, true()))
        .where(or_(c.id > first, item.c.number > bindparam("skip", type_=BigInteger)))
    )
    if "row" in names:
        found = found.where(item.c.row_id == bindparam("row", type_=BigInteger))
    return found.order_by(c.id, item.c.number).limit(most)


async def after(
    session: Session, scope: Scope, ids: IdRange, wanted: ChangeFilter, *, most: int, since: NewSince | None
) -> list[asyncpg.Record]:
    """Return the changed rows of the range, in the order of the IDs. All owners need `since`."""
    values: dict[str, object] = {}
    if wanted.entities is not None:
        values["entities"] = list(wanted.entities)
    if wanted.kinds is not None:
        values["kinds"] = list(wanted.kinds)
    if wanted.row is not None:
        values["row"] = wanted.row
    if wanted.personal and scope.everybody:
        values |= {"personal": list(wanted.personal), "personal_of": wanted.personal_of or 0}
    names = frozenset(values) - {"personal_of"}
    return await session.fetch_values(
        _changes_after(names, everybody=scope.everybody),
        scope,
        first=ids.first,
        last=ids.last,
        skip=ids.skip,
        most=most,
        **values,
        **_values(since),
    )


@statement
def _change_at(*, everybody: bool) -> Select[Any]:
    item, c = _item(), _CHANGES.c
    rows = func.cardinality(c.row_ids)
    skip = bindparam("skip", type_=BigInteger)
    return (
        select(*_columns(item), rows.label("rows"))
        .select_from(_CHANGES.join(item, true()))
        .where(
            c.id == bindparam("change", type_=BigInteger),
            item.c.number == func.coalesce(func.nullif(skip, 0), rows),
            visible_among(RowChange, everybody=everybody),
        )
    )


async def at(session: Session, scope: Scope, change: int, skip: int) -> asyncpg.Record | None:
    """Return the last changed row before a position. `skip` is its number, or 0 for the last row of the change."""
    sent = _change_at(everybody=scope.everybody)
    return next(iter(await session.fetch_values(sent, scope, change=change, skip=skip)), None)


@statement
def _newest_changes_of_each(*, everybody: bool) -> Select[Any]:
    rows = func.unnest(keys_parameter()).table_valued(column("key", BigInteger), name="row").render_derived()
    item, c = _item(), _CHANGES.c
    newest = (
        select(*_columns(item), func.cardinality(c.row_ids).label("rows"))
        .select_from(_CHANGES.join(item, true()))
        .where(
            c.row_ids.contains(array([rows.c.key])),
            item.c.row_id == rows.c.key,
            c.entity == bindparam("entity", type_=Text),
            visible_among(RowChange, everybody=everybody),
        )
        .order_by(c.id.desc())
        .limit(bindparam("most", type_=BigInteger))
        .lateral("newest")
    )
    return select(*newest.c).select_from(rows.join(newest, true())).order_by(rows.c.key, newest.c.id.desc())


async def newest_of_rows(
    session: Session, scope: Scope, entity: str, ids: Sequence[int], *, most: int
) -> list[asyncpg.Record]:
    """Return up to `most` changes of each row of the entity, the newest first."""
    sent = _newest_changes_of_each(everybody=scope.everybody)
    return await session.fetch_values(sent, scope, entity=entity, keys=list(ids), most=most)
