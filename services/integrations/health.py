"""How well integrations work: version 1 of their health, 0 to 100, and what is wrong with them.

    100 · (0.5 · success rate of 24 hours + 0.3 · freshness + 0.2 · credentials are valid)

Freshness is 1 up to an interval after the last success, and falls to 0 until four. What is disconnected has 0;
where nothing has run for 24 hours, health is not known. It is computed and stored when a run is recorded, so
that readers only read it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from http import HTTPStatus

from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.language.snapshots import IntegrationLogSnapshot, IntegrationSnapshot
from db.models import Integration, IntegrationLogKind, IntegrationLogStatus, IntegrationStatus, User
from db.statements import integration_health as stored
from db.statements.integration_health import Health, HealthInputs, MonitoredIntegration
from db.statements.integration_runs import FAILED
from db.statements.user import lock_all_keeping_version
from loaders.integration_health import MonitoredIntegrations
from loaders.loader import Loads
from services.figures.cache.cached import cached_figure
from services.figures.group_by import ask_by_group
from services.figures.rates import percent, rounded

VERSION = "1"
TTL_SECONDS = 300
USUALLY_MOST = 20
LOOKED_BACK = timedelta(hours=24)
DAYS_SHOWN = 30
UNRELIABLE_BELOW = Fraction(9, 10)
FAILING_FROM = 3
OVERDUE_INTERVALS = 4
BATCH = 500


class IntegrationProblem(StrEnum):
    DISCONNECTED = "disconnected"
    STOPPED = "stopped"
    CREDENTIALS_EXPIRED = "credentials_expired"
    UNAUTHORIZED = "unauthorized"
    FAILING = "failing"
    UNRELIABLE = "unreliable"
    RATE_LIMITED = "rate_limited"
    OVERDUE = "overdue"


def health(condition: HealthInputs, now: datetime) -> Health:
    problems = list(_problems(condition, now))
    return Health(condition.id, _score(condition, now), problems)


def _score(condition: HealthInputs, now: datetime) -> int | None:
    if condition.status == IntegrationStatus.DISCONNECTED:
        return 0
    if not condition.runs:
        return None
    success = Fraction(condition.succeeded, condition.runs)
    exact = 50 * success + 30 * _freshness(condition, now) + 20 * (not _credentials_problem(condition, now))
    return int(rounded(exact))


def _freshness(condition: HealthInputs, now: datetime) -> Fraction:
    if condition.last_success_at is None or condition.sync_interval <= timedelta(0):
        return Fraction(0)
    age, interval = _microseconds(now - condition.last_success_at), _microseconds(condition.sync_interval)
    late = Fraction(age - interval, (OVERDUE_INTERVALS - 1) * interval)
    return 1 - min(max(late, Fraction(0)), Fraction(1))


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _credentials_problem(condition: HealthInputs, now: datetime) -> IntegrationProblem | None:
    expires_at = condition.credentials_expires_at
    if expires_at is not None and expires_at <= now:
        return IntegrationProblem.CREDENTIALS_EXPIRED
    refused = condition.last_http_status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    failed = condition.last_status in FAILED
    if failed and (refused or condition.last_kind == IntegrationLogKind.AUTH):
        return IntegrationProblem.UNAUTHORIZED
    return None


def _problems(condition: HealthInputs, now: datetime) -> list[IntegrationProblem]:
    """The gravest first."""
    if condition.status == IntegrationStatus.DISCONNECTED:
        return [IntegrationProblem.DISCONNECTED]
    rate = Fraction(condition.succeeded, condition.runs) if condition.runs else Fraction(1)
    waits = condition.status == IntegrationStatus.ACTIVE and not _freshness(condition, now)
    found = {
        IntegrationProblem.STOPPED: condition.status == IntegrationStatus.ERROR,
        _credentials_problem(condition, now): True,
        IntegrationProblem.FAILING: condition.consecutive_failures >= FAILING_FROM,
        IntegrationProblem.UNRELIABLE: rate < UNRELIABLE_BELOW,
        IntegrationProblem.RATE_LIMITED: condition.last_status == IntegrationLogStatus.RATE_LIMITED,
        IntegrationProblem.OVERDUE: waits,
    }
    return [problem for problem, there in found.items() if there and problem is not None]


async def refresh(writer: Writer, integration_ids: Sequence[int], now: datetime) -> list[Integration]:
    """Computes and stores the health of the integrations, and returns them in no order. To be called in the
    transaction that has changed their status, or recorded their runs; their users are locked by then.
    """
    conditions = await stored.health_inputs(writer, integration_ids, now - LOOKED_BACK, now)
    return await stored.store(writer, [health(each, now) for each in conditions], VERSION, now)


async def count_days(writer: Writer, integration_ids: Sequence[int], since: datetime) -> None:
    """Counts the integrations' days anew, from the one on that `since` is in. To be called in the transaction
    that has recorded their runs.
    """
    await stored.count_days(writer, integration_ids, _day(since))


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A batch that was computed and committed."""

    last_id: int
    integrations: int


async def refresh_all(pool: Pool, now: datetime, *, batch: int = BATCH) -> AsyncIterator[Refreshed]:
    """The health of every integration, with all days that are shown, a transaction a batch: time alone makes
    what does not run less healthy.
    """
    first = 1
    while (done := await in_transaction(pool, _Batch(now, first, batch))) is not None:
        yield done
        first = done.last_id + 1


@dataclass(frozen=True, slots=True)
class _Batch:
    now: datetime
    first: int
    most: int

    async def __call__(self, writer: Writer) -> Refreshed | None:
        found = await stored.integrations_from(writer, self.first, self.most)
        if not found:
            return None
        await lock_all_keeping_version(writer, {each.user_id for each in found})
        ids = [each.integration_id for each in found]
        await refresh(writer, ids, self.now)
        await count_days(writer, ids, first_day(self.now))
        return Refreshed(ids[-1], len(ids))


@dataclass(frozen=True, slots=True)
class HealthsOf:
    """The first `most` integrations of a user, or the one that is named; days from `since` on."""

    user_id: int
    since: datetime
    most: int
    integration_id: int | None = None


@dataclass(frozen=True, slots=True)
class UptimeDay:
    """A day of UTC: its runs, and how many of them brought anything about."""

    day: datetime
    runs: int
    succeeded: int

    @property
    def percent(self) -> float | None:
        return percent(self.succeeded, self.runs) if self.runs else None


@dataclass(frozen=True, slots=True)
class IntegrationReport:
    """An integration as it is stored, its last logs, the newest first, and its days without gaps."""

    integration: IntegrationSnapshot
    last_logs: list[IntegrationLogSnapshot]
    uptime: list[UptimeDay]


def first_day(now: datetime) -> datetime:
    """The first of the days that are shown."""
    return _day(now) - timedelta(days=DAYS_SHOWN - 1)


async def _foresee(_: Loads, user: User, now: datetime) -> Sequence[HealthsOf]:
    return [HealthsOf(user.id, first_day(now), USUALLY_MOST)]


@cached_figure(
    "integration_health",
    version=1,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_foresee,
)
async def integration_health(
    loads: Loads, questions: Sequence[HealthsOf]
) -> Sequence[list[IntegrationReport]]:
    async def ask(
        kind: tuple[datetime, int, bool], some: Sequence[HealthsOf]
    ) -> Sequence[list[IntegrationReport]]:
        since, most, one = kind
        keys = [(question.integration_id or 0) if one else question.user_id for question in some]
        found = await loads.load(MonitoredIntegrations("id" if one else "user_id", most, since), keys)
        return [[_report(each, since) for each in monitored] for monitored in found]

    return await ask_by_group(
        questions, lambda one: (one.since, one.most, one.integration_id is not None), ask
    )


def without_runs(integration: Integration, since: datetime) -> IntegrationReport:
    """What can be said of an integration that has gone since it was read."""
    return _report(MonitoredIntegration(integration, [], []), since)


def _report(monitored: MonitoredIntegration, since: datetime) -> IntegrationReport:
    shown = [since + timedelta(days=number) for number in range(DAYS_SHOWN)]
    days = {day: (runs, succeeded) for day, runs, succeeded in monitored.days}
    uptime = [UptimeDay(day, *days.get(day, (0, 0))) for day in shown]
    return IntegrationReport(monitored.integration, monitored.last_logs, uptime)
