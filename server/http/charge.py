"""The charge of one operation to the rate limits."""

from types import TracebackType

from resolvers.framework.context import Viewer
from schema.prepared.cost import Cost
from server.http.admission import TooManyAtOnceError
from server.http.protocol import UnavailableError
from server.http.rate_headers import RateLimitedError, rate_headers
from server.runtime.observation import Observation
from services.accounts.rate_limit import RateLimit, RateLimits, points_of


class Charge:
    """A context that charges an operation by its cost, and gives the points of unread objects back at its end.

    It returns the state of the rate limit, or None for an operation without a viewer or a limit. It raises
    `RateLimitedError` on entry. The points of an operation that fails stay charged, unless it was not admitted: nothing was
    executed then.
    """

    __slots__ = ("_cost", "_limits", "_observation", "_points", "_viewer")

    def __init__(
        self, limits: RateLimits | None, viewer: Viewer | None, cost: Cost, observation: Observation
    ) -> None:
        self._limits, self._viewer, self._cost, self._observation = limits, viewer, cost, observation
        self._points = 0

    def __enter__(self) -> RateLimit | None:
        if self._viewer is None or self._limits is None:
            return None
        state = self._limits.charge(self._viewer, points_of(self._cost.objects))
        if state.refused:
            raise RateLimitedError(state)
        self._points = state.cost
        self._observation.headers |= rate_headers(state)
        return state

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, _: TracebackType | None
    ) -> None:
        if failure is None or isinstance(failure, (TooManyAtOnceError, UnavailableError)):
            self._refund()

    def _refund(self) -> None:
        if self._viewer is not None and self._limits is not None:
            if self._points <= 1:
                return  # the least that an operation costs
            unused = self._points - points_of(sum([run.rows for run in self._observation.activity.runs]))
            if unused > 0:
                self._limits.refund(self._viewer, unused)
