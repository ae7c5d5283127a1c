"""The caches of Apollo Client, urql and Relay: with the configuration of the guides, each returns the API's values."""

import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, build_schema, is_introspection_type

from tests.support.checkout import Checkout

ROOT = Path(__file__).parents[2]
CACHES = "examples/caches"
OF_RELAY = re.compile(r"Connection$|Edge$|Payload$|^PageInfo$|^Query$|^Mutation$")

FIRST_SIX = "{ mentions(first: 6, filter: { read: false, relevance: { in: [HIGH, MEDIUM, LOW] } }) { nodes { id starredAt analysis { sentiment } } } }"
NEW_LEADS = """{
    today: dashboard(range: TODAY) { conversionMetrics { newLeads { value } } }
    before: dashboard(range: PREVIOUS_MONTH) { conversionMetrics { newLeads { value } } }
}"""


def test_the_list_of_embedded_types_has_all_types_without_an_id() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    types = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    without_id = {
        type_.name
        for type_ in types
        if not (is_introspection_type(type_) or OF_RELAY.search(type_.name) or "id" in type_.fields)
    }
    listed = re.findall(r'^  "(\w+)",$', (ROOT / CACHES / "src/embedded.ts").read_text(), re.MULTILINE)
    assert listed == sorted(without_id)


@pytest.fixture(scope="module")
def caches(checkout_with_node: Checkout) -> Checkout:
    checkout_with_node.output(f"cd {CACHES} && npm install && npm run generate && npm run check")
    return checkout_with_node


@pytest.mark.parametrize("client", ["apollo", "urql", "relay"])
def test_a_cache_joins_pages_keeps_windows_apart_and_shows_writes_without_warnings(
    caches: Checkout, client: str
) -> None:
    done = caches.run(f"cd {CACHES} && npm run --silent {client}")
    assert (done.returncode, done.stderr) == (0, "")
    nodes = caches.demo.ask(FIRST_SIX)["mentions"]["nodes"]
    windows = caches.demo.ask(NEW_LEADS).values()
    assert json.loads(done.stdout) == {
        "ids": [node["id"] for node in nodes],
        "starred": True,
        "sentiment": nodes[0]["analysis"]["sentiment"],
        "newLeads": [window["conversionMetrics"]["newLeads"]["value"] for window in windows],
    }
    assert nodes[0]["starredAt"] is None
