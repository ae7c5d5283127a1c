"""The lists of a response are known from its document."""

from schema.graph import build
from schema.prepared.operation import PreparedOperation
from schema.prepared.response_lists import Lists


async def lists_of(document: str) -> Lists:
    operation = await build().prepared.prepared(document, None)
    assert isinstance(operation, PreparedOperation)
    return operation.lists


async def test_lists_are_found_through_objects_aliases_and_fragments() -> None:
    found = await lists_of("""
        query {
          viewer { email }
          mine: keywords(first: 2) { pageInfo { hasNextPage } ...Page ...Page rows: edges { cursor } }
          node(id: "x") { id ... on Mention { analysis { topics } } ... on Keyword { ...Mentions } }
        }
        fragment Page on KeywordConnection { totalCount nodes { id keyword ...Mentions } }
        fragment Mentions on Keyword { mentions(first: 1) { totalCount ... { nodes { id lead { tags } } } } }
    """)
    mentions: Lists = {"mentions": {"nodes": {"lead": {"tags": {}}}}}
    assert found == {
        "mine": {"nodes": mentions, "rows": {}},
        "node": {"analysis": {"topics": {}}} | mentions,
    }


async def test_a_response_without_lists_has_none() -> None:
    assert await lists_of("{ viewer { id } leads { totalCount } __typename }") == {}
    assert await lists_of("{ __schema { types { name fields { name } } } }") == {
        "__schema": {"types": {"fields": {}}}
    }
