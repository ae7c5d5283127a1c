"""Concurrent writers: counters stay correct, and writers that lock their users meet no deadlocks."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.engine.pool import Connection, Pool
from db.integrity.audit import drifts
from db.integrity.counters import LOCK_USERS

# {users}: the writer's array of users. {seed}: selects their rows. {size}: the number of rows.
CHOSEN = "user_id = ANY ({users}) AND hashint8extended(id, {seed}) % 3 <> 0"
STATUS = (
    "(ARRAY['new', 'contacted', 'qualified', 'converted', 'disqualified'])"
    "[1 + abs(hashint8extended(id, {seed}) % 5)]"
)
NEW_MENTIONS = (
    "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
    "SELECT user_id, id, 'reddit', {seed} % 5 + number, 'u', 'text' "
    f"FROM keywords, generate_series(1, {{size}}) AS number WHERE {CHOSEN} "
)
NEW_LEADS = (
    f"INSERT INTO leads (mention_id, status) SELECT id, {STATUS} FROM mentions WHERE {CHOSEN} LIMIT {{size}} "
)
STATEMENTS = {
    "insert keywords": (
        "INSERT INTO keywords (user_id, keyword) SELECT id, 'words ' || number "
        "FROM users, generate_series(1, 1 + {size} % 4) AS number WHERE id = ANY ({users}) "
        "ON CONFLICT DO NOTHING"
    ),
    "insert mentions": NEW_MENTIONS + "ON CONFLICT DO NOTHING",
    "upsert mentions": (
        NEW_MENTIONS + "ON CONFLICT (keyword_id, platform, external_id) DO UPDATE SET title = EXCLUDED.title"
    ),
    "insert leads": NEW_LEADS + "ON CONFLICT DO NOTHING",
    "upsert leads": NEW_LEADS + "ON CONFLICT (mention_id) DO UPDATE SET status = EXCLUDED.status",
    "insert mentions with leads": (
        f"WITH made AS ({NEW_MENTIONS} ON CONFLICT DO NOTHING RETURNING id) "
        "INSERT INTO leads (mention_id) SELECT id FROM made"
    ),
    "merge leads": (
        f"MERGE INTO leads USING (SELECT id, {STATUS} AS status FROM mentions WHERE {CHOSEN}) AS mention "
        "ON leads.mention_id = mention.id "
        "WHEN MATCHED AND leads.status = mention.status THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET status = mention.status "
        "WHEN NOT MATCHED THEN INSERT (mention_id, status) VALUES (mention.id, mention.status)"
    ),
    "set statuses": f"UPDATE leads SET status = {STATUS} WHERE {CHOSEN}",
    "exchange statuses": (
        "UPDATE leads SET status = CASE status WHEN 'new' THEN 'qualified' ELSE 'new' END "
        f"WHERE status IN ('new', 'qualified') AND {CHOSEN}"
    ),
    "note": f"UPDATE leads SET notes = 'seen' WHERE {CHOSEN}",
    # Some rows move to another bucket.
    "move mentions": f"UPDATE mentions SET created_at = created_at - {{size}} * interval '1 minute' WHERE {CHOSEN}",
    "qualify leads": f"UPDATE leads SET qualified_at = now() - {{size}} * interval '1 hour' WHERE {CHOSEN}",
    "convert leads": (
        "UPDATE leads SET status = 'converted', qualified_at = coalesce(qualified_at, now()), "
        f"converted_at = now() - {{size}} * interval '5 minutes' WHERE {CHOSEN}"
    ),
    # Assign leads to other users than their own: PostgreSQL refuses to delete a user if leads of the user that
    # are assigned to the same user were written in the same transaction.
    "assign": (
        "UPDATE leads SET assignee_user_id = "
        f"(SELECT max(id) FROM users WHERE id = ANY ({{users}}) AND id <> user_id) WHERE {CHOSEN}"
    ),
    "delete leads": f"DELETE FROM leads WHERE {CHOSEN}",
    "delete mentions": f"DELETE FROM mentions WHERE {CHOSEN}",
    "delete keywords": f"DELETE FROM keywords WHERE {CHOSEN}",
    "delete users": "DELETE FROM users WHERE id = ({users})[1]",
    "truncate leads": "TRUNCATE leads CASCADE",
    "truncate mentions": "TRUNCATE mentions CASCADE",
    "truncate keywords": "TRUNCATE keywords CASCADE",
}
COPY = "copy mentions"
OFTEN = [COPY, *(kind for kind in STATEMENTS if "truncate" not in kind and kind != "delete users")]
SELDOM = [kind for kind in STATEMENTS if kind not in OFTEN]


@dataclass(frozen=True)
class Step:
    kind: str
    seed: int
    size: int
    undone: bool  # by a rollback to a savepoint


@dataclass(frozen=True)
class Work:
    """A transaction. One step without a lock runs as a single statement without a transaction."""

    users: tuple[int, ...]  # positions among the existing users
    steps: tuple[Step, ...]
    isolation: Literal["read_committed", "repeatable_read"]
    commits: bool


sizes = st.integers(1, 8) | st.integers(1, 60)
kinds = st.sampled_from(OFTEN * 3 + SELDOM)
steps = st.builds(Step, kinds, st.integers(0, 2**31), sizes, st.sampled_from([False, False, False, True]))
works = st.builds(
    Work,
    users=st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple),
    steps=st.lists(steps, min_size=1, max_size=4).map(tuple),
    isolation=st.sampled_from(["read_committed", "read_committed", "repeatable_read"]),
    commits=st.sampled_from([True, True, True, False]),
)
writers = st.lists(works, min_size=3, max_size=8)

concurrent = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # failures that depend on timing cannot be shrunk
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_names = itertools.count()


async def lay_out(pool: Pool) -> None:
    """Insert four users with keywords, mentions and leads, with the same IDs each time."""
    await pool.execute("TRUNCATE users RESTART IDENTITY CASCADE")
    await pool.execute("INSERT INTO users (email) SELECT n || '@example.com' FROM generate_series(1, 4) AS n")
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) "
        "SELECT id, 'words ' || n FROM users, generate_series(1, 3) AS n ORDER BY id, n"
    )
    await pool.execute(
        "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
        "SELECT user_id, id, 'reddit', n, 'u', 'text' FROM keywords, generate_series(1, 4) AS n"
    )
    await pool.execute("INSERT INTO leads (mention_id) SELECT id FROM mentions WHERE external_id < '3'")


async def write(connection: Connection, users: Sequence[int], step: Step) -> None:
    listed = f"'{{{', '.join(map(str, users))}}}'::bigint[]"
    if step.kind != COPY:
        await connection.execute(STATEMENTS[step.kind].format(users=listed, seed=step.seed, size=step.size))
        return
    chosen = CHOSEN.format(users=listed, seed=step.seed)
    rows = [
        (keyword["user_id"], keyword["id"], "x", f"copied {next(_names)}", "u", "text")
        for keyword in await connection.fetch(f"SELECT id, user_id FROM keywords WHERE {chosen}")
        for _ in range(step.size)
    ]
    columns = ["user_id", "keyword_id", "platform", "external_id", "url", "content"]
    await connection.copy_records_to_table("mentions", records=rows, columns=columns)


async def lock(connection: Connection, users: Sequence[int], work: Work) -> None:
    """Take the locks that the rule for writers requires."""
    if any("truncate" in step.kind for step in work.steps):
        await connection.execute("LOCK TABLE users IN EXCLUSIVE MODE")
    elif any(step.kind == "delete users" for step in work.steps):
        await connection.execute(LOCK_USERS.replace("NO KEY", ""), users)
    else:
        await connection.execute(LOCK_USERS, users)


async def run(connection: Connection, work: Work, *, locks: bool) -> None:
    ids = [row["id"] for row in await connection.fetch("SELECT id FROM users ORDER BY id")]
    users = [ids[position % len(ids)] for position in work.users] if ids else [0]
    if not locks and len(work.steps) == 1:
        await write(connection, users, work.steps[0])
        return
    truncates = any("truncate" in step.kind for step in work.steps)
    transaction = connection.transaction(isolation="read_committed" if truncates else work.isolation)
    await transaction.start()
    try:
        if locks:
            await lock(connection, users, work)
        for step in work.steps:
            await take(connection, users, step)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.commit() if work.commits else transaction.rollback())


async def take(connection: Connection, users: Sequence[int], step: Step) -> None:
    savepoint = connection.transaction()
    await savepoint.start()
    await write(connection, users, step)
    await (savepoint.rollback() if step.undone else savepoint.commit())


async def write_at_once(
    pool: Pool, both: Sequence[Sequence[Work]], *, locks: bool, expected: tuple[type[Exception], ...]
) -> None:
    """Run two lists of works on two connections. An expected error ends one work."""

    async def write_all(works: Sequence[Work]) -> None:
        async with pool.acquire() as connection:
            await connection.execute("SET deadlock_timeout = '5ms'")
            for work in works:
                with suppress(*expected):
                    await run(connection, work, locks=locks)

    await lay_out(pool)
    await asyncio.gather(*(write_all(works) for works in both))


@concurrent
@given(writers, writers)
async def test_writers_that_lock_their_users_first_meet_no_deadlock(
    pool: Pool, some: list[Work], others: list[Work]
) -> None:
    await write_at_once(pool, [some, others], locks=True, expected=(asyncpg.SerializationError,))
    assert await drifts(pool) == []


@concurrent
@given(writers, writers)
async def test_counters_are_correct_even_if_writers_break_the_lock_rule(
    pool: Pool, some: list[Work], others: list[Work]
) -> None:
    errors = (
        asyncpg.DeadlockDetectedError,
        asyncpg.ForeignKeyViolationError,
        asyncpg.SerializationError,
        asyncpg.UniqueViolationError,
    )
    await write_at_once(pool, [some, others], locks=False, expected=errors)
    assert await drifts(pool) == []


async def test_an_older_snapshot_cannot_truncate(pool: Pool) -> None:
    """It would not see counters that changed since, and would not reset them."""
    await lay_out(pool)
    async with pool.acquire() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        with pytest.raises(asyncpg.InvalidTransactionStateError, match="READ COMMITTED"):
            await connection.execute("TRUNCATE leads CASCADE")
        await transaction.rollback()
    assert await drifts(pool) == []


Statement = Callable[[Connection], Awaitable[object]]


def alone(sql: str) -> Statement:
    """Return a single statement without a lock."""
    return lambda connection: connection.execute(sql)


def after_locking(sql: str) -> Statement:
    async def transaction(connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute(LOCK_USERS, [1])
            await connection.execute(sql)

    return transaction


async def waiting(pool: Pool, connection: Connection) -> None:
    """Wait until the connection's statement waits for a lock."""
    blocked = "SELECT cardinality(pg_blocking_pids($1)) > 0"
    async with asyncio.timeout(30):
        while not await pool.fetchval(blocked, connection.get_server_pid()):
            await asyncio.sleep(0.005)


def deadlocks(results: Sequence[object]) -> int:
    """Return the number of deadlocks. Raise any other error."""
    errors = [result for result in results if isinstance(result, BaseException)]
    for error in errors:
        if not isinstance(error, asyncpg.DeadlockDetectedError):
            raise error
    return len(errors)


async def collide(pool: Pool, first: Statement, second: Statement) -> int:
    """Start two writers in order while the user is locked, and return the number of deadlocks."""
    async with pool.acquire() as one, pool.acquire() as two, pool.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute(LOCK_USERS, [1])
        running = []
        for connection, statement in ((one, first), (two, second)):
            running.append(asyncio.ensure_future(statement(connection)))
            await waiting(pool, connection)
        await transaction.rollback()
        return deadlocks(await asyncio.gather(*running, return_exceptions=True))


COLLISIONS = [
    ("DELETE FROM mentions WHERE keyword_id = 1", "DELETE FROM keywords WHERE id = 1"),
    ("UPDATE leads SET status = 'converted' WHERE keyword_id = 1", "DELETE FROM keywords WHERE id = 1"),
]


@pytest.mark.parametrize(("inner", "outer"), COLLISIONS)
async def test_single_statements_without_a_lock_can_deadlock(pool: Pool, inner: str, outer: str) -> None:
    await lay_out(pool)
    assert await collide(pool, alone(inner), alone(outer)) == 1
    assert await drifts(pool) == []


@pytest.mark.parametrize(("inner", "outer"), COLLISIONS)
async def test_statements_that_lock_their_user_first_do_not_deadlock(
    pool: Pool, inner: str, outer: str
) -> None:
    await lay_out(pool)
    assert await collide(pool, after_locking(inner), after_locking(outer)) == 0
    assert await drifts(pool) == []


async def test_a_statement_without_a_lock_can_deadlock_with_a_writer_that_locks(pool: Pool) -> None:
    await lay_out(pool)
    async with pool.acquire() as one, pool.acquire() as two:
        transaction = one.transaction()
        await transaction.start()
        await one.execute(LOCK_USERS, [1])
        single = asyncio.ensure_future(two.execute("DELETE FROM leads WHERE keyword_id = 1"))
        await waiting(pool, two)
        change = one.execute("UPDATE leads SET status = 'converted' WHERE keyword_id = 1")
        results = await asyncio.gather(change, single, return_exceptions=True)
        await transaction.rollback()
    assert deadlocks(results) == 1
    assert await drifts(pool) == []


async def test_inserts_without_conflicts_do_not_deadlock_without_locks(pool: Pool) -> None:
    """The rows belong to many users in random order. The triggers lock the parents in ID order."""

    async def insert(number: int) -> None:
        for turn in range(25):
            await pool.execute(
                "INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content) "
                "SELECT user_id, id, 'x', $1, 'u', 'text' FROM keywords WHERE random() < 0.7 ORDER BY random()",
                f"{number} {turn}",
            )
            await pool.execute(
                "INSERT INTO leads (mention_id) SELECT id FROM mentions WHERE external_id = $1 ORDER BY random()",
                f"{number} {turn}",
            )

    await lay_out(pool)
    await asyncio.gather(*(insert(number) for number in range(4)))
    assert await drifts(pool) == []
