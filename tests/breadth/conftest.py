"""Fixtures of the executor's tests."""

import asyncio

import pytest

from tests.breadth.small_schemas import OtherTasks


@pytest.fixture
async def other_tasks() -> OtherTasks:
    """Return a function that returns the running tasks that began after the test."""
    before = asyncio.all_tasks()
    return lambda: asyncio.all_tasks() - before - {asyncio.current_task()}
