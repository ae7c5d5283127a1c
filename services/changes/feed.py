"""The change feed: pages of changes after a position, for one owner or for all (docs/decisions/0052-change-feed.md)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from db.engine.session import Session
from db.language.scope import Scope
from db.models import ChangeKind
from db.statements import change as stored
from db.statements.change import ChangeFilter, FeedState, IdRange, NewSince
from services.changes.position import NOTHING, BadPositionError, Position, Snapshot

__all__ = ["ChangeFilter", "Event", "ExpiredPositionError", "Page", "event_at", "now", "page", "start"]

ANYTHING: Final = ChangeFilter()


class ExpiredPositionError(Exception):
    """Changes after the position were dropped, or the position is of another series of changes."""


@dataclass(frozen=True, slots=True)
class Event:
    """The change of one row. A reader that has taken the event continues from its `position`.

    `columns` are the changed columns of an update. `xid` is the transaction.
    """

    position: Position
    user_id: int
    entity: str
    kind: ChangeKind
    row_id: int
    columns: tuple[str, ...]
    at: datetime
    actor_id: int | None
    key_id: int | None
    request_id: str | None
    xid: int


@dataclass(frozen=True, slots=True)
class Page:
    """The next events, and the position after everything that was read for them, also if there are no events."""

    events: Sequence[Event]
    after: Position
    has_more: bool


async def now(session: Session, scope: Scope) -> Position:
    """Return the position after all changes that the session's snapshot sees."""
    return _now(await stored.state(session, scope), scope)


async def start(session: Session, scope: Scope) -> Position:
    """Return the position before the oldest change that is kept."""
    return _start(await stored.state(session, scope), scope)


async def page(
    session: Session,
    scope: Scope,
    after: Position | None,
    *,
    limit: int,
    wanted: ChangeFilter = ANYTHING,
) -> Page:
    """Return up to `limit` events after the position, or from the oldest kept change on.

    Raise `ExpiredPositionError` if changes after the position are missing, and `BadPositionError` for a position of
    another owner.
    """
    state = await stored.state(session, scope)
    after = _start(state, scope) if after is None else after
    _require_valid(after, state, scope)
    if scope.everybody:
        return await _page_of_all(session, scope, after, state, limit, wanted)
    return await _page_of_owner(session, scope, after, state, limit, wanted)


async def event_at(session: Session, scope: Scope, position: Position) -> Event | None:
    """Return the event after which a reader has the position. Return None if the position follows no single event.

    Raise `ExpiredPositionError` if the event may be missing, and `BadPositionError` for a position of another owner.
    """
    _require_valid(position, await stored.state(session, scope), scope)
    row = await stored.at(session, scope, position.last, position.skip)
    return None if row is None else event_of(row, position)


def _now(state: FeedState, scope: Scope) -> Position:
    seen = _present(state)
    if scope.everybody:
        return Position(state.feed_id, None, seen)
    return Position(state.feed_id, scope.user_id, Snapshot(seen.xmin, seen.xmin, ()), state.last_id)


def _present(state: FeedState) -> Snapshot:
    """Return the snapshot of a reader of all owners."""
    return Snapshot.parse(f"{state.snapshot}:{state.last_id}")


def _start(state: FeedState, scope: Scope) -> Position:
    return Position(state.feed_id, scope.user_id, NOTHING)


def _require_valid(after: Position, state: FeedState, scope: Scope) -> None:
    if after.owner != scope.user_id:
        raise BadPositionError
    if after.feed != state.feed_id or _is_expired(after, state):
        raise ExpiredPositionError


def _is_expired(after: Position, state: FeedState) -> bool:
    """Return whether a change after the position may have expired. From the oldest kept change on, none has."""
    if after.seen == NOTHING and after.last == 0:
        return False
    if after.owner is not None:
        return state.expired_xid >= after.seen.xmin and state.expired_id > after.last
    if after.until is not None and _may_miss(after.until, state):
        return True
    return _may_miss(after.seen, state) and state.expired_id > after.last


def _may_miss(seen: Snapshot, state: FeedState) -> bool:
    """Return whether the snapshot may not see one of the expired changes."""
    return state.expired_xid >= seen.xmin or state.expired_id > seen.newest


async def _page_of_owner(
    session: Session, scope: Scope, after: Position, state: FeedState, limit: int, wanted: ChangeFilter
) -> Page:
    ids = IdRange(after.last + (0 if after.skip else 1), state.last_id, after.skip)
    rows = await stored.after(session, scope, ids, wanted, most=limit + 1, since=None)
    events = [event_of(row, after) for row in rows[:limit]]
    has_more = len(rows) > limit
    stopped = events[-1].position if events else after
    return Page(events, stopped if has_more else _now(state, scope), has_more)


async def _page_of_all(
    session: Session, scope: Scope, after: Position, state: FeedState, limit: int, wanted: ChangeFilter
) -> Page:
    """Read on in the changes until the snapshot at which the reader stopped, or else until now."""
    present = _present(state)
    run = after if after.until else replace(after, until=present)
    found = await _rest_of_run(session, scope, run, limit, wanted)
    if found.has_more and not found.events:
        return replace(found, after=after)  # the limit is 0
    if found.has_more or after.until is None:
        return found
    newer = _new_since(after.until, present)
    return replace(found, has_more=await stored.first_new(session, scope, newer) is not None)


async def _rest_of_run(
    session: Session, scope: Scope, run: Position, limit: int, wanted: ChangeFilter
) -> Page:
    assert run.until is not None  # noqa: S101 - for the type checker
    since = _new_since(run.seen, run.until)
    end = Position(run.feed, None, run.until)
    first: int | None = run.last + (0 if run.skip else 1)
    if run.last == 0 and run.seen != NOTHING:
        first = await stored.first_new(session, scope, since)
    if first is None:
        return Page([], end, has_more=False)
    ids = IdRange(first, run.until.newest, run.skip)
    rows = await stored.after(session, scope, ids, wanted, most=limit + 1, since=since)
    events = [event_of(row, run) for row in rows[:limit]]
    has_more = len(rows) > limit
    stopped = events[-1].position if events else run
    return Page(events, stopped if has_more else end, has_more)


def _new_since(seen: Snapshot, until: Snapshot) -> NewSince:
    return NewSince(seen.xmax, seen.running, seen.newest, until.stored, until.newest)


def event_of(row: Any, run: Position) -> Event:
    """Return the event of a row of the statements, read after the position `run`."""
    skip = 0 if row["number"] == row["rows"] else row["number"]
    return Event(
        replace(run, last=row["id"], skip=skip),
        row["user_id"],
        row["entity"],
        ChangeKind(row["kind"]),
        row["row_id"],
        tuple(row["columns"] or ()),
        row["at"],
        row["actor_id"],
        row["key_id"],
        row["request_id"],
        row["xid"],
    )
