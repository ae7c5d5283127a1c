"""What the health of integrations is computed from, and where it is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.sql.dml import Insert, ReturningUpdate

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.integrity.rollups import ROLLUPS
from db.language.records import columns
from db.language.scope import EVERYBODY
from db.models import (
    Integration,
    IntegrationDay,
    IntegrationLog,
    IntegrationLogKind,
    IntegrationLogStatus,
    IntegrationStatus,
)
from db.statements.integration_runs import has_succeeded, is_run
from db.statements.jsonb_rows import given_rows
from db.statements.read_rows import keys_parameter, table_of

_INTEGRATIONS, _LOGS, _DAYS = table_of(Integration), table_of(IntegrationLog), table_of(IntegrationDay)
_DAY_OF_RUN: ColumnElement[Any] = literal_column(
    next(rollup for rollup in ROLLUPS if rollup.stride == "1 day").slot("integration_logs.created_at")
)


@dataclass(frozen=True, slots=True)
class Condition:
    """An integration and its runs, as far as its health depends on them. `last_…` are of its last run."""

    id: int
    status: IntegrationStatus
    sync_interval: timedelta
    last_success_at: datetime | None
    credentials_expires_at: datetime | None
    consecutive_failures: int
    runs: int
    succeeded: int
    last_status: IntegrationLogStatus | None
    last_kind: IntegrationLogKind | None
    last_http_status: int | None


@dataclass(frozen=True, slots=True)
class Health:
    """What is stored of an integration's health."""

    id: int
    score: int | None
    problems: Sequence[str]


def _moment(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=DateTime(timezone=True))


@statement
def _integrations_conditions() -> Select[Any]:
    own = _LOGS.c.integration_id == _INTEGRATIONS.c.id
    runs = (
        select(func.count().label("runs"), func.count().filter(has_succeeded()).label("succeeded"))
        .where(own, is_run(), _LOGS.c.created_at > _moment("since"), _LOGS.c.created_at <= _moment("now"))
        .lateral("runs")
    )
    last = (
        select(
            _LOGS.c.status.label("last_status"),
            _LOGS.c.kind.label("last_kind"),
            _LOGS.c.http_status.label("last_http_status"),
        )
        .where(own, is_run(), _LOGS.c.created_at <= _moment("now"))
        .order_by(_LOGS.c.created_at.desc(), _LOGS.c.id.desc())
        .limit(1)
        .lateral("last")
    )
    own_columns = (
        "id",
        "status",
        "sync_interval",
        "last_success_at",
        "credentials_expires_at",
        "consecutive_failures",
    )
    return (
        select(*(_INTEGRATIONS.c[name] for name in own_columns), runs, last)
        .select_from(_INTEGRATIONS.join(runs, true()).outerjoin(last, true()))
        .where(_INTEGRATIONS.c.id == any_(keys_parameter()))
    )


async def conditions(
    writer: Writer, integration_ids: Sequence[int], since: datetime, now: datetime
) -> list[Condition]:
    """The integrations with their runs of the time behind `since` up to now."""
    found = await writer.fetch_values(
        _integrations_conditions(), EVERYBODY, keys=integration_ids, since=since, now=now
    )
    return [Condition(**dict(row)) for row in found]


@statement
def _integrations_set_health() -> ReturningUpdate[Any]:
    given = given_rows("healths", {"id": BigInteger, "score": Integer, "problems": ARRAY(Text)})
    return (
        update(_INTEGRATIONS)
        .values(
            health_score=given.c.score,
            health_problems=given.c.problems,
            health_version=bindparam("version", type_=Text),
            health_computed_at=_moment("now"),
        )
        .where(_INTEGRATIONS.c.id == given.c.id)
        .returning(*columns(Integration))
    )


async def store(writer: Writer, healths: Iterable[Health], version: str, now: datetime) -> list[Integration]:
    """The integrations as they are then, in no order."""
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
            func.count(),
            func.count().filter(has_succeeded()),
        )
        .where(
            _LOGS.c.integration_id == any_(keys_parameter()), is_run(), _LOGS.c.created_at >= _moment("since")
        )
        .group_by(_LOGS.c.user_id, _LOGS.c.integration_id, literal_column("day"))
    )
    made = insert(_DAYS).from_select(["user_id", "integration_id", "day", "runs", "succeeded"], counted)
    return made.on_conflict_do_update(
        index_elements=["integration_id", "day"],
        set_={"runs": made.excluded.runs, "succeeded": made.excluded.succeeded},
    )


async def count_days(writer: Writer, integration_ids: Sequence[int], since: datetime) -> None:
    """Counts the runs of each day from the one on that begins at `since`."""
    await writer.fetch_values(_integration_days_count(), EVERYBODY, keys=integration_ids, since=since)


@dataclass(frozen=True, slots=True)
class IntegrationOfUser:
    integration_id: int
    user_id: int


@statement
def _integrations_owned() -> Select[Any]:
    return (
        select(_INTEGRATIONS.c.id.label("integration_id"), _INTEGRATIONS.c.user_id)
        .where(_INTEGRATIONS.c.id >= bindparam("first", type_=BigInteger))
        .order_by(_INTEGRATIONS.c.id)
        .limit(bindparam("most", type_=Integer))
    )


async def owned(writer: Writer, first: int, most: int) -> list[IntegrationOfUser]:
    """Integrations in the order of their ids, from the first on."""
    found = await writer.fetch_values(_integrations_owned(), EVERYBODY, first=first, most=most)
    return [IntegrationOfUser(**dict(row)) for row in found]
