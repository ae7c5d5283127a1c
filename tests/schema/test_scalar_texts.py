"""The texts of decimals in responses never have an exponent."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import _written_decimal


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_decimals_are_written_as_by_a_format(value: Decimal) -> None:
    assert _written_decimal(value) == f"{value:f}"


def test_decimals_have_no_exponent() -> None:
    written = [_written_decimal(Decimal(text)) for text in ("12.50", "0E+2", "1E+3", "1E-9", "-1.5")]
    assert written == ["12.50", "0", "1000", "0.000000001", "-1.5"]
