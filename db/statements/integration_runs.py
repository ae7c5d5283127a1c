"""Conditions on integration logs: runs, and successful runs."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, literal_column

from db.models import IntegrationLog, IntegrationLogKind, IntegrationLogStatus
from db.models.base import table_of

_LOGS = table_of(IntegrationLog)

SUCCEEDED = (IntegrationLogStatus.SUCCEEDED, IntegrationLogStatus.PARTIAL)
"""Complete and partial success."""
FAILED = (IntegrationLogStatus.FAILED, IntegrationLogStatus.RATE_LIMITED)


def _one_of(statuses: Iterable[IntegrationLogStatus]) -> ColumnElement[bool]:
    return _LOGS.c.status.in_([literal_column(f"'{status}'") for status in statuses])


def is_run() -> ColumnElement[bool]:
    """Return the condition for finished runs. Skipped runs and changes of settings do not count."""
    return and_(
        _LOGS.c.kind != literal_column(f"'{IntegrationLogKind.CONFIG}'"), _one_of((*SUCCEEDED, *FAILED))
    )


def has_succeeded() -> ColumnElement[bool]:
    """Return the condition for runs that succeeded at least in part."""
    return _one_of(SUCCEEDED)
