"""The facts of columns agree with the database: breadth trusts them and checks no value."""

import asyncpg
import pytest

from db.engine.pool import Pool
from db.language.column_facts import column_facts
from db.language.records import ordered_shape, record_class, row_class
from db.language.shape import COMPUTED, Shape, columns
from db.models import Base, Lead
from db.models.base import models

DECODED = {
    "text": "str",
    "int8": "int",
    "int4": "int",
    "int2": "int",
    "bool": "bool",
    "timestamptz": "datetime",
    "date": "date",
    "numeric": "Decimal",
}
"""The class to which asyncpg decodes the values of a type. Types with several classes are missing."""


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
async def test_facts_agree_with_the_types_of_the_database(pool: Pool, model: type[Base]) -> None:
    names = [column.name for column in columns(model)]
    facts = column_facts(model)
    async with pool.acquire() as connection:
        prepared = await connection.prepare(f"SELECT {', '.join(names)} FROM {model.__tablename__}")
        types = {each.name: each.type.name for each in prepared.get_attributes()}
        nullable = await connection.fetch(
            "SELECT attname AS name, NOT attnotnull AS nullable FROM pg_attribute WHERE attrelid = $1::regclass",
            model.__tablename__,
        )
    kinds = {name: getattr(facts[name].kind, "__name__", None) for name in names}
    assert kinds == {name: DECODED.get(type_) for name, type_ in types.items()}
    assert {name for name in names if facts[name].is_int32} == {
        name for name, type_ in types.items() if type_ in ("int4", "int2")
    }
    stored = {row["name"]: row["nullable"] for row in nullable}
    assert {name: facts[name].nullable for name in names} == {name: stored[name] for name in names}


async def test_the_driver_decodes_the_types_to_these_classes(pool: Pool) -> None:
    values = {"text": "x", "numeric": "1.5", "bool": "true", "timestamptz": "now", "date": "today"}
    for type_, name in DECODED.items():
        value = await pool.fetchval(f"SELECT '{values.get(type_, '1')}'::{type_}")
        assert type(value).__name__ == name


def test_computed_columns_may_be_null() -> None:
    facts = column_facts(Lead)
    assert {name: facts[name] for name in COMPUTED} == {
        "rank": (float, True, False),
        "relevance_score": (int, True, False),
    }


def test_only_rows_in_the_order_of_their_shape_are_read_by_position() -> None:
    shape = Shape(Lead, tuple(column.name for column in columns(Lead)))
    assert ordered_shape(record_class(shape)) == shape
    assert ordered_shape(row_class(Lead)) is None
    assert ordered_shape(asyncpg.Record) is None
