"""The SQL that converts the tables of a release to the layout that is distributed by user.

Citus and PostgreSQL's own partitions have the same rules: a unique key contains the distribution column, and a foreign
key between distributed tables contains it on both sides. The models give the keys.
"""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from sqlalchemy import (
    Constraint,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, DropConstraint

from db.integrity.rollups import add_to_slots
from db.models import Base
from db.sharding.tables import FOREIGN_USERS, UNLIMITED_KEYS, distributed

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class UndeclaredKeyError(Exception):
    """A key cannot be distributed, and is declared nowhere."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The key {name} cannot contain the user. Change it, or declare it with a reason in db/sharding/tables.py."
        )


def conversion_of_keys() -> list[str]:
    """Return the SQL that makes all unique keys contain the user. All foreign keys of users' rows are dropped first."""
    return [
        *_filled_owners(),
        *_drop_foreign_keys(),
        *_wide_keys(),
        add_to_slots(is_distributed=True).strip(),
    ]


def foreign_keys() -> list[str]:
    """Return the SQL that adds the foreign keys again, each with the user on both sides."""
    return [
        sql for table in _tables() for key in _foreign_keys(table) if (sql := _wide_foreign_key(table, key))
    ]


def _filled_owners() -> Iterator[str]:
    """Yield SQL that gives each row its user, where the column may be null in rows of earlier releases."""
    for table in _tables():
        column = table.c[distributed()[table.name]]
        if column.nullable:
            (key,) = _foreign_keys(table)
            (element,) = key.elements
            parent = element.column.table.name
            yield (
                f"UPDATE {table.name} SET {column.name} = parent.{column.name} FROM {parent} AS parent "  # noqa: S608 - names of models
                f"WHERE parent.{element.column.name} = {table.name}.{element.parent.name} AND {table.name}.{column.name} IS NULL"
            )


def _tables() -> Iterator[Table]:
    for name in distributed():
        yield Base.metadata.tables[name]


def name_of(constraint: Constraint | Index) -> str:
    """Return the name of a constraint, which the naming convention may give."""
    if isinstance(constraint, Index):
        return str(constraint.name)
    dropped = str(DropConstraint(constraint).compile(dialect=_DIALECT))
    return dropped.rpartition(" ")[2]


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=name_of)


def _drop_foreign_keys() -> Iterator[str]:
    for table in _tables():
        for key in _foreign_keys(table):
            yield f"ALTER TABLE {table.name} DROP CONSTRAINT {name_of(key)}"


def _wide_keys() -> Iterator[str]:
    for table in _tables():
        primary = table.primary_key
        of_row = _wide(table, primary.columns.keys())
        if of_row != primary.columns.keys():
            yield _replaced(table, primary, "PRIMARY KEY", of_row)
        uniques = [key for key in table.constraints if isinstance(key, UniqueConstraint)]
        for key in sorted(uniques, key=name_of):
            columns = _wide(table, key.columns.keys())
            if columns == of_row:
                yield f"ALTER TABLE {table.name} DROP CONSTRAINT {name_of(key)}"
            elif columns != key.columns.keys():
                yield _replaced(table, key, "UNIQUE", columns)
        for index in sorted(table.indexes, key=name_of):
            if index.unique and distributed()[table.name] not in index.columns:
                yield from _unlimited(index)


def _wide(table: Table, columns: Iterable[str]) -> list[str]:
    """Return the columns of a key with the distribution column, which comes first if the key lacks it."""
    own, owner = list(columns), distributed()[table.name]
    return own if owner in own else [owner, *own]


def _replaced(table: Table, key: Constraint, kind: str, columns: list[str]) -> str:
    name = name_of(key)
    added = f"ADD CONSTRAINT {name} {kind} ({', '.join(columns)})"
    return f"ALTER TABLE {table.name} DROP CONSTRAINT {name}, {added}"


def _unlimited(index: Index) -> Iterator[str]:
    """Replace a unique index by a plain one."""
    name = name_of(index)
    if name not in UNLIMITED_KEYS:
        raise UndeclaredKeyError(name)
    plain = str(CreateIndex(index).compile(dialect=_DIALECT)).replace("CREATE UNIQUE INDEX", "CREATE INDEX")
    yield f"DROP INDEX {name}"
    yield " ".join(plain.split())


def _wide_foreign_key(table: Table, key: ForeignKeyConstraint) -> str | None:
    """Return the SQL of a foreign key with the user on both sides, or None if it is declared as impossible."""
    name, owners = name_of(key), distributed()
    if name in FOREIGN_USERS:
        return None
    referred = key.referred_table
    if referred.name not in owners:
        raise UndeclaredKeyError(name)
    own = [element.parent.name for element in key.elements]
    other = [element.column.name for element in key.elements]
    owner, other_owner = owners[table.name], owners[referred.name]
    if (owner, other_owner) not in zip(own, other, strict=True):
        if other_owner in other:
            raise UndeclaredKeyError(name)
        own, other = [owner, *own], [other_owner, *other]
    action = str(cast("Any", key).ondelete or "NO ACTION")
    if action == "SET NULL":
        action = f"SET NULL ({', '.join(column for column in own if column != owner)})"
    return (
        f"ALTER TABLE {table.name} ADD CONSTRAINT {name} FOREIGN KEY ({', '.join(own)}) "
        f"REFERENCES {referred.name} ({', '.join(other)}) ON DELETE {action}"
    )
