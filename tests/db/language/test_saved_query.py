"""Saved queries and keyset positions survive a round trip through JSON."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.language import keyset_codec, saved_query
from db.language.filter import DERIVED, All, AnyOf, Filter, Not, Operator
from db.language.filter import Test as Condition
from db.language.keyset import (
    BEST_MATCH_FIRST,
    EARLIEST_ID_FIRST,
    HIGHEST_SCORE_FIRST,
    HIGHEST_VALUE_FIRST,
    LATEST_CHANGE_FIRST,
    LATEST_PUBLISHED_FIRST,
    MOST_LEADS_FIRST,
    MOST_RELEVANT_FIRST,
    NEWEST_FIRST,
    Order,
)
from db.language.saved_query import SavedQuery
from db.models import Keyword, Lead, Mention

TIMESTAMPS = st.datetimes(timezones=st.just(UTC)).map(lambda timestamp: timestamp.replace(fold=0))
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    TIMESTAMPS,
    st.decimals(allow_nan=False, allow_infinity=False),
)
NAMES = sorted({name for fields in DERIVED.values() for name in fields} | {*Keyword.__table__.c.keys()})
TESTS = st.builds(
    Condition, st.sampled_from(NAMES), st.sampled_from(Operator), VALUES | st.lists(VALUES).map(tuple)
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    TESTS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))
    ),
)
ORDERS = st.sampled_from(
    [NEWEST_FIRST, EARLIEST_ID_FIRST, MOST_LEADS_FIRST, LATEST_CHANGE_FIRST]
) | st.builds(Order, st.just("best_match"), st.just(("rank", "id")), search=st.text(max_size=20))


def through_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


@given(FILTERS, ORDERS)
def test_a_saved_query_survives_json(where: Filter, order: Order) -> None:
    query = SavedQuery(where, order)
    found = saved_query.load(through_json(saved_query.dump(query)))
    assert found == query
    assert repr(found) == repr(query)  # the types, too: 1 is not True


class Row:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


@given(TIMESTAMPS, st.integers(1, 2**63 - 1))
def test_a_timestamp_position_survives_json_to_the_microsecond(timestamp: datetime, id_: int) -> None:
    row: Any = Row(created_at=timestamp, id=id_)
    saved = through_json(keyset_codec.dump(Lead, NEWEST_FIRST, row))
    assert keyset_codec.load(Mention, NEWEST_FIRST, saved) == (timestamp, id_)


@given(st.floats(0, 1, width=32), st.integers(1, 2**63 - 1))
def test_positions_of_ranks_and_counters_survive_json(rank: float, id_: int) -> None:
    row: Any = Row(rank=rank, id=id_, leads_count=7)
    saved = through_json(keyset_codec.dump(Mention, BEST_MATCH_FIRST, row))
    assert keyset_codec.load(Mention, BEST_MATCH_FIRST, saved) == (rank, id_)
    assert keyset_codec.load(
        Keyword, MOST_LEADS_FIRST, keyset_codec.dump(Keyword, MOST_LEADS_FIRST, row)
    ) == (
        7,
        id_,
    )


@pytest.mark.parametrize(
    "values", [[], [1], [1, 2, 3], ["x", 1], [1, "x"], [1, 2**63], [10**20, 1], [True, 1]]
)
def test_values_of_another_order_are_refused(values: list[Any]) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        keyset_codec.load(Lead, LATEST_CHANGE_FIRST, values)


def test_a_timestamp_is_saved_as_microseconds() -> None:
    row: Any = Row(created_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1), id=3)
    assert keyset_codec.dump(Lead, NEWEST_FIRST, row) == [1_000_000, 3]


@pytest.mark.parametrize(
    ("model", "order", "value", "saved", "loaded"),
    [
        (Lead, HIGHEST_VALUE_FIRST, Decimal("9.90"), "9.90", Decimal("9.90")),
        (Lead, HIGHEST_VALUE_FIRST, None, "-1", Decimal(-1)),
        (Lead, HIGHEST_SCORE_FIRST, None, -1, -1),
        (Mention, LATEST_PUBLISHED_FIRST, None, -62135596800000000, datetime(1, 1, 1, tzinfo=UTC)),
        (Mention, MOST_RELEVANT_FIRST, 70, 70, 70),
    ],
)
def test_positions_of_nulls_and_decimals_survive_json(
    model: Any, order: Order, value: object, saved: object, loaded: object
) -> None:
    row: Any = Row(**{order.columns[0]: value, "id": 3})
    found = keyset_codec.dump(model, order, row)
    assert found == [saved, 3]
    assert keyset_codec.load(model, order, through_json(found)) == (loaded, 3)


@pytest.mark.parametrize("value", ["x", "NaN", "Infinity", "1e400", "", "9" * 31, 1, 1.5, None])
def test_values_that_are_no_decimal_are_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        keyset_codec.load(Lead, HIGHEST_VALUE_FIRST, [value, 1])


def test_decimals_keep_their_digits() -> None:
    where = Condition("value", Operator.GTE, Decimal("10.00"))
    found = saved_query.load(through_json(saved_query.dump(SavedQuery(where, NEWEST_FIRST))))
    assert isinstance(found.where, Condition)
    assert str(found.where.value) == "10.00"
