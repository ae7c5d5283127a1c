"""Positions outlive a crash of PostgreSQL, which uses the IDs of lost transactions again."""

import os
import signal
from pathlib import Path

import asyncpg
import pytest

from db.embedded import EmbeddedPostgres
from db.embedded.cluster import postmaster_of
from db.engine import migrations
from db.engine.pool import open_pool
from db.engine.reader import Reader
from db.language.scope import EVERYBODY
from services.changes import feed
from services.changes.position import Position

LAZY = {"wal_writer_delay": "10s", "fsync": "off"}
"""Settings with which a rolled back transaction is not written to disk for a while, as without them for 0.2 seconds."""


async def add(url: str, words: list[str], *, commits: bool) -> list[int]:
    """Write a keyword per transaction, and return the IDs of the transactions."""
    connection = await asyncpg.connect(url)
    xids = []
    for word in words:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("INSERT INTO keywords (user_id, keyword) VALUES (1, $1)", word)
        xids.append(await connection.fetchval("SELECT pg_current_xact_id()::text::bigint"))
        await (transaction.commit() if commits else transaction.rollback())
    await connection.close()
    return xids


async def read(url: str, after: Position | None, limit: int) -> tuple[list[tuple[str, int]], Position]:
    """Return the entities and transactions of the changes, and the position after them."""
    pool = await open_pool(url, size=1)
    found, has_more = [], True
    while has_more:
        page = await feed.page(Reader(pool, single=True), EVERYBODY, after, limit=limit)
        found += [(event.entity, event.xid) for event in page.events]
        after, has_more = Position.parse(str(page.after)), page.has_more
    await pool.close()
    return found, page.after


@pytest.mark.parametrize("limit", [1, 100])
async def test_a_transaction_with_the_id_of_a_lost_one_is_told_once(server_folder: Path, limit: int) -> None:
    with EmbeddedPostgres(server_folder / "postgres", settings=LAZY).running() as postgres:
        url = postgres.url("postgres")
        await migrations.upgrade(url)
        connection = await asyncpg.connect(url)
        await connection.execute("INSERT INTO users (email) VALUES ('ann@example.com')")
        await connection.close()
        cut = await asyncpg.connect(url)
        await cut.execute("INSERT INTO keywords (user_id, keyword) VALUES (1, 'before'), (1, 'too')")
        await cut.close()
        pool = await open_pool(url, size=1)
        lost = await add(url, ["a", "b", "c", "d"], commits=False)
        started = await feed.now(Reader(pool, single=True), EVERYBODY)
        first = await feed.page(Reader(pool, single=True), EVERYBODY, None, limit=2)
        assert first.has_more
        assert started.seen.xmax > lost[-1]
        pool.terminate()
        server = postmaster_of(server_folder / "postgres" / "data")
        assert server is not None
        os.kill(server.pid, signal.SIGQUIT)
        postgres.start()
        again = await add(url, ["e", "f"], commits=True)
        assert set(again) <= set(lost)
        expected = [("Keyword", xid) for xid in again]
        assert (await read(url, started, limit))[0] == expected
        rest, after = await read(url, first.after, limit)
        assert rest[-2:] == expected
        assert len(rest) == 1 + len(again)
        assert (await read(url, after, limit))[0] == []
