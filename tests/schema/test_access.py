"""An operation that selects fields without their scopes is refused before it runs, with all missing scopes."""

from collections.abc import Mapping
from typing import Any

import pytest

from db.models import UserRole
from resolvers.framework.errors import UnauthenticatedError
from resolvers.framework.global_id import encode
from schema.graph import build
from schema.prepared.operation import PreparedOperation
from services.accounts.viewer import Viewer
from tests.support.world import Ask, World

PREPARED = build().prepared


def required_by(document: str, *scopes: str, **variables: object) -> Mapping[str, list[str]]:
    """Return the fields that require each missing scope. The key has the given scopes only."""
    operation = PREPARED.get(document, None)
    assert isinstance(operation, PreparedOperation), operation.errors
    refusal = operation.refusal(variables, Viewer(1, UserRole.MEMBER, frozenset(scopes)))
    if not refusal:
        return {}
    (error,) = refusal
    extensions: Any = error.extensions
    assert (extensions["code"], extensions["missingScopes"]) == ("FORBIDDEN", list(extensions["requiredBy"]))
    found: dict[str, list[str]] = extensions["requiredBy"]
    return found


CONDITIONAL = """query($on: Boolean!, $off: Boolean = true) {
    viewer { id }
    leads @include(if: $on) { nodes { id mention @skip(if: $off) { id } } }
}"""
INCLUDED_TWICE = "query($a: Boolean!, $b: Boolean!) { ...F @skip(if: $a) ...F @skip(if: $b) } fragment F on Query { leads { totalCount } }"
FILTERED = "query($f: LeadFilter) { leads(filter: $f) { totalCount } }"
BY_WORDS = "query($s: String) { leads(filter: { or: [{ search: $s }] }) { totalCount } }"
RATES = "query($b: RateBasis = LEADS_PER_MENTION) { viewer { rate(basis: $b) { value } } }"
QUALIFIED = {"read:leads": ["User.rate"]}
LEADS = {"read:leads": ["Query.leads"]}


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ viewer { email leadsCount } users { nodes { id } } exports { totalCount } __typename }", {}, {}),
        ("{ __schema { types { name } } }", {}, {}),
        ("{ a: leads { totalCount } leads { nodes { lead: id } } }", {}, LEADS),
        (
            "{ leads { nodes { mention { keyword { id } } keyword { id } } } }",
            {},
            {
                "read:keywords": ["Mention.keyword", "Lead.keyword"],
                "read:leads": ["Query.leads"],
                "read:mentions": ["Lead.mention"],
            },
        ),
        ("{ leads @skip(if: true) { totalCount } ... @include(if: false) { mentions { totalCount } } viewer { id } }", {}, {}),
        (CONDITIONAL, {"on": False}, {}),
        (CONDITIONAL, {"on": []}, LEADS),
        (CONDITIONAL, {"on": True}, LEADS),
        (CONDITIONAL, {"on": True, "off": False}, LEADS | {"read:mentions": ["Lead.mention"]}),
        (CONDITIONAL, {"on": True, "off": True}, LEADS),
        (INCLUDED_TWICE, {"a": True, "b": True}, {}),
        (INCLUDED_TWICE, {"a": True, "b": False}, LEADS),
        (INCLUDED_TWICE, {"a": False, "b": True}, LEADS),
        # A filter by values of another entity.
        (FILTERED, {}, LEADS),
        (FILTERED, {"f": {"score": {"gt": 1}, "search": None}}, LEADS),
        (FILTERED, {"f": {"or": [{}, {"not": {"and": [{"search": "x"}]}}]}}, LEADS | {"read:mentions": ["Query.leads"]}),
        ("{ leadStats(filter: { intent: { eq: BUYING } }) { count } }", {},
         {"read:leads": ["Query.leadStats"], "read:mentions": ["Query.leadStats"]}),
        (BY_WORDS, {}, LEADS),
        (BY_WORDS, {"s": "x"}, LEADS | {"read:mentions": ["Query.leads"]}),
        # A figure that counts leads for one value of its argument.
        (RATES, {}, {}),
        (RATES, {"b": "QUALIFIED_PER_LEAD"}, QUALIFIED),
        ("{ viewer { rate(basis: QUALIFIED_PER_LEAD) { value } } }", {}, QUALIFIED),
        ("{ viewer { conversionRate { value } } }", {}, {}),
        ("{ dashboard { range timeZone } }", {}, {}),
        (
            "{ dashboard { recentLeads { id } integrationStatus { score } keywordPerformance { score: performanceScore } } }",
            {},
            {
                "read:integrations": ["Dashboard.integrationStatus"],
                "read:keywords": ["Dashboard.keywordPerformance"],
                "read:leads": ["Dashboard.recentLeads"],
            },
        ),
        ('mutation { createKeyword(input: { keyword: "x" }) { keyword { id user { id } mentions { totalCount } } } }', {},
         {"read:mentions": ["Keyword.mentions"], "write:keywords": ["Mutation.createKeyword"]}),
        ('mutation { cancelExport(input: { id: "x" }) { userErrors { code } } }', {}, {}),
    ],
)  # fmt: skip
def test_the_missing_scopes_are_named_with_the_fields_that_require_them(
    document: str, variables: dict[str, object], expected: dict[str, list[str]]
) -> None:
    assert required_by(document, **variables) == expected
    assert required_by(document, *expected, **variables) == {}


NODE = "{ node(id: 1) { id ... on Lead { status mention { id } } ...K } } fragment K on Node { ... on Keyword { leads { totalCount } user { id } } }"


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ([], {}),
        (["read:leads"], {"read:mentions": ["Lead.mention"]}),
        (["read:keywords"], {"read:leads": ["Keyword.leads"]}),
        (["read:leads", "read:mentions", "read:keywords"], {}),
    ],
)
def test_the_fields_of_a_type_that_the_key_may_not_read_require_nothing_below_node(
    scopes: list[str], expected: dict[str, list[str]]
) -> None:
    """No object of the type reaches these fields."""
    assert required_by(NODE, *scopes) == expected


def test_a_fragment_of_an_interface_requires_only_the_scopes_of_the_type_that_spreads_it() -> None:
    document = "{ users { nodes { ...N } } } fragment N on Node { id ... on Lead { mention { id } } ... on User { keywords { totalCount } } }"
    assert required_by(document) == {"read:keywords": ["User.keywords"]}


def test_fragments_that_spread_each_other_many_times_are_walked_once() -> None:
    chain = " ".join(f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    document = f"{{ viewer {{ ...F0 }} }} {chain} fragment F60 on User {{ __typename }}"
    operation: Any = PREPARED.get(document, None)
    assert operation._access.refusal({}, Viewer(1, UserRole.MEMBER)) is None


def test_a_long_list_of_fields_is_cut() -> None:
    fields = [
        "keywords { nodes { efficiencyScore performance { overTime { asOf } } } }",
        "keyword(id: 1) { id }",
        "dashboard { keywordPerformance { asOf } conversionMetrics { topPerformingKeyword { asOf } } }",
        "analytics { keywords { asOf } }",
        "mentions { nodes { keyword { id } } stats { byKeyword { count } } }",
        "leads { nodes { keyword { id } } stats { byKeyword { count } } }",
        "viewer { keywords { totalCount } }",
    ]
    found = required_by(f"{{ {' '.join(fields)} }}", "read:mentions", "read:leads")
    assert len(found["read:keywords"]) == 10


async def test_a_refused_operation_reads_and_writes_nothing(ask: Ask, world: World) -> None:
    await world.set_scopes("ann", "write:keywords")
    document = """mutation {
        createKeyword(input: { keyword: "crm" }) { keyword { id } }
        createLead(input: { mentionId: "x" }) { lead { mention { id } } }
    }"""
    answer = await ask(document)
    assert "data" not in answer.body
    assert answer.code == "FORBIDDEN"
    assert answer.error["message"] == (
        "This API key lacks the scopes `read:mentions` (required by `Lead.mention`) and `write:leads` (required by "
        "`Mutation.createLead`)."
    )
    assert answer.error["extensions"]["missingScopes"] == ["read:mentions", "write:leads"]
    assert answer.statements == []
    assert await world.fetch("SELECT 1 FROM keywords WHERE keyword = 'crm'") == []


async def test_an_object_of_a_forbidden_type_is_null_beside_other_fields(ask: Ask, world: World) -> None:
    lead, *_ = await world.rows("leads", "ann")
    await world.set_scopes("ann", "read:keywords")
    document = "query($id: ID!) { node(id: $id) { id ... on Lead { mention { id } } } viewer { email } }"
    answer = await ask(document, id=encode("Lead", lead["id"]))
    assert answer.body["data"] == {"node": None, "viewer": {"email": "ann@example.com"}}
    assert (answer.code, answer.error["path"]) == ("FORBIDDEN", ["node"])
    assert answer.error["message"] == "This API key lacks the scope `read:leads`."


@pytest.mark.parametrize("document", ["{ __typename }", '{ __type(name: "User") { name } }'])
def test_introspection_requires_no_credential(document: str) -> None:
    operation = PREPARED.get(document, None)
    assert operation.refusal({}, None) == ()


@pytest.mark.parametrize(
    "document", ["{ viewer { id } }", "mutation { updateViewer(input: {}) { replayed } }"]
)
def test_data_requires_a_credential(document: str) -> None:
    operation = PREPARED.get(document, None)
    with pytest.raises(UnauthenticatedError):
        operation.refusal({}, None)
