"""What a read returns: the driver's own records, one class per model, columns as attributes.

Building an object per row would cost more than reading it. A record class per model keeps rows apart by
type, so that a GraphQL interface can tell a keyword from a lead.
"""

from functools import cache
from operator import itemgetter
from typing import Any

from asyncpg import Record

from db.models import Base


@cache
def row_class(model: type[Base]) -> type[Record]:
    """The record class of a model's rows: its attributes are the model's columns, read-only."""
    columns: dict[str, Any] = {
        column.key: property(itemgetter(column.key)) for column in model.__table__.columns
    }
    return type(f"{model.__name__}Row", (Record,), {"__slots__": (), **columns})
