"""Integrations with their last logs and their days, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Integer, Select, any_, bindparam, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by
from sqlalchemy.sql.selectable import LateralFromClause, Subquery
from sqlalchemy.types import TypeEngine

from db.engine.pool import Reader
from db.engine.statement_cache import statement
from db.language.keyset import NEWEST_FIRST, sorting
from db.language.records import columns, copied, copied_from_json
from db.language.scope import Scope, visible_among
from db.models import Integration, IntegrationDay, IntegrationLog
from db.statements.read_rows import keys_parameter, table_of

LAST_LOGS = 3
_INTEGRATIONS, _LOGS, _DAYS = table_of(Integration), table_of(IntegrationLog), table_of(IntegrationDay)


@dataclass(frozen=True, slots=True)
class Monitored:
    """An integration, its last logs, the newest first, and its runs by day of UTC: day, runs, succeeded."""

    integration: Integration
    last_logs: list[IntegrationLog]
    days: list[tuple[datetime, int, int]]


def _chosen(by: str, *, everybody: bool) -> Subquery:
    """The integrations of each key, numbered: the least healthy first, those of unknown health last."""
    place = func.row_number().over(
        partition_by=_INTEGRATIONS.c[by],
        order_by=[_INTEGRATIONS.c.health_score.asc().nulls_last(), _INTEGRATIONS.c.id.desc()],
    )
    return (
        select(*columns(Integration), place.label("place"))
        .where(
            _INTEGRATIONS.c[by] == any_(keys_parameter()),
            visible_among(Integration, by=by, everybody=everybody),
        )
        .subquery("integration")
    )


def _last_logs(of: Subquery) -> LateralFromClause:
    last = (
        select(*columns(IntegrationLog))
        .where(_LOGS.c.integration_id == of.c.id)
        .order_by(*sorting(_LOGS, NEWEST_FIRST, backwards=False))
        .limit(literal_column(str(LAST_LOGS)))
        .correlate(of)
        .lateral("last_log")
    )
    newest_first = [last.c.created_at.desc(), last.c.id.desc()]
    listed = func.jsonb_agg(
        aggregate_order_by(func.to_jsonb(last.table_valued()), *newest_first), type_=JSONB
    )
    return select(listed.label("logs")).select_from(last).lateral("last_logs")


def _days(of: Subquery) -> LateralFromClause:
    since = bindparam("since", type_=DateTime(timezone=True))
    types: dict[str, TypeEngine[Any]] = {
        "day": DateTime(timezone=True),
        "runs": Integer(),
        "succeeded": Integer(),
    }
    return (
        select(
            *(func.array_agg(_DAYS.c[name], type_=ARRAY(type_)).label(name) for name, type_ in types.items())
        )
        .where(_DAYS.c.integration_id == of.c.id, _DAYS.c.day >= since)
        .lateral("days")
    )


@statement
def _integrations_health(by: str, *, everybody: bool) -> Select[Any]:
    chosen = _chosen(by, everybody=everybody)
    last, days = _last_logs(chosen), _days(chosen)
    return (
        select(chosen, last, days)
        .select_from(chosen.join(last, true()).join(days, true()))
        .where(chosen.c.place <= bindparam("most", type_=Integer))
        .order_by(chosen.c.place)
    )


async def monitored(
    reader: Reader, scope: Scope, by: str, keys: Sequence[int], most: int, since: datetime
) -> dict[int, list[Monitored]]:
    """By `user_id` or `id`: up to so many visible integrations of each, the least healthy first, with the days
    from `since` on.
    """
    sent = _integrations_health(by, everybody=scope.everybody)
    found = await reader.fetch_values(sent, scope, keys=keys, most=most, since=since)
    by_key: dict[int, list[Monitored]] = {}
    for row in found:
        by_key.setdefault(row[by], []).append(_monitored(row))
    return by_key


def _monitored(row: Any) -> Monitored:
    logs = [copied_from_json(IntegrationLog, log) for log in row["logs"] or []]
    days = sorted(zip(row["day"] or [], row["runs"] or [], row["succeeded"] or [], strict=True))
    return Monitored(copied(Integration, row), logs, days)
