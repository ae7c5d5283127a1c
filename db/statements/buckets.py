"""Sums over periods, read from the roll-ups of `db.integrity.rollups`.

Most of a period is summed from UTC days. Buckets of 15 minutes cover its ends between two UTC midnights.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import add
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import CTE, FromClause, LateralFromClause, Subquery
from sqlalchemy.types import TypeEngine

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.integrity.rollups import MEASURES
from db.language.json_items import as_json_items, json_items
from db.language.scope import Scope, visible_among
from db.models import Base, DayStats, SlotStats, UserDayStats, UserSlotStats
from db.models.base import table_of
from db.statements.parameters import keys_parameter

DAY = timedelta(days=1)
ROLLUPS: dict[str, tuple[type[Base], type[Base]]] = {
    "user_id": (UserSlotStats, UserDayStats),
    "keyword_id": (SlotStats, DayStats),
}
"""The tables of buckets and of days, by the column of the parent."""

Period = tuple[datetime, datetime]
"""The start, and the end, which is excluded. Both are edges of buckets."""


class BucketSums(NamedTuple):
    """The counts of a period: mentions and leads created, leads qualified and converted for the first time."""

    mentions: int = 0
    leads: int = 0
    qualified: int = 0
    converted: int = 0

    def plus(self, other: "BucketSums") -> "BucketSums":
        """Return the counts of both periods together."""
        return BucketSums._make(map(add, self, other))


class Part(NamedTuple):
    """A part of the period with the number, summed from days or buckets. Its sum is multiplied by `sign`."""

    number: int
    start: datetime
    end: datetime
    days: bool
    sign: int = 1


def parts(periods: Sequence[Period]) -> Iterator[Part]:
    """Yield the parts of each period: UTC days, and the buckets between its ends and the nearest midnights.

    Buckets inside of the period but outside of the days are added. Buckets inside of the days but outside of
    the period are subtracted. A short period consists of buckets alone, an empty one of nothing. A day of any time
    zone is thus one UTC day and a few buckets.
    """
    for number, (start, end) in enumerate(periods):
        if start == end:
            continue
        first_midnight, last_midnight = _nearest_midnight(start), _nearest_midnight(end)
        if end - start <= abs(start - first_midnight) + abs(end - last_midnight):
            yield Part(number, start, end, days=False)
            continue
        yield Part(number, first_midnight, last_midnight, days=True)
        yield from _buckets(number, start, first_midnight, 1)
        yield from _buckets(number, end, last_midnight, -1)


def _buckets(number: int, timestamp: datetime, midnight: datetime, sign: int) -> Iterator[Part]:
    if timestamp < midnight:
        yield Part(number, timestamp, midnight, days=False, sign=sign)
    elif midnight < timestamp:
        yield Part(number, midnight, timestamp, days=False, sign=-sign)


def _nearest_midnight(timestamp: datetime) -> datetime:
    before = timestamp.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return before + DAY if timestamp - before > DAY / 2 else before


@lru_cache(256)
def part_values(periods: tuple[Period, ...]) -> Mapping[str, object]:
    """Return the values of the parameters of `totals`.

    The end of a day is the start of the next one. Such a span is summed once, and used by the parts of both.
    """
    values: dict[str, object] = {}
    every = list(parts(periods))
    for name, of_days in (("quarter", False), ("day", True)):
        chosen = [part for part in every if part.days is of_days]
        spans = list(dict.fromkeys((part.start, part.end) for part in chosen))
        places = {span: place for place, span in enumerate(spans, 1)}
        values[f"{name}_starts"] = _literal(start.isoformat() for start, _ in spans)
        values[f"{name}_ends"] = _literal(end.isoformat() for _, end in spans)
        values[f"{name}_places"] = _literal(str(places[part.start, part.end]) for part in chosen)
        values[f"{name}_numbers"] = _literal(str(part.number) for part in chosen)
        values[f"{name}_signs"] = _literal(str(part.sign) for part in chosen)
    return values


def _literal(items: Iterable[str]) -> str:
    """Return the text of an array. The driver would encode a real array item by item for each request."""
    return f"{{{','.join(items)}}}"


def _array(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text), ARRAY(type_))


def _spans(name: str) -> FromClause:
    timestamp = DateTime(timezone=True)
    return (
        func.unnest(_array(f"{name}_starts", timestamp), _array(f"{name}_ends", timestamp))
        .table_valued("start", "finish", with_ordinality="place", name=f"{name}_span")
        .render_derived(name=f"{name}_span")
    )


def _uses(name: str) -> FromClause:
    columns = ("places", "numbers", "signs")
    return (
        func.unnest(*(_array(f"{name}_{column}", Integer()) for column in columns))
        .table_valued("place", "number", "sign", name=f"{name}_use")
        .render_derived(name=f"{name}_use")
    )


def totals(parents: CTE, by: str, *, everybody: bool) -> CTE:
    """Return the sums of each parent and period: `id`, `number` and the measures. Empty periods are absent.

    The sums are in lateral subqueries, which run once per parent and span, using the key's index.
    """
    of_each = []
    for name, model in zip(("quarter", "day"), ROLLUPS[by], strict=True):
        table, span, use = table_of(model), _spans(name), _uses(name)
        sums = (
            select(*(func.sum(table.c[measure]).label(measure) for measure in MEASURES))
            .where(
                table.c[by] == parents.c.id,
                table.c.slot >= span.c.start,
                table.c.slot < span.c.finish,
                visible_among(model, by=by, everybody=everybody),
            )
            .lateral(f"{name}_sums")
        )
        summed = _summed_once(parents, span, sums, name)
        signed = [(summed.c[measure] * use.c.sign).label(measure) for measure in MEASURES]
        joined = summed.join(use, use.c.place == summed.c.place)
        of_each.append(select(summed.c.id, use.c.number, *signed).select_from(joined))
    every = union_all(*of_each).subquery("every_part")
    added = [func.sum(every.c[measure]).cast(BigInteger).label(measure) for measure in MEASURES]
    return select(every.c.id, every.c.number, *added).group_by(every.c.id, every.c.number).cte("total")


def _summed_once(parents: CTE, span: FromClause, sums: LateralFromClause, name: str) -> Subquery:
    """Select the sums of each parent and span that has rows.

    OFFSET 0 keeps the planner from joining the uses of a span first. It would sum the span once for each use.
    """
    return (
        select(parents.c.id, span.c.place, *(sums.c[measure] for measure in MEASURES))
        .select_from(parents.join(span, true()).join(sums, true()))
        .where(sums.c[MEASURES[0]].is_not(None))
        .offset(literal_column("0"))
        .subquery(f"{name}_summed")
    )


@statement
def _slots(by: str, *, everybody: bool) -> Select[Any]:
    keys = func.unnest(keys_parameter()).table_valued("id", name="key").render_derived(name="key")
    parents = select(keys.c.id).cte("parent")
    total = totals(parents, by, everybody=everybody)
    return as_json_items(select(total).where(_not_zero(total)))


def _not_zero(total: CTE) -> ColumnElement[bool]:
    return or_(*(total.c[measure] != 0 for measure in MEASURES))


async def bucket_sums(
    reader: Reader, scope: Scope, by: str, keys: Sequence[int], periods: tuple[Period, ...]
) -> dict[int, dict[int, BucketSums]]:
    """Return the sums of each visible parent, by the period's position. Periods of zeros are absent."""
    ((items,),) = await reader.fetch_tuples(
        _slots(by, everybody=scope.everybody), scope, keys=keys, **part_values(periods)
    )
    sums: defaultdict[int, dict[int, BucketSums]] = defaultdict(dict)
    for id_, number, *measured in json_items(items):
        sums[id_][number] = BucketSums._make(measured)
    return sums
