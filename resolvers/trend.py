"""Counts and rates of a window compared with the window before."""

from collections.abc import Awaitable, Callable, Sequence

from db.statements.buckets import BucketSums
from resolvers.framework.context import Context
from resolvers.framework.requires import requires
from services.figures import analytics
from services.figures.rates import RateBasis, RateTrend, Trend


class Trends:
    """The four trends of an object that has the sums of both windows."""

    __slots__ = ()

    @property
    def bucket_sums(self) -> tuple[BucketSums, BucketSums]:
        """Return the sums of the window and of the window before."""
        raise NotImplementedError

    def trend(self, measure: str) -> Trend:
        return analytics.trend(*self.bucket_sums, measure)

    @property
    def mentions(self) -> Trend:
        return self.trend("mentions")

    @property
    def leads(self) -> Trend:
        return self.trend("leads")

    @property
    def qualified(self) -> Trend:
        return self.trend("qualified")

    @property
    def converted(self) -> Trend:
        return self.trend("converted")


def rate_of_window(default: RateBasis) -> Callable[..., Awaitable[Sequence[RateTrend]]]:
    """Return the resolver of a rate within the window."""

    @requires(loads=0)
    async def resolve(
        parents: Sequence[Trends], context: Context, basis: RateBasis | None = None
    ) -> Sequence[RateTrend]:
        del context
        return [analytics.rate_trend(*one.bucket_sums, basis or default) for one in parents]

    return resolve
