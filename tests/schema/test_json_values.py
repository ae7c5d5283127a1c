"""JSON values: those that cannot be stored are refused, and stored ones that cannot be returned fail their field."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from schema.graph import build
from schema.prepared.cache import ExecutorName
from server.app import create_app
from services.accounts.vault import Vault
from services.rules.json_values import DEEPEST_JSON
from tests.support.world import World

TOO_DEEP = f"A JSON value must have at most {DEEPEST_JSON} levels of objects and lists."
CONNECT = "connectIntegration(input: {provider: X, settings: %s%s}) { integration { settings } userErrors { code message path } }"
UPDATE = 'updateIntegration(input: {id: "%s", settings: %s}) { integration { settings } userErrors { code message path } }'
Send = Callable[..., Any]


def nested(levels: int, inner: str = "1") -> str:
    """Return an object of as many levels, as a literal and as JSON."""
    return '{"a": ' * levels + inner + "}" * levels


def literal(text: str) -> str:
    return text.replace('"a"', "a").replace('"b"', "b")


@pytest.fixture(scope="module")
async def people(shared_pool: Pool) -> World:
    world = World(shared_pool)
    await world.add_user("ann")
    await world.add_user("olga", role="operator")
    await world.add_integrations("ann")
    return world


@pytest.fixture(scope="module", params=["breadth", "reference"])
async def send(people: World, request: pytest.FixtureRequest) -> AsyncIterator[Send]:
    """A function that sends a document with variables as JSON text, and returns the response."""
    executor: ExecutorName = request.param
    app = create_app(people.pool, graph=build(executor), vault=Vault([people.vault_key]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:

        async def sent(
            document: str, variables: str = "{}", *, viewer: str = "ann", get: bool = False
        ) -> Any:
            headers = {
                "authorization": f"Bearer {people.keys[viewer]}",
                "content-type": "application/json",
            }
            if get:
                params = {"query": document, "variables": variables}
                return await client.get("/graphql", params=params, headers=headers)
            content = f'{{"query": {json.dumps(document)}, "variables": {variables}}}'
            return await client.post("/graphql", content=content, headers=headers)

        yield sent


async def both_ways(send: Send, settings: str, more: str = "") -> list[Any]:
    """Return the bodies of the responses to a call with settings as a literal, and as a variable."""
    by_literal = await send(f"mutation {{ result: {CONNECT % (literal(settings), more)} }}")
    by_variable = await send(
        f"mutation($s: JSON) {{ result: {CONNECT % ('$s', more)} }}", f'{{"s": {settings}}}'
    )
    return [by_literal.json(), by_variable.json()]


REFUSED = {
    '{"a": 123456789012345678901234567890}': "The integer at `a` must fit into 64 bits, or be a string.",
    '{"b": [0, {"a": -9223372036854775809}]}': "The integer at `b[1].a` must fit into 64 bits, or be a string.",
    f'{{"a": {"9" * 300}}}': "The integer at `a` must fit into 64 bits, or be a string.",
    "[1]": "Must be a JSON object.",
}


@pytest.mark.parametrize("more", ["", ', idempotencyKey: "k"'])
async def test_integers_beyond_64_bits_are_refused_with_their_place(
    send: Send, people: World, more: str
) -> None:
    before = await people.contents()
    for settings, message in REFUSED.items():
        for body in await both_ways(send, settings, more):
            error = {"code": "INVALID", "message": message, "path": ["input", "settings"]}
            assert body["data"]["result"] == {"integration": None, "userErrors": [error]}
    assert await people.contents() == before


async def test_infinite_numbers_are_refused(send: Send, people: World) -> None:
    before = await people.contents()
    by_literal, by_variable = await both_ways(send, '{"a": [1, -1e400]}')
    (error,) = by_literal["data"]["result"]["userErrors"]
    assert error["message"] == "The number at `a[1]` must be finite."
    assert by_variable["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "is not JSON: a number is too large (line 1, column " in by_variable["errors"][0]["message"]
    for text in ("NaN", "Infinity", "-Infinity"):
        answer = await send("query($s: JSON) { viewer { id } }", f'{{"s": {text}}}')
        assert (answer.status_code, "is not JSON: the syntax is wrong" in answer.text) == (400, True)
    assert await people.contents() == before


@pytest.mark.parametrize("levels", [DEEPEST_JSON + 1, 140])
@pytest.mark.parametrize("inner", ["1", "[]"])
async def test_values_that_are_too_deep_are_refused(
    send: Send, people: World, levels: int, inner: str
) -> None:
    before = await people.contents()
    settings = nested(levels - (inner == "[]"), inner)
    id_ = encode("Integration", (await people.rows("integrations", "ann"))[0]["id"])
    bodies = await both_ways(send, settings, ', idempotencyKey: "k"')
    bodies.append((await send(f"mutation {{ {UPDATE % (id_, literal(settings))} }}")).json())
    inside = UPDATE % (id_, literal(nested(10, "$s")))
    wrapped = await send(f"mutation($s: JSON) {{ {inside} }}", f'{{"s": {nested(levels - 5)}}}')
    bodies.append(wrapped.json())
    for body in bodies:
        (error,) = body["errors"]
        assert TOO_DEEP in error["message"]
        assert error["extensions"]["code"] in {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
        assert error["locations"]
    assert await people.contents() == before


async def test_deeply_nested_variables_and_documents_are_no_failures(send: Send) -> None:
    for levels in (400, 1000, 1500, 20_000):
        for settings in (nested(levels), "[" * levels + "]" * levels):
            bodies = await both_ways(send, settings, ', idempotencyKey: "k"')
            codes = {body["errors"][0]["extensions"]["code"] for body in bodies}
            assert codes <= {"BAD_USER_INPUT", "BAD_REQUEST", "GRAPHQL_PARSE_FAILED"}
    mixed = f'{{"s": [{"9" * 30}, {"[" * 1000 + "]" * 1000}]}}'  # the long integer needs another parser
    answer = await send("query($s: JSON) { viewer { id } }", mixed)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) in {
        (400, "BAD_REQUEST"),
        (200, "GRAPHQL_VALIDATION_FAILED"),
    }


async def test_values_within_the_limits_are_returned_as_they_were_sent(send: Send) -> None:
    values = {"a": [0.1, -(2**63), 2**64 - 1, 1e300, "\U0001f600 \\u0000", None, True, {}, []]}
    deepest = json.loads(nested(DEEPEST_JSON))
    for account, settings in enumerate([values, deepest]):
        more = f', externalAccountId: "{account} {uuid4()}"'
        document = f"mutation($s: JSON) {{ result: {CONNECT % ('$s', more)} }}"
        answer = await send(document, json.dumps({"s": settings}))
        assert answer.json()["data"]["result"] == {"integration": {"settings": settings}, "userErrors": []}


STORED = [
    (nested(199), True),
    (nested(201), False),
    (nested(250), False),
    (nested(1500), False),
    ('{"a": 1e400}', False),
    ('{"a": [1e-5, "x"]}', True),
]


@pytest.mark.parametrize(("settings", "is_shown"), STORED, ids=lambda value: str(value)[:12])
async def test_a_stored_value_that_a_response_cannot_hold_is_an_error_of_its_field(
    send: Send, people: World, settings: str, is_shown: bool, caplog: pytest.LogCaptureFixture
) -> None:
    await people.pool.execute(
        "UPDATE integrations SET settings = $1::text::jsonb WHERE id = (SELECT min(id) FROM integrations)",
        settings,
    )
    document = "{ integrations(first: 9, orderBy: OLDEST) { nodes { id settings } } }"
    without = "{ integrations(first: 9, orderBy: OLDEST) { nodes { id } } }"
    for viewer in ("ann", "olga"):
        for get in (False, True):
            answer = await send(document, viewer=viewer, get=get)
            body = answer.json()
            assert answer.status_code == 200
            if is_shown:
                assert body["data"]["integrations"]["nodes"][0]["settings"] == json.loads(settings)
                continue
            (error,) = body["errors"]
            assert error["path"] == ["integrations", "nodes", 0, "settings"]
            assert error["extensions"]["code"] == "INTERNAL"
            assert error["message"].startswith("Internal error. The log describes it under the request ID ")
            assert "JSON value" in caplog.text
            assert (await send(without, viewer=viewer, get=get)).json()["data"]["integrations"]["nodes"]
