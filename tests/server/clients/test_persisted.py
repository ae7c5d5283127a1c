"""Apollo Client's own link for persisted queries, with and without a manifest of trusted documents."""

import asyncio
import json
from pathlib import Path

from db.engine.pool import Pool
from server.app import create_app
from server.http.documents import Documents
from server.http.trusted_documents import trusted_of
from tests.support.listening import listening
from tests.support.npm import installed_clients, output_of
from tests.support.rows import add_key, add_user

DOCUMENT = """query Me($n: Int!) {
  viewer {
    email
    keywordsCount
    __typename
  }
  keywords(first: $n) {
    nodes {
      id
      __typename
    }
    __typename
  }
}"""


async def test_apollo_client_sends_a_document_once_and_then_its_hash(pool: Pool) -> None:
    node = await asyncio.to_thread(installed_clients)
    key = await add_key(pool, await add_user(pool, "ann@example.com"))
    async with listening(create_app(pool)) as server:
        found = await output_of(node, "persisted.mjs", f"{server.origin}/graphql", key)
    assert found["answers"] == ["ann@example.com"] * 2
    assert found["requests"] == [["GET", False], ["POST", True], ["GET", False]]


async def test_apollo_client_names_trusted_documents_by_their_ids(pool: Pool, tmp_path: Path) -> None:
    node = await asyncio.to_thread(installed_clients)
    key = await add_key(pool, await add_user(pool, "ann@example.com"))
    operation = {"id": "me-1", "name": "Me", "type": "query", "body": DOCUMENT}
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]})
    )
    documents = Documents(trusted_of(manifest.read_bytes()), "enforce")
    async with listening(create_app(pool, documents=documents)) as server:
        url = f"{server.origin}/graphql"
        found = await output_of(node, "persisted.mjs", url, key, str(manifest))
    assert found["answers"] == ["ann@example.com"] * 2
    assert found["requests"] == [["POST", False]] * 2
