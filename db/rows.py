"""What a read returns: the driver's own records, one class per model, columns as attributes.

Building an object per row would cost more than reading it. A record class per model keeps rows apart by
type, so that a GraphQL interface can tell a keyword from a lead.
"""

from collections.abc import Iterable
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar, cast

from asyncpg import Record
from sqlalchemy import Column, Table

from db.models import Base

Model = TypeVar("Model", bound=Base)

SEARCH = "search"
HIDDEN = {SEARCH, "credentials"}
"""Columns that no read returns: the index of a row's words, which is only asked, and secrets."""

RANK = "rank"
"""How well a row fits the words that were searched; a row has it only where it was found that way."""


def columns(model: type[Base], needed: frozenset[str] | None = None) -> list[Column[Any]]:
    """The columns of a row as it is returned: those that are needed, by default all, in the table's order."""
    return [
        column
        for column in cast("Table", model.__table__).c
        if column.name not in HIDDEN and (needed is None or column.name in needed)
    ]


@cache
def row_class(model: type[Base]) -> type[Record]:
    """The record class of a model's rows: its attributes are the model's columns, read-only."""
    names = [*(column.name for column in columns(model)), RANK]
    attributes = {name: property(itemgetter(name)) for name in names}
    return type(f"{model.__name__}Row", (Record,), {"__slots__": (), **attributes})


def model_of(row: object, models: Iterable[type[Model]]) -> type[Model] | None:
    """The model whose row this is; None for anything else."""
    return next((model for model in models if type(row) is row_class(model)), None)
