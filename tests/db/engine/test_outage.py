"""The classification of the driver's errors, by their SQLSTATE."""

import inspect
from collections.abc import Iterator

import asyncpg
import pytest

from db.engine.outage import OutageError, is_read_only, is_too_slow, is_unavailable

UNAVAILABLE = {
    *("08000", "08001", "08003", "08004", "08006", "08007", "08P01"),
    *("25006", "25P03", "28000", "28P01", "3D000", "40001", "40003"),
    *("53000", "53100", "53200", "53300", "53400"),
    *("57000", "57P01", "57P02", "57P03", "57P04", "57P05"),
    *("58000", "58030", "58P01", "58P02", "58P03"),
}
TOO_SLOW = {"25P04", "55P03", "57014"}


def errors() -> Iterator[asyncpg.PostgresError]:
    """Yield an error of each SQLSTATE that the driver knows."""
    for _, kind in inspect.getmembers(asyncpg, inspect.isclass):
        if issubclass(kind, asyncpg.PostgresError) and getattr(kind, "sqlstate", None):
            yield kind("message")


def test_each_sqlstate_is_unavailable_too_slow_or_an_error_of_the_program() -> None:
    assert len({error.sqlstate for error in errors()}) > 200
    assert {error.sqlstate for error in errors() if is_unavailable(error)} == UNAVAILABLE
    assert {error.sqlstate for error in errors() if is_too_slow(error)} == TOO_SLOW
    assert {error.sqlstate for error in errors() if is_read_only(error)} == {"25006"}


@pytest.mark.parametrize(
    ("failure", "unavailable", "slow"),
    [
        (OutageError(), True, False),
        (ConnectionRefusedError(), True, False),
        (OSError("Multiple exceptions"), True, False),
        (FileNotFoundError(2, "No such file or directory", "zone.tab"), False, False),
        (TimeoutError(), False, True),
        (asyncpg.TargetServerAttributeNotMatched(), True, False),
        (asyncpg.InterfaceError("connection is closed"), True, False),
        (asyncpg.InterfaceError("pool is closing"), True, False),
        (asyncpg.InterfaceError("pool is closed"), True, False),
        (asyncpg.InterfaceError("another operation is in progress"), False, False),
        (ValueError(), False, False),
    ],
)
def test_other_errors_are_classified_by_their_kind(failure: Exception, unavailable: bool, slow: bool) -> None:
    assert (is_unavailable(failure), is_too_slow(failure)) == (unavailable, slow)


def test_a_cycle_of_causes_ends() -> None:
    one, two = ValueError(), KeyError()
    one.__context__, two.__context__ = two, one
    assert not is_unavailable(one)
