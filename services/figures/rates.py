"""Rates in percent, and changes. One word, one meaning: each rate names what is divided by what."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache


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
"""What is divided by what."""
OF_ALL_TIME = {
    "mentions": "mentions_count",
    "leads": "leads_count",
    "converted": "converted_leads_count",
}
"""The counters of users and keywords that are of the same, over all time; none is of those ever qualified."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`value` is numerator / denominator in percent, half-up to two decimals; 0 where there is nothing to divide by."""

    numerator: int
    denominator: int
    basis: RateBasis

    @property
    def value(self) -> float:
        return self.hundredths / 100

    @property
    def hundredths(self) -> int:
        """Of a percent."""
        return 0 if self.denominator == 0 else half_up(10_000 * self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class Trend:
    """A number in a window, and the same number in the window before."""

    value: int
    previous: int

    @property
    def change(self) -> int:
        return self.value - self.previous

    @property
    def change_percent(self) -> float | None:
        """The change in percent of the previous number, half-up to two decimals; None where that was 0."""
        return percent(self.change, self.previous) if self.previous else None


@dataclass(frozen=True, slots=True)
class RateTrend:
    """A rate in a window, and in the window before."""

    current: Rate
    previous: Rate

    @property
    def change(self) -> float:
        """Of the two rates as they are shown, in percentage points."""
        return (self.current.hundredths - self.previous.hundredths) / 100


@lru_cache(4096)  # the days of integrations ask for the same few, hundreds of times
def percent(part: int, whole: int) -> float:
    """Half-up to two decimals, away from zero."""
    return half_up(10_000 * part, whole) / 100


def half_up(part: int, whole: int) -> int:
    """The quotient as a whole number, half-up, away from zero."""
    if part < 0:
        return -half_up(-part, whole)
    return (2 * part + whole) // (2 * whole)


def rounded(exact: Fraction, decimals: int = 0) -> Decimal:
    """Half-up, away from zero, from the exact value."""
    scaled = abs(exact) * 10**decimals + Fraction(1, 2)
    sign = -1 if exact < 0 else 1
    return Decimal(sign * (scaled.numerator // scaled.denominator)).scaleb(-decimals)
