"""Invalid values for every argument of every field and every comparator of every filter.

Each is refused with a code and a message, before or while the operation runs, and never as an internal error.
"""

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
)

from resolvers.framework.global_id import encode
from schema.graph import build
from tests.support.world import Asker

TYPES = build().schema.type_map
REFUSALS = {
    "BAD_CURSOR",
    "BAD_REQUEST",
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
}
# For each type, a selection set that contains a field of the type.
PLACES = {
    "Query": "%s",
    "Mutation": "%s",
    "User": "viewer { %s }",
    "Keyword": "keywords(first: 1) { nodes { %s } }",
    "Mention": "mentions(first: 1) { nodes { %s } }",
    "Integration": "integrations(first: 1) { nodes { %s } }",
    "MentionStats": "mentions { stats { %s } }",
    "LeadStats": "leads { stats { %s } }",
    "Lead": "leads(first: 1) { nodes { %s } }",
    "Dashboard": "dashboard { %s }",
    "ConversionMetrics": "dashboard { conversionMetrics { %s } }",
    "Analytics": "analytics { %s }",
    "ConversionAnalytics": "analytics { conversions { %s } }",
    "Export": "exports(first: 1) { nodes { %s } }",
    "KeywordPerformance": "analytics { keywords(first: 1) { %s } }",
}
LONG = "A" * 100_000
NOT_TEXTS: list[object] = [1, 1.5, True, [], {}]
BAD: dict[str, list[object]] = {
    "Int": [-1, 101, 2**31 - 1, 2**31, 2**63, 2**64, -(2**63), 1.5, 1e300, "1", "", True, {}, [1, 2]],
    "expiresIn": [-1, 0, 9, 3601, 2**31, 2**63, -(2**63), 1.5, 1e300, "1", "", True, {}, [1, 2]],
    "maxAge": [-1, 2**31, 2**63, -(2**63), 1.5, 1e300, "1", "", True, {}, [1, 2]],
    "ID": [
        "", "x", "\0", "ÿ", LONG, encode("Nothing", 1), encode("Lead", 2**63), base64.b64encode(b"Keyword:" + b"9" * 5000).decode(),
        base64.b64encode(b"Keyword:-1").decode(), base64.b64encode("Keyword:٣".encode()).decode(),
        base64.b64encode(b"Keyword:1 ").decode(), f"{encode('Keyword', 1)}\n", 1, 0, 2**63, -1, 1.5, True, [], {},
    ],
    "after": ["", "x", "\0", "ÿ", LONG, "bnVsbA", "W10", "WyJhIl0", encode("Keyword", 1), *NOT_TEXTS],
    "timeZone": [
        "", " ", "x", "\0", "ÿ", LONG, "Mars/Base", "../UTC", "/etc/passwd", "Europe", "europe/berlin", "+02:00",
        "localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/Europe/Berlin", *NOT_TEXTS,
    ],
    "DateTime": [
        "", "x", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-01-31T12:00Z", "2026-W05-6T12:00:00Z",
        "20260131T120000Z", "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00+2", "2026-01-31T12:00:00+02:00:30",
        "2026-01-31T12:00:00 Z", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "+12026-01-31T12:00:00Z", "２026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z\n", "\0", LONG, 0, 2**63, *NOT_TEXTS,
    ],
    "Decimal": [
        "", "x", "NaN", "sNaN", "Infinity", "-Infinity", "1e1000000", "1e-1000000", "9" * 100, "1_000", " 1", "1\n", "٣",
        "0x10", "1,5", "\0", LONG, True, [], {},
    ],
    "String": ["\0", LONG, "a\0b", "x" * 501, *NOT_TEXTS],
    "Boolean": ["true", "", 0, 1, 1.5, [], {}],
}  # fmt: skip
ENUM: list[object] = ["", "x", "newest", "\0", LONG, *NOT_TEXTS]
OBJECT: list[object] = ["", "x", 1, True, [], {"x": 1}, {"": 1}, {"__typename": "x"}]


def value_kind(name: str, argument: GraphQLArgument) -> str:
    return (
        {"before": "after"}.get(name, name)
        if name in {"before", "after", "timeZone", "maxAge", "expiresIn"}
        else type_name_of(argument)
    )


def type_name_of(argument: Any) -> str:
    return str(get_named_type(argument.type).name)


def bad_values(kind: str) -> list[object]:
    type_ = TYPES.get(kind)
    if isinstance(type_, GraphQLEnumType):
        return ENUM
    return OBJECT if isinstance(type_, GraphQLInputObjectType) else BAD[kind]


def arguments() -> Iterator[tuple[str, str, str, GraphQLArgument]]:
    """Yield all arguments but those of events and webhooks, which the tests' users do not have.

    They have the inputs of lists and figures: see tests/server/live and tests/schema/test_webhooks.py.
    """
    for type_name, type_ in TYPES.items():
        if not isinstance(type_, GraphQLObjectType) or type_name.startswith("__"):
            continue
        if type_name in {"Subscription", "FiguresChanged", "Webhook"}:
            continue
        for field_name, field in type_.fields.items():
            for name, argument in field.args.items():
                yield type_name, field_name, name, argument


def required(type_name: str, field_name: str, besides: str) -> str:
    """Return the other arguments that the field requires."""
    field = TYPES[type_name].fields[field_name]  # type: ignore[attr-defined]
    wanted = {name for name, given in field.args.items() if isinstance(given.type, GraphQLNonNull)} - {
        besides
    }
    assert wanted <= {"by"}
    return "by: DAY, " if wanted else ""


def document(type_name: str, field_name: str, name: str, value: str, head: str = "") -> str:
    field = TYPES[type_name].fields[field_name]  # type: ignore[attr-defined]
    selected = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    if type_name == "Mutation":
        head = f"mutation{head.removeprefix('query')}"
    selection = f"{field_name}({required(type_name, field_name, name)}{name}: {value}) {selected}"
    return f"{head} {{ {PLACES[type_name] % selection} }}"


def literal(value: object, kind: str) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(one, '')}" for name, one in value.items()) + "}"
    if isinstance(value, str) and value.isidentifier() and isinstance(TYPES.get(kind), GraphQLEnumType):
        return value
    return json.dumps(value)


ARGUMENTS = list(arguments())


def assert_refused(answer: Any, *request: object) -> None:
    errors = answer.body.get("errors")
    assert errors, request
    for error in errors:
        assert error["extensions"]["code"] in REFUSALS, (request, error)
        message = error["message"]
        assert 10 < len(message) <= 1000, (request, error)
        assert not any(
            word in message for word in ("asyncpg", "SELECT", "Traceback", " object at ", "_posix")
        ), error


@pytest.fixture(scope="module")
async def ask_ann(asker: Asker) -> Any:
    """A function that queries the API as ann, who has rows of each entity."""
    user_id = await asker.world.add_user("ann")
    await asker.world.add(
        "exports",
        [
            {
                "user_id": user_id,
                "everybody": False,
                "entity": "leads",
                "format": "csv",
                "columns": ["id"],
                "question": {},
                "status": "queued",
            }
        ],
    )
    await asker.world.add_keywords("ann")
    await asker.world.add_integrations("ann")
    return asker


@pytest.mark.parametrize(
    ("type_name", "field_name", "name", "argument"),
    ARGUMENTS,
    ids=[f"{t}.{f}.{n}" for t, f, n, _ in ARGUMENTS],
)
async def test_invalid_values_of_every_argument_are_refused(
    ask_ann: Any, type_name: str, field_name: str, name: str, argument: GraphQLArgument
) -> None:
    kind = value_kind(name, argument)
    by_variable = document(type_name, field_name, name, "$v", f"query($v: {argument.type})")
    for value in bad_values(kind):
        if isinstance(value, list) and not value and isinstance(without_non_null(argument.type), GraphQLList):
            continue  # an empty list of ids is valid
        assert_refused(await ask_ann(by_variable, v=value), name, value)
        written = document(type_name, field_name, name, literal(value, kind))
        assert_refused(await ask_ann(written), name, value)


def without_non_null(type_: Any) -> Any:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def comparisons() -> Iterator[tuple[str, str, str]]:
    """Yield the list, the name and the type of each filter field of the root lists."""
    for list_, field in TYPES["Query"].fields.items():  # type: ignore[attr-defined]
        if {"filter", "first"} <= field.args.keys():
            fields = get_named_type(field.args["filter"].type).fields
            yield from ((list_, name, one.type) for name, one in fields.items())


def invalid_filters() -> Iterator[tuple[str, dict[str, object]]]:
    for list_, name, type_ in comparisons():
        inner: Any = get_named_type(type_)  # type: ignore[call-overload]
        if name in {"and", "or", "not"}:
            yield from ((list_, {name: value}) for value in ["x", 1, {"x": 1}, [1], [None], [{"x": 1}]])
        elif isinstance(inner, GraphQLInputObjectType):
            for comparator, compared in inner.fields.items():
                for value in bad_values(type_name_of(compared)):
                    listed = isinstance(compared.type, GraphQLList)
                    if listed and isinstance(value, list):
                        continue
                    yield list_, {name: {comparator: [value] if listed else value}}
        else:
            yield from ((list_, {name: value}) for value in bad_values(inner.name))


INVALID_FILTERS = [
    (list_, given)
    for list_, given in invalid_filters()
    # Numbers that are too large for a page size are valid operands. Numbers that are too large for an Int are not.
    if not any(
        value in [-1, 101, 2**31 - 1]
        for of in given.values()
        if isinstance(of, dict)
        for value in of.values()
    )
]


async def test_invalid_values_of_every_comparator_are_refused(ask_ann: Any) -> None:
    for list_, given in INVALID_FILTERS:
        filter_type = get_named_type(TYPES["Query"].fields[list_].args["filter"].type)  # type: ignore[attr-defined]
        head = f"query($f: {filter_type})"
        assert_refused(
            await ask_ann(f"{head} {{ {list_}(filter: $f) {{ totalCount }} }}", f=given), list_, given
        )
    assert len(INVALID_FILTERS) > 1000


EXTREMES: list[object] = [0, 2**31 - 1, -(2**31)]


async def test_comparisons_accept_numbers_beyond_the_range_of_the_column(ask_ann: Any) -> None:
    """No row equals such a number. The operators `gt` and `lte` treat the number like any other."""
    await ask_ann.world.pool.execute("UPDATE leads SET score = 5, value = 10, currency = 'EUR'")
    document = """query($f: LeadFilter) { leads(filter: $f) { totalCount } }"""
    for value in EXTREMES:
        for comparator, expected in [
            ("eq", 0),
            ("gt", 6 if int(str(value)) <= 0 else 0),
            ("lte", 0 if int(str(value)) <= 0 else 6),
        ]:
            found = (await ask_ann(document, f={"score": {comparator: value}})).data
            assert found == {"leads": {"totalCount": expected}}, (comparator, value)
    for value in ["1e29", "-1e29", "9" * 30, "10.001", "9.999999999999999999", 1e16]:
        more = Decimal(str(value)) < 10
        for comparator, expected in [("eq", 0), ("gt", 6 if more else 0), ("lte", 0 if more else 6)]:
            found = (await ask_ann(document, f={"value": {comparator: value}})).data
            assert found == {"leads": {"totalCount": expected}}, (comparator, value)
    for value in ["10", "10.0", "10.000000", 10, 10.0, "1e1"]:
        assert (await ask_ann(document, f={"value": {"eq": value}})).data == {"leads": {"totalCount": 6}}


LISTS = {
    "users": ["NEWEST", "OLDEST"],
    "keywords": ["NEWEST", "OLDEST", "MOST_MENTIONS", "MOST_LEADS"],
    "mentions": ["NEWEST", "OLDEST", "BEST_MATCH"],
    "leads": ["NEWEST", "OLDEST", "LATEST_CHANGE"],
    "integrations": ["NEWEST", "OLDEST"],
}
BAD_PARTS: list[object] = [
    None, True, "1", "", [], {}, 1.5, -1.5, 1e300, 5e-324, 2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 2**62, 2**64, "NaN", "2026-01-31T12:00:00Z",
]  # fmt: skip


@pytest.mark.parametrize(
    ("list_", "order"), [(list_, order) for list_, orders in LISTS.items() for order in orders]
)
async def test_forged_cursors_are_refused_or_denote_a_place_in_the_list(
    ask_ann: Any, list_: str, order: str
) -> None:
    given = '{search: "post"}' if order == "BEST_MATCH" else "{}"
    document = f"query($c: String) {{ {list_}(first: 1, after: $c, orderBy: {order}, filter: {given})"
    real = (await ask_ann(f"{document} {{ edges {{ cursor }} }} }}")).data[list_]["edges"][0]["cursor"]
    kind, *parts = json.loads(base64.urlsafe_b64decode(real + "=="))
    made_up = [[kind], [kind, *parts, 1], [], [[kind], *parts], {"a": 1}, kind, *parts, None]
    made_up += [[kind, *parts[:n], bad, *parts[n + 1 :]] for n in range(len(parts)) for bad in BAD_PARTS]
    for one in made_up:
        text = base64.urlsafe_b64encode(json.dumps(one).encode()).decode()
        answer = await ask_ann(f"{document} {{ nodes {{ id }} pageInfo {{ hasPreviousPage }} }} }}", c=text)
        if answer.body.get("errors"):
            assert answer.code == "BAD_CURSOR", one
        else:  # the cursor denotes a place in the list, possibly without a row
            assert isinstance(one, list), one
            assert all(type(part) in {int, float} for part in one[1:]), one


async def test_a_damaged_cursor_is_refused(ask_ann: Any) -> None:
    document = "query($c: String) { mentions(after: $c) { edges { cursor } } }"
    real = (await ask_ann(document)).data["mentions"]["edges"][0]["cursor"]
    for damaged in (
        real[:-1],
        real[1:],
        real + "A",
        real + "!",
        real + "\n",
        "é" + real,
        real.swapcase(),
        real[:-3] + "???",
    ):
        assert (await ask_ann(document, c=damaged)).code == "BAD_CURSOR", damaged


@pytest.mark.parametrize(
    "text", ['"\\uD800"', '"\\uDC00\\uD800"', '"\\u{D800}"', '"\\u{110000}"', '"\\x"', '"', '"\n"', "'x'"]
)
async def test_invalid_string_literals_are_refused(ask_ann: Any, text: str) -> None:
    assert (await ask_ann(f"{{ keyword(id: {text}) {{ id }} }}")).code == "GRAPHQL_PARSE_FAILED"


async def test_an_unpaired_surrogate_in_a_variable_is_refused(ask_ann: Any) -> None:
    answer = await ask_ann("query($s: String) { mentions(filter: {search: $s}) { totalCount } }", s="\ud800")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_a_null_argument_is_the_same_as_an_omitted_argument(ask_ann: Any) -> None:
    """Clients may send null for an optional argument instead of leaving the argument out."""
    for type_name, field_name, name, argument in ARGUMENTS:
        by_variable = document(type_name, field_name, name, "$v", f"query($v: {argument.type})")
        if isinstance(argument.type, GraphQLNonNull):
            assert_refused(await ask_ann(by_variable, v=None), name)
        else:
            assert (await ask_ann(by_variable, v=None)).data
            assert (await ask_ann(document(type_name, field_name, name, "null"))).data
    for list_, name, _ in comparisons():
        if name not in {"search", "hasLead", "read", "starred", "dismissed", "engaged"}:
            compared = "nodes { nodeId kind }" if list_ == "changes" else "totalCount"
            answer = await ask_ann(
                f"{{ one: {list_} {{ {compared} }} other: {list_}(filter: {{{name}: null}}) {{ {compared} }} }}"
            )
            assert answer.data["one"] == answer.data["other"]


async def test_lists_of_too_many_ids_are_refused(ask_ann: Any) -> None:
    ids = [encode("Keyword", n) for n in range(1, 2001)]
    answer = await ask_ann("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert (answer.code, answer.error["message"]) == (
        "BAD_USER_INPUT",
        "`ids` has 2000 entries, but at most 100 are allowed.",
    )
    document = "query($f: MentionFilter) { mentions(filter: $f) { totalCount } }"
    for comparator in ("in", "notIn"):
        answer = await ask_ann(document, f={"keywordId": {comparator: ids}})
        assert (answer.code, answer.error["message"]) == (
            "BAD_USER_INPUT",
            f"`filter.keywordId.{comparator}` has 2000 entries, but at most 250 are allowed.",
        )
        assert (await ask_ann(document, f={"keywordId": {comparator: ids[:250]}})).data
    answer = await ask_ann(document, f={"or": [{}] * 251})
    assert answer.error["message"] == "`filter.or` has 251 entries, but at most 250 are allowed."


@pytest.mark.parametrize("levels", [5, 20, 100, 400, 900, 2000])
async def test_deeply_nested_values_are_refused(ask_ann: Any, levels: int) -> None:
    for opening, closing in ("{not: ", "}"), ("[", "]"), ("{and: [", "]}"), ("{createdAt: {eq: [", "]}}"):
        value = f"{opening * levels}{{}}{closing * levels}"
        assert_refused(await ask_ann(f"{{ mentions(filter: {value}) {{ totalCount }} }}"), opening, levels)
    document = "query($f: MentionFilter) { mentions(filter: $f) { totalCount } }"
    given: object = {}
    for _ in range(min(levels, 900)):  # the JSON parser refuses a body with a thousand levels
        given = {"not": given}
    assert_refused(await ask_ann(document, f=given), levels)


async def test_null_is_refused_for_a_required_argument_despite_a_default_value(ask_ann: Any) -> None:
    document = 'query($id: ID = "x") { keyword(id: $id) { id } }'
    assert_refused(await ask_ann(document, id=None))


async def test_an_invalid_field_is_refused_while_another_field_is_reading(ask_ann: Any) -> None:
    """The response is complete before the first statement of the other field returns."""
    for document in (
        "{ mentions(first: -1) { totalCount } viewer { mentions { nodes { id } } } }",
        "{ viewer { mentions { nodes { id } } } mentions(first: -1) { totalCount } }",
    ) * 10:
        answer = await ask_ann(document)
        assert answer.code == "BAD_USER_INPUT"
        assert (await ask_ann("{ viewer { email } }")).data == {"viewer": {"email": "ann@example.com"}}
