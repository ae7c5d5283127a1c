"""Triage: what users make of their mentions, many in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Text, any_, bindparam, func, null, or_, select, update
from sqlalchemy.types import TypeEngine

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import Scope, visible_among
from db.models import DismissReason, Mention
from db.models.base import table_of
from db.statements.parameters import keys_parameter

_MENTIONS = table_of(Mention)


class Mark(StrEnum):
    """A column that says since when a mention is so; null while it is not."""

    READ = "read_at"
    STARRED = "starred_at"
    DISMISSED = "dismissed_at"
    ENGAGED = "engaged_at"


@dataclass(frozen=True, slots=True)
class Triaged:
    """Of the mentions that are there, the ids of all and of those that were changed."""

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
        values[mark] = func.coalesce(column, func.now()) if on else null()
        changes.append(column.is_(None) if on else column.is_not(None))
    if reason:
        given = bindparam("reason", type_=cast("TypeEngine[Any]", Text()))
        values["dismiss_reason"] = given
        changes.append(_MENTIONS.c.dismiss_reason.is_distinct_from(given))
    changed = (
        update(_MENTIONS)
        .values(**values, updated_at=func.now())
        .where(_MENTIONS.c.id == found.c.id, or_(*changes))
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
) -> Triaged:
    """Sets and clears marks, and the reason of dismissal where one is given (or a null, which clears it).

    A mark that is there keeps its moment. Mentions that are so already are not written.
    """
    sent = _triage_mentions(tuple(sorted(marks.items())), reason is not None, everybody=scope.everybody)
    given = {} if reason is None else {"reason": reason[0]}
    rows = await writer.fetch_values(sent, scope, keys=list(ids), **given)
    return Triaged(
        frozenset(row["id"] for row in rows), frozenset(row["id"] for row in rows if row["changed"])
    )
