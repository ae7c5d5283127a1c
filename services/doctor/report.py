"""The report: findings, checks that could not run, and sizes of tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from db.inspection.tables import TableSize


class Check(StrEnum):
    """The subjects of the report, in its order."""

    SETTINGS = "settings"
    REVISION = "revision"
    INDEXES = "indexes"
    COUNTERS = "counters"
    STATEMENTS = "statements"
    CACHE = "cache"
    TRANSACTIONS = "transactions"
    REPLICATION = "replication"
    TABLES = "tables"
    JOBS = "jobs"
    WEBHOOKS = "webhooks"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of one thing, and the command that mends it: of a shell, or SQL."""

    check: Check
    subject: str
    problem: str
    command: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that could not run, and the reason."""

    check: Check
    reason: str


class SkippedError(Exception):
    """A check cannot run. The message is the reason."""


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of all checks, in the order of the checks."""

    findings: Sequence[Finding]
    skipped: Sequence[Skipped] = ()
    tables: Sequence[TableSize] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits beyond which a check finds a problem. `sample` is the number of users and keywords to count again."""

    slow_ms: float = 500
    slow_calls: int = 3
    transaction_seconds: float = 300
    idle_seconds: float = 30
    lag_seconds: float = 30
    sample: int = 10
    dead_percent: int = 20
    dead_rows: int = 10_000
    empty_percent: int = 60
    empty_bytes: int = 100_000_000
    frozen_age: int = 1_000_000_000
    failures: int = 3
    waiting: timedelta = field(default=timedelta(minutes=10))
    unpurged: timedelta = field(default=timedelta(days=1))
    failing: timedelta = field(default=timedelta(hours=1))
    disabled: timedelta = field(default=timedelta(days=30))
    expiring: timedelta = field(default=timedelta(days=14))
    cache_requests: int = 1000
    cache_percent: int = 50
