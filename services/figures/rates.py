"""Rates in percent, and trends. The basis of a rate names its numerator and denominator."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache, partial
from typing import NamedTuple


class RateBasis(Enum):
    LEADS_PER_MENTION = "leads_per_mention"
    CONVERTED_PER_MENTION = "converted_per_mention"
    CONVERTED_PER_LEAD = "converted_per_lead"
    QUALIFIED_PER_LEAD = "qualified_per_lead"


PARTS = {
    RateBasis.LEADS_PER_MENTION: ("leads", "mentions"),
    RateBasis.CONVERTED_PER_MENTION: ("converted", "mentions"),
    RateBasis.CONVERTED_PER_LEAD: ("converted", "leads"),
    RateBasis.QUALIFIED_PER_LEAD: ("qualified", "leads"),
}
"""The numerator and the denominator of each basis."""
OF_ALL_TIME = {
    "mentions": "mentions_count",
    "leads": "leads_count",
    "converted": "converted_leads_count",
}
"""The all-time counters of users and keywords. A counter of leads that were ever qualified does not exist."""


class Rate(NamedTuple):
    """`value` is numerator / denominator in percent, rounded half up to two decimals; 0 if the denominator is 0."""

    numerator: int
    denominator: int
    basis: RateBasis

    @property
    def value(self) -> float:
        return _hundredths(self.numerator, self.denominator) / 100

    @property
    def hundredths(self) -> int:
        """The rate in hundredths of a percent."""
        return _hundredths(self.numerator, self.denominator)


class Trend(NamedTuple):
    """A number in a window, in the previous window, and in the elapsed part of the previous window."""

    value: int
    previous: int
    previous_to_date: int

    @property
    def change(self) -> int:
        return self.value - self.previous

    @property
    def change_percent(self) -> float | None:
        """The change in percent of the previous number, rounded half up to two decimals; None if that was 0."""
        return percent(self.change, self.previous) if self.previous else None

    @property
    def change_to_date(self) -> int:
        return self.value - self.previous_to_date

    @property
    def change_percent_to_date(self) -> float | None:
        """The change to date in percent, rounded half up to two decimals; None without a number to compare with."""
        return percent(self.change_to_date, self.previous_to_date) if self.previous_to_date else None


class RateTrend(NamedTuple):
    """A rate in a window, in the previous window, and in the elapsed part of the previous window."""

    current: Rate
    previous: Rate
    previous_to_date: Rate

    @property
    def change(self) -> float:
        """The change of the rounded rates in percentage points."""
        return (self.current.hundredths - self.previous.hundredths) / 100

    @property
    def change_to_date(self) -> float:
        """The change of the rounded rates to date, in percentage points."""
        return (self.current.hundredths - self.previous_to_date.hundredths) / 100


new_rate: Callable[[tuple[int, int, RateBasis]], Rate] = partial(tuple.__new__, Rate)
new_trend: Callable[[tuple[int, int, int]], Trend] = partial(tuple.__new__, Trend)
new_rate_trend: Callable[[Sequence[Rate]], RateTrend] = partial(tuple.__new__, RateTrend)
"""Make the values without the constructor of a named tuple, which takes twice as long. A dashboard has 200 of them."""


@lru_cache(4096)  # the days of integrations repeat a few rates hundreds of times
def percent(part: int, whole: int) -> float:
    """Return the percentage, rounded half up (away from zero) to two decimals."""
    return half_up(10_000 * part, whole) / 100


@lru_cache(4096)
def _hundredths(part: int, whole: int) -> int:
    """Return the quotient in hundredths of a percent, rounded half up; 0 if `whole` is 0."""
    return half_up(10_000 * part, whole) if whole else 0


def half_up(part: int, whole: int) -> int:
    """Return the quotient, rounded half up (away from zero) to an integer."""
    if part < 0:
        return -half_up(-part, whole)
    return (2 * part + whole) // (2 * whole)


def rounded(exact: Fraction, decimals: int = 0) -> Decimal:
    """Return the exact value, rounded half up (away from zero)."""
    scaled = abs(exact) * 10**decimals + Fraction(1, 2)
    sign = -1 if exact < 0 else 1
    return Decimal(sign * (scaled.numerator // scaled.denominator)).scaleb(-decimals)
