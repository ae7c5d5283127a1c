"""GraphQL over HTTP, as the server audits of the npm package graphql-http check it."""

import asyncio

from tests.support.npm import installed_clients, output_of

AUDITS = 61


async def test_all_server_audits_of_graphql_http_pass(origin: str) -> None:
    node = await asyncio.to_thread(installed_clients)
    results = await output_of(node, "audits.mjs", f"{origin}/graphql")
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS
