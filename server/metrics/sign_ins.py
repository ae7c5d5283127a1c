"""Checks of passwords: their outcomes."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from services.browsers.sign_in import Outcome


class SignInMetrics(Collector):
    """The metrics of sign-ins. All series exist from the start, so that a rate sees the first failure."""

    def __init__(self, outcomes: Counter[Outcome]) -> None:
        self._outcomes = outcomes

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "leadgraph_sign_ins",
            "Passwords that `signIn` and `changePassword` received. Outcomes: succeeded; wrong (address or password); "
            "inactive (user); limited (too many failures before); busy (too many at once).",
            labels=("outcome",),
        )
        for outcome in get_args(Outcome):
            family.add_metric([outcome], self._outcomes[outcome])
        yield family
