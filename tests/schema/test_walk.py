"""A walk over the whole schema: generated documents request every field from every root.

The number of statements does not grow with the number of rows.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from db.integrity import audit
from resolvers import entities
from resolvers.framework.global_id import decode, encode
from schema.graph import Graph, build
from schema.list_size import SIZE
from schema.prepared.limits import Limits
from server.runtime.settings import load_settings
from tests.support.rows import fill_if_empty
from tests.support.world import Asker, World

TYPES = build().schema.type_map
OBJECTS: dict[str, GraphQLObjectType] = {
    name: type_
    for name, type_ in TYPES.items()
    if isinstance(type_, GraphQLObjectType) and not name.startswith("__")
}
# Exports, API keys, sessions and webhooks are personal, and not related to other types; the doctor reads PostgreSQL's own views, and
# the rate limit no rows. All have own tests.
WALKED = [entity for entity in entities.ENTITIES if entity.has_id and not entity.personal]
ENTITIES = {entity.typename for entity in WALKED}
TABLES = {entity.typename: entity.model.__tablename__ for entity in WALKED}
NOT_WALKED = {
    "doctor",
    "export",
    "exports",
    "apiKey",
    "apiKeys",
    "rateLimit",
    "sessions",
    "webhook",
    "webhooks",
}
ROOTS = sorted(set(OBJECTS["Query"].fields) - NOT_WALKED)
# All fields that queries can reach. Payloads of mutations have tests of their own.
OF_EVENTS = {
    "Subscription",
    *(get_named_type(field.type).name for field in OBJECTS["Subscription"].fields.values()),
    *("ChangedLead", "ChangedIntegration", "ChangedExport"),
}
"""The types of events. tests/server/live walks them."""
EVERY_FIELD = {
    (name, one)
    for name, type_ in OBJECTS.items()
    for one in type_.fields
    if not name.startswith(("Doctor", "Export", "ApiKey", "RateLimit", "Session", "Webhook"))
    and not (name == "Query" and one in NOT_WALKED)
    and name not in {"Mutation", "UserError", "IngestResult", "IngestError", "IngestedMention", "LeadResult"}
    and not name.endswith("Payload")
    and name not in OF_EVENTS
}

STATEMENTS_OF_A_WINDOW = ["users by id"]  # reads the viewer's time zone, and the counters of users
FIGURES: dict[tuple[str, str], list[str]] = {
    ("Query", "dashboard"): STATEMENTS_OF_A_WINDOW,
    ("Query", "analytics"): STATEMENTS_OF_A_WINDOW,
    ("User", "dashboard"): STATEMENTS_OF_A_WINDOW,
    ("User", "analytics"): STATEMENTS_OF_A_WINDOW,
    ("Keyword", "performance"): [*STATEMENTS_OF_A_WINDOW, "keyword_id slots"],
    ("Keyword", "efficiencyScore"): ["users by id", "keywords_efficiency"],
    ("Integration", "health"): ["users by id", "id integrations_health"],
    ("Dashboard", "recentLeads"): ["leads_recent"],
    ("Dashboard", "asOf"): ["leads_recent"],
    ("Dashboard", "keywordPerformance"): ["keywords_ranking"],
    ("Dashboard", "integrationStatus"): ["user_id integrations_health"],
    ("Dashboard", "conversionMetrics"): ["users by id", "user_id slots"],
    ("ConversionMetrics", "topPerformingKeyword"): ["keywords_ranking"],
    ("Analytics", "leads"): ["users by id", "user_id slots"],
    ("Analytics", "conversions"): ["users by id", "user_id slots"],
    ("Analytics", "keywords"): ["keywords_ranking"],
    ("Analytics", "integrations"): ["user_id integrations_health"],
    ("Analytics", "overTime"): ["user_id slots"],
    ("KeywordPerformance", "overTime"): ["keyword_id slots"],
}
"""Statements of each figure, once for each place in the document: the same for one user and for many."""
FIGURES_WITH_TWO_READS = {
    ("User", "dashboard"): ["users by id"],
    ("User", "analytics"): ["users by id"],
    ("Keyword", "performance"): ["keyword_id slots", "keywords_efficiency"],
}
"""Statements that two places of a figure send with other keys: viewer and users, or window and days."""
STATS_ROOTS = {"leadStats": "leads", "mentionStats": "mentions"}
"""The roots with figures over all rows of a table."""
FIGURE_ROOTS = {name for owner, name in FIGURES if owner == "Query"} | set(STATS_ROOTS)
FIGURES_OF_ENTITIES = {
    *(f"{owner}.{name}" for owner, name in FIGURES if owner in ENTITIES),
    *(f"{owner}.changes" for owner in ENTITIES),
    "PageInfo.changesAfter",
}
"""A document requests each of these once, at the first place of the entity."""


@pytest.fixture(scope="module")
def graph() -> Graph:
    """The graph with room for the documents of the walk, which request every field under an alias."""
    return build(load_settings().executor, Limits(aliases=5_000))


def named(type_: GraphQLOutputType) -> Any:
    return get_named_type(type_)


def type_of_root(name: str) -> str:
    return str(named(OBJECTS["Query"].fields[name].type).name)


def next_types(type_: Any) -> set[str]:
    """Return the types that a walk selects below a type. References of figures are not followed."""
    if isinstance(type_, GraphQLInterfaceType):
        return ENTITIES
    if type_.name == "Change":  # refers to the object that has it
        return set()
    found = {named(one.type).name for one in type_.fields.values() if not is_leaf_type(named(one.type))}
    follows = type_.name in ENTITIES or type_.name.endswith(("Connection", "Edge"))
    return found if follows else found - ENTITIES


def distances(start: str) -> dict[str, int]:
    """Return the types that a type reaches, each with the number of entities on the way to it."""
    found: dict[str, int] = {}
    reached = {start: 0}
    while reached:
        name = min(reached, key=lambda one: reached[one])
        found[name] = reached.pop(name)
        for other in next_types(TYPES[name]) - set(found):
            distance = found[name] + (other in ENTITIES)
            reached[other] = min(distance, reached.get(other, distance))
    return found


COUNTERS = {
    *((counter.rows, "") for counter in audit.COUNTERS["users"]),
    *((counter.rows, counter.parent) for counters in audit.COUNTERS.values() for counter in counters),
}
"""Lists whose total is a counter of the parent, or a sum of the counters of users."""


@dataclass(frozen=True)
class List:
    """The list of a connection: its table, and the column of its parent, which is empty at the root.

    The statement of a page counts the list, too. Figures of a list without a page count it by a statement.
    """

    table: str
    parent: str
    has_page: bool = True

    def statements_of(self, name: str) -> list[str]:
        """Return the statements that a field of the connection or its figures may send at each place."""
        figures = {
            "likes": [self._figure("sum", "likes")],
            "comments": [self._figure("sum", "comments")],
            "value": [self._figure("sum", "value currency")],
            "byKeyword": [self._figure("group", "keyword_id"), "keywords by id"],
            "byPlatform": [self._figure("group", "platform")],
            "bySentiment": [self._figure("group", "sentiment")],
            "byIntent": [self._figure("group", "intent")],
            "byStatus": [self._figure("group", "status")],
            "conversionRate": [self._figure("group", "status")],
            "convertedPerLead": [self._figure("group", "status")],
            "overTime": [self._figure("per_window", ""), "users by id"],
        }
        if name not in {"totalCount", "count"}:
            return figures.get(name, [])
        if self.has_page:
            return []
        if (self.table, self.parent) not in COUNTERS:
            return [self._figure("count", "")]
        return [] if self.parent else [f"{self.table}_count sum_of_counter"]

    def _figure(self, kind: str, of: str) -> str:
        return " ".join(filter(None, (self.table, kind, self.parent, of)))


@dataclass
class Walk:
    """A generator of selections of all fields, with entities nested `depth` deep.

    `walked` collects the selected fields. `allowed` collects the statements that the places in the document may
    send, for any number of rows. With `acyclic`, a type is not nested in itself, which allows a greater depth.
    """

    size: int = 2
    acyclic: bool = False
    ancestors: list[str] = field(default_factory=list)
    walked: set[tuple[str, str]] = field(default_factory=set)
    places: int = 0
    allowed: Counter[str] = field(default_factory=Counter)

    def selection_of_type(self, type_: Any, depth: int, of: List | None = None) -> str:
        if isinstance(type_, GraphQLInterfaceType):
            return " ".join(
                f"... on {name} {{ {self.selection_of_type(OBJECTS[name], depth)} }}"
                for name in sorted(ENTITIES)
            )
        names = [
            name
            for name in type_.fields
            if f"{type_.name}.{name}" not in FIGURES_OF_ENTITIES or (type_.name, name) not in self.walked
        ]
        return " ".join(self.selection_of_field(type_.name, name, depth, of) for name in names)

    def selection_of_field(self, owner: str, name: str, depth: int, of: List | None = None) -> str:
        one = OBJECTS[owner].fields[name]
        inner = named(one.type)
        self.walked.add((owner, name))
        self.places += 1
        # Aliases avoid conflicts between entities: `keyword` is a string on one and an object on another.
        asked = f"{owner}_{name}: {name}{self.arguments(one)}"
        if owner.endswith(("Connection", "Stats")) and of is not None:
            self.allowed.update(of.statements_of(name))
        self.allowed.update(FIGURES.get((owner, name), []))
        self.allowed.update(self.statements_of_changes(owner, name, inner.name))
        if (owner, name) == ("Change", "node"):
            return f"{name} {{ Node_id: id }}"
        if is_leaf_type(inner):
            return asked if owner in ENTITIES else asked.partition(": ")[2]
        if owner not in ENTITIES and inner.name in ENTITIES and not owner.endswith(("Connection", "Edge")):
            return f"{asked} {{ {inner.name}_id: id }}"
        if inner.name.endswith("Connection") and inner.name != "ChangeConnection":
            of = List(TABLES[inner.name.removesuffix("Connection")], f"{owner.lower()}_id")
            self.allowed[f"{of.table} page_of_each {of.parent}"] += 1
        elif owner in ENTITIES and inner.name in {*ENTITIES, "Analysis"}:
            self.allowed[self.statement_of_reference(owner, inner.name)] += 1
        if inner.name not in ENTITIES:
            return f"{asked} {{ {self.selection_of_type(inner, depth, of)} }}"
        is_repeated = owner == inner.name or (self.acyclic and inner.name in self.ancestors)
        if depth == 0 or owner.endswith(("Edge", "Count")) or is_repeated:
            return f"{asked} {{ {inner.name}_id: id }}"
        self.ancestors.append(inner.name)
        selected = self.selection_of_type(inner, depth - 1)
        self.ancestors.pop()
        return f"{asked} {{ {selected} }}"

    @staticmethod
    def statements_of_changes(owner: str, name: str, inner: str) -> list[str]:
        if name == "changesAfter":
            return ["state_of_feed"]
        if inner == "Change" and owner in ENTITIES:
            return ["newest_changes_of_each"]
        if owner == "Change" and name == "node":
            return [f"{table} by id" for table in TABLES.values()]
        return ["users by id"] if owner == "Change" and name == "actor" else []

    @staticmethod
    def statement_of_reference(owner: str, inner: str) -> str:
        if owner == inner == "Lead":
            return "leads_same_contact"
        if owner == "Mention" and inner in {"Lead", "Analysis"}:
            return "leads by mention_id" if inner == "Lead" else "analysis_results by mention_id"
        return f"{TABLES[inner]} by id"

    def arguments(self, one: GraphQLField) -> str:
        given = {"first": str(self.size), "by": "MONTH"}
        if one.args.get("basis") and is_required_argument(one.args["basis"]):
            given["basis"] = "CONVERTED_PER_LEAD"
        written = [f"{name}: {given[name]}" for name in one.args if name in given]
        return f"({', '.join(written)})" if written else ""


def root_document(name: str, walk: Walk, ids: dict[str, str]) -> str:
    """Return a document that requests all fields below a root field, deep enough to reach every type."""
    one = OBJECTS["Query"].fields[name]
    inner = named(one.type)
    walk.walked.add(("Query", name))
    if name in {"node", "nodes"}:
        walk.allowed.update(f"{table} by id" for table in TABLES.values())
        if name == "node":
            lookups = (
                f'{tag}: node(id: "{ids[tag]}") {{ ... on {tag} {{ {walk.selection_of_type(OBJECTS[tag], 1)} }} }}'
                for tag in sorted(ids)
            )
            return f"{{ {' '.join(lookups)} }}"
        written = ", ".join(f'"{id_}"' for id_ in ids.values())
        return f"{{ nodes(ids: [{written}]) {{ {walk.selection_of_type(inner, 1)} }} }}"
    if name in STATS_ROOTS:
        return f"{{ {name} {{ {walk.selection_of_type(inner, 0, List(STATS_ROOTS[name], '', has_page=False))} }} }}"
    if name in FIGURE_ROOTS or name == "changes":
        walk.allowed.update(FIGURES.get(("Query", name), ["state_of_feed", "changes_after"]))
        size = walk.arguments(one) if name == "changes" else ""
        return f"{{ {name}{size} {{ {walk.selection_of_type(inner, 0)} }} }}"
    tag = inner.name.removesuffix("Connection")
    depth = max(distances(tag).values())
    walk.acyclic = depth > 2
    if inner.name in ENTITIES:
        walk.ancestors = [tag]
        walk.allowed[f"{TABLES[inner.name]} by id"] += 1
        id_ = f'(id: "{ids[inner.name]}")' if "id" in one.args else ""
        return f"{{ {name}{id_} {{ {walk.selection_of_type(inner, depth)} }} }}"
    walk.allowed[f"{TABLES[tag]} page"] += 1
    selection = walk.selection_of_type(inner, depth + 1, List(TABLES[tag], ""))
    return f"{{ {name}{walk.arguments(one)} {{ {selection} }} }}"


SIZES = {"uno": (1, 1), "few": (5, 4), "many": (50, 40)}
"""Number of keywords of each member, and number of mentions per keyword."""


SQL_TO_FILL_GAPS = [
    """INSERT INTO analysis_results (mention_id, user_id, status)
    SELECT id, user_id, 'pending' FROM mentions WHERE user_id = $1 ON CONFLICT DO NOTHING""",
    """INSERT INTO leads (mention_id, user_id, keyword_id)
    SELECT id, user_id, keyword_id FROM mentions WHERE user_id = $1 ON CONFLICT DO NOTHING""",
    """UPDATE leads SET assignee_user_id = user_id, value = 9.5, currency = 'EUR', score = 9,
    contact_email = 'a@example.com', score_breakdown =
    '{"relevance": 1, "intent": 2, "sentiment": 3, "recency": 1, "reach": 2, "scored_at": "2026-01-01T00:00:00+00:00"}'
    WHERE user_id = $1""",
    """INSERT INTO lead_events (lead_id, actor_user_id, type, data)
    SELECT id, user_id, 'updated', '{"changes": {"company": [null, "Acme"]}, "rule": {"auto_lead_score": 1, "score": 9}}'
    FROM leads WHERE user_id = $1""",
]


@pytest.fixture(scope="module")
async def people(asker: Asker) -> Any:
    """Three members whose rows have all relations.

    Each mention has a lead, an analysis and an integration, and each lead has an assignee.
    """
    world = asker.world
    await world.add_user("olga", role="operator")
    for name, (keywords, mentions) in SIZES.items():
        user_id = await world.add_user(name)
        await world.add_keywords(name, keywords=keywords, mentions=mentions)
        await world.add_integrations(name, integrations=keywords, logs=mentions)
        await world.pool.execute(
            """
            WITH mine AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM integrations WHERE user_id = $1)
            UPDATE mentions SET integration_id = mine.id FROM mine WHERE user_id = $1
            AND mine.n = mentions.id % (SELECT count(*) FROM mine) + 1
            """,
            user_id,
        )
        for sql in SQL_TO_FILL_GAPS:
            await world.pool.execute(sql, user_id)
    await fill_if_empty(world.pool, [entity.model for entity in WALKED], each=1)
    return world


async def some_ids(world: World, name: str) -> dict[str, str]:
    """Return the id of one object of each type."""
    found = {}
    for tag in sorted(ENTITIES):
        table = TABLES[tag]
        column = "id" if tag == "User" else "user_id"
        id_ = await world.pool.fetchval(f"SELECT max(id) FROM {table} WHERE {column} = $1", world.users[name])
        found[tag] = encode(tag, id_)
    return found


def named_values(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield every field name in a response with its value, at any depth."""
    if isinstance(data, list):
        for one in data:
            yield from named_values(one)
    elif isinstance(data, dict):
        for name, value in data.items():
            yield name, value
            yield from named_values(value)


def is_relation(name: str) -> bool:
    owner, _, own = name.partition("_")
    one = OBJECTS[owner].fields.get(own) if owner in OBJECTS else None
    return one is not None and not is_leaf_type(named(one.type))


BY_REFERENCE = re.compile(r" by (id|mention_id)$")
"""Statements that read the rows to which other rows refer. These rows may be joined to the other rows instead."""


def without_joins(statement: str) -> str:
    return statement.partition(" with ")[0]


@pytest.mark.parametrize("name", ROOTS)
async def test_every_field_is_answered_from_every_root_with_bounded_statements(
    people: Any, asker: Asker, name: str
) -> None:
    """The document bounds the statements: each place sends at most its own, for any number of rows.

    A place sends fewer statements if its rows were read before or are joined.
    """
    reached = distances(type_of_root(name))
    for viewer in SIZES if name in {"viewer", *FIGURE_ROOTS} else (*SIZES, "olga"):
        walk = Walk()
        document = root_document(name, walk, await some_ids(people, "many" if viewer == "olga" else viewer))
        await asker.forget()
        answer = await asker(document, viewer=viewer)
        assert answer.data
        sent = Counter(map(without_joins, parts_of(answer.statements)))
        assert sent <= walk.allowed, sent - walk.allowed
        assert all(BY_REFERENCE.search(one) for one in set(walk.allowed) - set(sent))
        for key, value in named_values(answer.data):
            by_sql = key == "Change_actor"  # the rows of the tests have no author
            assert value is not None or not is_relation(key) or by_sql, key
            assert value or not key.endswith("_nodes"), key
        if name in FIGURE_ROOTS:
            continue
        expected = {(owner, one) for owner, one in EVERY_FIELD if owner in reached}
        assert walk.walked - {("Query", name)} == expected


RELATED = {"User", "Keyword", "Mention", "Lead", "LeadEvent", "Integration", "IntegrationLog"}


@pytest.mark.parametrize("name", sorted(set(ROOTS) - FIGURE_ROOTS - {"changes"}))
def test_every_root_reaches_all_related_entities(name: str) -> None:
    """Only lists of users are apart, and an entity to which the others do not lead."""
    others = {f"{tag}{kind}" for tag in ENTITIES - RELATED for kind in ("", "Connection", "Edge")}
    missing = {owner for owner, _ in EVERY_FIELD} - set(distances(type_of_root(name)))
    assert missing <= {"Query", "UserConnection", "UserEdge", "ChangeConnection", "ChangeEdge", *others}


async def test_walks_from_all_roots_reach_every_field_of_the_schema(people: Any) -> None:
    walk = Walk()
    ids = await some_ids(people, "few")
    for name in ROOTS:
        root_document(name, walk, ids)
    assert walk.walked == EVERY_FIELD
    assert len(EVERY_FIELD) >= 180
    assert walk.places > 10_000


def relations() -> Iterator[tuple[str, str]]:
    for owner in sorted({*ENTITIES, "KeywordCount"}):
        for name, one in OBJECTS[owner].fields.items():
            if not is_leaf_type(named(one.type)) and name != "changes":  # see tests/schema/test_changes.py
                yield owner, name


RELATIONS = list(relations())
PATHS = {
    **{
        type_of_root(name).removesuffix("Connection"): name + "(first: $n) {{ nodes {{ {} }} }}"
        for name in ROOTS
        if type_of_root(name).endswith("Connection")
    },
    "LeadEvent": "leads(first: $n) {{ nodes {{ events(first: $n) {{ nodes {{ {} }} }} }} }}",
    "IntegrationLog": "integrations(first: $n) {{ nodes {{ logs(first: $n) {{ nodes {{ {} }} }} }} }}",
    "KeywordCount": "keywords(first: $n) {{ nodes {{ mentions {{ stats {{ byKeyword {{ {} }} }} }} }} }}",
}


STATEMENTS_OF_PATHS = {
    **{tag: [f"{TABLES[tag]} page"] for tag in ENTITIES},
    "IntegrationLog": ["integrations page", "integration_logs page_of_each integration_id"],
    "LeadEvent": ["leads page", "lead_events page_of_each lead_id"],
    "KeywordCount": ["keywords page", "mentions group keyword_id keyword_id", "keywords by id"],
}  # fmt: skip


NAMES_OF_JOINS = {"lead": "leads", "analysis": "analysis_results", "assignee": "assignee_user"}


def parts_of(statements: list[str]) -> list[str]:
    """Return the names of the statements that were sent, also of those that were sent as one."""
    return [part for name in statements for part in name.split(" + ")]


def statements_with(owner: str, name: str, walk: Walk) -> list[str]:
    """Return the statements of a path and a relation. A page at the root joins the row of a reference."""
    (last, *before) = reversed(STATEMENTS_OF_PATHS[owner])
    if last.endswith(" page") and walk.allowed and all(map(BY_REFERENCE.search, walk.allowed)):
        return [*before, f"{last} with {NAMES_OF_JOINS.get(name, name)}"]
    return sorted(
        [*{*STATEMENTS_OF_PATHS[owner], *walk.allowed}, *FIGURES_WITH_TWO_READS.get((owner, name), [])]
    )


@pytest.mark.parametrize(("owner", "name"), RELATIONS, ids=[f"{owner}.{name}" for owner, name in RELATIONS])
async def test_a_relation_takes_the_same_statements_for_any_number_of_parents_and_rows(
    people: Any, asker: Asker, owner: str, name: str
) -> None:
    """The document selects the pages, figures and counts of the relation.

    The statement of a page brings the number that `totalCount` and `stats { count }` request.
    """
    walk = Walk(size=3)
    asked = walk.selection_of_field(owner, name, depth=0)
    document = "query($n: Int) { " + PATHS[owner].format(asked) + " }"
    wanted = statements_with(owner, name, walk)
    for viewer, n in (("uno", 1), ("few", 5), ("many", 5), ("many", 50)):
        await asker.forget()
        answer = await asker(document, viewer="olga" if owner == "User" else viewer, n=n)
        assert sorted(parts_of(answer.statements)) == wanted, (viewer, n)
        assert sum(key == f"{owner}_{name}" for key, _ in named_values(answer.data)) >= min(n, 4)


FIVE_DEEP = """query($n: Int) {
    keywords(first: $n) { totalCount nodes {
        mentions(first: $n, filter: {likes: {isNull: true}}) { totalCount pageInfo { hasNextPage } nodes { integration {
            mentions(first: $n, orderBy: OLDEST) { totalCount nodes { keyword {
                leads(first: $n, orderBy: LATEST_CHANGE) { totalCount stats { count } nodes { user {
                    integrations(last: $n) { totalCount nodes { logs(first: 1) { nodes { integration { id } } } } }
                } } }
            } } }
        } } }
    } }
}"""
STATEMENTS_FIVE_DEEP = [
    "integration_logs page_of_each integration_id",
    "integrations by id",
    "integrations by id",
    "integrations page_of_each user_id",
    "keywords by id",
    "keywords page",
    "leads page_of_each keyword_id",
    "mentions page_of_each integration_id",
    "mentions page_of_each keyword_id",
    "users by id",
]


async def test_each_of_five_nested_connections_takes_one_statement(people: Any, asker: Asker) -> None:
    for n in (3, 4):
        answer = await asker(FIVE_DEEP, viewer="many", n=n)
        assert sorted(answer.statements) == STATEMENTS_FIVE_DEEP
        assert sum(key == "integrations" for key, _ in named_values(answer.data)) == n**4
    # With few integrations, an earlier level has already read the integrations of the logs.
    for viewer in ("uno", "few"):
        less = await asker(FIVE_DEEP, viewer=viewer, n=3)
        assert Counter(less.statements) == Counter(STATEMENTS_FIVE_DEEP) - Counter(["integrations by id"])


@pytest.mark.parametrize("name", ROOTS)
async def test_a_walk_reaches_only_rows_of_the_viewer(people: Any, asker: Asker, name: str) -> None:
    document = root_document(name, Walk(size=3), await some_ids(people, "few"))
    answer = await asker(document, viewer="few")
    seen = {value for key, value in named_values(answer.data) if key.endswith("_id") and value is not None}
    assert len(seen) > (2 if name in {*STATS_ROOTS, "changes"} else 5)
    for model, row_id in map(decode, seen):
        column = "id" if model.__tablename__ == "users" else "user_id"
        owner = await people.pool.fetchval(
            f"SELECT {column} FROM {model.__tablename__} WHERE id = $1", row_id
        )
        assert owner == people.users["few"], (model, row_id)


ROOTS_BY_ID = [name for name in ROOTS if {"id", "ids"} & set(OBJECTS["Query"].fields[name].args)]


@pytest.mark.parametrize("name", ROOTS_BY_ID)
async def test_a_walk_from_an_object_of_another_user_finds_nothing(
    people: Any, asker: Asker, name: str
) -> None:
    document = root_document(name, Walk(), await some_ids(people, "many"))
    answer = await asker(document, viewer="few")
    values = answer.data["nodes"] if name == "nodes" else list(answer.data.values())
    assert set(values) == {None}
    assert all(without_joins(statement).endswith("by id") for statement in answer.statements)


def test_lists_of_entities_state_their_sizes() -> None:
    """A list of entities without a stated size could return any number of rows."""
    found = 0
    for owner, type_ in OBJECTS.items():
        for name, one in type_.fields.items():
            bare = one.type.of_type if isinstance(one.type, GraphQLNonNull) else one.type
            if is_list_type(bare) and named(one.type).name in ENTITIES:
                assert one.extensions["strawberry-definition"].metadata[SIZE] is not None, (owner, name)
                found += 1
    assert found > 10
