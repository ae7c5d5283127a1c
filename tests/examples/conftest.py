"""A checkout as the guides describe it: the examples, the schema, and the data folder of a running demo."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import Checkout, checkout_of
from tests.support.demo import Demo
from web.node import Node, kept_node

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def node() -> Node:
    """Node from its wheel, which stays in `build/node`."""
    if os.environ.get("LEADGRAPH_SKIP_WEB") == "1":
        pytest.skip("LEADGRAPH_SKIP_WEB=1 leaves out Node.")
    return kept_node(ROOT / "build" / "node.log")


@pytest.fixture(scope="session")
def checkout(demo: Demo) -> Iterator[Checkout]:
    with checkout_of(demo) as made:
        yield made


@pytest.fixture
def checkout_to_write(new_demo: Demo) -> Iterator[Checkout]:
    """The checkout of a new demo, which the test may change."""
    new_demo.start("--scale", "0.05")
    with checkout_of(new_demo) as made:
        yield made


@pytest.fixture(scope="session")
def checkout_with_node(checkout: Checkout, node: Node) -> Checkout:
    """The checkout with `node` and `npm` on the path."""
    (checkout.programs / "node").symlink_to(node.program)
    # The `npm` of the wheel is a copy of a link, and does not find its files.
    npm = checkout.programs / "npm"
    npm.write_text(f'#!/bin/sh\nexec "{node.program}" "{node.npm}" "$@"\n')
    npm.chmod(0o755)
    return checkout
