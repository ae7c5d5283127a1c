"""Rates in percent, and changes. One word, one meaning: each rate names what is divided by what."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction


class RateBasis(Enum):
    LEADS_PER_MENTION = "leads_per_mention"
    CONVERTED_PER_MENTION = "converted_per_mention"
    CONVERTED_PER_LEAD = "converted_per_lead"
    QUALIFIED_PER_LEAD = "qualified_per_lead"


@dataclass(frozen=True, slots=True)
class Rate:
    """`value` is numerator / denominator in percent, half-up to two decimals; 0 where there is nothing to divide by."""

    numerator: int
    denominator: int
    basis: RateBasis

    @property
    def value(self) -> float:
        return 0.0 if self.denominator == 0 else percent(self.numerator, self.denominator)


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
        return float(Decimal(str(self.current.value)) - Decimal(str(self.previous.value)))


def percent(part: int, whole: int) -> float:
    """Half-up to two decimals, away from zero."""
    return float(rounded(Fraction(100 * part, whole), 2))


def rounded(exact: Fraction, decimals: int = 0) -> Decimal:
    """Half-up, away from zero, from the exact value."""
    scaled = abs(exact) * 10**decimals + Fraction(1, 2)
    sign = -1 if exact < 0 else 1
    return Decimal(sign * (scaled.numerator // scaled.denominator)).scaleb(-decimals)
