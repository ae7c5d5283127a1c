"""The rate limit of the viewer."""

from collections.abc import Sequence

from resolvers.framework.context import Context
from resolvers.framework.requires import requires
from services.accounts.rate_limit import RateLimit


@requires()
async def rate_limit(parents: Sequence[None], context: Context) -> Sequence[RateLimit | None]:
    """Return the state after the operation was charged, or None if the server limits no rates."""
    _ = context.viewer
    context.is_inexact = True
    return [context.rate_limit] * len(parents)
