"""The default payload of webhooks: enough of an object for a receiver to act without a second request.

The payload has each field that a change can name, and what identifies the objects that the object refers to. It leaves
out lists, figures and links that expire. A part that requires a scope which the webhook lacks is left out as well.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Final

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from breadth.fields import KEY, Column
from breadth.strawberry_field import metadata_of
from resolvers.entities import OF_TYPENAME
from schema.fields import LONG
from services.accounts.api_key import READ_SCOPES

_USER: Final = "{ id email }"
_KEYWORD: Final = "{ id keyword status }"
_MENTION: Final = "{ id platform kind url title author publishedAt }"
PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "Keyword": {"user": _USER},
    "Mention": {
        "content": "",
        "user": _USER,
        "keyword": _KEYWORD,
        "integration": "{ id provider name }",
        "lead": "{ id status }",
        "analysis": "{ status sentiment intent relevance relevanceScore relevanceReason topics summary analyzedAt }",
    },
    "Lead": {
        "expectedValue": "{ amount currency }",
        "scoreBreakdown": "{ relevance intent sentiment recency reach scoredAt }",
        "notes": "",
        "user": _USER,
        "assignee": _USER,
        "keyword": _KEYWORD,
        "mention": _MENTION,
    },
    "Integration": {"settings": "", "hasCredentials": "", "user": _USER},
    "Webhook": {"hasFilter": "", "filter": "", "document": ""},
}
"""The fields beside the short columns, each with its selection set."""


def default_document(schema: GraphQLSchema, typename: str, scopes: Collection[str]) -> str:
    """Return the query of the default payload of objects, as a webhook with the scopes gets it."""
    return _document(schema, typename, READ_SCOPES & frozenset(scopes))


@cache
def _document(schema: GraphQLSchema, typename: str, scopes: frozenset[str]) -> str:
    type_ = schema.get_type(typename)
    if not isinstance(type_, GraphQLObjectType):
        raise TypeError(f"{typename} is no object type.")
    columns = [name for name, field in type_.fields.items() if _is_short_column(field)]
    parts = [
        f"{name} {selection}".strip()
        for name, selection in PARTS.get(typename, {}).items()
        if _is_readable(type_.fields[name], scopes)
    ]
    fields = " ".join([*columns, *parts])
    return f"query Webhook($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {typename} {{ {fields} }} }} }}"


def _is_short_column(field: GraphQLField) -> bool:
    metadata = metadata_of(field)
    is_short_column = isinstance(metadata.get(KEY), Column) and not metadata.get(LONG)
    return is_short_column and is_leaf_type(get_named_type(field.type)) and field.deprecation_reason is None


def _is_readable(field: GraphQLField, scopes: frozenset[str]) -> bool:
    entity = OF_TYPENAME.get(get_named_type(field.type).name)
    return entity is None or entity.permission is None or entity.permission in scopes
