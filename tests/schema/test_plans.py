"""Rows that PostgreSQL visits for the pages, filters, figures and counts of every list.

The tests capture the statements of requests and run them again under EXPLAIN ANALYZE. Nearly all rows of the
database belong to another user.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLObjectType, get_named_type

from db.engine.pool import Pool
from db.engine.row_security import entering
from db.language.scope import EVERYBODY, Scope
from db.statements.read_rows import TOTAL
from resolvers.framework.global_id import encode
from schema.graph import build
from tests.support.crowding import Crowding
from tests.support.world import Asker

TYPES = build().schema.type_map
TABLES = {
    "User": "users", "Keyword": "keywords", "Mention": "mentions", "Lead": "leads", "Integration": "integrations",
    "IntegrationLog": "integration_logs", "LeadEvent": "lead_events",
}  # fmt: skip
SIZE = 5
DEPTH = 30  # rows between a cursor and an end of its list
LARGE = 3  # number of ann's keywords, and of her integrations, that have a thousand rows each


@dataclass(frozen=True)
class List:
    """A field that returns a connection."""

    owner: str
    name: str
    item: str

    def argument(self, name: str) -> Any:
        return get_named_type(self._field.args[name].type)

    @property
    def _field(self) -> Any:
        type_ = TYPES[self.owner]
        assert isinstance(type_, GraphQLObjectType)
        return type_.fields[self.name]

    @property
    def has_figures(self) -> bool:
        return "stats" in get_named_type(self._field.type).fields

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}"

    def document(self, selected: str) -> str:
        """Return a document that requests a page of the list, at the root or of each parent in `$ids`."""
        arguments = (
            "first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $order"
        )
        head = (
            "query($ids: [ID!]!, $first: Int, $after: String, $last: Int, $before: String, "
            f"$filter: {self.argument('filter').name}, $order: {self.argument('orderBy').name})"
        )
        asked = f"list: {self.name}({arguments}) {{ {selected} }}"
        if self.owner == "Query":
            return f"{head} {{ {asked} nodes(ids: $ids) {{ id }} }}"
        return f"{head} {{ nodes(ids: $ids) {{ ... on {self.owner} {{ {asked} }} }} }}"


def lists() -> Iterator[List]:
    for owner, type_ in TYPES.items():
        if isinstance(type_, GraphQLObjectType):
            for name, one in type_.fields.items():
                item = get_named_type(one.type).name.removesuffix("Connection")
                if item in TABLES and "after" in one.args:
                    yield List(owner, name, item)


LISTS = list(lists())


@dataclass
class Plan:
    """The plan of an executed statement.

    `visited` counts rows by table, including those that a filter removed. `scanned` holds the tables that a
    sequential scan read.
    """

    sql: str
    visited: dict[str, int] = field(default_factory=dict)
    scanned: set[str] = field(default_factory=set)

    @property
    def statements(self) -> int:
        """The number of statements that the statement combines. A page may bring the count of its list along."""
        return max(1, self.sql.count(" AS position, row_of_one FROM ")) + self.sql.count(f' AS "{TOTAL}"')

    @classmethod
    def of(cls, sql: str, explained: str) -> "Plan":
        made = cls(sql)
        made._add(json.loads(explained)[0]["Plan"])
        return made

    def _add(self, node: Any) -> None:
        # The rest of a partitioned table has all its rows here.
        table = (node.get("Relation Name") or "").removesuffix("_rest") or None
        if table is not None:
            removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            rows = round((node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 0))
            self.visited[table] = self.visited.get(table, 0) + rows
        if node["Node Type"] == "Seq Scan" and table is not None:
            self.scanned.add(table)
        for inner in node.get("Plans", ()):
            self._add(inner)


@dataclass
class Database:
    """A database with many rows, and the statements of the last request with their arguments."""

    asker: Asker
    captured: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    parents: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Ids of each member's latest objects, by member and type."""
    fence: Scope = EVERYBODY
    row_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Number of each member's rows, by member and table."""

    @property
    def pool(self) -> Any:
        return self.asker.world.pool

    async def listen(self) -> None:
        """Record the statements that the pool's connections send from now on."""
        connections = [await self.pool.acquire() for _ in range(self.pool.get_max_size())]
        for connection in connections:
            connection.add_query_logger(self._capture)
            await self.pool.release(connection)

    def _capture(self, record: Any) -> None:
        if record.query.startswith("SELECT") and "api_keys" not in record.query:
            self.captured[record.query] = record.args

    async def ask(self, list_: List, selected: str, *, member: str, **variables: Any) -> Any:
        """Return the list at the root, or the list of the first of the member's latest objects.

        The sent statements are in `captured`.
        """
        self.captured.clear()
        viewer = str(variables.get("viewer", "ann"))
        self.fence = EVERYBODY if viewer == "olga" else Scope(self.asker.world.users[viewer])
        ids = self.parents.get((member, list_.owner), [])
        data = (await self.asker(list_.document(selected), ids=ids, **variables)).data
        await asyncio.sleep(0)  # the driver reports a statement in the next turn of the event loop
        return (data if list_.owner == "Query" else data["nodes"][0])["list"]

    async def plans(self) -> list[Plan]:
        """Run the captured statements again, with the same values, and return their plans."""
        return await self._plans(EVERYBODY)

    async def fenced_plans(self) -> list[Plan]:
        """Return the plans of the captured statements with row-level security."""
        return await self._plans(self.fence)

    async def _plans(self, fence: Scope) -> list[Plan]:
        explained = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"
        async with self.pool.acquire() as connection:
            await connection.execute(f"{'; '.join(('BEGIN', *entering(fence)))}")
            try:
                return [
                    Plan.of(sql, await connection.fetchval(f"{explained} {sql}", *values))
                    for sql, values in self.captured.items()
                ]
            finally:
                await connection.execute("ROLLBACK")


@pytest.fixture(scope="module")
async def database(asker: Asker, crowding: type[Crowding]) -> Database:
    """ben has nearly all rows, ann a few parents with many rows, cy few rows. olga is an operator."""
    world = asker.world
    for name, size in (("ben", 20_000), ("ann", 500), ("cy", 500)):
        await world.add_user(name)
        await crowding(world).everything(name, size)
    await world.add_user("olga", role="operator")
    await world.add_keywords("ann", keywords=LARGE, mentions=1000)
    await world.add_integrations("ann", integrations=LARGE, logs=1000)
    await add_realistic_rows(world.pool)
    made = Database(asker)
    for name in ("ann", "cy"):
        made.row_counts[name] = {
            table: len(await world.rows(table, name)) for table in (*TABLES.values(), "analysis_results")
        }
        for tag, table in TABLES.items():
            latest = sorted((row["id"] for row in await world.rows(table, name)), reverse=True)[:LARGE]
            made.parents[name, tag] = [encode(tag, row_id) for row_id in latest]
    await made.listen()
    return made


async def add_realistic_rows(pool: Pool) -> None:
    """Add many users and attach mentions to integrations. Make batches of rows share a timestamp, as imports do.

    Update the statistics of the planner in the end.
    """
    await pool.execute(
        "INSERT INTO users (email) SELECT format('u%s@example.com', n) FROM generate_series(1, 2000) AS n"
    )
    await pool.execute(
        "INSERT INTO keywords (user_id, keyword) SELECT id, 'crm' FROM users WHERE email LIKE 'u%'"
    )
    await pool.execute(
        "INSERT INTO integrations (user_id, provider, kind) "
        "SELECT id, 'rss', 'source' FROM users WHERE email LIKE 'u%'"
    )
    await pool.execute(
        """
        UPDATE mentions SET integration_id = large.ids[1 + mentions.id % 3]
        FROM (SELECT user_id, array_agg(id ORDER BY id DESC) AS ids FROM integrations GROUP BY user_id) AS large
        WHERE large.user_id = mentions.user_id AND mentions.keyword_id IN (
            SELECT keyword_id FROM mentions GROUP BY keyword_id HAVING count(*) >= 1000
        )
        """
    )
    for table, column in (
        ("mentions", "created_at"),
        ("leads", "created_at"),
        ("leads", "status_changed_at"),
        *((table, "updated_at") for table in ("keywords", "mentions", "leads", "integrations")),
        ("integration_logs", "created_at"),
        ("lead_events", "created_at"),
    ):
        await pool.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await pool.execute(
            f"UPDATE {table} SET {column} = timestamptz '2026-01-01' + id / 100 * interval '1 minute'"
        )
        await pool.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    await pool.execute(
        "UPDATE mentions SET published_at = CASE WHEN id % 5 > 0 THEN created_at - interval '1 day' END"
    )
    await pool.execute("UPDATE analysis_results SET relevance_score = mention_id % 101")
    await pool.execute("UPDATE leads SET score = id % 101, value = id % 97, currency = 'EUR'")
    await pool.execute("VACUUM ANALYZE")


ORDERS = [(list_, order) for list_ in LISTS for order in list_.argument("orderBy").values]
PAGE = "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
SORTED_FOR_OPERATORS = {
    "Query.keywords MOST_MENTIONS",
    "Query.keywords MOST_LEADS",
    "Keyword.mentions MOST_RELEVANT",
    "Integration.mentions MOST_RELEVANT",
    "User.mentions MOST_RELEVANT",
}
"""Orders without an index for operators: operators are few. Counters change often. Below a parent, the most relevant mentions are joined with the analyses of all users.
"""


SORTED_BELOW_PARENTS = {
    f"{list_} {order}"
    for list_, order in ORDERS
    if list_.owner in {"Keyword", "Integration"}
    and order
    in {
        *("LATEST_PUBLISHED", "MOST_RELEVANT", "LATEST_UPDATE", "EARLIEST_UPDATE", "HIGHEST_SCORE"),
        "HIGHEST_VALUE",
    }
} | {"User.mentions MOST_RELEVANT"}
"""Orders that sort the rows of a parent. A user's list and the list of all users have an index."""
WHOLE_LIST = {
    f"{list_} {order}"
    for list_, order in ORDERS
    if list_.owner in {"Query", "User"} and order in {"LATEST_PUBLISHED", "HIGHEST_SCORE", "HIGHEST_VALUE"}
} | {"Query.mentions MOST_RELEVANT"}
"""Orders by an expression. Under row-level security, PostgreSQL cannot begin at a cursor, since the expression is not
leakproof. It may visit all rows of the viewer."""
REQUIRED: dict[str, dict[str, Any]] = {
    "BEST_MATCH": {"search": "crm"},
    "MOST_RELEVANT": {"relevanceScore": {"gte": 0}},
}


def pages(start: str, end: str) -> Iterator[dict[str, Any]]:
    """Yield page arguments: at both ends of a list, and on both sides of two cursors."""
    for size in ("first", "last"):
        yield {size: SIZE}
        for cursor in (start, end):
            yield {size: SIZE, "after": cursor}
            yield {size: SIZE, "before": cursor}


@pytest.mark.parametrize(("list_", "order"), ORDERS, ids=[f"{list_} {order}" for list_, order in ORDERS])
@pytest.mark.parametrize("viewer", ["ann", "olga"])
async def test_a_page_visits_its_own_rows_and_not_the_whole_list(
    database: Database, list_: List, order: str, viewer: str
) -> None:
    """For each parent, PostgreSQL visits the rows of the page, and one more to detect a next page.

    It may instead visit the rows between the cursor and the end of the list, if these are few.
    """
    if viewer == "olga" and f"{list_} {order}" in SORTED_FOR_OPERATORS:
        return
    if viewer == "olga" and list_.owner == "Query" and order == "EARLIEST_UPDATE":
        return  # refused: tests/schema/test_orders.py
    most = (DEPTH + 1) * len(database.parents.get(("ann", list_.owner), [None]))
    where = REQUIRED.get(order)
    if order == "BEST_MATCH":  # all matches are ranked before the first page is known
        most = sum(database.row_counts["ann"].values()) if viewer == "ann" else 100_000
    if f"{list_} {order}" in SORTED_BELOW_PARENTS:
        most = 1001 * LARGE  # the rows of the parents; averages of loops are rounded up
    if (
        f"{list_} {order}" in SORTED_BELOW_PARENTS and order == "MOST_RELEVANT"
    ):  # or the user's analyses for each
        most = max(most, LARGE * database.row_counts["ann"]["analysis_results"])
    fixed: dict[str, Any] = {"member": "ann", "viewer": viewer, "order": order, "filter": where}
    first = await database.ask(list_, PAGE, first=DEPTH, **fixed)
    last = await database.ask(list_, PAGE, last=DEPTH, **fixed)
    for page in pages(first["pageInfo"]["endCursor"], last["pageInfo"]["startCursor"]):
        await database.ask(list_, PAGE, **page, **fixed)
        for plan in await database.plans():
            assert not plan.scanned, (page, plan)
            assert max(plan.visited.values()) <= most * reads_of(plan.sql), (page, plan)
        if viewer == "olga":
            continue
        fenced_most = max(database.row_counts["ann"].values()) if f"{list_} {order}" in WHOLE_LIST else most
        for plan in await database.fenced_plans():
            assert not plan.scanned, (page, plan)
            assert max(plan.visited.values()) <= fenced_most * reads_of(plan.sql), (page, plan)


def reads_of(sql: str) -> int:
    """Return the number of reads that one statement combines: a page, and the rows beyond its cursor."""
    return sql.rpartition("/* leadgraph: ")[2].count(" + ") + 1


def sample(type_: Any) -> Any:
    """Return a value of the type that some rows have, as clients write it."""
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return {
        "Int": 7, "Decimal": "10", "String": "crm", "Boolean": True, "DateTime": "2026-01-01T03:00:00Z",
    }[type_.name]  # fmt: skip


def filters(list_: List, ids: Mapping[str, list[str]]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield each comparison of each field and its negation, and whether it is the first of its field."""
    for name, one in list_.argument("filter").fields.items():
        type_ = get_named_type(one.type)
        if name in {"and", "or", "not"}:
            continue
        given: list[Any] = []
        if isinstance(type_, GraphQLInputObjectType):
            for comparator, compared in type_.fields.items():
                tag = "User" if name == "assigneeId" else name[0].upper() + name[1:-2]
                named = get_named_type(compared.type)
                value = ids[tag][0] if named.name == "ID" else sample(named)
                given.append({comparator: [value] if isinstance(compared.type, GraphQLList) else value})
        else:
            given.append(sample(type_))
        for value in given:
            yield {name: value}, value is given[0]
            yield {"not": {name: value}}, False


FIGURES = {
    "Mention": "stats { likes byPlatform { count } bySentiment { count } byKeyword { count } overTime(by: DAY) { count } }",
    "Lead": "stats { value { amount } byStatus { count } byPlatform { count } byKeyword { count } overTime(by: DAY) { count } }",
}


@pytest.mark.parametrize("list_", LISTS, ids=str)
async def test_filters_and_figures_visit_only_the_viewers_rows(database: Database, list_: List) -> None:
    """A statement visits each row of the list at most once, and each related row at most once."""
    row_counts = database.row_counts["cy"]
    ids = {tag: database.parents["cy", tag] for tag in TABLES}
    for where, first in filters(list_, ids):
        selected = "nodes { id } totalCount "
        if list_.has_figures and first:
            selected += FIGURES[list_.item]
        await database.ask(list_, selected, member="cy", viewer="cy", filter=where, first=SIZE)
        for plan in [*await database.plans(), *await database.fenced_plans()]:
            assert not plan.scanned, (where, plan)
            # A search of leads finds leads by their words and by their mentions, and then reads them.
            times = 3 if list_.item == "Lead" and "search" in str(where) else 2
            for table, number in plan.visited.items():
                assert number <= plan.statements * times * max(
                    row_counts[table], row_counts[TABLES[list_.item]]
                ), (where, plan)
