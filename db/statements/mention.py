"""Triage of mentions: mark many as read, starred, dismissed or engaged in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Text, any_, bindparam, func, null, or_, select, update
from sqlalchemy.types import TypeEngine

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.moment import moment
from db.language.scope import Scope, placed, visible_among
from db.models import DismissReason, Mention
from db.models.base import table_of
from db.statements.parameters import keys_parameter

_MENTIONS = table_of(Mention)


class Mark(StrEnum):
    """A timestamp column of a mention's triage. Null means that the mark is not set."""

    READ = "read_at"
    STARRED = "starred_at"
    DISMISSED = "dismissed_at"
    ENGAGED = "engaged_at"


@dataclass(frozen=True, slots=True)
class TriageResult:
    """The IDs of the visible mentions, and of the changed ones among them."""

    found: frozenset[int]
    changed: frozenset[int]


@statement
def _triage_mentions(marks: tuple[tuple[Mark, bool], ...], reason: bool, *, everybody: bool) -> Select[Any]:
    found = (
        select(_MENTIONS.c.id)
        .where(_MENTIONS.c.id == any_(keys_parameter()), visible_among(Mention, everybody=everybody))
        .cte("found")
    )
    values: dict[str, Any] = {}
    changes: list[ColumnElement[bool]] = []
    for mark, on in marks:
        column = _MENTIONS.c[mark]
        values[mark] = func.coalesce(column, moment()) if on else null()
        changes.append(column.is_(None) if on else column.is_not(None))
    if reason:
        new_reason = bindparam("reason", type_=cast("TypeEngine[Any]", Text()))
        values["dismiss_reason"] = new_reason
        changes.append(_MENTIONS.c.dismiss_reason.is_distinct_from(new_reason))
    changed = (
        update(_MENTIONS)
        .values(**values, updated_at=moment())
        .where(_MENTIONS.c.id == found.c.id, or_(*changes), placed(Mention, everybody=everybody))
        .returning(_MENTIONS.c.id)
        .cte("changed")
    )
    joined = found.outerjoin(changed, changed.c.id == found.c.id)
    return select(found.c.id, changed.c.id.is_not(None).label("changed")).select_from(joined)


async def triage(
    writer: Writer,
    scope: Scope,
    ids: Sequence[int],
    marks: Mapping[Mark, bool],
    reason: tuple[DismissReason | None] | None = None,
) -> TriageResult:
    """Set or clear the marks.

    With `reason`, set the reason of dismissal to its only element, which may be None.

    A mark that is already set keeps its timestamp. Mentions that need no change are not written.
    """
    sent = _triage_mentions(tuple(sorted(marks.items())), reason is not None, everybody=scope.everybody)
    values = {} if reason is None else {"reason": reason[0]}
    rows = await writer.fetch_values(sent, scope, keys=list(ids), **values)
    return TriageResult(
        frozenset(row["id"] for row in rows), frozenset(row["id"] for row in rows if row["changed"])
    )
