"""Row snapshots: copies of rows as plain values, for cached figures, which outlive the read."""

from dataclasses import is_dataclass, make_dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Column

from db import models
from db.language.records import row_kind
from db.language.shape import columns
from db.models import Base

Model = TypeVar("Model", bound=Base)


@cache
def snapshot_class(model: type[Base]) -> type[Any]:
    """Return a dataclass with the attributes of the model's rows."""
    fields = [
        (column.name, Any if column.type.python_type is dict else _python_type(column))
        for column in columns(model)
    ]
    return make_dataclass(
        f"{model.__name__}Snapshot", fields, bases=(row_kind(model),), frozen=True, slots=True
    )


def _python_type(column: Column[Any]) -> Any:
    type_ = column.type.python_type
    return type_ | None if column.nullable else type_


def is_snapshot(row: object) -> bool:
    """Return whether the row is a snapshot, which may be older than the rows read now."""
    return is_dataclass(row)


def snapshot(model: type[Model], row: Any, prefix: str = "") -> Model:
    """Return the snapshot of a row. The row's columns may have names with a prefix."""
    class_ = snapshot_class(model)
    return cast("Model", class_(**{name: row[prefix + name] for name in class_.__dataclass_fields__}))


def snapshot_from_json(model: type[Model], row: Any) -> Model:
    """Return the snapshot of a row in JSON, where timestamps are strings."""
    class_, timestamps = snapshot_class(model), _timestamps(model)
    values = {
        name: datetime.fromisoformat(row[name]) if name in timestamps and row[name] is not None else row[name]
        for name in class_.__dataclass_fields__
    }
    return cast("Model", class_(**values))


@cache
def _timestamps(model: type[Base]) -> frozenset[str]:
    return frozenset(column.name for column in columns(model) if column.type.python_type is datetime)


if TYPE_CHECKING:
    IntegrationSnapshot = models.Integration
    IntegrationLogSnapshot = models.IntegrationLog
    KeywordSnapshot = models.Keyword
    LeadSnapshot = models.Lead
    MentionSnapshot = models.Mention
else:
    IntegrationSnapshot = snapshot_class(models.Integration)
    IntegrationLogSnapshot = snapshot_class(models.IntegrationLog)
    KeywordSnapshot = snapshot_class(models.Keyword)
    LeadSnapshot = snapshot_class(models.Lead)
    MentionSnapshot = snapshot_class(models.Mention)
