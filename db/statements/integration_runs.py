"""What counts as a run of an integration, and which runs have succeeded. Both readers and writers go by it."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, literal_column

from db.models import IntegrationLog, IntegrationLogKind, IntegrationLogStatus
from db.models.base import table_of

_LOGS = table_of(IntegrationLog)

SUCCEEDED = (IntegrationLogStatus.SUCCEEDED, IntegrationLogStatus.PARTIAL)
"""Some of it went well: something was brought about."""
FAILED = (IntegrationLogStatus.FAILED, IntegrationLogStatus.RATE_LIMITED)


def _one_of(statuses: Iterable[IntegrationLogStatus]) -> ColumnElement[bool]:
    return _LOGS.c.status.in_([literal_column(f"'{status}'") for status in statuses])


def is_run() -> ColumnElement[bool]:
    """Runs that have ended and had something to do. A change of settings is no run."""
    return and_(
        _LOGS.c.kind != literal_column(f"'{IntegrationLogKind.CONFIG}'"), _one_of((*SUCCEEDED, *FAILED))
    )


def has_succeeded() -> ColumnElement[bool]:
    return _one_of(SUCCEEDED)
