"""Health of integrations, version 1: a score from 0 to 100, and a list of problems.

    100 · (0.5 · success rate of 24 hours + 0.3 · freshness + 0.2 · credentials are valid)

Freshness is 1 for one sync interval after the last success, and falls linearly to 0 after four intervals. After a
pause, it begins again when the integration is resumed. Runs count at the time when they ended, whenever they were
recorded. A run from before the current credentials says nothing about them.

An integration that its user has paused or disconnected has no health: a null score and no problems. An integration
without a run in 24 hours has a null score. Health is computed and stored when a run is recorded, so that readers only
read it. All times come from the database's clock.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache, partial
from http import HTTPStatus
from typing import NamedTuple

from db.engine.author import RECOMPUTATION
from db.engine.pool import Pool
from db.engine.writer import Writer, in_transaction
from db.language.snapshots import IntegrationLogSnapshot, IntegrationSnapshot
from db.models import Integration, IntegrationLogKind, IntegrationLogStatus, IntegrationStatus, User
from db.statements import integration_health as stored
from db.statements.integration_health import Health, HealthInputs, MonitoredIntegration
from db.statements.integration_runs import FAILED
from db.statements.user import lock_all_keeping_version
from loaders.dataloader import DataLoaders
from loaders.integration_health import MonitoredIntegrationsByKey
from services.figures.cache import cached_figure
from services.figures.group_by import ask_by_group
from services.figures.rates import percent, rounded

VERSION = "1"
TTL_SECONDS = 300
USUALLY_MOST = 20
LOOKED_BACK = timedelta(hours=24)
DAYS_SHOWN = 30
_OFF = frozenset({IntegrationStatus.PAUSED, IntegrationStatus.DISCONNECTED})
"""The statuses in which an integration does not run, because its user decided so."""
UNRELIABLE_BELOW = Fraction(9, 10)
FAILING_FROM = 3
OVERDUE_INTERVALS = 4
BATCH = 500
LAST_DAY = datetime(2999, 12, 31, tzinfo=UTC)


class IntegrationProblem(StrEnum):
    DISCONNECTED = "disconnected"  # of older releases, for stored rows
    STOPPED = "stopped"
    CREDENTIALS_EXPIRED = "credentials_expired"
    UNAUTHORIZED = "unauthorized"
    FAILING = "failing"
    UNRELIABLE = "unreliable"
    RATE_LIMITED = "rate_limited"
    OVERDUE = "overdue"


def health(inputs: HealthInputs, now: datetime) -> Health:
    problems = list(_problems(inputs, now))
    return Health(inputs.id, _score(inputs, now), problems)


def _score(inputs: HealthInputs, now: datetime) -> int | None:
    if inputs.status in _OFF or not inputs.runs:
        return None
    success = Fraction(inputs.succeeded, inputs.runs)
    exact = 50 * success + 30 * _freshness(inputs, now) + 20 * (not _credentials_problem(inputs, now))
    return int(rounded(exact))


def _freshness(inputs: HealthInputs, now: datetime) -> Fraction:
    since = max((at for at in (inputs.last_success_at, inputs.resumed_at) if at is not None), default=None)
    if since is None or inputs.sync_interval <= timedelta(0):
        return Fraction(0)
    age, interval = _microseconds(now - since), _microseconds(inputs.sync_interval)
    late = Fraction(age - interval, (OVERDUE_INTERVALS - 1) * interval)
    return 1 - min(max(late, Fraction(0)), Fraction(1))


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _credentials_problem(inputs: HealthInputs, now: datetime) -> IntegrationProblem | None:
    expires_at = inputs.credentials_expires_at
    if expires_at is not None and expires_at <= now:
        return IntegrationProblem.CREDENTIALS_EXPIRED
    if not _is_later(inputs.last_at, inputs.credentials_set_at):
        return None
    unauthorized = inputs.last_http_status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    failed = inputs.last_status in FAILED
    if failed and (unauthorized or inputs.last_kind == IntegrationLogKind.AUTH):
        return IntegrationProblem.UNAUTHORIZED
    return None


def _is_later(moment: datetime | None, other: datetime | None) -> bool:
    """Return whether the time is after the other one. Every time is after a missing one."""
    return moment is None or other is None or moment > other


def _problems(inputs: HealthInputs, now: datetime) -> list[IntegrationProblem]:
    """Return the problems, the most severe first."""
    if inputs.status in _OFF:
        return []
    rate = Fraction(inputs.succeeded, inputs.runs) if inputs.runs else Fraction(1)
    overdue = inputs.status == IntegrationStatus.ACTIVE and not _freshness(inputs, now)
    present = {
        IntegrationProblem.STOPPED: inputs.status == IntegrationStatus.ERROR,
        _credentials_problem(inputs, now): True,
        IntegrationProblem.FAILING: inputs.consecutive_failures >= FAILING_FROM,
        IntegrationProblem.UNRELIABLE: rate < UNRELIABLE_BELOW,
        IntegrationProblem.RATE_LIMITED: inputs.last_status == IntegrationLogStatus.RATE_LIMITED,
        IntegrationProblem.OVERDUE: overdue,
    }
    return [problem for problem, holds in present.items() if holds and problem is not None]


async def refresh(writer: Writer, integration_ids: Sequence[int], now: datetime) -> list[Integration]:
    """Compute and store the health of integrations, and return them in no order.

    Call it in the transaction that changed their status or recorded their runs, after locking their users.
    """
    conditions = await stored.health_inputs(writer, integration_ids, now - LOOKED_BACK, now)
    return await stored.store(writer, [health(each, now) for each in conditions], VERSION, now)


async def count_days(
    writer: Writer, integration_ids: Sequence[int], first: datetime, last: datetime = LAST_DAY
) -> None:
    """Recount the integrations' days, from the day of `first` to the day of `last`, after locking their users."""
    await stored.count_days(writer, integration_ids, _day(first), _day(last) + timedelta(days=1))


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A committed batch."""

    last_id: int
    integrations: int


async def refresh_all(
    pool: Pool, now: datetime | None = None, *, batch: int = BATCH
) -> AsyncIterator[Refreshed]:
    """Refresh the health and days of all integrations, in one transaction per batch.

    Without a run, health falls as time passes, so workers refresh it periodically. The time of the health defaults to
    the moment of each batch, which is later than all recorded runs.
    """
    first = 1
    while (done := await refresh_batch(pool, first, now, batch=batch)) is not None:
        yield done
        first = done.last_id + 1


async def refresh_batch(
    pool: Pool, first: int, now: datetime | None = None, *, batch: int = BATCH
) -> Refreshed | None:
    """Refresh the next integrations from the ID on. Return None if no integration is left."""

    async def work(writer: Writer) -> Refreshed | None:
        owners = await stored.owners_from(writer, first, batch)
        if not owners:
            return None
        await lock_all_keeping_version(writer, set(owners.values()))
        at = now or writer.moment
        await refresh(writer, list(owners), at)
        await count_days(writer, list(owners), first_day(at))
        return Refreshed(max(owners), len(owners))

    return await in_transaction(pool, work, author=RECOMPUTATION)


@dataclass(frozen=True, slots=True)
class HealthsOf:
    """The first `most` integrations of a user, or only the named one, with days from `since` on."""

    user_id: int
    since: datetime
    most: int
    integration_id: int | None = None


class UptimeDay(NamedTuple):
    """The number of runs and of successful runs on a day in UTC."""

    day: datetime
    runs: int
    succeeded: int

    @property
    def percent(self) -> float | None:
        return percent(self.succeeded, self.runs) if self.runs else None


_new_day: Callable[[tuple[datetime, int, int]], UptimeDay] = partial(tuple.__new__, UptimeDay)
"""Make a day without the steps of a named tuple's constructor. A report has hundreds."""


@dataclass(frozen=True, slots=True)
class IntegrationReport:
    """An integration, its last logs (newest first), and its days without gaps."""

    integration: IntegrationSnapshot
    last_logs: list[IntegrationLogSnapshot]
    uptime: list[UptimeDay]


def first_day(now: datetime) -> datetime:
    """Return the first of the reported days."""
    return _day(now) - timedelta(days=DAYS_SHOWN - 1)


def _warm_questions(user: User, now: datetime) -> Sequence[HealthsOf]:
    return [HealthsOf(user.id, first_day(now), USUALLY_MOST)]


@cached_figure(
    "integration_health",
    models=(Integration,),
    version=3,
    ttl_seconds=TTL_SECONDS,
    stale_seconds=TTL_SECONDS,
    shared=True,
    warm_questions=_warm_questions,
)
async def integration_health(
    loaders: DataLoaders, questions: Sequence[HealthsOf]
) -> Sequence[list[IntegrationReport]]:
    async def ask(
        group: tuple[datetime, int, bool], members: Sequence[HealthsOf]
    ) -> Sequence[list[IntegrationReport]]:
        since, most, by_id = group
        keys = [(question.integration_id or 0) if by_id else question.user_id for question in members]
        found = await loaders.load(
            MonitoredIntegrationsByKey("id" if by_id else "user_id", most, since), keys
        )
        return [[_report(each, since) for each in monitored] for monitored in found]

    return await ask_by_group(
        questions, lambda one: (one.since, one.most, one.integration_id is not None), ask
    )


def without_runs(integration: Integration, since: datetime) -> IntegrationReport:
    """Return the report of an integration that was deleted after it was read."""
    return _report(MonitoredIntegration(integration, [], []), since)


def _report(monitored: MonitoredIntegration, since: datetime) -> IntegrationReport:
    uptime = list(_days_without_runs(since))
    for number, runs, succeeded in monitored.days:
        if number < DAYS_SHOWN:
            uptime[number] = _new_day((uptime[number].day, runs, succeeded))
    return IntegrationReport(monitored.integration, monitored.last_logs, uptime)


@lru_cache(4)
def _days_without_runs(since: datetime) -> tuple[UptimeDay, ...]:
    return tuple(UptimeDay(since + timedelta(days=number), 0, 0) for number in range(DAYS_SHOWN))
