"""Rates of a window compared with the window before."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from resolvers.framework.context import Context
from resolvers.framework.requires import requires
from services.figures import analytics
from services.figures.rates import RateBasis, RateTrend
from services.figures.window_sums import WindowSums


@cache
def rate_of_window(default: RateBasis) -> Callable[..., Sequence[RateTrend]]:
    """Return the resolver of a rate within the window, for values that have the `sums` of a window."""

    @requires(loads=0)
    def resolve(
        parents: Sequence[Any], context: Context, basis: RateBasis | None = None
    ) -> Sequence[RateTrend]:
        del context
        sums: list[WindowSums] = [one.sums for one in parents]
        return analytics.rate_trends(sums, basis or default)

    return resolve
