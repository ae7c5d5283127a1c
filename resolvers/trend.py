"""What happened within a window, beside the window before."""

from collections.abc import Awaitable, Callable, Sequence

from db.statements.buckets import Tally
from resolvers.framework.context import Context
from resolvers.framework.requires import needs
from services.figures import analytics
from services.figures.rates import RateBasis, RateTrend, Trend


class Trends:
    """The four numbers of whatever has tallies of the two windows."""

    __slots__ = ()

    @property
    def tallies(self) -> tuple[Tally, Tally]:
        """Of the window, and of the one before."""
        raise NotImplementedError

    def trend(self, measure: str) -> Trend:
        return analytics.trend(*self.tallies, measure)

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
    """By what happened within the window."""

    @needs(loads=0)
    async def resolve(
        parents: Sequence[Trends], context: Context, basis: RateBasis | None = None
    ) -> Sequence[RateTrend]:
        del context
        return [analytics.rate_trend(*one.tallies, basis or default) for one in parents]

    return resolve
