"""Each statement that the product sends for a member visits the rows of that member alone.

The tables of a database are hash-partitioned by user. A member uses the whole product, and each statement is run again:
PostgreSQL itself says which partitions it visits.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from db.embedded import EmbeddedPostgres
from db.engine.pool import Pool, open_pool
from tests.schema.test_plans import LISTS, ORDERS, PAGE, REQUIRED, filters
from tests.schema.test_walk import (
    OBJECTS,
    PATHS,
    RELATIONS,
    ROOTS,
    SQL_TO_FILL_GAPS,
    TABLES,
    Walk,
    root_document,
    some_ids,
)
from tests.support import member_traffic as traffic
from tests.support.databases import FAST
from tests.support.distributed import (
    Collector,
    acting_as,
    builders,
    collecting,
    distributed_database,
    distributed_statements,
    partition_of,
    visited,
)
from tests.support.member_traffic import Member, served_member
from tests.support.member_writes import write
from tests.support.two_servers import read_on, spread_database
from tests.support.unconfined import AUDITED, NOT_SENT, UNCONFINED
from tests.support.world import World

NO_STATEMENT = re.compile(
    r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|RESET|LISTEN|UNLISTEN|LOCK)\b|SELECT 1$"
)
OF_THE_TEST = {"UPDATE users SET data_version = data_version + 1", "SELECT count(*) FROM mentions"}
OF_ONE_SERVER = re.compile(r"FOR (NO KEY )?UPDATE|nextval|snapshot|xmin|_timestamp\\(\\)")
"""Reads that lock rows, or whose result is of one server or moment."""
NAME = re.compile(r"/\* leadgraph: (.*) \*/$")


@dataclass
class Traffic:
    """The statements that were sent for a member.

    `outside` has the partitions of others that a statement visits, and `scoped` those of statements with the scope of a
    member. The keys are the names of statements, or texts without a name.
    """

    collector: Collector
    texts: int
    names: set[str]
    outside: dict[str, set[str]]
    scoped: dict[str, set[str]]
    called: set[str]
    number: int
    """The number of the member's partitions."""
    unused: set[str]


def name_of(sql: str) -> str:
    found = NAME.search(sql)
    return found[1] if found else " ".join(sql.split())


@pytest.fixture(scope="module")
async def distributed_pool(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Pool]:
    with distributed_statements():
        async with distributed_database(postgres, template) as url:
            pool = await open_pool(url, size=8)
            yield pool
            await pool.close()


async def fill(world: World) -> None:
    """Add members in different partitions, with rows that have all relations."""
    sizes = {"other": 2, "another": 2, "few": 3, "many": 8}
    for name, keywords in sizes.items():
        await world.add_user(name)
        await world.add_keywords(name, keywords=keywords, mentions=6)
        await world.add_integrations(name, integrations=keywords)
        for sql in SQL_TO_FILL_GAPS:
            events = sql.replace("(lead_id, actor", "(lead_id, user_id, actor").replace(
                "SELECT id, user_id, 'up", "SELECT id, user_id, user_id, 'up"
            )
            await world.pool.execute(events, world.users[name])
    await world.pool.execute(
        "UPDATE mentions SET integration_id = (SELECT max(id) FROM integrations WHERE user_id = mentions.user_id)"
    )
    await world.index_mentions()


@pytest.fixture(scope="module")
async def sent(distributed_pool: Pool) -> Traffic:
    """Let a member use the whole product, and run each statement again."""
    world = World(distributed_pool)
    await fill(world)
    for builder in builders().values():
        builder.cache_clear()
    member_id = world.users["few"]
    with collecting() as collector, acting_as(member_id), pytest.MonkeyPatch.context() as patched:
        for module in ("services.keyword", "services.integrations.removal"):
            patched.setattr(f"{module}.MOST_AT_ONCE", 2)  # deletes in batches
        async with served_member(world, "few") as member:
            await read(member)
            for step in (
                write,
                traffic.export,
                traffic.use_browser,
                traffic.use_webhooks,
                traffic.follow,
            ):
                await step(member)
            await traffic.work(member)
    unused = {name for name, builder in builders().items() if not builder.cache_info().currsize}
    made = Traffic(collector, 0, set(), {}, {}, member.called, 0, unused)
    async with distributed_pool.acquire() as connection:
        await _run_again(connection, member_id, made)
    return made


async def _run_again(connection: Any, member_id: int, made: Traffic) -> None:
    number = await partition_of(connection, member_id)
    made.number = number
    assert number > 0  # a row without a user is in the first partition
    for one in made.collector.sent.values():
        name = name_of(one.sql)
        if NO_STATEMENT.match(one.sql) or name in OF_THE_TEST:
            continue
        made.texts += 1
        made.names.add(name)
        found = {each for each in await visited(connection, one) if not each.endswith(f"_p{number}")}
        if found:
            is_scoped = one.sql in made.collector.scoped or " + " in name
            (made.scoped if is_scoped else made.outside).setdefault(name, set()).update(found)


async def read(member: Member) -> None:
    """Send documents of all roots, relations, lists, orders and filters."""
    ids = await some_ids(member.world, member.name)
    of_types = {tag: [ids[tag]] for tag in TABLES}
    for name in ROOTS:
        if name != "users":
            await forget(member)
            await member.ask(root_document(name, Walk(), ids))
    for owner, name in RELATIONS:
        if owner != "User":
            document = (
                "query($n: Int) { "
                + PATHS[owner].format(Walk(size=3).selection_of_field(owner, name, depth=0))
                + " }"
            )
            await forget(member)
            await member.ask(document, n=3)
    for list_, order in ORDERS:
        if list_.owner == "Query" or list_.owner in ids:
            await pages(member, list_, order, [ids.get(list_.owner, "")])
    for list_ in LISTS:
        parents = [ids[list_.owner]] if list_.owner in ids else list(ids.values())[:1]
        for where, _ in filters(list_, of_types):
            if "not" in where:
                continue
            await member.ask(list_.document("nodes { id } totalCount"), ids=parents, filter=where, first=2)


async def pages(member: Member, list_: Any, order: str, ids: list[str]) -> None:
    fixed: Any = {"ids": [one for one in ids if one], "order": order, "filter": REQUIRED.get(order)}
    found = await member.ask(list_.document(PAGE), first=2, **fixed)
    page = found["list"] if list_.owner == "Query" else found["nodes"][0]["list"]
    for bounds in (
        {"first": 2, "after": page["pageInfo"]["endCursor"]},
        {"last": 2, "before": page["pageInfo"]["endCursor"]},
        {"last": 2},
    ):
        await member.ask(list_.document(PAGE), **bounds, **fixed)


async def forget(member: Member) -> None:
    """Expire the member's figures."""
    await member.pool.execute("UPDATE users SET data_version = data_version + 1")


def test_statements_of_members_visit_the_rows_of_one_user(sent: Traffic) -> None:
    assert sent.scoped == {}
    assert sent.texts > 1000
    assert len(sent.names) > 200


def test_each_other_statement_is_confined_or_declared(sent: Traffic) -> None:
    """A statement without a name is of the audit, which counts the rows of a range of users."""
    named = {name for name in sent.outside if not name.startswith(AUDITED)}
    assert named == set(UNCONFINED)


def test_each_statement_of_the_product_is_sent_or_declared(sent: Traffic) -> None:
    assert sent.unused == set(NOT_SENT)


def test_members_call_each_mutation(sent: Traffic) -> None:
    assert sent.called == set(OBJECTS["Mutation"].fields) - traffic.OF_OPERATORS


def test_copied_rows_have_the_user_of_the_member(sent: Traffic) -> None:
    assert sent.collector.copied
    for member, table, columns, rows in sent.collector.copied:
        assert table == "mentions"
        assert {row[columns.index("user_id")] for row in rows} == {member}


async def test_reads_of_a_member_use_the_server_of_the_member_alone(
    sent: Traffic, distributed_pool: Pool, postgres: EmbeddedPostgres, template: str, server_folder: Path
) -> None:
    """The member's partitions are on a second server. The rows are those of the whole database."""
    source = postgres.url(await distributed_pool.fetchval("SELECT current_database()"))
    reads = [
        one
        for one in sent.collector.sent.values()
        if one.sql in sent.collector.scoped
        and one.sql.startswith("SELECT")
        and not OF_ONE_SERVER.search(one.sql)
    ]
    assert len(reads) > 500
    with EmbeddedPostgres(server_folder / "second", settings=FAST).running() as second:
        async with spread_database(postgres, second, template, source, sent.number) as spread:
            used: Counter[frozenset[str]] = Counter()
            for one in reads:
                servers, rows = await read_on(spread, one)
                assert "first" not in servers, one.sql
                assert rows == (await read_on(distributed_pool, one))[1], one.sql
                used[servers] += 1
    # PostgreSQL reads no table for a condition that no row meets, such as null in a column without nulls.
    assert used[frozenset({"second"})] > 0.9 * len(reads)
