"""The `leadgraph` command as tests run it."""

import asyncio
from collections.abc import Callable

from click.testing import Result

Command = Callable[..., asyncio.Future[Result]]
"""Runs `leadgraph` with arguments on the test's database."""
