"""How many random documents are run: `BREADTH_DOCUMENTS=10000 BREADTH_SEED=7`."""

import os
import random

import pytest


@pytest.fixture(scope="session")
def documents() -> int:
    return int(os.environ.get("BREADTH_DOCUMENTS", "1000"))


@pytest.fixture(scope="session")
def seed() -> int:
    """Where the random documents start. A failing test says it."""
    return int(os.environ.get("BREADTH_SEED", random.randrange(1 << 30)))  # noqa: S311 - nothing secret
