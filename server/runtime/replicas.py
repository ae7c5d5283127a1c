"""The settings LEADGRAPH_REPLICA_URLS and LEADGRAPH_REPLICA_LAG_SECONDS."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.addresses import place_of
from db.engine.connecting import connect
from db.engine.databases import connected
from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from db.engine.poolers import tells_its_process
from db.statements.replication import ServerFacts, difference, server_facts
from server.runtime.addresses import without_password
from server.runtime.connection_budget import USUAL_POOL
from server.runtime.database import UNUSABLE, may_end, reason_of
from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from services.replicas import Replica, Replicas
from services.replicas.replica import ANSWER_SECONDS

logger = logging.getLogger("leadgraph")


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """A replica as it was just now. `problem` says why it cannot be used; `may_end` whether that can end by itself."""

    name: str
    problem: str | None = None
    may_end: bool = False
    lag_bytes: int = 0


async def open_replicas(settings: Settings, primary: Pool, *, size: int) -> Replicas | None:
    """Return the replicas of the settings with closed connections; None without any."""
    if not settings.replicas:
        return None
    replicas = []
    for url in settings.replicas:
        pool = await open_pool(
            url,
            size=size or USUAL_POOL,
            at_least=0,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            answer_seconds=min(ANSWER_SECONDS, settings.answer_timeout_seconds),
            wait_seconds=min(ANSWER_SECONDS, settings.pool_timeout_seconds),
            # A read waits for nothing but the replay of DDL, and the primary can answer it meanwhile.
            more_settings={"lock_timeout": str(int(ANSWER_SECONDS * 1000))},
        )
        pool.has_row_security = primary.has_row_security
        replicas.append(Replica(place_of(url), pool))
    return Replicas(primary, replicas, lag_seconds=settings.replica_lag_seconds)


def require_replicas(settings: Settings, url: str) -> None:
    """Raise `CommandError` for a replica that can never be used. Log those that cannot be used now.

    `url` leads to the primary without a pooler.
    """
    for state in asyncio.run(states(settings, url)):
        if state.problem is not None and not state.may_end:
            raise CommandError(_sentence(state))
        if state.problem is not None:
            logger.warning("The replica %s %s: the primary answers until it works", state.name, state.problem)


def _sentence(state: ReplicaState) -> str:
    return (
        f"The replica {state.name} of LEADGRAPH_REPLICA_URLS {state.problem}. Correct or remove its address."
    )


def problems(settings: Settings, url: str) -> list[str]:
    """Return a sentence about each replica that cannot be used, for reports."""
    return [_sentence(each) for each in asyncio.run(states(settings, url)) if each.problem is not None]


async def states(settings: Settings, url: str) -> Sequence[ReplicaState]:
    """Return the states of all replicas, in the order of the setting."""
    if not settings.replicas:
        return ()
    async with connected(url) as connection:
        primary = await server_facts(connection, seconds=settings.answer_timeout_seconds)
    return await asyncio.gather(*(_state(each, primary, settings) for each in settings.replicas))


async def _state(url: str, primary: ServerFacts, settings: Settings) -> ReplicaState:
    name = place_of(url)
    try:
        async with asyncio.timeout(settings.answer_timeout_seconds):
            facts, is_pooled = await _facts(url, settings.answer_timeout_seconds)
    except TimeoutError:
        return ReplicaState(name, "does not answer", may_end=True)
    except (*UNUSABLE, OutageError) as failure:
        problem = f"cannot be used ({without_password(url)}: {reason_of(failure, url)})"
        return ReplicaState(name, problem, may_end(failure))
    if is_pooled:
        return ReplicaState(
            name, "leads to a pooler in transaction mode: use the address of PostgreSQL itself"
        )
    differs = difference(primary, facts)
    if differs is not None:
        return ReplicaState(name, differs, may_end=facts.is_standby and facts.revision != primary.revision)
    return ReplicaState(name, lag_bytes=max(0, (primary.position or 0) - (facts.position or 0)))


async def _facts(url: str, seconds: float) -> tuple[ServerFacts, bool]:
    """Return the facts of a replica, and whether a pooler invents the process ID of its connections."""
    connection = await connect(url, seconds=seconds, statement_cache_size=0)
    try:
        is_pooled = not await tells_its_process(connection, seconds=seconds)
        return await server_facts(connection, seconds=seconds), is_pooled
    finally:
        await connection.close(timeout=seconds)
