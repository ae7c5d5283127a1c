"""Rules of docs/guides/schema-policy.md, checked against the committed schema."""

from datetime import date
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "docs" / "guides" / "schema-policy.md"
SCHEMA = build_schema((ROOT / "schema.graphql").read_text())
TYPES = {name: type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")}
FIELDS = {
    f"{name}.{field_name}": field
    for name, type_ in TYPES.items()
    if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType))
    for field_name, field in type_.fields.items()
}
DEPRECATION_TABLE = "| what | use instead | deprecated on | removed not before |\n|---|---|---|---|\n"


def test_lists_are_null_only_if_they_failed_and_their_items_only_in_nodes() -> None:
    lists = {
        place: field.type for place, field in FIELDS.items() if is_list_type(get_nullable_type(field.type))
    }
    assert len(lists) > 10
    assert [place for place, type_ in lists.items() if not is_non_null_type(type_)] == [
        "Analytics.keywords",
        "Analytics.integrations",
        "Dashboard.recentLeads",
        "Dashboard.keywordPerformance",
        "Dashboard.integrationStatus",
        "Query.nodes",
        "Query.sessions",
    ]
    items = {place: get_nullable_type(type_).of_type for place, type_ in lists.items()}
    assert [place for place, type_ in items.items() if not is_non_null_type(type_)] == ["Query.nodes"]


@pytest.mark.parametrize("place", [place for place in FIELDS if place.endswith((".id", "Count", ".count"))])
def test_ids_and_counters_are_never_null(place: str) -> None:
    assert isinstance(FIELDS[place].type, GraphQLNonNull)


@pytest.mark.parametrize(
    "place", [place for place, field in FIELDS.items() if place.startswith("Query.") and "id" in field.args]
)
def test_lookups_by_id_may_be_null(place: str) -> None:
    assert not isinstance(FIELDS[place].type, GraphQLNonNull)


@pytest.mark.parametrize(
    "place", [place for place, field in FIELDS.items() if not isinstance(field.type, GraphQLNonNull)]
)
def test_the_description_of_a_nullable_field_mentions_null(place: str) -> None:
    assert "null" in (FIELDS[place].description or "").lower()


def members() -> dict[str, GraphQLField | GraphQLInputField | GraphQLArgument]:
    found = dict(FIELDS)
    for name, type_ in TYPES.items():
        if isinstance(type_, GraphQLInputObjectType):
            found |= {f"{name}.{key}": field for key, field in type_.fields.items()}
        if isinstance(type_, GraphQLEnumType):
            found |= {f"{name}.{key}": value for key, value in type_.values.items()}
    for place, field in FIELDS.items():
        found |= {f"{place}({key}:)": argument for key, argument in field.args.items()}
    return found


def test_deprecated_members_are_in_the_table_with_three_months_notice() -> None:
    _, table = POLICY.read_text().split(DEPRECATION_TABLE)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    reasons = {place: member.deprecation_reason for place, member in members().items()}

    deprecated = {place: reason for place, reason in reasons.items() if reason is not None}
    assert [row[0] for row in rows] == [f"`{place}`" for place in deprecated]
    for row, reason in zip(rows, deprecated.values(), strict=True):
        assert row[1].split("`")[1] in reason
        begun, ends = (date.fromisoformat(cell) for cell in row[2:])
        assert (ends.year - begun.year) * 12 + ends.month - begun.month - (ends.day < begun.day) >= 3
