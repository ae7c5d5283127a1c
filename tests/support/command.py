"""The type of the fixture that runs the `leadgraph` command."""

import asyncio
from collections.abc import Callable

from typer.testing import Result

from server.runtime.errors import CommandError

Command = Callable[..., asyncio.Future[Result]]
"""A function that runs `leadgraph` with arguments on the test's database."""


def refusal(result: Result) -> str:
    """Return the sentence with which a command refused."""
    assert isinstance(result.exception, CommandError), result.output
    return str(result.exception)
