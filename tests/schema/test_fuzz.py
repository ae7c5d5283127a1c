"""Random requests over the whole schema: no server error, no hang, no leak, and flat memory.

FUZZ_CASES sets the number of requests, and FUZZ_SEED where they start.
"""

import asyncio
import gc
import json
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    ValueNode,
    ast_from_value,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, mutations, queries

from db.engine.pool import Pool
from resolvers.framework.global_id import encode
from schema.graph import Graph
from server.app import create_app
from tests.support.leaks import leak_in
from tests.support.world import Asker, World

CASES = int(os.environ.get("FUZZ_CASES", "300"))
SEED = int(os.environ.get("FUZZ_SEED", "20261130"))
AT_ONCE = 100
LONGEST_SECONDS = 20
MOST_GROWTH_BYTES = 64_000_000
TABLES = {
    "User": "users",
    "Keyword": "keywords",
    "Mention": "mentions",
    "Lead": "leads",
    "Integration": "integrations",
    "IntegrationLog": "integration_logs",
}
LITERALS: Mapping[type, Any] = {
    str: GraphQLString,
    int: GraphQLInt,
    float: GraphQLFloat,
    bool: GraphQLBoolean,
}
HOSTILE = [
    "",
    "\0",
    "'; DROP TABLE users; --",
    "%_\\",
    "\ud7ff\U0001f600",
    "a" * 3_000,
    "${jndi:x}",
    "{{7*7}}",
    "\u202e",
]
PIECES = [
    *'{}()[]:!$@&|="\\\0#,.',
    "...",
    '"""',
    "@skip",
    "@include(if: true)",
    "fragment a on Query",
    "\ufeff",
    "🦆",
    "1e999",
]
PARTS = (
    # the share of the cases, the kind of operation, and whether the documents are valid
    (0.4, queries, Mode.POSITIVE),
    (0.3, mutations, Mode.POSITIVE),
    (0.2, queries, Mode.NEGATIVE),
    (0.1, mutations, Mode.NEGATIVE),
)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def value_node(value: Any) -> ValueNode:
    node = ast_from_value(value, LITERALS[type(value)])
    assert node is not None
    return node


@pytest.fixture(scope="module")
async def client(shared_pool: Pool, graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server as it is by default. The guard, which the tests' servers have, refuses valid documents."""
    app = create_app(shared_pool, graph=graph, guard="off")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as made:
        yield made


@pytest.fixture(scope="module")
async def scalars(asker: Asker, crowd: World) -> Mapping[str, st.SearchStrategy[ValueNode]]:
    """Values of each scalar: IDs of two users, cursors, hostile texts, and invalid values."""
    ids = []
    for tag, table in TABLES.items():
        found = await crowd.pool.fetch(f"SELECT id FROM {table} ORDER BY id % 7, id LIMIT 12")
        ids += [encode(tag, row["id"]) for row in found]
    cursors = [
        edge["cursor"]
        for one in (await asker("{ keywords(first: 4) { edges { cursor } } }")).data.values()
        for edge in one["edges"]
    ]
    values: Mapping[str, Sequence[Any]] = {
        "ID": [*ids * 4, encode("Lead", 10**9), "no id", *HOSTILE],
        "Int": [*[1, 2, 5, 50] * 8, -1, 0, 2**31 - 1],
        "Float": [0.5, -1.0, 1e300],
        "String": [*cursors, *["de", "EUR", "crm", "Europe/Berlin"] * 4, *HOSTILE],
        "Boolean": [True, False],
        "DateTime": [*["2026-01-31T12:00:00Z", "0001-01-01T00:00:00Z"] * 20, "not a date", *HOSTILE],
        "Decimal": [*["10", "9.99"] * 20, "1e400", "NaN", *HOSTILE],
        "BigInt": [0, 1, 2**31 - 1],
        "URL": [*["https://example.com/"] * 20, "javascript:alert(1)", *HOSTILE],
        "JSON": ["x", 1, True],
        "LocalDate": ["2026-01-31", "2026-02-30", *HOSTILE],
        "Secret": ["s", *HOSTILE],
    }
    return {name: st.sampled_from(some).map(value_node) for name, some in values.items()}


def documents(
    schema: GraphQLSchema, scalars: Mapping[str, st.SearchStrategy[ValueNode]], number: int, seed: int
) -> list[str]:
    """Return about `number` documents."""
    found: list[str] = []
    for part, (share, operations, mode) in enumerate(PARTS):

        @hypothesis.seed(seed * 10 + part)
        @settings(
            max_examples=max(1, round(number * share)),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operations(schema, custom_scalars=dict(scalars), mode=mode))
        def make(text: str) -> None:
            found.append(text)

        make()
    return found


def mangled(text: str, chance: random.Random) -> str:
    """Return the text with some pieces inserted, removed and doubled."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.randint(0, 20))
        text = chance.choice(
            [text[:at] + chance.choice(PIECES) + text[at:], text[:at] + text[end:], text[:end] + text[at:]]
        )
    return text


def body_of(text: str, chance: random.Random) -> bytes:
    """Return a request for the document. Some documents and some bodies are damaged."""
    kind = chance.random()
    if kind < 0.2:
        text = mangled(text, chance)
    variables: Any = (
        chance.choice([{}, {"a": text[:50]}, None, [], "x", {"": {"": []}}]) if kind > 0.9 else {}
    )
    body = json.dumps({"query": text, "variables": variables}).encode()
    if kind > 0.95:
        at = chance.randrange(len(body))
        body = body[:at] + chance.randbytes(chance.randint(0, 5)) + body[at + chance.randint(0, 3) :]
    return body


def outcome_of(answer: httpx.Response, body: bytes, problems: list[object]) -> str:
    """Return the code of the answer's first error, and whether the operation ran. Add what is wrong to the problems."""
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        problems.append((answer.status_code, answer.text, body))
    content = answer.json()
    for error in content.get("errors", ()):
        is_failure = error["extensions"]["code"] in {"INTERNAL", "TIMEOUT", "UNAVAILABLE"}
        if is_failure or not 5 < len(error["message"]) <= 1000 or leak_in(error["message"]):
            problems.append((error, leak_in(error["message"]), body))
    outcome = content["errors"][0]["extensions"]["code"] if "errors" in content else "OK"
    return f"{outcome}, ran" if content.get("data") else outcome


async def test_random_requests_are_answered_without_errors_of_the_server(
    client: httpx.AsyncClient, crowd: World, graph: Graph, scalars: Mapping[str, st.SearchStrategy[ValueNode]]
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same requests in each run
    codes, sizes = Counter[str](), list[int]()
    problems: list[object] = []
    sent = 0
    while sent < CASES:
        number = min(AT_ONCE, CASES - sent)
        # In a thread, since a blocked event loop would close connections.
        some = await asyncio.to_thread(documents, graph.schema, scalars, number, SEED + sent)
        for text in some:
            body = body_of(text, chance)
            headers = {"content-type": "application/json"}
            viewer = chance.choice(["ann", "ann", "ben", "olga", None])
            if viewer is not None:
                headers["authorization"] = f"Bearer {crowd.keys[viewer]}"
            async with asyncio.timeout(LONGEST_SECONDS):
                answer = await client.post("/graphql", content=body, headers=headers)
            codes[outcome_of(answer, body, problems)] += 1
        sent += len(some)
        gc.collect()
        sizes.append(resident_bytes())
    print(f"{sent} requests: {dict(codes)}; memory {[size // 1_000_000 for size in sizes]} MB")  # noqa: T201
    ran = sum(number for outcome, number in codes.items() if outcome.endswith("ran"))
    assert problems == []
    assert ran > sent / 10  # a request that is refused proves less
    later = sizes[len(sizes) // 2 :]
    assert later[-1] - later[0] < MOST_GROWTH_BYTES, sizes
