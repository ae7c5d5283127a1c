"""Conditions on integration logs: runs, successful runs, and the time when a run ended."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)

from db.engine.statement_cache import statement
from db.engine.writer import Writer
from db.language.scope import EVERYBODY
from db.models import IntegrationLog, IntegrationLogKind, IntegrationLogStatus
from db.models.base import table_of
from db.models.integration_log import RAN_AT

_LOGS = table_of(IntegrationLog)

RUN_KINDS = (IntegrationLogKind.SYNC, IntegrationLogKind.PUSH, IntegrationLogKind.AUTH)
"""The kinds that are runs of the integration. Webhook calls and changes of settings are events, and only logged."""
SUCCEEDED = (IntegrationLogStatus.SUCCEEDED, IntegrationLogStatus.PARTIAL, IntegrationLogStatus.SKIPPED)
"""Complete and partial success, and a run that had nothing to do."""
FAILED = (IntegrationLogStatus.FAILED, IntegrationLogStatus.RATE_LIMITED)


def ran_at() -> ColumnElement[datetime]:
    """Return the time when the run of a log ended."""
    return literal_column(RAN_AT, DateTime(timezone=True))


def _one_of(column: ColumnElement[Any], values: Iterable[StrEnum]) -> ColumnElement[bool]:
    return column.in_([literal_column(f"'{value}'") for value in values])


def is_run() -> ColumnElement[bool]:
    """Return the condition for finished runs. Events and started runs do not count."""
    return and_(_one_of(_LOGS.c.kind, RUN_KINDS), _one_of(_LOGS.c.status, (*SUCCEEDED, *FAILED)))


def has_succeeded() -> ColumnElement[bool]:
    """Return the condition for runs that succeeded at least in part, or had nothing to do."""
    return _one_of(_LOGS.c.status, SUCCEEDED)


class Failures(NamedTuple):
    """The number of failed runs, and of failed authentications with the current credentials among them."""

    failures: int
    authentications: int


@statement
def _integration_failures_after() -> Select[Any]:
    is_authentication = and_(
        _one_of(_LOGS.c.kind, [IntegrationLogKind.AUTH]),
        ran_at() >= bindparam("credentials_set_at", type_=DateTime(timezone=True)),
    )
    numbers: list[ColumnElement[Any]] = [
        func.count().label("failures"),
        func.count().filter(is_authentication).label("auths"),
    ]
    return select(*numbers).where(
        _LOGS.c.integration_id == bindparam("integration_id", type_=BigInteger),
        is_run(),
        _one_of(_LOGS.c.status, [IntegrationLogStatus.FAILED]),
        ran_at() > bindparam("after", type_=DateTime(timezone=True)),
    )


async def failures_after(
    writer: Writer, integration_id: int, after: datetime, credentials_set_at: datetime
) -> Failures:
    """Return the numbers of the integration's FAILED runs that ended after the time."""
    sent = _integration_failures_after()
    (row,) = await writer.fetch_values(
        sent, EVERYBODY, integration_id=integration_id, after=after, credentials_set_at=credentials_set_at
    )
    return Failures(*row)
