"""Facts about columns: the Python class to which the driver decodes all of their values."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, Numeric, SmallInteger, Text

from db.language.shape import COMPUTED, columns
from db.models import Base

# Types that are missing, such as JSONB, have values of several classes, or of a class that nothing asks for.
_DECODED: Final[Mapping[type[Any], type[Any]]] = {
    Text: str,
    BigInteger: int,
    Integer: int,
    SmallInteger: int,
    Boolean: bool,
    DateTime: datetime,
    Date: date,
    Numeric: Decimal,
}


class ColumnFact(NamedTuple):
    """The class of a column's values, or None if they can have several classes. `is_int32` counts the bits of integers."""

    kind: type[Any] | None
    nullable: bool
    is_int32: bool


_COMPUTED: Final = {name: ColumnFact(kind, True, False) for name, kind in COMPUTED.items()}


@cache
def column_facts(model: type[Base]) -> Mapping[str, ColumnFact]:
    """Return the facts of the model's columns, and of the columns that orders compute."""
    return MappingProxyType(_COMPUTED | {column.name: _fact(column) for column in columns(model)})


def _fact(column: Column[Any]) -> ColumnFact:
    type_ = type(column.type)
    return ColumnFact(_DECODED.get(type_), bool(column.nullable), type_ in (Integer, SmallInteger))
