"""Helpers of commands that work in batches while other writers go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from server.runtime.errors import CommandError


def require_order(from_id: int, to_id: int) -> None:
    """Raise `CommandError` for a range of IDs that ends before it begins."""
    if from_id > to_id:
        raise CommandError(f"--from-id must not be larger than --to-id: {from_id} > {to_id}.")


@contextmanager
def batches_within(seconds: float) -> Iterator[None]:
    """Raise `CommandError` if a batch exceeds the time limit of statements."""
    try:
        yield
    except (TimeoutError, asyncpg.QueryCanceledError) as slow:
        raise CommandError(
            f"A batch took longer than {seconds:g} seconds. Pass a smaller --batch, or increase "
            "LEADGRAPH_STATEMENT_TIMEOUT_SECONDS."
        ) from slow
