"""All checks, one after the other. A check that fails does not end the report."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import asyncpg

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.inspection.tables import TableSize, sizes
from services.doctor import (
    cache,
    counters,
    indexes,
    jobs,
    keys,
    replication,
    revision,
    settings,
    statements,
    tables,
    transactions,
    webhooks,
)
from services.doctor.report import Check, Finding, Limits, Report, Skipped, SkippedError
from services.doctor.senders import Senders
from services.figures.cache import Cached

_Checks = Mapping[Check, Callable[[], Awaitable[Sequence[Finding]]]]


async def examine(pool: Pool, cached: Cached, limits: Limits, senders: Senders) -> Report:
    """Return the report. `senders` name the operations of slow statements.

    Raise the driver's error if the database is unavailable.
    """
    sizes_of_tables: list[TableSize] = []
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    for subject, check in _checks(pool, cached, limits, senders, sizes_of_tables).items():
        try:
            findings += await check()
        except SkippedError as reason:
            skipped.append(Skipped(subject, str(reason)))
        except (asyncpg.PostgresError, TimeoutError) as failure:
            if is_unavailable(failure):
                raise
            skipped.append(Skipped(subject, f"The database refused it: {failure}."))
    return Report(findings, skipped, sizes_of_tables)


def _checks(
    pool: Pool, cached: Cached, limits: Limits, senders: Senders, sizes_of_tables: list[TableSize]
) -> _Checks:
    async def of_tables() -> Sequence[Finding]:
        sizes_of_tables[:] = await sizes(pool)
        return tables.check(sizes_of_tables, limits)

    return {
        Check.SETTINGS: partial(settings.check, pool),
        Check.REVISION: partial(revision.check, pool),
        Check.INDEXES: partial(indexes.check, pool),
        Check.COUNTERS: partial(counters.check, pool, limits),
        Check.STATEMENTS: partial(statements.check, pool, limits, senders),
        Check.CACHE: partial(cache.check, cached, limits),
        Check.TRANSACTIONS: partial(transactions.check, pool, limits),
        Check.REPLICATION: partial(replication.check, pool, limits),
        Check.TABLES: of_tables,
        Check.JOBS: partial(jobs.check, pool, limits),
        Check.WEBHOOKS: partial(webhooks.check, pool, limits),
        Check.KEYS: partial(keys.check, pool, limits),
    }
