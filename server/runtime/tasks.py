"""The background tasks of workers, with the periods of the settings."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import asyncpg

from db.engine.pool import Pool
from db.integrity import audit, change_partitions, log_partitions
from db.integrity.audit import AuditBatch, Ids
from server.runtime.audit import log_drifts
from server.runtime.retention import remove_old_rejects
from server.runtime.schedule import Position, Task, TaskError, Turn, kind_of
from server.runtime.settings import Settings
from services import retention, user_accounts
from services.analysis import lead_scoring
from services.browsers import browser_tokens, sessions
from services.export import jobs as exports
from services.integrations import health
from services.rules import idempotency
from services.webhooks import deliveries

PARENTS_PER_TURN = 20
"""The number of users or keywords whose counters one turn counts again."""

_AGAIN: Position = [1]


async def refresh_health(pool: Pool, position: Position) -> Position | None:
    """Refresh the health of the next integrations."""
    done = await health.refresh_batch(pool, _first(position))
    return None if done is None else [done.last_id + 1]


async def rescore_leads(pool: Pool, position: Position) -> Position | None:
    """Score the next leads whose score changes with time or with the formula."""
    following = await lead_scoring.rescore_turn(pool, _first(position))
    return None if following is None else [following]


async def purge_keys(pool: Pool, _: Position, *, remove_files: Callable[[], int]) -> Position | None:
    """Delete some expired idempotency keys, positions of imports, sessions and browser tokens, and some old files."""
    await asyncio.to_thread(remove_files)
    purges = [await purge(pool) for purge in (idempotency.purge, sessions.purge, browser_tokens.purge)]
    return _AGAIN if any(purges) else None


async def purge_exports(pool: Pool, _: Position) -> Position | None:
    """Delete some parts of expired files of exports, or exports that ended long ago."""
    return _AGAIN if await exports.purge(pool) else None


async def purge_deliveries(pool: Pool, _: Position, *, days: int) -> Position | None:
    """Delete some deliveries of webhooks that ended this many days ago."""
    return _AGAIN if await deliveries.purge(pool, kept_for=timedelta(days=days)) else None


async def delete_users(pool: Pool, _: Position) -> Position | None:
    """Delete a batch of the data of a deleted user."""
    return _AGAIN if await user_accounts.delete_next_batch(pool) else None


async def verify_counters(
    pool: Pool, position: Position, *, note: Callable[[AuditBatch], None] = log_drifts
) -> Position | None:
    """Count the rows of the next users or keywords again. Raise `TaskError` if counters are wrong.

    The position is the number of the table and the first ID. The run stays at wrong counters until they are right.
    """
    number, first = position or (0, 1)
    table = audit.TABLES[number]
    done = await audit.verify_batch(pool, table, Ids(first), batch=PARENTS_PER_TURN)
    if done is None:
        return [number + 1, 1] if number + 1 < len(audit.TABLES) else None
    note(done)
    if done.drifts:
        raise TaskError(
            f"Wrong counters of {table} from ID {done.ids.first} to {done.ids.last}: {len(done.drifts)}. "
            "Run `leadgraph counters verify`."
        )
    return [number, done.ids.last + 1]


async def keep_changes(pool: Pool, _: Position, *, days: int) -> Position | None:
    """Make partitions of changes ahead, drop those that expired in an earlier run, and let old changes expire."""
    await change_partitions.make_ahead(pool)
    try:
        await change_partitions.drop_expired(pool)
    except asyncpg.LockNotAvailableError as busy:
        raise TaskError("Transactions hold the change feed. `leadgraph doctor` lists long ones.") from busy
    await change_partitions.expire(pool, timedelta(days=days))
    return None


async def keep_logs(pool: Pool, _: Position, *, days: int) -> Position | None:
    """Make partitions of logs ahead, and delete logs that are older than the days. Zero days keep all logs."""
    await log_partitions.make_ahead(pool)
    if not days:
        return None
    try:
        return _AGAIN if await log_partitions.drop_old(pool, timedelta(days=days)) else None
    except asyncpg.LockNotAvailableError as busy:
        raise TaskError(
            "Transactions hold the logs of integrations. `leadgraph doctor` lists long ones."
        ) from busy


async def purge_mentions(pool: Pool, position: Position, *, days: int) -> Position | None:
    """Delete a batch of a user's mentions that are older than the days. Zero days keep all mentions."""
    if not days:
        return None
    done = await retention.delete_next_mentions(pool, _first(position), timedelta(days=days))
    return None if done is None else [done.user_id if done.has_more else done.user_id + 1]


def _first(position: Position) -> int:
    return position[0] if position else 1


TURNS: dict[str, Turn] = {
    "refresh-health": refresh_health,
    "rescore-leads": rescore_leads,
    "purge-keys": partial(purge_keys, remove_files=int),
    "purge-exports": purge_exports,
    "purge-deliveries": partial(purge_deliveries, days=Settings.deliveries_days),
    "delete-users": delete_users,
    "verify-counters": verify_counters,
    "keep-changes": partial(keep_changes, days=Settings.changes_days),
    "keep-logs": partial(keep_logs, days=Settings.logs_days),
    "purge-mentions": partial(purge_mentions, days=Settings.mentions_days),
}
"""The turns by task. The setting of a task's period has the task's name: `refresh_health_every_seconds`."""


def period(settings: Settings, name: str) -> timedelta:
    """Return the period of a task. A period of zero switches the task off."""
    return timedelta(seconds=getattr(settings, f"{kind_of(name)}_every_seconds"))


def background_tasks(settings: Settings, note: Callable[[AuditBatch], None] = log_drifts) -> list[Task]:
    """Return the tasks that are on. `note` receives the result of each verified batch of counters."""
    turns: dict[str, Turn] = {**TURNS, "verify-counters": partial(verify_counters, note=note)}
    turns["purge-keys"] = partial(purge_keys, remove_files=partial(remove_old_rejects, settings))
    turns["purge-deliveries"] = partial(purge_deliveries, days=settings.deliveries_days)
    turns["keep-changes"] = partial(keep_changes, days=settings.changes_days)
    turns["keep-logs"] = partial(keep_logs, days=settings.logs_days)
    turns["purge-mentions"] = partial(purge_mentions, days=settings.mentions_days)
    periods = {name: period(settings, name) for name in turns}
    return [Task(name, every, turns[name]) for name, every in periods.items() if every]
