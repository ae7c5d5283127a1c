"""How many random documents are run: `BREADTH_DOCUMENTS=10000 BREADTH_SEED=7`."""

import os

import pytest


@pytest.fixture(scope="session")
def documents() -> int:
    return int(os.environ.get("BREADTH_DOCUMENTS", "1000"))


@pytest.fixture(scope="session")
def seed() -> int:
    """Where the random documents start; the same every time unless BREADTH_SEED says otherwise. A failing test says it."""
    return int(os.environ.get("BREADTH_SEED", "20261124"))
