"""Pages of every list in every order, compared with rows that Python sorts.

Each row appears once in both directions, among ties and while other rows change. A cursor belongs to one list,
order and filter.
"""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from resolvers.framework.global_id import encode
from schema.graph import build
from tests.support.world import Asker, World

TYPES = build().schema.type_map
TABLES = {
    "UserConnection": "users",
    "KeywordConnection": "keywords",
    "MentionConnection": "mentions",
    "LeadConnection": "leads",
    "LeadEventConnection": "lead_events",
    "IntegrationConnection": "integrations",
    "IntegrationLogConnection": "integration_logs",
}
TYPENAMES = {
    "users": "User", "keywords": "Keyword", "mentions": "Mention", "leads": "Lead", "integrations": "Integration",
    "integration_logs": "IntegrationLog", "lead_events": "LeadEvent",
}  # fmt: skip
# The expected sort columns of each order, and whether the order is descending. No code under test is used.
BY_ID: dict[str, tuple[tuple[str, ...], bool]] = {"NEWEST": (("id",), True), "OLDEST": (("id",), False)}
BY_TIME: dict[str, tuple[tuple[str, ...], bool]] = {
    "NEWEST": (("created_at", "id"), True),
    "OLDEST": (("created_at", "id"), False),
}
BY_UPDATE: dict[str, tuple[tuple[str, ...], bool]] = {
    "LATEST_UPDATE": (("updated_at", "id"), True),
    "EARLIEST_UPDATE": (("updated_at", "id"), False),
}
ORDERS: dict[str, dict[str, tuple[tuple[str, ...], bool]]] = {
    "users": {**BY_ID, "LATEST_UPDATE": BY_UPDATE["LATEST_UPDATE"]},
    "keywords": {
        **BY_ID,
        **BY_UPDATE,
        "MOST_MENTIONS": (("mentions_count", "id"), True),
        "MOST_LEADS": (("leads_count", "id"), True),
    },
    "mentions": {
        **BY_TIME,
        **BY_UPDATE,
        "BEST_MATCH": (("rank", "id"), True),
        "LATEST_PUBLISHED": (("published_at", "id"), True),
        "MOST_RELEVANT": (("relevance_score", "id"), True),
    },
    "leads": {
        **BY_TIME,
        "LATEST_CHANGE": (("status_changed_at", "id"), True),
        **BY_UPDATE,
        "HIGHEST_SCORE": (("score", "id"), True),
        "HIGHEST_VALUE": (("value", "id"), True),
    },
    "integrations": {**BY_ID, **BY_UPDATE},
    "integration_logs": BY_TIME,
    "lead_events": BY_TIME,
}
SEARCH = "crm or sales"
RANKED = """
    SELECT mentions.*, ts_rank(words, sought) AS rank
    FROM mentions, websearch_to_tsquery('simple', $1) AS sought, LATERAL (SELECT
        setweight(to_tsvector('simple', coalesce(title, '')), 'A')
        || setweight(to_tsvector('simple', content), 'B') AS words
    ) AS own WHERE words @@ sought
"""

RELEVANT = """
    SELECT m.*, a.relevance_score FROM mentions AS m JOIN analysis_results AS a ON a.mention_id = m.id
    WHERE a.relevance_score IS NOT NULL
"""
REQUIRED: dict[str, dict[str, object]] = {
    "BEST_MATCH": {"search": SEARCH},
    "MOST_RELEVANT": {"relevanceScore": {"gte": 0}},
}
"""The filters that orders require."""


@dataclass(frozen=True)
class List:
    """A field of a type that returns a connection."""

    type_name: str
    name: str
    table: str

    @property
    def parent(self) -> str | None:
        """The column that refers to the parent, or None at the root."""
        return None if self.type_name == "Query" else f"{self.type_name.lower()}_id"

    def __str__(self) -> str:
        return f"{self.type_name}.{self.name}"

    def document(self, page: str) -> str:
        """Return a document that requests a page of the list, at the root or of one parent."""
        arguments = (
            "first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $order"
        )
        filter_ = get_named_type(self._field.args["filter"].type).name
        order = get_named_type(self._field.args["orderBy"].type).name
        head = f'query($id: ID = "", $first: Int, $after: String, $last: Int, $before: String, $filter: {filter_}, $order: {order})'
        list_ = f"list: {self.name}({arguments}) {{ {page} }}"
        if self.parent is None:
            return f"{head} {{ {list_} node(id: $id) @skip(if: true) {{ id }} }}"
        return f"{head} {{ parent: node(id: $id) {{ ... on {self.type_name} {{ {list_} }} }} }}"

    @property
    def _field(self) -> Any:
        type_ = TYPES[self.type_name]
        assert isinstance(type_, GraphQLObjectType)
        return type_.fields[self.name]

    @property
    def orders(self) -> list[str]:
        return list(get_named_type(self._field.args["orderBy"].type).values)


def lists() -> Iterator[List]:
    for type_name, type_ in TYPES.items():
        if isinstance(type_, GraphQLObjectType):
            for name, field in type_.fields.items():
                table = TABLES.get(get_named_type(field.type).name)
                if table:
                    yield List(type_name, name, table)


LISTS = list(lists())
CASES = [(list_, order) for list_ in LISTS for order in list_.orders]
PAGE = (
    "nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
)


def test_every_order_of_every_list_has_expected_sort_columns() -> None:
    assert len(LISTS) == 14
    for list_, order in CASES:
        assert order in ORDERS[list_.table]


class Pages:
    """A reader of pages of one list in one order. It checks that each page is consistent in itself."""

    def __init__(
        self, asker: Asker, list_: List, order: str, parent: str | None, viewer: str = "ann"
    ) -> None:
        self._asker, self._list, self._viewer = asker, list_, viewer
        self._fixed: dict[str, object] = {"order": order}
        if order in REQUIRED:
            self._fixed["filter"] = REQUIRED[order]
        if parent is not None:
            self._fixed["id"] = parent

    async def page(self, **arguments: object) -> dict[str, Any]:
        asked = await self._asker(self._list.document(PAGE), viewer=self._viewer, **self._fixed, **arguments)
        found: dict[str, Any] = (
            asked.data["list"] if self._list.parent is None else asked.data["parent"]["list"]
        )
        cursors = [edge["cursor"] for edge in found["edges"]]
        assert [edge["node"] for edge in found["edges"]] == found["nodes"]
        info = found["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (
            (cursors[0], cursors[-1]) if cursors else (None, None)
        )
        return found

    async def forwards(self, size: int) -> list[str]:
        """Return the ids of all pages, read from the start to the end."""
        seen: list[str] = []
        after = None
        while True:
            found = await self.page(first=size, after=after)
            assert found["pageInfo"]["hasPreviousPage"] is (len(seen) > 0)
            seen += [node["id"] for node in found["nodes"]]
            if not found["pageInfo"]["hasNextPage"]:
                return seen
            assert len(found["nodes"]) == size
            after = found["pageInfo"]["endCursor"]

    async def backwards(self, size: int) -> list[str]:
        """Return the ids of all pages, read from the end to the start, in the order of the list."""
        seen: list[str] = []
        before = None
        while True:
            found = await self.page(last=size, before=before)
            assert found["pageInfo"]["hasNextPage"] is (len(seen) > 0)
            seen = [node["id"] for node in found["nodes"]] + seen
            if not found["pageInfo"]["hasPreviousPage"]:
                return seen
            assert len(found["nodes"]) == size
            before = found["pageInfo"]["startCursor"]


async def stored_rows(crowd: World, table: str, order: str) -> list[Mapping[str, Any]]:
    """Return the rows of a table; for an order that requires a filter, the matching rows with their sort columns."""
    if order == "MOST_RELEVANT":
        return await crowd.fetch(RELEVANT)
    if order == "BEST_MATCH":
        return await crowd.fetch(RANKED, SEARCH)
    return await crowd.rows(table)


def expected_ids(rows: list[Mapping[str, Any]], table: str, order: str) -> list[str]:
    columns, descending = ORDERS[table][order]
    ordered = sorted(
        rows,
        key=lambda row: tuple((row[name] is not None, row[name] or 0) for name in columns),
        reverse=descending,
    )
    return [encode(TYPENAMES[table], row["id"]) for row in ordered]


def largest_parent(rows: list[Mapping[str, Any]], list_: List) -> int:
    """Return the id of the parent that has the most rows."""
    assert list_.parent is not None
    parents = [row[list_.parent] for row in rows if row[list_.parent] is not None]
    return int(max(set(parents), key=parents.count))


@pytest.mark.parametrize(("list_", "order"), CASES, ids=[f"{list_} {order}" for list_, order in CASES])
async def test_every_row_appears_once_in_both_directions(
    crowd: World, asker: Asker, list_: List, order: str
) -> None:
    rows = await stored_rows(crowd, list_.table, order)
    owner = "id" if list_.table == "users" else "user_id"
    rows = [row for row in rows if row[owner] == crowd.users["ann"] or list_.table == "users"]
    parent = None
    if list_.parent is not None:
        parent_id = largest_parent(rows, list_)
        rows = [row for row in rows if row[list_.parent] == parent_id]
        parent = encode(list_.type_name, parent_id)
    column = ORDERS[list_.table][order][0][0]
    if column != "id":
        assert len({row[column] for row in rows}) < len(rows)  # there are ties
    wanted = expected_ids(rows, list_.table, order)
    pages = Pages(asker, list_, order, parent, viewer="olga" if list_.table == "users" else "ann")
    assert len(wanted) > 2
    for size in (1, 7) if len(wanted) < 15 else (11, 100):
        assert await pages.forwards(size) == wanted
        assert await pages.backwards(size) == wanted
    whole = await pages.page(first=100)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert len(set(cursors)) == len(wanted)
    for n in range(0, len(wanted), max(1, len(wanted) // 4)):
        behind = await pages.page(first=100, after=cursors[n])
        in_front = await pages.page(last=100, before=cursors[n])
        assert [node["id"] for node in behind["nodes"]] == wanted[n + 1 :]
        assert [node["id"] for node in in_front["nodes"]] == wanted[:n]


@pytest.mark.parametrize(
    "text", ["crm", "crm sales", '"sales team" or budget', "crm -jobs", "-jobs", "größe or o'hara"]
)
async def test_best_match_orders_mentions_by_rank_and_ties_by_id(
    crowd: World, asker: Asker, text: str
) -> None:
    mine = [row for row in await crowd.fetch(RANKED, text) if row["user_id"] == crowd.users["ann"]]
    wanted = expected_ids(mine, "mentions", "BEST_MATCH")
    assert len({row["rank"] for row in mine}) < len(wanted)
    pages = Pages(asker, next(one for one in LISTS if str(one) == "Query.mentions"), "BEST_MATCH", None)
    pages._fixed["filter"] = {"search": text}
    assert await pages.forwards(9) == await pages.backwards(9) == wanted
    pages._fixed["order"] = "NEWEST"
    assert await pages.forwards(9) == expected_ids(mine, "mentions", "NEWEST")


async def test_best_match_requires_a_search_at_the_top_of_the_filter(crowd: World, asker: Asker) -> None:
    document = "query($f: MentionFilter) { mentions(filter: $f, orderBy: BEST_MATCH) { totalCount } }"
    for wanted in ({}, None, {"and": [{"search": "crm"}]}, {"search": None}):
        answer = await asker(document, f=wanted)
        assert (answer.code, answer.error["message"]) == (
            "BAD_USER_INPUT",
            "`orderBy: BEST_MATCH` requires `filter.search`.",
        )
    assert (await asker(document, f={"search": ""})).data == {"mentions": {"totalCount": 0}}


async def test_the_most_relevant_mentions_require_a_score_in_the_filter(crowd: World, asker: Asker) -> None:
    document = "query($f: MentionFilter) { mentions(filter: $f, orderBy: MOST_RELEVANT) { totalCount nodes { id } } }"
    refused: list[Any] = [
        None, {}, {"relevanceScore": {}}, {"relevanceScore": {"isNull": True}}, {"and": [{"relevanceScore": {"gte": 0}}]},
        {"relevance": {"eq": "HIGH"}}, {"relevanceScore": None},
    ]  # fmt: skip
    for wanted in refused:
        answer = await asker(document, f=wanted)
        assert (answer.code, answer.error["message"]) == (
            "BAD_USER_INPUT",
            "`orderBy: MOST_RELEVANT` requires a condition `filter.relevanceScore` that excludes null, such as `{gte: 0}`.",
        )
    scored = [row for row in await crowd.fetch(RELEVANT) if row["user_id"] == crowd.users["ann"]]
    for accepted in ({"gte": 0}, {"isNull": False}, {"lte": 100, "isNull": False}):
        found = (await asker(document, f={"relevanceScore": accepted})).data["mentions"]
        assert found["totalCount"] == len(scored)
        assert {node["id"] for node in found["nodes"]} <= {encode("Mention", row["id"]) for row in scored}


FILTERED: dict[str, dict[str, object]] = {
    "users": {"role": {"in": ["MEMBER", "OPERATOR"]}},
    "keywords": {"mentionsCount": {"gte": 0}},
    "mentions": {"search": SEARCH},
    "leads": {"not": {"score": {"lt": 0}}},
    "integrations": {"not": {"healthScore": {"lt": 0}}},
    "integration_logs": {"kind": {"notIn": []}},
    "lead_events": {"type": {"notIn": []}},
}


async def test_a_cursor_is_accepted_only_by_its_own_list_order_and_filter(crowd: World, asker: Asker) -> None:
    """Send each cursor to its own list, and to other combinations of list, order and filter."""
    sources: list[tuple[List, Pages, str]] = []
    for list_, order in CASES:
        rows = await stored_rows(crowd, list_.table, order)
        parent = None if list_.parent is None else encode(list_.type_name, largest_parent(rows, list_))
        for filtered in (False, True):
            # An operator's list of all users is refused in the order that a program follows.
            viewer = "ann" if parent is None and order == "EARLIEST_UPDATE" else "olga"
            pages = Pages(asker, list_, order, parent, viewer=viewer)
            if filtered:
                wanted = REQUIRED.get(order)
                pages._fixed["filter"] = (
                    {**wanted, "likes": {"isNull": True}} if wanted else FILTERED[list_.table]
                )
            sources.append((list_, pages, (await pages.page(first=1))["pageInfo"]["endCursor"]))
    assert len({cursor for _, _, cursor in sources}) == len(sources)
    refused = 0
    for here, there in itertools.product(range(len(sources)), repeat=2):
        list_, pages, own = sources[here]
        cursor = sources[there][2]
        if cursor == own:
            assert (await pages.page(first=1, after=cursor))["pageInfo"]["hasPreviousPage"] is True
        elif there % 5 == here % 5 or list_.table == sources[there][0].table:
            side = ("after", "before")[(here + there) % 2]
            answer = await asker(
                list_.document("nodes { id }"), viewer=pages._viewer, **pages._fixed, **{side: cursor}
            )
            assert answer.code == "BAD_CURSOR", (str(list_), str(sources[there][0]), pages._fixed)
            refused += 1
    assert refused > 500


# Sort columns whose values change while a client pages.
CHANGING_COLUMNS = {
    "MOST_MENTIONS": "mentions_count",
    "MOST_LEADS": "leads_count",
    "LATEST_CHANGE": "status_changed_at",
    "LATEST_UPDATE": "updated_at",
    "EARLIEST_UPDATE": "updated_at",
}


class RandomChanges:
    """Random inserts, deletes and updates of rows between two pages."""

    def __init__(self, crowd: World, table: str, seed: int) -> None:
        self._pool, self._owner, self._table = crowd.pool, crowd.users["cy"], table
        self._random = random.Random(seed)  # noqa: S311 - the same changes in every run

    async def rows_by_id(self) -> dict[int, Any]:
        """Return the stored rows by their ids."""
        rows = await self._pool.fetch(f"SELECT * FROM {self._table} WHERE user_id = $1", self._owner)
        return {row["id"]: row for row in rows}

    async def make_some(self) -> None:
        there = sorted(await self.rows_by_id())
        for _ in range(self._random.randint(0, 3)):
            if there and self._random.random() < 0.5:
                gone = there.pop(self._random.randrange(len(there)))
                await self._pool.execute(f"DELETE FROM {self._table} WHERE id = $1", gone)
            else:
                await self._insert(self._random.randint(0, 5))
        if self._table == "leads" and there:
            changed = self._random.choice(there)
            moment = f"timestamptz '2026-01-01' + {self._random.randint(0, 5)} * interval '1 hour'"
            await self._pool.execute(f"UPDATE leads SET status_changed_at = {moment} WHERE id = $1", changed)

    async def _insert(self, hours: int) -> None:
        """Insert a row with the timestamp of other rows: in the middle of the list, among ties."""
        moment = f"timestamptz '2026-01-01' + {hours} * interval '1 hour'"
        keyword = "(SELECT id FROM keywords WHERE user_id = $1 ORDER BY id LIMIT 1)"
        mention = f"""INSERT INTO mentions (user_id, keyword_id, platform, external_id, url, content, created_at)
            SELECT $1, {keyword}, 'web', gen_random_uuid(), 'https://example.com', 'crm sales', {moment} RETURNING id"""
        match self._table:
            case "keywords":
                sql = "INSERT INTO keywords (user_id, keyword) VALUES ($1, gen_random_uuid())"
            case "integrations":
                sql = "INSERT INTO integrations (user_id, provider, kind, external_account_id) VALUES ($1, 'rss', 'source', gen_random_uuid())"
            case "integration_logs":
                sql = f"""INSERT INTO integration_logs (user_id, integration_id, kind, status, created_at)
                    SELECT user_id, id, 'sync', 'failed', {moment} FROM integrations WHERE user_id = $1 ORDER BY id LIMIT 1"""
            case "leads":
                sql = f"WITH made AS ({mention}) INSERT INTO leads (mention_id, user_id, keyword_id, created_at, status_changed_at) SELECT id, 0, 0, {moment}, {moment} FROM made"
            case _:
                sql = mention
        await self._pool.execute(sql, self._owner)


@pytest.fixture(scope="module")
async def cy(crowd: World) -> Any:
    """The crowd with one more member, whose rows change during the tests."""
    await crowd.add_user("cy")
    return crowd


CASES_WITH_CHANGES = [
    (list_, order)
    for list_, order in CASES
    if list_.type_name == "Query" and list_.table != "users" or list_.name == "logs" or str(list_) == "User.mentions"
]  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize(
    ("list_", "order"), CASES_WITH_CHANGES, ids=[f"{list_} {order}" for list_, order in CASES_WITH_CHANGES]
)
async def test_unchanged_rows_appear_once_while_other_rows_change(
    cy: Any, asker: Asker, list_: List, order: str, backwards: bool
) -> None:
    await cy.pool.execute("DELETE FROM keywords WHERE user_id = $1", cy.users["cy"])
    await cy.pool.execute("DELETE FROM integrations WHERE user_id = $1", cy.users["cy"])
    # A changed row moves to the end of the order of updates, and the reader changes rows until it reaches the end.
    await cy.add_keywords("cy", keywords=5, mentions=18 if order == "EARLIEST_UPDATE" else 6)
    await cy.add_integrations("cy", integrations=1 if list_.name == "logs" else 15, logs=15)
    await cy.pool.execute(
        "UPDATE mentions SET created_at = date_trunc('hour', created_at), content = content || ' crm' WHERE user_id = $1",
        cy.users["cy"],
    )
    await cy.pool.execute(
        "UPDATE analysis_results SET relevance_score = mention_id % 3 WHERE user_id = $1", cy.users["cy"]
    )
    changes = RandomChanges(cy, list_.table, seed=len(order) + backwards)
    before = await changes.rows_by_id()
    parent = None
    if list_.parent is not None:
        parent = encode(list_.type_name, largest_parent(list(before.values()), list_))
    pages = Pages(asker, list_, order, parent, viewer="cy")
    seen: list[str] = []
    edge: str | None = None
    while True:
        side = {"last": 2, "before": edge} if backwards else {"first": 2, "after": edge}
        found = await pages.page(**side)
        ids = [node["id"] for node in found["nodes"]]
        seen = ids + seen if backwards else seen + ids
        if not found["pageInfo"]["hasPreviousPage" if backwards else "hasNextPage"]:
            break
        edge = found["pageInfo"]["startCursor" if backwards else "endCursor"]
        await changes.make_some()
    after = await changes.rows_by_id()
    column = CHANGING_COLUMNS.get(order, "id")
    stayed = [row for id_, row in before.items() if id_ in after and after[id_][column] == row[column]]
    if order in REQUIRED:
        stayed = [row for row in await stored_rows(cy, "mentions", order) if row["id"] in before]
    wanted = expected_ids(stayed, list_.table, order)
    assert len(wanted) > 2
    assert [id_ for id_ in seen if id_ in wanted] == wanted
    if order not in CHANGING_COLUMNS:
        assert len(set(seen)) == len(seen)


FOLLOWED = ("keywords", "mentions", "leads", "integrations")


@pytest.mark.parametrize("name", FOLLOWED)
async def test_an_operator_follows_updates_of_one_user_at_a_time(
    crowd: World, asker: Asker, name: str
) -> None:
    """A list of all users is refused: its rows come from writers whose transactions end in any order."""
    root = f"{{ {name}(orderBy: EARLIEST_UPDATE) {{ nodes {{ id }} }} }}"
    refused = await asker(root, viewer="olga")
    message = (
        "`orderBy: EARLIEST_UPDATE` requires a list with the rows of one user. Use such a list below `user(id:)`, or "
        "`orderBy: LATEST_UPDATE`."
    )
    assert (refused.code, refused.error["message"]) == ("BAD_USER_INPUT", message)
    below = f"query($id: ID!) {{ user(id: $id) {{ {name}(orderBy: EARLIEST_UPDATE, first: 100) {{ nodes {{ id }} }} }} }}"
    found = await asker(below, viewer="olga", id=encode("User", crowd.users["ben"]))
    wanted = expected_ids(await crowd.rows(name, "ben"), name, "EARLIEST_UPDATE")
    assert [node["id"] for node in found.data["user"][name]["nodes"]] == wanted
    assert (await asker(below, viewer="ann", id=encode("User", crowd.users["ben"]))).data == {"user": None}


async def test_an_operator_cannot_export_all_users_in_the_order_of_updates(
    crowd: World, asker: Asker
) -> None:
    document = "mutation { createExport(input: { list: { leads: { orderBy: EARLIEST_UPDATE } } }) { export { id } } }"
    assert (await asker(document, viewer="olga")).code == "BAD_USER_INPUT"
    assert (await asker(document, viewer="ann")).data["createExport"]["export"]["id"]
