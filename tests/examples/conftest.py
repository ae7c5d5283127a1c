"""A checkout as the guides describe it: the examples, the schema, and the data folder of a running demo."""

from collections.abc import Iterator

import pytest

from tests.support.checkout import Checkout, checkout_of
from tests.support.demo import Demo
from tests.support.npm import required_node
from web.node import Node


@pytest.fixture(scope="session")
def node() -> Node:
    """Node from its wheel, which stays in `build/node`."""
    return required_node()


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
