"""Standbys that lag, and replication slots without a consumer."""

from collections.abc import Sequence

from db.engine.pool import Pool
from db.inspection import remedies, replication
from db.inspection.replication import Slot, Standby
from services.doctor.report import Check, Finding, Limits


async def check(pool: Pool, limits: Limits) -> Sequence[Finding]:
    """Find standbys that lag, and slots that fill the disk with the log."""
    late = [one for one in await replication.standbys(pool) if one.seconds > limits.lag_seconds]
    return [*map(_late, late), *map(_unused, await replication.unused_slots(pool))]


def _late(standby: Standby) -> Finding:
    problem = f"The standby lags by {standby.seconds:,.0f} s."
    return Finding(Check.REPLICATION, standby.name, problem, remedies.resume_replay())


def _unused(slot: Slot) -> Finding:
    problem = f"The replication slot has no consumer, and the server keeps {slot.kept_bytes:,} bytes of the log for it."
    return Finding(Check.REPLICATION, slot.name, problem, remedies.drop_slot(slot.name))
