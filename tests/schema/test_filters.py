"""Filters, compared with a second implementation in Python over the raw rows.

The tests cover each comparator of each field, and random trees of filters.
"""

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, get_named_type
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from db.models.base import table_of
from db.models.lead import SEARCHED
from resolvers.entities import ENTITIES
from resolvers.framework.entity import Presence, Words
from resolvers.framework.global_id import encode
from resolvers.framework.names import public
from schema.graph import build
from tests.support.world import Ask, Asker, World
from text import lexemes

TYPES = build().schema.type_map
Row = Mapping[str, Any]
Of = Callable[[Row], Any]


def column(name: str) -> Of:
    return lambda row: row[name]


def id_of(tag: str, name: str) -> Of:
    return lambda row: None if row[name] is None else encode(tag, row[name])


def columns(*names: str) -> dict[str, Of]:
    """Return the fields that have the names of their columns in camel case."""
    return {
        name.split("_")[0] + "".join(map(str.capitalize, name.split("_")[1:])): column(name) for name in names
    }


# The value of each field of each filter, defined a second time.
REFERENCE: dict[str, dict[str, Of]] = {
    "users": columns("email", "role", "created_at", "updated_at"),
    "keywords": columns("keyword", "status", "match_type", "mentions_count", "leads_count", "created_at", "updated_at"),
    "mentions": {
        **columns("platform", "kind", "author", "language", "likes", "comments", "published_at", "created_at"),
        **columns("updated_at"),
        **columns("sentiment", "intent", "relevance", "relevance_score", "lead_status"),
        "externalId": column("external_id"),
        "keywordId": id_of("Keyword", "keyword_id"),
        "integrationId": id_of("Integration", "integration_id"),
        "hasLead": lambda row: row["lead_id"] is not None,
        "read": lambda row: row["read_at"] is not None,
        "starred": lambda row: row["starred_at"] is not None,
        "dismissed": lambda row: row["dismissed_at"] is not None,
        "dismissReason": lambda row: row["dismiss_reason"],
        "engaged": lambda row: row["engaged_at"] is not None,
    },
    "leads": {
        **columns("platform", "status", "origin", "score", "value", "currency", "company", "external_reference"),
        **columns("created_at", "updated_at", "status_changed_at", "qualified_at", "converted_at", "intent", "contact_email", "tags"),
        "keywordId": id_of("Keyword", "keyword_id"),
        "assigneeId": id_of("User", "assignee_user_id"),
    },
    "integrations": {**columns("provider", "kind", "status", "health_score", "created_at", "updated_at"), "lastSyncedAt": column("last_searched_at")},
    "logs": {**columns("kind", "status", "created_at"), "integrationId": id_of("Integration", "integration_id")},
}  # fmt: skip
RAW = {
    "users": "SELECT *, id AS user_id FROM users",
    "keywords": "SELECT * FROM keywords",
    "mentions": """
        SELECT m.*, a.sentiment, a.intent, a.relevance, a.relevance_score, l.id AS lead_id, l.status AS lead_status
        FROM mentions AS m LEFT JOIN analysis_results AS a ON a.mention_id = m.id LEFT JOIN leads AS l ON l.mention_id = m.id
    """,
    "leads": """
        SELECT l.*, m.platform, m.title, m.content, a.intent FROM leads AS l JOIN mentions AS m ON m.id = l.mention_id
        LEFT JOIN analysis_results AS a ON a.mention_id = m.id
    """,
    "integrations": "SELECT * FROM integrations",
    "logs": "SELECT * FROM integration_logs",
}
INPUTS: dict[str, GraphQLInputObjectType] = {
    list_: TYPES[name]  # type: ignore[misc]
    for list_, name in {
        "users": "UserFilter", "keywords": "KeywordFilter", "mentions": "MentionFilter", "leads": "LeadFilter",
        "integrations": "IntegrationFilter", "logs": "IntegrationLogFilter",
    }.items()
}  # fmt: skip
TYPENAMES = {"users": "User", "keywords": "Keyword", "mentions": "Mention", "leads": "Lead", "integrations": "Integration", "logs": "IntegrationLog"}  # fmt: skip
BRANCHES = {"and", "or", "not"}


def fields_of(list_: str) -> dict[str, Any]:
    return {
        name: field.type for name, field in INPUTS[list_].fields.items() if name not in BRANCHES | {"search"}
    }


def comparators_of(type_: Any) -> dict[str, Any]:
    named = get_named_type(type_)
    return (
        {name: one.type for name, one in named.fields.items()}
        if isinstance(named, GraphQLInputObjectType)
        else {}
    )


def row_value(value: Any, type_: Any) -> Any:
    """Convert a value from the form in requests to the form in rows."""
    if isinstance(value, list):
        return [row_value(one, type_) for one in value]
    match get_named_type(type_):
        case GraphQLEnumType():
            return value.lower()
        case named if named.name == "DateTime":
            return datetime.fromisoformat(value)
        case named if named.name == "Decimal":
            return Decimal(value)
    return value


TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda mine, other: mine is not None and mine == other,
    "in": lambda mine, others: mine is not None and mine in others,
    "notIn": lambda mine, others: mine is None or mine not in others,
    "gt": lambda mine, other: mine is not None and mine > other,
    "gte": lambda mine, other: mine is not None and mine >= other,
    "lt": lambda mine, other: mine is not None and mine < other,
    "lte": lambda mine, other: mine is not None and mine <= other,
    "isNull": lambda mine, wanted: (mine is None) is wanted,
    "contains": lambda mine, part: mine is not None and part.lower() in mine.lower(),
    "hasAny": lambda mine, tags: not set(tags).isdisjoint(mine),
    "hasAll": lambda mine, tags: set(tags) <= set(mine),
}
IGNORING_CASE = {"contactEmail"}


def folded(name: str, value: Any) -> Any:
    """Return the value in lower case if the field ignores case."""
    if name not in IGNORING_CASE or isinstance(value, bool | None):
        return value
    return [one.lower() for one in value] if isinstance(value, list) else value.lower()


def filter_matches(list_: str, wanted: Mapping[str, Any], row: Row) -> bool:
    """Return whether a filter matches a row, according to the second implementation."""
    for name, value in wanted.items():
        if name == "and":
            passed = all(filter_matches(list_, one, row) for one in value)
        elif name == "or":
            passed = any(filter_matches(list_, one, row) for one in value)
        elif name == "not":
            passed = not filter_matches(list_, value, row)
        elif not isinstance(value, dict):
            passed = REFERENCE[list_][name](row) is value
        else:
            mine = REFERENCE[list_][name](row)
            types = comparators_of(fields_of(list_)[name])
            passed = all(
                TESTS[one](folded(name, mine), folded(name, row_value(given, types[one])))
                for one, given in value.items()
            )
        if not passed:
            return False
    return True


def seen_by(owner: int | None, row: Row) -> Row:
    """Return the row as a member sees it: the ID of another user equals no ID that a filter can name."""
    hidden = owner is not None and row.get("assignee_user_id") not in {None, owner}
    return {**row, "assignee_user_id": -1} if hidden else row


@dataclass
class Crowd:
    """The crowded world with its raw rows by list."""

    ask: Asker
    rows: dict[str, list[Row]]
    asked: int = 0

    def expected(self, list_: str, wanted: Mapping[str, Any], owner: int | None) -> set[str]:
        rows = [seen_by(owner, row) for row in self.rows[list_] if owner in {None, row["user_id"]}]
        return {encode(TYPENAMES[list_], row["id"]) for row in rows if filter_matches(list_, wanted, row)}

    def samples(self, list_: str, name: str) -> list[Any]:
        """Return the values of a field other than null, in the form of requests."""
        values = [REFERENCE[list_][name](row) for row in self.rows[list_]]
        found = sorted({*itertools.chain(*values)} if name == "tags" else {*values} - {None})
        return [client_value(value, fields_of(list_)[name]) for value in found]

    async def check(
        self, list_: str, filters: list[dict[str, Any]], viewer: str = "ann", *, own: bool = True
    ) -> None:
        """Query the rows and totals that each filter matches, and compare them with the expected rows.

        With `own`, the viewer's own list is compared, too, if the entity has one.
        """
        own = own and list_ not in {"users", "logs"}
        size = 50 if list_ == "logs" else 100
        head = ", ".join(f"$f{n}: {INPUTS[list_].name}" for n in range(len(filters)))
        pages = " ".join(
            f"f{n}: {list_}(first: {size}, filter: $f{n}) {{ nodes {{ id }} totalCount }}"
            for n in range(len(filters))
        )
        below = f"viewer {{ {pages} }}" if own else ""
        all_ = f"integrations(first: 50) {{ nodes {{ {pages} }} }}" if list_ == "logs" else pages
        variables = {f"f{n}": one for n, one in enumerate(filters)}
        data = (await self.ask(f"query({head}) {{ {all_} {below} }}", viewer=viewer, **variables)).data
        self.asked += len(filters)
        viewer_id = self.ask.world.users[viewer]
        places = data["integrations"]["nodes"] if list_ == "logs" else [data]
        for n, wanted in enumerate(filters):
            seen = None if viewer == "olga" else viewer_id
            self._compare([place[f"f{n}"] for place in places], self.expected(list_, wanted, seen), wanted)
            if own:
                self._compare([data["viewer"][f"f{n}"]], self.expected(list_, wanted, viewer_id), wanted)

    @staticmethod
    def _compare(pages: list[Any], expected: set[str], wanted: object) -> None:
        found = [node["id"] for page in pages for node in page["nodes"]]
        assert sum(page["totalCount"] for page in pages) == len(expected), wanted
        assert len(found) == min(len(expected), 100), wanted
        assert set(found) <= expected, wanted


def client_value(value: Any, type_: Any) -> Any:
    """Convert a value from the form in rows to the form in requests."""
    compared = comparators_of(type_).get("eq", get_named_type(type_))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(get_named_type(compared), GraphQLEnumType):
        return value.upper()
    return str(value) if isinstance(value, Decimal) else value


@pytest.fixture(scope="module")
async def people(crowd: World, asker: Asker) -> Crowd:
    rows = {list_: await crowd.fetch(sql) for list_, sql in RAW.items()}
    return Crowd(asker, rows)


FIELDS = [(list_, name) for list_ in INPUTS for name in fields_of(list_)]
BEYOND = {
    "Int": [-(2**31), -1, 2**31 - 1],
    "Decimal": ["-1", "9.994", "10.005", "99999999999999.99", "1e20"],
    "DateTime": ["0001-01-01T00:00:00Z", "2026-02-01T02:00:00.000003+07:00", "9999-12-31T23:59:59Z"],
    "String": ["", "nobody", "%", "_", "o'hara", "\\", "Ä", "🦀"],
    "ID": [encode("Keyword", 2**63 - 1), encode("Keyword", 0)],
}


def values_for(people: Crowd, list_: str, name: str, type_: Any) -> list[Any]:
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return list(named.values)
    there = people.samples(list_, name)
    step = max(1, len(there) // 8)
    beyond: Any = BEYOND[named.name]
    if name in {"integrationId", "assigneeId"}:
        beyond = [encode("Integration" if name == "integrationId" else "User", 0)]
    return [*there[::step], *(one for one in beyond if one not in there)]


def comparisons(people: Crowd, list_: str, name: str) -> Iterator[dict[str, Any]]:
    for comparator, type_ in comparators_of(fields_of(list_)[name]).items():
        if comparator == "isNull":
            yield from ({name: {comparator: value}} for value in (True, False))
        elif isinstance(type_, GraphQLList):
            values = values_for(people, list_, name, type_)
            lists = [[], values, values[:1] * 250, values[::2], values[1::2], values[-1:]]
            yield from ({name: {comparator: one}} for one in lists)
        else:
            values = values_for(people, list_, name, type_)
            values += [value[1:4].swapcase() for value in values] if comparator == "contains" else []
            yield from ({name: {comparator: value}} for value in values)


def test_the_second_implementation_covers_every_field_and_comparator() -> None:
    assert {list_: set(fields_of(list_)) for list_ in INPUTS} == {
        list_: set(of) for list_, of in REFERENCE.items()
    }
    used = {comparator for list_, name in FIELDS for comparator in comparators_of(fields_of(list_)[name])}
    assert used == set(TESTS)


@pytest.mark.parametrize(("list_", "name"), FIELDS, ids=[".".join(field) for field in FIELDS])
async def test_each_comparator_matches_the_expected_rows_alone_negated_and_for_operators(
    people: Crowd, list_: str, name: str
) -> None:
    filters = list(comparisons(people, list_, name)) or [{name: True}, {name: False}]
    for start in range(0, len(filters), 20):
        await people.check(list_, filters[start : start + 20], own=False)
    await people.check(list_, [{"not": one} for one in filters[::3]])
    await people.check(list_, filters[::5], viewer="olga", own=False)


@st.composite
def trees(draw: Any, people: Crowd, list_: str, depth: int = 1) -> dict[str, Any]:
    """Draw a filter of up to five levels with conditions and branches at each level."""
    wanted: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(sorted(fields_of(list_))), max_size=3, unique=True)):
        types = comparators_of(fields_of(list_)[name])
        if not types:
            wanted[name] = draw(st.booleans())
            continue
        chosen = draw(st.lists(st.sampled_from(sorted(types)), max_size=2, unique=True))
        wanted[name] = {one: draw(operands(people, list_, name, one, types[one])) for one in chosen}
    if depth < 5:
        deeper = trees(people, list_, depth + 1)
        for branch in draw(
            st.lists(st.sampled_from(sorted(BRANCHES)), max_size=2 if depth < 3 else 1, unique=True)
        ):
            wanted[branch] = draw(deeper) if branch == "not" else draw(st.lists(deeper, max_size=3))
    return wanted


def operands(people: Crowd, list_: str, name: str, comparator: str, type_: Any) -> st.SearchStrategy[Any]:
    if comparator == "isNull":
        return st.booleans()
    one = st.sampled_from(values_for(people, list_, name, type_))
    return st.lists(one, max_size=4) if isinstance(type_, GraphQLList) else one


def count_conditions(wanted: Mapping[str, Any]) -> int:
    total = 0
    for name, value in wanted.items():
        if name == "not":
            total += count_conditions(value)
        elif name in BRANCHES:
            total += sum(map(count_conditions, value))
        else:
            total += len(value) if isinstance(value, dict) else 1
    return total


@pytest.mark.parametrize("list_", sorted(INPUTS))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_random_trees_of_filters_match_the_expected_rows(people: Crowd, list_: str, data: Any) -> None:
    wanted = data.draw(trees(people, list_))
    assume(count_conditions(wanted) <= 50)
    await people.check(list_, [wanted])


async def test_a_filter_at_all_limits_matches_the_expected_rows(people: Crowd) -> None:
    """The limits are five levels, fifty conditions and lists of 250 elements."""
    some = list(itertools.chain(*(comparisons(people, "mentions", name) for name in fields_of("mentions"))))
    random.Random(1).shuffle(some)  # noqa: S311 - the same tree in every run
    fifth: dict[str, Any] = {"platform": {"notIn": ["REDDIT"]}, "hasLead": True}
    fourth = {"not": fifth, "or": some[10:24], "author": {"notIn": ["x"] * 250}}
    third = {"not": fourth, "or": [{"likes": {"gt": 1}}, *some[24:40]]}
    whole = {"and": [{"not": third}, {"or": [*some[40:55], {"comments": {"gte": 1}}]}]}
    assert count_conditions(whole) == 50
    await people.check("mentions", [whole])
    await people.check("mentions", [{"not": third}], viewer="olga")


PAGE = "query($f: MentionFilter) { mentions(first: 100, filter: $f) { nodes { id } totalCount } }"


async def test_filters_by_another_users_keyword_match_no_rows(people: Crowd) -> None:
    foreign = max(people.rows["mentions"], key=lambda row: row["id"])["keyword_id"]
    assert foreign in {
        row["id"] for row in people.rows["keywords"] if row["user_id"] == people.ask.world.users["ben"]
    }
    wanted = {"keywordId": {"in": [encode("Keyword", foreign)]}}
    empty = {"mentions": {"nodes": [], "totalCount": 0}}
    assert (await people.ask(PAGE, f=wanted)).data == empty
    assert (await people.ask(PAGE, viewer="ben", f=wanted)).data != empty
    assert (await people.ask(PAGE, viewer="olga", f=wanted)).data != empty
    leads = (
        await people.ask(
            "query($f: LeadFilter) { leads(filter: $f) { totalCount stats { count } } }", f=wanted
        )
    ).data
    assert leads == {"leads": {"totalCount": 0, "stats": {"count": 0}}}


@pytest.mark.parametrize(
    "impossible",
    [
        {"or": []},
        {"not": {}},
        {"not": {"and": []}},
        {"likes": {"gt": 5, "lt": 5}},
        {"likes": {"isNull": True, "eq": 1}},
        {"platform": {"in": []}},
        {"platform": {"eq": "REDDIT", "notIn": ["REDDIT"]}},
        {"platform": {"isNull": True}},
        {"hasLead": False, "leadStatus": {"isNull": False}},
        {"createdAt": {"gte": "2026-01-01T00:00:00Z", "lt": "2026-01-01T00:00:00Z"}},
        {"search": ""},
        {"search": "crm -crm"},
        {"author": {"eq": "x" * 500}},
    ],
)
async def test_filters_that_no_row_can_match_return_an_empty_page(
    people: Crowd, impossible: dict[str, Any]
) -> None:
    document = """query($f: MentionFilter) { mentions(filter: $f) {
        nodes { id } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        stats { count likes byPlatform { count } bySentiment { count } byKeyword { count } } } }"""
    found = (await people.ask(document, f=impossible)).data["mentions"]
    stats = {"count": 0, "likes": 0, "byPlatform": [], "bySentiment": [], "byKeyword": []}
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert found == {"nodes": [], "edges": [], "totalCount": 0, "pageInfo": info, "stats": stats}


@pytest.mark.parametrize(
    "all_",
    [
        {},
        {"and": []},
        {"and": [{}]},
        {"or": [{}, {"or": []}]},
        {"not": {"or": []}},
        {"likes": {}},
        {"platform": {"notIn": []}},
    ],
)
async def test_filters_without_conditions_match_all_rows(people: Crowd, all_: dict[str, Any]) -> None:
    assert (await people.ask(PAGE, f=all_)).data["mentions"]["totalCount"] == 90


NULL = "must not be null. Omit the operator for no condition, or use `isNull: true` for a missing value."


def nulls() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a filter with null for each operator of each field, its list and the path of the null."""
    for list_ in INPUTS:
        for name, type_ in fields_of(list_).items():
            for comparator in comparators_of(type_):
                yield list_, {name: {comparator: None}}, f"filter.{name}.{comparator}"
                yield (
                    list_,
                    {"not": {"or": [{name: {comparator: None}}]}},
                    f"filter.not.or[0].{name}.{comparator}",
                )


def document_of(list_: str) -> str:
    page = f"{list_}(filter: $f) {{ totalCount }}"
    page = f"integrations(first: 1) {{ nodes {{ {page} }} }}" if list_ == "logs" else page
    return f"query($f: {INPUTS[list_].name}) {{ {page} }}"


async def test_null_is_refused_for_every_operator_of_every_filter(people: Crowd) -> None:
    """A null operand never matches all rows."""
    found = list(nulls())
    assert len(found) > 300
    for list_, wanted, path in found:
        answer = await people.ask(document_of(list_), f=wanted)
        assert answer.body["errors"][0]["message"] == f"`{path}` {NULL}", (list_, wanted)
        assert answer.body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_null_instead_of_a_comparison_or_a_filter_is_no_condition(people: Crowd) -> None:
    total = {"totalCount": 90}
    assert (await people.ask(PAGE, f=None)).data["mentions"].items() >= total.items()
    for name in INPUTS["mentions"].fields:
        assert (await people.ask(PAGE, f={name: None})).data["mentions"].items() >= total.items(), name


async def test_null_within_a_list_is_refused(people: Crowd) -> None:
    of_mentions: list[Any] = [{"platform": {"in": [None]}}, {"keywordId": {"notIn": [None]}}, {"and": [None]}]
    of_leads: list[Any] = [
        {"assigneeId": {"eq": None}},
        {"tags": {"hasAny": [None]}},
        {"tags": {"hasAll": None}},
    ]
    for wanted in of_mentions:
        assert (await people.ask(PAGE, f=wanted)).code == "BAD_USER_INPUT"
    document = "query($f: LeadFilter) { leadStats(filter: $f) { count } }"
    for wanted in of_leads:
        answer = await people.ask(document, f=wanted)
        assert (answer.code, answer.status) == ("BAD_USER_INPUT", 200)


def test_every_filter_of_a_nullable_value_can_test_for_null() -> None:
    for entity in ENTITIES:
        for name, declared in entity.filters.items():
            column = table_of(entity.model).c.get(declared.field or name)
            may_be_null = column is None or column.nullable
            if may_be_null and not isinstance(declared, Presence | Words):
                comparison: Any = get_named_type(
                    TYPES[f"{entity.typename}Filter"].fields[public(name)].type  # type: ignore[attr-defined]
                )
                assert "isNull" in comparison.fields, (entity.typename, name)


async def test_unassigned_leads_and_other_missing_ids_are_found(people: Crowd) -> None:
    mine = [row for row in people.rows["leads"] if row["user_id"] == people.ask.world.users["ann"]]
    missing = [row for row in mine if row["assignee_user_id"] is None]
    assert 0 < len(missing) < len(mine)
    document = (
        "query($f: LeadFilter) { leads(filter: $f, first: 100) { nodes { assignee { id } } totalCount } }"
    )
    found = (await people.ask(document, f={"assigneeId": {"isNull": True}})).data["leads"]
    assert found == {"nodes": [{"assignee": None}] * len(missing), "totalCount": len(missing)}
    found = (await people.ask(document, f={"not": {"assigneeId": {"isNull": True}}})).data["leads"]
    assert found["totalCount"] == len(mine) - len(missing)


async def test_a_filter_does_not_tell_which_hidden_user_works_on_a_lead(world: World, ask: Ask) -> None:
    first, *_, last = sorted(row["id"] for row in await world.rows("leads", "ann"))
    await world.change("leads", first, assignee_user_id=world.users["olga"])
    await world.change("leads", last, assignee_user_id=world.users["ann"])
    document = (
        "query($me: ID!, $other: ID!) { mine: leadStats(filter: {assigneeId: {eq: $me}}) { count } "
        "hidden: leadStats(filter: {assigneeId: {in: [$other]}}) { count } "
        "others: leadStats(filter: {assigneeId: {notIn: [$other]}}) { count } "
        "nobody: leadStats(filter: {assigneeId: {isNull: true}}) { count } }"
    )
    ids = {"me": encode("User", world.users["ann"]), "other": encode("User", world.users["olga"])}
    counts = {"mine": 1, "hidden": 0, "others": 6, "nobody": 4}
    answer = await ask(document, **ids)
    assert answer.data == {name: {"count": count} for name, count in counts.items()}
    answer = await ask(document, viewer="olga", **ids)
    assert [answer.data[name]["count"] for name in counts] == [1, 1, 11, 10]


@pytest.mark.parametrize(
    "text", ["crm", "acme", '"sales team" or acme', "crm -jobs", "ada@acme.com", "größe", "-crm", ""]
)
async def test_a_search_for_leads_reads_the_lead_and_its_mention(people: Crowd, text: str) -> None:
    rows = await people.ask.world.fetch(
        "SELECT l.*, m.search @@ $1::text::tsquery AS post FROM leads AS l JOIN mentions AS m ON m.id = l.mention_id",
        lexemes.query(text),
    )
    vectors = [lexemes.vector_of_fields([row[name] for name in SEARCHED], row["version"]) for row in rows]
    matching = await people.ask.world.fetch(
        "SELECT vector @@ $2::text::tsquery AS own FROM unnest($1::tsvector[]) WITH ORDINALITY AS given (vector, n) ORDER BY n",
        vectors,
        lexemes.query(text),
    )
    found = {row["id"] for row, match in zip(rows, matching, strict=True) if row["post"] or match["own"]}
    document = "query($f: LeadFilter) { leads(filter: $f, first: 100) { nodes { id } totalCount } viewer { leads(filter: $f) { totalCount } } }"
    for viewer in ("ann", "ben", "olga"):
        mine = [row for row in rows if viewer == "olga" or row["user_id"] == people.ask.world.users[viewer]]
        data = (await people.ask(document, viewer=viewer, f={"search": text})).data
        expected = {encode("Lead", row["id"]) for row in mine if row["id"] in found}
        assert data["leads"]["totalCount"] == len(expected)
        assert {node["id"] for node in data["leads"]["nodes"]} == expected
        negated = (await people.ask(document, viewer=viewer, f={"not": {"search": text}})).data
        assert negated["leads"]["totalCount"] == len(mine) - len(expected)


MANY = [{"likes": {"eq": 1, "gt": 2}}] * 25
MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"not": {"not": {"not": {"not": {"not": {}}}}}}, "`filter.not.not.not.not.not` must not be nested deeper than 5 filters."),
    ({"and": [{}, {"or": [{}, {"not": {"and": [{"or": [{}]}]}}]}]}, "`filter.and[1].or[1].not.and[0].or[0]` must not be nested deeper than 5 filters."),
    ({"and": MANY, "hasLead": True}, ""),
    ({"or": [*MANY, {"platform": {"eq": "WEB"}}]}, "`filter.or[25].platform` exceeds the limit of 50 conditions."),
    ({"and": MANY, "search": "x"}, "`filter.search` exceeds the limit of 50 conditions."),
    ({"and": [{}] * 251}, "`filter.and` has 251 entries, but at most 250 are allowed."),
    ({"or": [{"author": {"notIn": ["x"] * 251}}]}, "`filter.or[0].author.notIn` has 251 entries, but at most 250 are allowed."),
    ({"not": {"author": {"in": ["x", "a\0b"]}}}, "`filter.not.author.in[1]` contains a character that cannot be stored."),
    ({"author": {"eq": "x" * 501}}, "`filter.author.eq` must be at most 500 characters long."),
    ({"search": "x" * 501}, "`filter.search` must be at most 500 characters long."),
    ({"search": "\0"}, "`filter.search` contains a character that cannot be stored."),
    ({"keywordId": {"in": [encode("Keyword", 1), encode("Lead", 1)]}}, f"`filter.keywordId.in[1]`: '{encode('Lead', 1)}' is the ID of a Lead, not of a Keyword."),
    ({"not": {"integrationId": {"eq": "x"}}}, "`filter.not.integrationId.eq`: 'x' is not an ID of this API."),
]  # fmt: skip


@pytest.mark.parametrize(("malformed", "message"), MALFORMED, ids=[str(n) for n in range(len(MALFORMED))])
async def test_invalid_filters_are_refused_with_their_path(
    people: Crowd, malformed: dict[str, Any], message: str
) -> None:
    answer = await people.ask(PAGE, f=malformed)
    if not message:  # the order in which conditions are read determines the fifty-first
        message = "`filter.hasLead` exceeds the limit of 50 conditions."
    assert (answer.code, answer.error["message"]) == ("BAD_USER_INPUT", message)
    assert answer.error["path"] == ["mentions"]
    assert answer.statements == []


async def test_filtered_counts_come_with_the_pages_of_their_level(people: Crowd) -> None:
    document = """query($k: KeywordFilter, $m: MentionFilter, $all: MentionFilter) { keywords(first: 50, filter: $k) {
        totalCount nodes { few: mentions(first: 1, filter: $m) { totalCount nodes { id } }
        all: mentions(first: 0, filter: $all) { totalCount } } } }"""
    words = next(row["keyword"] for row in people.rows["keywords"] if row["mentions_count"] > 5)
    one = await people.ask(document, k={"keyword": {"eq": words}}, m={"hasLead": True})
    many = await people.ask(document, k={"mentionsCount": {"gte": 0}}, m={"hasLead": True})
    assert (len(one.data["keywords"]["nodes"]), len(many.data["keywords"]["nodes"])) == (1, 45)
    wanted = ["keywords page", "mentions page_of_each keyword_id"]
    assert sorted(one.statements) == sorted(many.statements) == wanted
    without = document.replace("totalCount", "__typename")
    answer = await people.ask(without, k={"mentionsCount": {"gte": 0}}, m={"hasLead": True})
    assert sorted(answer.statements) == wanted


WORDS = ["crm", "sales", "team", "budget", "jobs", "größe"]


@dataclass(frozen=True)
class Term:
    """Adjacent words that a text must contain or, if `excluded`, must not contain."""

    words: tuple[str, ...]
    excluded: bool = False

    def __str__(self) -> str:
        text = self.words[0] if len(self.words) == 1 else f'"{" ".join(self.words)}"'
        return f"-{text}" if self.excluded else text

    def is_met_by(self, words: list[str]) -> bool:
        size = len(self.words)
        there = any(tuple(words[n : n + size]) == self.words for n in range(len(words)))
        return there != self.excluded


def searched_words(row: Row) -> list[str]:
    """Return the words of title and text in the order of the search."""
    letters = f"{row['title'] or ''} {row['content']}".lower()
    return "".join(letter if letter.isalnum() else " " for letter in letters).split()


TERMS = st.builds(Term, st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple), st.booleans())


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(choices=st.lists(st.lists(TERMS, min_size=1, max_size=3), min_size=1, max_size=3))
async def test_searches_match_the_expected_rows(people: Crowd, choices: list[list[Term]]) -> None:
    """A search such as `a "b c" -d or e` matches rows that meet all terms of one of its choices."""
    text = " or ".join(" ".join(map(str, terms)) for terms in choices)
    rows = [row for row in people.rows["mentions"] if row["user_id"] == people.ask.world.users["ann"]]
    expected = {
        encode("Mention", row["id"])
        for row in rows
        if any(all(term.is_met_by(searched_words(row)) for term in terms) for terms in choices)
    }
    found = (await people.ask(PAGE, f={"search": text})).data["mentions"]
    assert {node["id"] for node in found["nodes"]} == expected, text
    assert found["totalCount"] == len(expected)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\t\n", "or", "OR or", "-", "--", '""', '"" or -""', "&", "| ! & :*", "()", "<->", ":A", "\x7f", "\u200b"]
)  # fmt: skip
async def test_a_search_without_words_matches_no_rows(people: Crowd, text: str) -> None:
    answer = await people.ask(PAGE, f={"search": text})
    assert answer.data["mentions"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("sign", "word"), [("%", "50% off_"), ("'", "o'hara"), ("\\", "back\\slash"), ("50%", "50% off_")]
)
async def test_a_search_for_a_sign_matches_the_rows_with_the_sign(
    people: Crowd, sign: str, word: str
) -> None:
    rows = [row for row in people.rows["mentions"] if row["user_id"] == people.ask.world.users["ann"]]
    expected = {encode("Mention", row["id"]) for row in rows if word in f"{row['title']} {row['content']}"}
    assert 0 < len(expected) < len(rows)
    answer = await people.ask(PAGE, f={"search": sign})
    assert {node["id"] for node in answer.data["mentions"]["nodes"]} == expected


@pytest.mark.parametrize("text", ['"', 'crm "sales team', '"crm" or -"', '-"'])
async def test_an_unclosed_quote_is_refused(people: Crowd, text: str) -> None:
    answer = await people.ask(PAGE, f={"search": text})
    assert (answer.code, answer.error["message"]) == (
        "BAD_USER_INPUT",
        "`filter.search` has an opening quote without a closing quote. Close the quote, or remove it.",
    )


async def test_searches_of_five_hundred_characters_are_accepted(people: Crowd) -> None:
    for text in (
        "crm " * 125,
        "x" * 500,
        '"' * 500,
        "crm or " * 71,
        "-" * 24 + "x " * 238,
        "(" * 500,
        "é" * 500,
        "🦀" * 500,
    ):
        assert "mentions" in (await people.ask(PAGE, f={"search": text})).data
    answer = await people.ask(PAGE, f={"search": "- " * 25})
    assert (answer.code, answer.error["message"]) == (
        "BAD_USER_INPUT",
        "`filter.search` must contain at most 24 minus signs.",
    )


async def test_not_and_not_in_match_rows_without_a_value(people: Crowd) -> None:
    async def number(wanted: dict[str, Any]) -> int:
        found: int = (await people.ask(PAGE, f=wanted)).data["mentions"]["totalCount"]
        return found

    for name, value in {
        "sentiment": "POSITIVE",
        "leadStatus": "NEW",
        "language": "de",
        "intent": "BUYING",
    }.items():
        there, missing = await number({name: {"eq": value}}), await number({name: {"isNull": True}})
        others = await number({name: {"isNull": False}, "not": {name: {"eq": value}}})
        assert min(there, missing, others) > 0
        assert there + missing + others == 90
        assert (
            await number({name: {"notIn": [value]}})
            == await number({"not": {name: {"eq": value}}})
            == missing + others
        )
