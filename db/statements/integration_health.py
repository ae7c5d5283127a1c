"""The health of integrations: the inputs of its formula, the stored result, and the report's rows."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by, insert
from sqlalchemy.sql.dml import Insert, ReturningUpdate
from sqlalchemy.sql.selectable import LateralFromClause, Subquery

from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.integrity.rollups import ROLLUPS
from db.language.json_items import json_items
from db.language.keyset import NEWEST_FIRST, sorting
from db.language.layout import unique_key
from db.language.scope import EVERYBODY, Scope, placed, visible_among
from db.language.shape import columns
from db.language.snapshots import snapshot, snapshot_from_json
from db.models import (
    Integration,
    IntegrationDay,
    IntegrationLog,
    IntegrationLogKind,
    IntegrationLogStatus,
    IntegrationStatus,
)
from db.models.base import table_of
from db.models.integration_log import RAN_AT
from db.statements.integration_runs import has_succeeded, is_run, ran_at
from db.statements.parameters import keys_parameter, rows_parameter

LAST_LOGS = 3
_INTEGRATIONS, _LOGS, _DAYS = table_of(Integration), table_of(IntegrationLog), table_of(IntegrationDay)
_WIDTH = len(columns(Integration))
_DAY_OF_RUN: ColumnElement[Any] = literal_column(
    next(rollup for rollup in ROLLUPS if rollup.stride == "1 day").bucket(RAN_AT)
)


@dataclass(frozen=True, slots=True)
class HealthInputs:
    """The values that an integration's health is computed from. Names with `last_` describe the last run."""

    id: int
    status: IntegrationStatus
    sync_interval: timedelta
    last_success_at: datetime | None
    resumed_at: datetime | None
    credentials_expires_at: datetime | None
    credentials_set_at: datetime | None
    consecutive_failures: int
    runs: int
    succeeded: int
    last_at: datetime | None
    last_status: IntegrationLogStatus | None
    last_kind: IntegrationLogKind | None
    last_http_status: int | None


@dataclass(frozen=True, slots=True)
class Health:
    id: int
    score: int | None
    problems: Sequence[str]


class MonitoredIntegration(NamedTuple):
    """An integration, its last logs (newest first), and its runs per UTC day.

    A day has its number since the first day, its runs, and its succeeded runs. Days without runs are absent.
    """

    integration: Integration
    last_logs: list[IntegrationLog]
    days: list[list[int]]


def _timestamp(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=DateTime(timezone=True))


@statement
def _integrations_conditions() -> Select[Any]:
    own = _LOGS.c.integration_id == _INTEGRATIONS.c.id
    runs = (
        select(func.count().label("runs"), func.count().filter(has_succeeded()).label("succeeded"))
        .where(
            own,
            is_run(),
            ran_at() > _timestamp("since"),
            ran_at() <= _timestamp("now"),
        )
        .lateral("runs")
    )
    last = (
        select(
            ran_at().label("last_at"),
            _LOGS.c.status.label("last_status"),
            _LOGS.c.kind.label("last_kind"),
            _LOGS.c.http_status.label("last_http_status"),
        )
        .where(own, is_run(), ran_at() <= _timestamp("now"))
        .order_by(ran_at().desc(), _LOGS.c.id.desc())
        .limit(1)
        .lateral("last")
    )
    own_columns = (
        "id",
        "status",
        "sync_interval",
        "last_success_at",
        "resumed_at",
        "credentials_expires_at",
        "credentials_set_at",
        "consecutive_failures",
    )
    return (
        select(*(_INTEGRATIONS.c[name] for name in own_columns), runs, last)
        .select_from(_INTEGRATIONS.join(runs, true()).outerjoin(last, true()))
        .where(_INTEGRATIONS.c.id == any_(keys_parameter()))
    )


async def health_inputs(
    writer: Writer, integration_ids: Sequence[int], since: datetime, now: datetime
) -> list[HealthInputs]:
    """Return the inputs of the integrations' health. Runs are counted after `since`, up to `now`."""
    found = await writer.fetch_values(
        _integrations_conditions(), EVERYBODY, keys=integration_ids, since=since, now=now
    )
    return [HealthInputs(**dict(row)) for row in found]


@statement
def _integrations_set_health() -> ReturningUpdate[Any]:
    healths = rows_parameter("healths", {"id": BigInteger, "score": Integer, "problems": ARRAY(Text)})
    return (
        update(_INTEGRATIONS)
        .values(
            health_score=healths.c.score,
            health_problems=healths.c.problems,
            health_version=bindparam("version", type_=Text),
            health_computed_at=_timestamp("now"),
        )
        .where(_INTEGRATIONS.c.id == healths.c.id)
        .returning(*columns(Integration))
    )


async def store(writer: Writer, healths: Iterable[Health], version: str, now: datetime) -> list[Integration]:
    """Store the healths. Return the updated integrations, unordered."""
    return await writer.fetch(
        Integration,
        _integrations_set_health(),
        EVERYBODY,
        healths=[asdict(health) for health in healths],
        version=version,
        now=now,
    )


@statement
def _integration_days_count() -> Insert:
    counted = (
        select(
            _LOGS.c.user_id,
            _LOGS.c.integration_id,
            _DAY_OF_RUN.label("day"),
            func.count().label("runs"),
            func.count().filter(has_succeeded()).label("succeeded"),
        )
        .where(
            _LOGS.c.integration_id == any_(keys_parameter()),
            is_run(),
            ran_at() >= _timestamp("since"),
            ran_at() < _timestamp("until"),
        )
        .group_by(_LOGS.c.user_id, _LOGS.c.integration_id, literal_column("day"))
        .cte("counted")
    )
    # The logs of a day can have been deleted. Its counts are then all that is left, and stay.
    has_logs = exists(
        select(literal_column("1")).where(
            _LOGS.c.integration_id == _DAYS.c.integration_id,
            _LOGS.c.created_at >= _DAYS.c.day,
            _LOGS.c.created_at < _DAYS.c.day + literal_column("interval '1 day'"),
        )
    )
    emptied = (
        delete(_DAYS)
        .where(
            _DAYS.c.integration_id == any_(keys_parameter()),
            _DAYS.c.day >= _timestamp("since"),
            _DAYS.c.day < _timestamp("until"),
            tuple_(_DAYS.c.integration_id, _DAYS.c.day).not_in(
                select(counted.c.integration_id, counted.c.day)
            ),
            has_logs,
        )
        .cte("emptied")
    )
    names = ["user_id", "integration_id", "day", "runs", "succeeded"]
    new = insert(_DAYS).from_select(names, select(*(counted.c[name] for name in names)))
    return new.on_conflict_do_update(
        index_elements=unique_key("integration_id", "day"),
        set_={"runs": new.excluded.runs, "succeeded": new.excluded.succeeded},
    ).add_cte(emptied)


async def count_days(
    writer: Writer, integration_ids: Sequence[int], since: datetime, until: datetime
) -> None:
    """Count the integrations' runs again for each day from the day that starts at `since` to before `until`.

    A day on which no run ended, although logs of the day exist, is deleted.
    """
    await writer.fetch_values(
        _integration_days_count(), EVERYBODY, keys=integration_ids, since=since, until=until
    )


@statement
def _integrations_owned() -> Select[Any]:
    return (
        select(_INTEGRATIONS.c.id.label("integration_id"), _INTEGRATIONS.c.user_id)
        .where(_INTEGRATIONS.c.id >= bindparam("first", type_=BigInteger))
        .order_by(_INTEGRATIONS.c.id)
        .limit(bindparam("most", type_=Integer))
    )


async def owners_from(writer: Writer, first: int, most: int) -> dict[int, int]:
    """Return the users of up to `most` integrations, by integration ID in order, beginning with the ID `first`."""
    found = await writer.fetch_values(_integrations_owned(), EVERYBODY, first=first, most=most)
    return {row["integration_id"]: row["user_id"] for row in found}


def _ranked(by: str, *, everybody: bool) -> Subquery:
    """Rank the integrations of each key by health: the least healthy first, unknown health last."""
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


def _last_logs(integration: Subquery, *, everybody: bool) -> LateralFromClause:
    last = (
        select(*columns(IntegrationLog))
        .where(_LOGS.c.integration_id == integration.c.id, placed(IntegrationLog, everybody=everybody))
        .order_by(*sorting(_LOGS, NEWEST_FIRST, backwards=False))
        .limit(literal_column(str(LAST_LOGS)))
        .correlate(integration)
        .lateral("last_log")
    )
    newest_first = [last.c.created_at.desc(), last.c.id.desc()]
    values = func.json_build_array(*(last.c[column.name] for column in columns(IntegrationLog)))
    logs = func.json_agg(aggregate_order_by(values, *newest_first), type_=JSON)
    return select(logs.label("logs")).select_from(last).lateral("last_logs")


def _days(integration: Subquery, *, everybody: bool) -> LateralFromClause:
    number = cast(func.extract("epoch", _DAYS.c.day - _timestamp("since")) / literal_column("86400"), Integer)
    day = func.json_build_array(number, _DAYS.c.runs, _DAYS.c.succeeded)
    return (
        select(func.json_agg(day, type_=JSON).label("days"))
        .where(_DAYS.c.integration_id == integration.c.id, _DAYS.c.day >= _timestamp("since"))
        .where(placed(IntegrationDay, everybody=everybody))
        .lateral("days")
    )


@statement
def _integrations_health(by: str, *, everybody: bool) -> Select[Any]:
    integration = _ranked(by, everybody=everybody)
    logs, days = _last_logs(integration, everybody=everybody), _days(integration, everybody=everybody)
    return (
        select(integration, logs, days)
        .select_from(integration.join(logs, true()).join(days, true()))
        .where(integration.c.place <= bindparam("most", type_=Integer))
        .order_by(integration.c.place)
    )


async def monitored(
    reader: Reader, scope: Scope, by: str, keys: Sequence[int], most: int, since: datetime
) -> dict[int, list[MonitoredIntegration]]:
    """Return up to `most` visible integrations of each key, the least healthy first, with their logs and
    days.

    `by` is `user_id` or `id`. Days before `since` are left out.
    """
    sent = _integrations_health(by, everybody=scope.everybody)
    found = await reader.fetch_tuples(sent, scope, keys=keys, most=most, since=since)
    by_key: dict[int, list[MonitoredIntegration]] = {}
    for row in found:
        one = _monitored(row)
        by_key.setdefault(getattr(one.integration, by), []).append(one)
    return by_key


def _monitored(row: Any) -> MonitoredIntegration:
    _, logs, days = row[_WIDTH:]
    last_logs = [snapshot_from_json(IntegrationLog, log) for log in json_items(logs)]
    return MonitoredIntegration(snapshot(Integration, row[:_WIDTH]), last_logs, json_items(days))
