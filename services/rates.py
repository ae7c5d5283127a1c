"""Rates in percent. One word, one meaning: each rate names what is divided by what."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum


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
        if self.denominator == 0:
            return 0.0
        exact = Decimal(100 * self.numerator) / Decimal(self.denominator)
        return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
