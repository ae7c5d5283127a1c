"""Sums over spans of time, from the roll-ups of `db.integrity.rollups`: of days, and of quarters of an hour where a span begins
or ends between two midnights of UTC.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    bindparam,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import CTE, FromClause

from db.engine.pool import Reader
from db.engine.statement_cache import statement
from db.integrity.rollups import MEASURES
from db.language.scope import Scope, visible_among
from db.models import Base, DayStats, SlotStats, UserDayStats, UserSlotStats
from db.models.base import table_of
from db.statements.parameters import keys_parameter

DAY = timedelta(days=1)
ROLLUPS: dict[str, tuple[type[Base], type[Base]]] = {
    "user_id": (UserSlotStats, UserDayStats),
    "keyword_id": (SlotStats, DayStats),
}
"""By the parent that sums are of: the table of quarters, and that of days."""

Span = tuple[datetime, datetime]
"""From a moment up to another, both on quarters of an hour."""


class BucketSums(NamedTuple):
    """What happened within a span: mentions taken in, leads made, and leads first qualified and converted."""

    mentions: int = 0
    leads: int = 0
    qualified: int = 0
    converted: int = 0


class Part(NamedTuple):
    """A part of the span of that number, to be summed from days or from quarters, and added or subtracted."""

    number: int
    start: datetime
    end: datetime
    days: bool
    sign: int = 1


def parts(spans: Sequence[Span]) -> Iterator[Part]:
    """Each span as the days of UTC between the midnights nearest to its ends, and the quarters from its ends to them,
    which it has or has not got; as quarters alone where these are not more.

    A day of a zone is then a day of UTC and a few quarters, however many it has.
    """
    for number, (start, end) in enumerate(spans):
        first, behind = _nearest_midnight(start), _nearest_midnight(end)
        if end - start <= abs(start - first) + abs(end - behind):
            yield Part(number, start, end, days=False)
            continue
        yield Part(number, first, behind, days=True)
        yield from _quarters(number, start, first, 1)
        yield from _quarters(number, end, behind, -1)


def _quarters(number: int, moment: datetime, midnight: datetime, sign: int) -> Iterator[Part]:
    if moment < midnight:
        yield Part(number, moment, midnight, days=False, sign=sign)
    elif midnight < moment:
        yield Part(number, midnight, moment, days=False, sign=-sign)


def _nearest_midnight(moment: datetime) -> datetime:
    before = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return before + DAY if moment - before > DAY / 2 else before


def part_values(spans: Sequence[Span]) -> dict[str, object]:
    """What `total` is bound to."""
    values: dict[str, object] = {}
    found = list(parts(spans))
    for name, of_days in (("quarter", False), ("day", True)):
        chosen = [part for part in found if part.days is of_days]
        values[f"{name}_numbers"] = [part.number for part in chosen]
        values[f"{name}_starts"] = [part.start for part in chosen]
        values[f"{name}_ends"] = [part.end for part in chosen]
        values[f"{name}_signs"] = [part.sign for part in chosen]
    return values


def _parts(name: str) -> FromClause:
    moment = DateTime(timezone=True)
    arrays = [
        bindparam(f"{name}_{column}", type_=ARRAY(type_))
        for column, type_ in (
            ("numbers", Integer()),
            ("starts", moment),
            ("ends", moment),
            ("signs", Integer()),
        )
    ]
    return (
        func.unnest(*arrays)
        .table_valued("number", "start", "finish", "sign", name=f"{name}_part")
        .render_derived(name=f"{name}_part")
    )


def totals(parents: CTE, by: str, *, everybody: bool) -> CTE:
    """What happened to each parent in each span: `id`, `number` and the measures; nothing where nothing did.

    The sums stand in lateral subqueries, which are run once for each parent and part, by the key's index.
    """
    of_each = []
    for name, model in zip(("quarter", "day"), ROLLUPS[by], strict=True):
        table, part = table_of(model), _parts(name)
        sums = (
            select(*(func.sum(table.c[measure]).label(measure) for measure in MEASURES))
            .where(
                table.c[by] == parents.c.id,
                table.c.slot >= part.c.start,
                table.c.slot < part.c.finish,
                visible_among(model, by=by, everybody=everybody),
            )
            .lateral(f"{name}_sums")
        )
        joined = parents.join(part, true()).join(sums, true())
        columns = [(sums.c[measure] * part.c.sign).label(measure) for measure in MEASURES]
        something = sums.c[MEASURES[0]].is_not(None)
        of_each.append(select(parents.c.id, part.c.number, *columns).select_from(joined).where(something))
    every = union_all(*of_each).subquery("every_part")
    added = [func.sum(every.c[measure]).cast(BigInteger).label(measure) for measure in MEASURES]
    return select(every.c.id, every.c.number, *added).group_by(every.c.id, every.c.number).cte("total")


@statement
def _slots(by: str, *, everybody: bool) -> Select[Any]:
    keys = func.unnest(keys_parameter()).table_valued("id", name="key").render_derived(name="key")
    parents = select(keys.c.id).cte("parent")
    total = totals(parents, by, everybody=everybody)
    return select(total).where(_something(total))


def _something(total: CTE) -> ColumnElement[bool]:
    return or_(*(total.c[measure] != 0 for measure in MEASURES))


async def bucket_sums(
    reader: Reader, scope: Scope, by: str, keys: Sequence[int], spans: Sequence[Span]
) -> dict[int, dict[int, BucketSums]]:
    """What happened to each visible parent in each span, by the span's place; what did not happen is absent."""
    found = await reader.fetch_values(
        _slots(by, everybody=scope.everybody), scope, keys=keys, **part_values(spans)
    )
    tallied: defaultdict[int, dict[int, BucketSums]] = defaultdict(dict)
    for row in found:
        tallied[row["id"]][row["number"]] = tally(row)
    return tallied


def tally(row: Any) -> BucketSums:
    return BucketSums(*(row[measure] for measure in MEASURES))
