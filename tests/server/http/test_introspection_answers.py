"""Answers to introspections are kept encoded, and differ by all that they depend on."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from db.engine.pool import Pool
from schema.prepared.operation import PreparedOperation
from server.app import create_app
from server.http.documents import Documents
from server.http.introspection_answers import IntrospectionAnswers, Key
from server.runtime.observation import Observation
from services.accounts.rate_limit import RateLimits
from tests.support.rows import add_key, add_user

SCHEMA = "{ __schema { queryType { name } } }"
SCHEMA_DATA = {"data": {"__schema": {"queryType": {"name": "Query"}}}}
BY_NAME = "query($name: String!) { __type(name: $name) { name } }"
BOTH = 'query A { __type(name: "Lead") { name } } query B { __type(name: "Keyword") { name } }'
DATA = '{ viewer { email } __type(name: "Lead") { name } }'


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the operations that have run."""
    names: list[str] = []
    execute = PreparedOperation.execute

    async def noted(self: PreparedOperation, variables: Any, context: Any) -> Any:
        names.append(self.name)
        return await execute(self, variables, context)

    monkeypatch.setattr(PreparedOperation, "execute", noted)
    return names


Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve(pool: Pool) -> Serve:
    @asynccontextmanager
    async def served(**options: Any) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=create_app(pool, **options))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client

    return served


async def asked(client: httpx.AsyncClient, query: str, key: str | None = None, **request: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = await client.post("/graphql", json={"query": query, **request}, headers=headers)
    return answer.json()


async def test_an_introspection_runs_once(serve: Serve, executions: list[str], pool: Pool) -> None:
    key = await add_key(pool, await add_user(pool))
    async with serve() as client:
        answers = [await asked(client, SCHEMA), await asked(client, SCHEMA), await asked(client, SCHEMA, key)]
    assert answers == [SCHEMA_DATA] * 3
    assert len(executions) == 1


async def test_kept_answers_have_the_same_bytes(serve: Serve) -> None:
    whole = "{ __schema { types { name description fields { name args { name } type { name } } } } }"
    async with serve() as client:
        first, second = [await client.post("/graphql", json={"query": whole}) for _ in range(2)]
    assert first.content == second.content
    assert len(first.content) > 50_000
    assert first.headers["content-length"] == second.headers["content-length"]


async def test_answers_differ_by_variables(serve: Serve, executions: list[str]) -> None:
    async with serve() as client:
        for _ in range(2):
            for name in ("Lead", "Keyword"):
                answer = await asked(client, BY_NAME, variables={"name": name})
                assert answer == {"data": {"__type": {"name": name}}}
    assert len(executions) == 2


async def test_answers_differ_by_operation_name(serve: Serve, executions: list[str]) -> None:
    async with serve() as client:
        for _ in range(2):
            for name, type_ in (("A", "Lead"), ("B", "Keyword")):
                answer = await asked(client, BOTH, operationName=name)
                assert answer == {"data": {"__type": {"name": type_}}}
    assert executions == ["A", "B"]


async def test_data_of_a_viewer_is_never_kept(serve: Serve, pool: Pool, executions: list[str]) -> None:
    keys = {
        email: await add_key(pool, await add_user(pool, email)) for email in ("a@x.example", "b@x.example")
    }
    skipped = "query($no: Boolean!) { __typename viewer @skip(if: $no) { email } }"
    async with serve() as client:
        for email, key in [*keys.items(), *keys.items()]:
            answer = await asked(client, DATA, key)
            assert answer == {"data": {"viewer": {"email": email}, "__type": {"name": "Lead"}}}
            answer = await asked(client, skipped, key, variables={"no": False})
            assert answer == {"data": {"__typename": "Query", "viewer": {"email": email}}}
            assert await asked(client, skipped, key, variables={"no": True}) == {
                "data": {"__typename": "Query"}
            }
        assert (await asked(client, DATA))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert len(executions) == 12


async def test_errors_are_not_kept(serve: Serve, executions: list[str]) -> None:
    async with serve() as client:
        for _ in range(2):
            answer = await asked(client, BY_NAME, variables={"name": 1})
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert len(executions) == 2


async def test_untrusted_introspections_are_refused_however_often_they_come(serve: Serve) -> None:
    async with serve(documents=Documents({"a": BY_NAME}, "enforce")) as client:
        for _ in range(2):
            assert (await asked(client, SCHEMA))["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
            answer = await asked(client, BY_NAME, variables={"name": "Lead"})
            assert answer == {"data": {"__type": {"name": "Lead"}}}


async def test_a_kept_answer_is_only_for_those_who_may_read_the_schema(serve: Serve, pool: Pool) -> None:
    key = await add_key(pool, await add_user(pool))
    async with serve(introspection="authenticated") as client:
        for _ in range(2):
            assert await asked(client, SCHEMA, key) == SCHEMA_DATA
            (error,) = (await asked(client, SCHEMA))["errors"]
            assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_kept_answers_are_observed_and_charged(serve: Serve, pool: Pool) -> None:
    key = await add_key(pool, await add_user(pool))
    seen: list[Observation] = []
    async with serve(observers=[seen.append], rate_limits=RateLimits(120)) as client:
        client.headers["authorization"] = f"Bearer {key}"
        answers = [await client.post("/graphql", json={"query": f"query Named {SCHEMA}"}) for _ in range(3)]
    assert [answer.json() for answer in answers] == [SCHEMA_DATA] * 3
    assert [(each.operation, each.status, each.outcome) for each in seen] == [("Named", 200, "answered")] * 3
    assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers] == [
        f'"default";r={left}' for left in (119, 118, 117)
    ]


def answer_of(size: int) -> dict[str, Any]:
    return {"data": {"__typename": "x" * (size - len('{"__typename":""}'))}}


def key_of(text: str) -> Key:
    return text, None, "{}"


def test_the_bytes_of_kept_answers_are_bounded() -> None:
    answers = IntrospectionAnswers(10_000)
    for name in ("a", "b", "c", "d", "e"):
        body = answers.keeping(key_of(name), orjson.dumps)(answer_of(1_900))
        assert json.loads(body) == answer_of(1_900)
        assert answers.find(key_of("a")) is not None  # the answer used last stays
        assert answers.bytes_held <= 10_000
    assert [name for name in "abcde" if answers.find(key_of(name))] == ["a", "c", "d", "e"]
    assert answers.bytes_held == 4 * (500 + 4 * 3 + 1_900)


def test_an_answer_of_more_than_a_fourth_of_the_bytes_is_not_kept() -> None:
    answers = IntrospectionAnswers(10_000)
    answers.keeping(key_of("a"), orjson.dumps)(answer_of(2_500))
    assert (len(answers), answers.bytes_held) == (0, 0)
