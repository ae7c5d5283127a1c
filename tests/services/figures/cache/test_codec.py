"""Plain values survive JSON, and values or JSON of other types are refused."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from services.figures.cache.codec import Codec


class Size(StrEnum):
    SMALL = "small"


class Level(Enum):
    LOW = 1


class Sums(NamedTuple):
    mentions: int
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Inner:
    at: datetime
    sums: Sums
    note: str | None


@dataclass
class Outer:
    inner: Inner
    others: list[Inner]
    by_size: dict[Size, list[int]]
    level: Level
    bounds: tuple[datetime, ...]
    every: timedelta
    words: list  # type: ignore[type-arg]
    rest: Any
    day: date | None
    pair: tuple[int, datetime | None]
    score: Decimal
    done: bool = False


@dataclass
class Keywords:
    number: int = field(kw_only=True)


MOMENT = datetime(2026, 11, 30, 13, 5, 0, 123456, tzinfo=UTC)
INNER = Inner(MOMENT, Sums(1), "é")
VALUE = Outer(
    INNER, [INNER, Inner(MOMENT, Sums(2, 1), None)], {Size.SMALL: [1, 2]}, Level.LOW, (MOMENT, MOMENT),
    timedelta(days=-1, microseconds=7), ["a", 1], {"deep": [None, 1.5]}, date(2026, 2, 28), (1, MOMENT), Decimal("0.10"), True,
)  # fmt: skip


def test_a_value_of_all_types_is_loaded_as_it_was() -> None:
    codec = Codec[Outer](Outer)
    loaded = codec.load(codec.dump(VALUE))
    assert loaded == VALUE
    assert str(loaded.score) == "0.10"
    assert type(loaded.inner.sums) is Sums
    assert type(loaded.bounds) is tuple
    assert loaded.inner is not VALUE.inner


def test_equal_values_have_the_same_json_and_dataclasses_are_arrays() -> None:
    body = b'["2026-11-30T13:05:00.123456+00:00",[1,0.5],"\xc3\xa9"]'
    assert Codec[Inner](Inner).dump(INNER) == body


def test_a_local_time_is_the_same_instant_afterwards() -> None:
    local = MOMENT.astimezone(ZoneInfo("Asia/Kolkata"))
    codec = Codec[datetime](datetime)
    assert codec.load(codec.dump(local)) == local


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, "1"),
        (int, True),
        (int, 1.0),
        (int, None),
        (str, b"bytes"),
        (datetime, "2026-11-30"),
        (list[int], (1, 2)),
        (list[int], [1, "2"]),
        (tuple[int, ...], [1]),
        (dict[str, int], {"a": None}),
        (tuple[int, str], (1, None)),
        (tuple[int, str], (1,)),
        (Sums, (1, 0.5)),
        (Sums, Sums("1")),  # type: ignore[arg-type]
        (Inner, Sums(1)),
        (Inner, Inner(MOMENT, Sums(1), 5)),  # type: ignore[arg-type]
        (Inner, Inner(MOMENT, Sums(True), None)),
        (Size, "small"),
        (int, 2**64),
        (object, {1, 2}),
    ],
)
def test_a_value_of_another_type_is_no_json(type_: Any, value: object) -> None:
    codec = Codec[Any](type_)
    for _ in range(2):
        with pytest.raises(TypeError):
            codec.dump(value)


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        (int, b'"1"'),
        (int, b"true"),
        (int, b"1.0"),
        (int, b""),
        (Sums, b"[1]"),
        (Sums, b"[1,0.5,2]"),
        (Sums, b'["1",0.5]'),
        (Sums, b'{"mentions":1}'),
        (Inner, b'["yesterday",[1,0.5],null]'),
        (Inner, b'["2026-11-30T13:05:00+00:00",[1,null],null]'),
        (Inner, b"null"),
        (Size, b'"large"'),
        (list[Size], b'["small",[]]'),
        (dict[Size, int], b'[["small"]]'),
        (dict[str, str], b'["ab"]'),
        (dict[str, int], b'{"a":1}'),
        (dict[Size, int], b'[["small","1"]]'),
        (timedelta, b"1e400"),
        (timedelta, b"9223372036854775807000"),
        (Decimal, b'"one"'),
        (Decimal, b"0.1"),
        (datetime, b"\xff"),
    ],
)
def test_json_of_another_type_is_no_value(type_: Any, body: bytes) -> None:
    codec = Codec[Any](type_)
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011 - the message comes from several libraries
            codec.load(body)


@pytest.mark.parametrize("type_", [set[int], int | str, bytes, complex, type, Keywords, list["Outer"]])
def test_other_types_are_refused_at_once(type_: Any) -> None:
    with pytest.raises(TypeError):
        Codec[Any](type_)
