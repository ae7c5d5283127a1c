"""Attacks by documents and by texts: overloads are refused before they cost, and texts stay texts."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from resolvers.framework.global_id import encode
from tests.schema.test_bad_input import ARGUMENTS, document
from tests.schema.test_walk import OBJECTS
from tests.support.leaks import assert_no_leak
from tests.support.world import Asker, World

REFUSALS = {
    "COST_LIMIT_EXCEEDED",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_REQUEST",
    "TOO_LARGE",
    "BAD_USER_INPUT",
}
LONGEST_SECONDS = 10  # on a busy machine; each takes well below one


def chain(length: int) -> str:
    """Return fragments of which each spreads the next twice: 2 to the power of the length fields."""
    names = [f"f{number}" for number in range(length)]
    spread = [
        f"fragment {name} on Query {{ a: __typename ...{after} ...{after} }}"
        for name, after in itertools.pairwise(names)
    ]
    return f"{{ ...f0 }} {' '.join(spread)} fragment {names[-1]} on Query {{ keywords {{ totalCount }} }}"


def nested(depth: int) -> str:
    inner = "id"
    for _ in range(depth):
        inner = f"keyword {{ mentions(first: 1) {{ nodes {{ {inner} }} }} }}"
    return f"{{ mentions(first: 1) {{ nodes {{ {inner} }} }} }}"


def types_of_types(depth: int) -> str:
    inner = "name"
    for _ in range(depth):
        inner = f"fields {{ type {{ {inner} }} }}"
    return f"{{ __schema {{ types {{ {inner} }} }} }}"


REFUSED = {
    "aliases": "{ " + " ".join(f"a{n}: leads(first: 100) {{ nodes {{ id }} }}" for n in range(2_500)) + " }",
    "aliases of searches": "{ "
    + " ".join(f'a{n}: mentions(filter: {{search: "a"}}) {{ totalCount }}' for n in range(1_200))
    + " }",
    "one field again and again": "{ viewer { " + "email " * 100_000 + "} }",
    "directives": "{ viewer { email " + "@skip(if: false) " * 5_000 + "} }",
    "unknown directives": "{ viewer { email " + "@a " * 5_000 + "} }",
    "a circle of fragments": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    "a fragment in itself": "{ ...a } fragment a on Query { viewer { id } ...a }",
    "fragments that multiply": chain(25),
    "depth": nested(12),
    "nesting beyond the stack": "{ viewer " * 3_000 + "}" * 3_000,
    "lists in lists": "{ nodes(ids: " + "[" * 5_000 + "]" * 5_000 + ") { id } }",
    "width": "{ keywords(first: 100) { nodes { mentions(first: 100) { nodes { lead { events(first: 100) { nodes { id } } } } } } } }",
    "a bomb of introspection": types_of_types(9),
    "introspection in a circle": "{ __schema { types { ...t } } } fragment t on __Type { fields { type { ...t } } }",
    "many operations": " ".join(f"query q{n} {{ viewer {{ id }} }}" for n in range(5_000)),
    "comments": "#" + "a" * 1_900_000 + "\n{ viewer ",
    "a long name": "{ " + "a" * 500_000 + " }",
    "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(20_000)) + ") { viewer { id } }",
}
"""Documents that would take long, and are refused."""


@pytest.fixture(scope="module")
async def ann(asker: Asker) -> World:
    await asker.world.add_user("ann")
    await asker.world.add_keywords("ann")
    await asker.world.add_integrations("ann")
    await asker.world.add_user("ben")
    return asker.world


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("name", REFUSED)
async def test_an_overload_is_refused_quickly_and_sends_no_statement(asker: Asker, name: str) -> None:
    began = time.monotonic()
    answer = await asker(REFUSED[name], viewer="ann")
    assert time.monotonic() - began < LONGEST_SECONDS
    assert {error["extensions"]["code"] for error in answer.body["errors"]} <= REFUSALS
    assert answer.body.get("data") is None
    assert answer.body["extensions"]["statements"] == []
    for error in answer.body["errors"]:
        assert_no_leak(error["message"])


@pytest.mark.usefixtures("ann")
async def test_a_batch_of_operations_is_refused(asker: Asker, ann: World) -> None:
    headers = {"authorization": f"Bearer {ann.keys['ann']}"}
    batch = [{"query": "{ viewer { id } }"}] * 50
    answer = await asker.client.post("/graphql", json=batch, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_many_and_long_headers_do_not_fail_the_application(asker: Asker, ann: World) -> None:
    """`tests/server/http/test_connection.py` has the limits of a connection, which end such a request earlier."""
    headers = {f"x-{n}": "a" * 100 for n in range(2_000)} | {"authorization": f"Bearer {ann.keys['ann']}"}
    answer = await asker.client.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
    assert answer.status_code == 200


INJECTIONS = [
    "' OR '1'='1", "'; DROP TABLE leads; --", '" OR ""="', "1) OR 1=1 --", "$1", "%s", "%(a)s", "{0}", ":a", "\\'; SELECT 1; --",
    "%", "_", "\\", "a & ! | (b", "'a':*", "<script>alert(1)</script>", "../../etc/passwd", "${jndi:ldap://x}", "\u202e", "\ufeff",
    "\x01", "pg_sleep(10)",
]  # fmt: skip


def texts() -> Iterator[tuple[str, str, str, Any]]:
    """Yield the type, the field, the argument, and a way to put a text into it, for each text in an argument."""
    for owner, field, name, argument in ARGUMENTS:
        for path in paths_of_texts(argument.type, depth=3):
            yield owner, field, name, path


def paths_of_texts(type_: Any, depth: int) -> Iterator[tuple[str, ...]]:
    """Yield the paths to the texts in an input type."""
    inner = get_named_type(type_)
    if inner.name in {"String", "ID"}:
        yield ()
    elif isinstance(inner, GraphQLInputObjectType) and depth:
        for name, one in inner.fields.items():
            if name not in {"and", "or", "not"}:
                yield from ((name, *rest) for rest in paths_of_texts(one.type, depth - 1))


def given(type_: Any, path: tuple[str, ...], text: str, ids: dict[str, str]) -> Any:
    """Return a value with the text at the path, and plain values in other required fields."""
    bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(bare, GraphQLList):
        return [given(bare.of_type, path, text, ids)]
    if not isinstance(bare, GraphQLInputObjectType):
        return text
    value: dict[str, Any] = {}
    for name, one in bare.fields.items():
        if path and name == path[0]:
            value[name] = given(one.type, path[1:], text, ids)
        elif isinstance(one.type, GraphQLNonNull):
            inner = get_named_type(one.type)
            plain = (
                next(iter(inner.values))
                if hasattr(inner, "values")
                else {"ID": ids["Lead"], "String": "words"}.get(inner.name)
            )
            value[name] = plain if plain is not None else given(one.type, ("\0",), text, ids)
            if isinstance(one.type.of_type, GraphQLList) and plain is not None:
                value[name] = [plain]
    return value


TEXTS = sorted({(owner, field, name, path) for owner, field, name, path in texts()})


async def test_no_text_of_an_argument_becomes_sql(asker: Asker, ann: World) -> None:
    """Each text in each argument and input is a stored, compared or refused text, and changes nothing of others."""
    await ann.add_keywords("ben")
    others = await ann.fetch("SELECT * FROM keywords WHERE user_id = $1 ORDER BY id", ann.users["ben"])
    tables = await ann.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    lead = await ann.pool.fetchval("SELECT min(id) FROM leads WHERE user_id = $1", ann.users["ann"])
    ids = {"Lead": encode("Lead", lead)}
    for number, (owner, field, name, path) in enumerate(TEXTS):
        argument = OBJECTS[owner].fields[field].args[name]
        for text in (INJECTIONS[number % len(INJECTIONS)], INJECTIONS[(7 * number + 3) % len(INJECTIONS)]):
            value = given(argument.type, path, text, ids)
            asked = document(owner, field, name, "$v", f"query($v: {argument.type})")
            began = time.monotonic()
            answer = await asker(asked, viewer="ann", v=value)  # fails for an INTERNAL error
            assert time.monotonic() - began < LONGEST_SECONDS, (asked, value)
            for error in answer.body.get("errors", ()):
                assert_no_leak(error["message"].replace(text, ""))
    assert await ann.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1") == tables
    assert (
        await ann.fetch("SELECT * FROM keywords WHERE user_id = $1 ORDER BY id", ann.users["ben"]) == others
    )
    assert len(TEXTS) > 150
