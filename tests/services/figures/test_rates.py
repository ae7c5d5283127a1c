from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.figures.rates import Rate, RateBasis, RateTrend, Trend, half_up, percent, rounded


def rate(numerator: int, denominator: int) -> Rate:
    return Rate(numerator, denominator, RateBasis.LEADS_PER_MENTION)


@pytest.mark.parametrize(
    ("exact", "decimals", "expected"),
    [
        (Fraction(9, 2), 0, "5"),
        (Fraction(-9, 2), 0, "-5"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(1, 200), 2, "0.01"),
        (Fraction(-1, 200), 2, "-0.01"),
        (Fraction(49, 10_000), 2, "0.00"),
        (Fraction(2, 3), 2, "0.67"),
    ],
)
def test_halves_round_away_from_zero(exact: Fraction, decimals: int, expected: str) -> None:
    assert rounded(exact, decimals) == Decimal(expected)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
def test_percentages_equal_decimal_arithmetic(part: int, whole: int) -> None:
    hundredth = Decimal("0.01")
    # Fifty digits hold the quotient far beyond the place where it is rounded, except for exact ties.
    exact = Fraction(100 * part, whole)
    expected = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(hundredth, ROUND_HALF_UP)
    assert percent(part, whole) == float(expected)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9))
def test_integer_rounding_equals_exact_rounding(part: int, whole: int) -> None:
    assert half_up(part, whole) == rounded(Fraction(part, whole))


def test_trends_have_absolute_and_relative_changes() -> None:
    def both(value: int, previous: int) -> tuple[tuple[int, float | None], tuple[int, float | None]]:
        """Return the changes from the whole previous window, and from its elapsed part."""
        whole, to_date = Trend(value, previous, 1), Trend(value, 1, previous)
        return (
            (whole.change, whole.change_percent),
            (to_date.change_to_date, to_date.change_percent_to_date),
        )

    assert both(12, 8) == ((4, 50.0), (4, 50.0))
    assert both(5, 8) == ((-3, -37.5), (-3, -37.5))
    assert both(0, 3) == ((-3, -100.0), (-3, -100.0))
    assert both(3, 0) == ((3, None), (3, None))
    assert both(0, 0) == ((0, None), (0, None))


def test_the_change_of_rates_is_between_rounded_rates() -> None:
    """The rounded values 33.33 and 28.57 differ by 4.76; the exact difference is 4.7619."""
    assert RateTrend(rate(1, 3), rate(2, 7), rate(0, 1)).change == 4.76
    assert RateTrend(rate(1, 3), rate(0, 0), rate(0, 1)).change == 33.33
    assert RateTrend(rate(0, 9), rate(1, 3), rate(0, 1)).change == -33.33
    assert RateTrend(rate(1, 3), rate(0, 1), rate(2, 7)).change_to_date == 4.76
