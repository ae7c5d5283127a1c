"""The type of the fixture that runs the `leadgraph` command."""

import asyncio
from collections.abc import Callable

from click.testing import Result

Command = Callable[..., asyncio.Future[Result]]
"""A function that runs `leadgraph` with arguments on the test's database."""
