"""`leadgraph keys create`: the scopes of a key, and read scopes by default."""

import httpx
import pytest

from tests.support.demo import Demo

CREATE = 'mutation { createKeyword(input: { keyword: "x", matchType: PHRASE, platforms: [], userId: "x" }) { keyword { id } } }'
READ = "{ keywords(first: 1) { nodes { id } } leads(first: 1) { nodes { id } } }"


def made(demo: Demo, *scopes: str) -> str:
    options = [part for scope in scopes for part in ("--scope", scope)]
    done = demo.run("keys", "create", "--user", "demo@leadgraph.example", *options)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


def codes(demo: Demo, key: str, document: str) -> set[str]:
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(demo.facts["url"], json={"query": document}, headers=headers).json()
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        ((), set(), {"FORBIDDEN"}),
        (("bulk:read",), set(), {"FORBIDDEN"}),
        (("read:keywords",), {"FORBIDDEN"}, {"FORBIDDEN"}),
        # The document contains an invalid ID, so a key that may write gets BAD_USER_INPUT.
        (("read:keywords", "read:leads", "write:keywords"), set(), {"BAD_USER_INPUT"}),
        (("write:keywords",), {"FORBIDDEN"}, {"BAD_USER_INPUT"}),
    ],
)
def test_a_key_may_do_exactly_what_its_scopes_allow(
    demo: Demo, scopes: tuple[str, ...], reads: set[str], writes: set[str]
) -> None:
    key = made(demo, *scopes)
    assert codes(demo, key, READ) == reads
    assert codes(demo, key, CREATE) == writes


def test_an_unknown_scope_is_refused_with_a_list_of_the_scopes(demo: Demo) -> None:
    done = demo.run("keys", "create", "--user", "demo@leadgraph.example", "--scope", "write:all")
    assert done.returncode == 1
    assert "The scope write:all does not exist. Use one of read:keywords, read:mentions" in done.stderr
