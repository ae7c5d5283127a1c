"""The columns of exports: their names and values are those of the API.

A column of a related row has the relation's name in front, such as `mention.url`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import Any

from db.language.projection import Projection, Selected
from db.language.records import joined_rows
from db.language.shape import ToOne
from db.models import Base, ExportEntity
from resolvers.entities import OF_EXPORT, entity_of
from resolvers.framework.entity import ExportColumn
from resolvers.framework.global_id import encoder_of
from services.export.jobs import ExportTable


@cache
def columns_of(list_: ExportEntity) -> Mapping[str, ExportColumn]:
    """Return all columns of a list by name, those of its own rows first."""
    entity = OF_EXPORT[list_]
    others = [
        replace(column, name=f"{name}.{column.name}", relation=entity.relations[name])
        for name in entity.export_also
        for column in entity_of(entity.relations[name].model).export
        if column.relation is None
    ]
    return {column.name: column for column in [*entity.export, *others]}


def usual_columns(list_: ExportEntity) -> list[str]:
    """Return the columns of a file that names none."""
    return [column.name for column in OF_EXPORT[list_].export]


def models_of(list_: ExportEntity, names: Sequence[str]) -> set[type[Base]]:
    relations = [columns_of(list_)[name].relation for name in names]
    return {OF_EXPORT[list_].model, *(relation.model for relation in relations if relation is not None)}


def export_table_of(list_: ExportEntity, names: Sequence[str]) -> ExportTable:
    """Return the projection and the values of the columns. Raise `KeyError` for an unknown name."""
    model, known = OF_EXPORT[list_].model, columns_of(list_)
    chosen = [known[name] for name in names]
    selected = {model: _selected(chosen, None)}
    relations = {column.relation for column in chosen if column.relation is not None}
    for relation in relations:
        selected[relation.model] = _selected(chosen, relation)
    selected[model] = Selected(selected[model].columns, frozenset(relations))

    def values(rows: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        holders: dict[ToOne | None, Sequence[Any]] = {None: rows}
        for relation in relations:
            holders[relation] = joined_rows(rows, relation) or [None] * len(rows)
        return zip(*(_values(column, holders[column.relation]) for column in chosen), strict=True)

    return ExportTable(model, Projection(selected), values)


def _values(column: ExportColumn, holders: Iterable[Any]) -> Iterator[Any]:
    """Yield one value for each row that has the column; None if the row or its value is missing."""
    get = attrgetter(column.column)
    write = column.write if column.id_of is None else encoder_of(column.id_of)
    for holder in holders:
        value = None if holder is None else get(holder)
        yield value if write is None or value is None else write(value)


def _selected(chosen: Sequence[ExportColumn], relation: ToOne | None) -> Selected:
    return Selected(frozenset(column.column for column in chosen if column.relation == relation))
