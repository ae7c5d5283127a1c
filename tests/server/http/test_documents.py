"""Documents by their hash or ID: automatic persisted queries, and trusted documents of a manifest."""

import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from server.app import create_app
from server.http.auth import Authenticator
from server.http.documents import LONGEST_KEPT, Documents, UnknownDocumentError
from server.http.protocol import GRAPHQL_JSON, GraphQLRequest
from server.http.trusted_documents import ManifestError, open_documents, trusted_of
from server.runtime.errors import CommandError
from server.runtime.settings import Settings
from services.accounts.api_keys import ApiKeys
from tests.support.rows import add_key, add_user

QUERY, OTHER = "query A { __typename }", "{ __schema { queryType { name } } }"
DATA = {"data": {"__typename": "Query"}}
TRUSTED = {"a-1": QUERY}
NOT_FOUND = ("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
UNTRUSTED = (
    "DOCUMENT_NOT_TRUSTED",
    "This server runs trusted documents only. Add this document to its manifest.",
)
WRONG = ("BAD_REQUEST", "The hash must be the SHA-256 of `query`, in lower-case hexadecimal digits.")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apq(key: str, version: int = 1) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": key}}}


def seen(answer: httpx.Response) -> tuple[Any, Any]:
    """Return the code and the message of the only error."""
    (error,) = answer.json()["errors"]
    return error["extensions"]["code"], error["message"]


Serve = Callable[[Documents], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve(pool: Pool) -> Serve:
    @asynccontextmanager
    async def served(documents: Documents) -> AsyncIterator[httpx.AsyncClient]:
        key = await add_key(pool, await add_user(pool, "ann@example.com"))
        authenticator = Authenticator(ApiKeys(pool))
        app = create_app(pool, authenticator=authenticator, documents=documents)
        transport = httpx.ASGITransport(app=app)
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            yield client
        await authenticator.close()

    return served


async def test_a_document_sent_once_with_its_hash_runs_by_the_hash(serve: Serve) -> None:
    async with serve(Documents()) as client:
        for media_type, status in (("application/json", 200), (GRAPHQL_JSON, 400)):
            missing = await client.post("/graphql", json=apq(sha256(QUERY)), headers={"accept": media_type})
            assert (missing.status_code, seen(missing)) == (status, NOT_FOUND)
            assert "data" not in missing.json()
        added = await client.post("/graphql", json={"query": QUERY} | apq(sha256(QUERY)))
        assert added.json() == DATA
        assert (await client.post("/graphql", json=apq(sha256(QUERY)))).json() == DATA
        by_id = {"documentId": f"sha256:{sha256(QUERY)}"}
        assert (await client.post("/graphql", json=by_id)).json() == DATA
        assert (await client.get("/graphql", params=by_id)).json() == DATA
        extensions = json.dumps(apq(sha256(QUERY))["extensions"])
        assert (await client.get("/graphql", params={"extensions": extensions})).json() == DATA


async def test_an_empty_text_beside_a_hash_counts_as_absent(serve: Serve) -> None:
    """graphql-ws always sends a text in `query`."""
    async with serve(Documents(TRUSTED, "enforce")) as client:
        for body in ({"documentId": "a-1", "query": ""}, {"query": ""} | apq("a-1")):
            answer = await client.post("/graphql", json=body)
            assert answer.json() == DATA, body
        answer = await client.post("/graphql", json={"documentId": "unknown", "query": ""})
    assert seen(answer) == NOT_FOUND


async def test_a_wrong_hash_adds_nothing(serve: Serve) -> None:
    documents = Documents()
    async with serve(documents) as client:
        for body in (apq(sha256(OTHER)), apq(sha256(QUERY).upper()), {"documentId": "x"}):
            assert seen(await client.post("/graphql", json={"query": QUERY} | body)) == WRONG
    assert documents.bytes_held == 0


async def test_a_request_without_a_credential_adds_nothing(serve: Serve) -> None:
    documents = Documents()
    async with serve(documents) as client:
        del client.headers["authorization"]
        assert (await client.post("/graphql", json={"query": QUERY} | apq(sha256(QUERY)))).json() == DATA
        assert seen(await client.post("/graphql", json=apq(sha256(QUERY)))) == NOT_FOUND
    assert documents.bytes_held == 0


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            apq("x", version=2),
            "PERSISTED_QUERY_NOT_SUPPORTED",
            "`extensions.persistedQuery` must be an object with `version: 1`.",
        ),
        (
            {"extensions": {"persistedQuery": 1}},
            "PERSISTED_QUERY_NOT_SUPPORTED",
            "`extensions.persistedQuery` must be an object with `version: 1`.",
        ),
        (
            {"extensions": {"persistedQuery": {"version": 1}}},
            "BAD_REQUEST",
            "`extensions.persistedQuery.sha256Hash` must be a string.",
        ),
        ({"documentId": 1}, "BAD_REQUEST", "`documentId` must be a string."),
        ({"documentId": "sha256:"}, "BAD_REQUEST", "`documentId` must be a string."),
        ({"documentId": "x", "query": " "}, "BAD_REQUEST", "`query` must be a GraphQL document."),
        ({"documentId": None, "query": ""}, "BAD_REQUEST", "`query` must be a GraphQL document."),
        ({"documentId": "x", "query": 1}, "BAD_REQUEST", "`query` must be a GraphQL document."),
    ],
)
async def test_a_malformed_reference_is_refused(
    serve: Serve, body: dict[str, Any], code: str, message: str
) -> None:
    async with serve(Documents()) as client:
        answer = await client.post("/graphql", json=body)
    assert (answer.status_code, *seen(answer)) == (400, code, message)


async def test_extensions_of_a_url_must_be_a_json_object(serve: Serve) -> None:
    async with serve(Documents()) as client:
        answer = await client.get("/graphql", params={"query": QUERY, "extensions": "[]"})
    assert seen(answer) == ("BAD_REQUEST", "`extensions` must be a JSON object.")


async def test_trusted_documents_run_by_id_and_by_hash_without_a_credential(serve: Serve) -> None:
    async with serve(Documents(TRUSTED, "enforce")) as client:
        del client.headers["authorization"]
        for body in (
            {"documentId": "a-1"},
            {"documentId": f"sha256:{sha256(QUERY)}"},
            apq("a-1"),
            apq(sha256(QUERY)),
            {"query": QUERY},
            {"query": QUERY} | apq("a-1"),
        ):
            assert (await client.post("/graphql", json=body)).json() == DATA
        assert (await client.get("/graphql", params={"documentId": "a-1"})).json() == DATA


async def test_enforce_runs_trusted_documents_only(serve: Serve) -> None:
    documents = Documents(TRUSTED, "enforce")
    async with serve(documents) as client:
        assert seen(await client.post("/graphql", json={"query": OTHER})) == UNTRUSTED
        assert seen(await client.post("/graphql", json={"query": f"{QUERY} "})) == UNTRUSTED
        assert seen(await client.post("/graphql", json=apq(sha256(OTHER)))) == NOT_FOUND
        assert seen(await client.post("/graphql", json={"query": OTHER} | apq(sha256(OTHER)))) == UNTRUSTED
        assert seen(await client.post("/graphql", json=apq(sha256(OTHER)))) == NOT_FOUND
    assert documents.bytes_held == 0


async def test_log_runs_all_documents_and_logs_each_untrusted_one_once(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "leadgraph")
    body = {"query": f"query B {OTHER}", "operationName": "B"}
    async with serve(Documents(TRUSTED, "log")) as client:
        for _ in range(2):
            assert (await client.post("/graphql", json=body)).json()["data"]
            assert (await client.post("/graphql", json={"documentId": "a-1"})).json() == DATA
    assert caplog.messages == [f"untrusted document sha256:{sha256(body['query'])} (operation 'B')"]


def test_the_least_recently_used_documents_make_room() -> None:
    documents = Documents(bytes_kept=3 * (300 + 4 * 10))
    texts = [f"{{ field{n} }}" for n in range(4)]
    assert {len(text) for text in texts} == {10}

    def is_known(text: str) -> bool:
        try:
            return documents.resolve(GraphQLRequest("", {}, None, sha256(text)), may_add=True).query == text
        except UnknownDocumentError:
            return False

    for text in texts[:3]:
        documents.resolve(GraphQLRequest(text, {}, None, sha256(text)), may_add=True)
    assert is_known(texts[0])
    documents.resolve(GraphQLRequest(texts[3], {}, None, sha256(texts[3])), may_add=True)
    assert [is_known(text) for text in texts] == [True, False, True, True]
    assert documents.bytes_held == 3 * 340
    long = "x" * (LONGEST_KEPT + 1)
    Documents().resolve(GraphQLRequest(long, {}, None, sha256(long)), may_add=True)
    assert not is_known(long)


def test_manifests_of_apollo_and_relay_are_read() -> None:
    apollo = {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "a-1", "name": "A", "type": "query", "body": QUERY}],
    }
    assert trusted_of(json.dumps(apollo).encode()) == TRUSTED
    assert trusted_of(json.dumps(TRUSTED).encode()) == TRUSTED


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("{", "It is not JSON: "),
        ("[]", "It must be a JSON object."),
        (
            '{"operations": []}',
            'It must have `"format": "apollo-persisted-query-manifest"` and `"version": 1`.',
        ),
        (
            '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": {}}',
            "`operations` must be a list.",
        ),
        (
            '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "a"}]}',
            "Each document must have an ID and a text.",
        ),
        ('{"a": 1}', "Each document must have an ID and a text."),
        ('{"": "{ a }"}', "Each document must have an ID and a text."),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(manifest: str, message: str) -> None:
    with pytest.raises(ManifestError) as refused:
        trusted_of(manifest.encode())
    assert str(refused.value).startswith(message)


def test_two_documents_of_one_id_are_refused() -> None:
    operations = [{"id": "a", "body": body} for body in (QUERY, OTHER)]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    with pytest.raises(ManifestError, match="Two documents have the ID 'a'"):
        trusted_of(json.dumps(manifest).encode())


def test_settings_open_a_manifest_or_say_why_not(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    assert open_documents(Settings(home=tmp_path)).resolve(GraphQLRequest(OTHER, {}, None), may_add=False)
    with pytest.raises(
        CommandError, match=r"\ALEADGRAPH_DOCUMENTS=log requires LEADGRAPH_TRUSTED_DOCUMENTS\.\Z"
    ):
        open_documents(Settings(home=tmp_path, documents="log"))
    with pytest.raises(
        CommandError, match=r"\ALEADGRAPH_TRUSTED_DOCUMENTS must name a manifest of Apollo or"
    ):
        open_documents(Settings(home=tmp_path, trusted_documents=path))
    path.write_text(json.dumps(TRUSTED))
    opened = open_documents(Settings(home=tmp_path, trusted_documents=path, documents="enforce"))
    assert opened.resolve(GraphQLRequest("", {}, None, "a-1"), may_add=False).query == QUERY
