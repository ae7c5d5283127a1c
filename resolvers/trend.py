"""Rates of a window compared with the window before."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from db.statements.buckets import BucketSums
from resolvers.framework.context import Context
from resolvers.framework.requires import requires
from services.figures import analytics
from services.figures.rates import RateBasis, RateTrend


def rate_of_window(default: RateBasis) -> Callable[..., Awaitable[Sequence[RateTrend]]]:
    """Return the resolver of a rate within the window, for values that have the `bucket_sums` of both windows."""

    @requires(loads=0)
    async def resolve(
        parents: Sequence[Any], context: Context, basis: RateBasis | None = None
    ) -> Sequence[RateTrend]:
        del context
        sums: list[tuple[BucketSums, BucketSums]] = [one.bucket_sums for one in parents]
        return [analytics.rate_trend(*both, basis or default) for both in sums]

    return resolve
