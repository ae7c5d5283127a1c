"""What PostgreSQL looks at for every page, figure and count of every list, by every order and every filter.

The statements are taken from the wire while documents are asked, and run again under EXPLAIN ANALYZE in a
database where nearly all rows are somebody else's.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, get_named_type

from db.engine.pool import Pool
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
DEPTH = 30  # how far from an end of its list the row of a cursor is
LARGE = 3  # keywords and integrations of ann's that have a thousand rows below them


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
        """Asks for a page of the list: of all, or of each of the parents with the ids."""
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
    """How a statement was run: how many rows of each table were looked at, for the answer or in vain; the tables
    that were read whole, row after row; the indexes.
    """

    sql: str
    looked_at: dict[str, int] = field(default_factory=dict)
    read_whole: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, sql: str, explained: str) -> "Plan":
        made = cls(sql)
        made._add(json.loads(explained)[0]["Plan"])
        return made

    def _add(self, node: Any) -> None:
        table = node.get("Relation Name")
        if table is not None:
            removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            rows = round((node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 0))
            self.looked_at[table] = self.looked_at.get(table, 0) + rows
        if node["Node Type"] == "Seq Scan":
            self.read_whole.add(table)
        for inner in node.get("Plans", ()):
            self._add(inner)


@dataclass
class Database:
    """The crowded database, and the statements that the last answer took."""

    asker: Asker
    taken: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    parents: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """The ids of a member's latest things, by member and type."""
    own: dict[str, dict[str, int]] = field(default_factory=dict)
    """How many rows of each table are a member's."""

    @property
    def pool(self) -> Any:
        return self.asker.world.pool

    async def listen(self) -> None:
        """Has all connections tell of the statements that they send."""
        connections = [await self.pool.acquire() for _ in range(self.pool.get_max_size())]
        for connection in connections:
            connection.add_query_logger(self._take)
            await self.pool.release(connection)

    def _take(self, record: Any) -> None:
        if record.query.startswith("SELECT") and "api_keys" not in record.query:
            self.taken[record.query] = record.args

    async def ask(self, list_: List, selected: str, *, below: str, **variables: Any) -> Any:
        """The list of all, or of the latest things of a member's, then the first of them; what it took stands in
        `taken`.
        """
        self.taken.clear()
        ids = self.parents.get((below, list_.owner), [])
        data = (await self.asker(list_.document(selected), ids=ids, **variables)).data
        await asyncio.sleep(0)  # the driver tells of a statement in the loop's next turn
        return (data if list_.owner == "Query" else data["nodes"][0])["list"]

    async def plans(self) -> list[Plan]:
        """How the statements that were taken ran, with the values that they had."""
        explained = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"
        return [
            Plan.of(sql, await self.pool.fetchval(f"{explained} {sql}", *values))
            for sql, values in self.taken.items()
        ]


@pytest.fixture(scope="module")
async def database(asker: Asker, crowding: type[Crowding]) -> Database:
    """ben has nearly everything, ann has a few large things, cy has little. olga is an operator."""
    world = asker.world
    for name, size in (("ben", 20_000), ("ann", 500), ("cy", 500)):
        await world.add_user(name)
        await crowding(world).everything(name, size)
    await world.add_user("olga", role="operator")
    await world.add_keywords("ann", keywords=LARGE, mentions=1000)
    await world.add_integrations("ann", integrations=LARGE, logs=1000)
    await make_busy(world.pool)
    made = Database(asker)
    for name in ("ann", "cy"):
        made.own[name] = {
            table: len(await world.rows(table, name)) for table in (*TABLES.values(), "analysis_results")
        }
        for tag, table in TABLES.items():
            latest = sorted((row["id"] for row in await world.rows(table, name)), reverse=True)[:LARGE]
            made.parents[name, tag] = [encode(tag, row_id) for row_id in latest]
    await made.listen()
    return made


async def make_busy(pool: Pool) -> None:
    """What a busy place has: many users, rows that came in batches of one moment each, as imports make them,
    mentions that large integrations brought in, and statistics.
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
        ("integration_logs", "created_at"),
        ("lead_events", "created_at"),
    ):
        await pool.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await pool.execute(
            f"UPDATE {table} SET {column} = timestamptz '2026-01-01' + id / 100 * interval '1 minute'"
        )
        await pool.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    await pool.execute("VACUUM ANALYZE")


ORDERS = [(list_, order) for list_ in LISTS for order in list_.argument("orderBy").values]
PAGE = "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
SORTED_FOR_OPERATORS = {"Query.keywords MOST_MENTIONS", "Query.keywords MOST_LEADS"}
"""Orders of everybody's rows without an index: counters change often, operators are few, keywords are thousands."""


def pages(start: str, end: str) -> Iterator[dict[str, Any]]:
    """All kinds of pages: at the ends of a list, and beside two rows that are thirty rows away from an end."""
    for size in ("first", "last"):
        yield {size: SIZE}
        for cursor in (start, end):
            yield {size: SIZE, "after": cursor}
            yield {size: SIZE, "before": cursor}


@pytest.mark.parametrize(("list_", "order"), ORDERS, ids=[f"{list_} {order}" for list_, order in ORDERS])
@pytest.mark.parametrize("viewer", ["ann", "olga"])
async def test_a_page_looks_at_its_rows_and_not_at_the_list(
    database: Database, list_: List, order: str, viewer: str
) -> None:
    """For each parent, at the rows that it shows and at one more that tells whether there is a further page, or, where
    they are too few to be worth a walk along the index, at those between the cursor and the end of the list.
    """
    if viewer == "olga" and f"{list_} {order}" in SORTED_FOR_OPERATORS:
        return
    most = (DEPTH + 1) * len(database.parents.get(("ann", list_.owner), [None]))
    where = None
    if order == "BEST_MATCH":  # what matches has to be ranked first
        where, most = {"search": "crm"}, sum(database.own["ann"].values()) if viewer == "ann" else 100_000
    fixed: dict[str, Any] = {"below": "ann", "viewer": viewer, "order": order, "filter": where}
    first = await database.ask(list_, PAGE, first=DEPTH, **fixed)
    last = await database.ask(list_, PAGE, last=DEPTH, **fixed)
    for page in pages(first["pageInfo"]["endCursor"], last["pageInfo"]["startCursor"]):
        await database.ask(list_, PAGE, **page, **fixed)
        for plan in await database.plans():
            assert not plan.read_whole, (page, plan)
            assert max(plan.looked_at.values()) <= most, (page, plan)


def sample(type_: Any) -> Any:
    """A value as clients write it, one that some rows have."""
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    return {
        "Int": 7, "Decimal": "10", "String": "crm", "Boolean": True, "DateTime": "2026-01-01T03:00:00Z",
    }[type_.name]  # fmt: skip


def filters(list_: List, ids: Mapping[str, list[str]]) -> Iterator[tuple[dict[str, Any], bool]]:
    """Each comparator of each field, and its negation; and whether it is the first one of its field."""
    for name, one in list_.argument("filter").fields.items():
        type_ = get_named_type(one.type)
        if name in {"and", "or", "not"}:
            continue
        given: list[Any] = []
        if isinstance(type_, GraphQLInputObjectType):
            for comparator, compared in type_.fields.items():
                tag = "User" if name == "assigneeId" else name[0].upper() + name[1:-2]
                value = ids[tag][0] if name.endswith("Id") else sample(get_named_type(compared.type))
                given.append({comparator: [value] if comparator in {"in", "notIn"} else value})
        else:
            given.append(sample(type_))
        for value in given:
            yield {name: value}, value is given[0]
            yield {"not": {name: value}}, False


FIGURES = {
    "Mention": "stats { likes byPlatform { count } bySentiment { count } byKeyword { count } overTime(by: DAY) { count } }",
    "Lead": "stats { value { total } byStatus { count } byPlatform { count } byKeyword { count } overTime(by: DAY) { count } }",
}


@pytest.mark.parametrize("list_", LISTS, ids=str)
async def test_filters_and_figures_look_at_nobody_elses_rows(database: Database, list_: List) -> None:
    """At most at each row of the list once, and once at what belongs to it."""
    own = database.own["cy"]
    ids = {tag: database.parents["cy", tag] for tag in TABLES}
    for where, first in filters(list_, ids):
        selected = "nodes { id } totalCount "
        if list_.has_figures and first:
            selected += FIGURES[list_.item]
        await database.ask(list_, selected, below="cy", viewer="cy", filter=where, first=SIZE)
        for plan in await database.plans():
            assert not plan.read_whole, (where, plan)
            for table, number in plan.looked_at.items():
                assert number <= 2 * max(own[table], own[TABLES[list_.item]]), (where, plan)
