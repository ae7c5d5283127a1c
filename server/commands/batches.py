"""What commands have in common that work batch by batch, while others write."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from server.runtime.errors import CommandError


def require_order(from_id: int, to_id: int) -> None:
    """Raises `CommandError` for a range of ids that ends before it begins."""
    if from_id > to_id:
        raise CommandError(f"--from-id {from_id} comes after --to-id {to_id}: exchange the two.")


@contextmanager
def each_within(seconds: float) -> Iterator[None]:
    """Turns the end of a batch that took longer than statements may into a `CommandError`."""
    try:
        yield
    except (TimeoutError, asyncpg.QueryCanceledError) as slow:
        raise CommandError(
            f"A batch took longer than {seconds:g} seconds: give a smaller --batch, or raise "
            "LEADGRAPH_STATEMENT_TIMEOUT_SECONDS."
        ) from slow
