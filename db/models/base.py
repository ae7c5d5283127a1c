"""The base of all tables: names of constraints, column types, and common check constraints."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, mapped_column

EARLIEST = "'-infinity'::timestamptz"
"""A time before all stored times, in SQL. Orders use it instead of null."""

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

Id = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
ForeignId = Annotated[int, mapped_column(BigInteger)]
Count = Annotated[int, mapped_column(Integer, server_default="0")]
Now = Annotated[datetime, mapped_column(server_default=func.clock_timestamp())]
"""A time that the writer sets to the moment of its transaction (db.language.moment). The default is for manual SQL."""
EmptyText = Annotated[str, mapped_column(Text, server_default="")]
Words = Annotated[list[str], mapped_column(ARRAY(Text), server_default="{}")]

COUNTERS = (
    "mentions_count",
    "leads_count",
    "new_leads_count",
    "contacted_leads_count",
    "qualified_leads_count",
    "converted_leads_count",
    "disqualified_leads_count",
)
"""The counters that users and keywords have in common."""


class Feed(NamedTuple):
    """The rows of a model in the change feed (`db.integrity.feed`).

    `entity` is the typename of the API, and `owner` the column of the user. Changes of the columns `ignored` do
    not count. Changes of the columns `derived` do not count in a transaction that only computes them again. With `each_row`, a
    trigger for each row records updates: counters of the row then cost nothing. With `part`, the rows are a part of
    another entity's rows, whose IDs are in the column `row_id`.
    """

    entity: str
    owner: str = "user_id"
    ignored: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    each_row: bool = False
    part: str | None = None
    row_id: str = "id"


class Partitions(NamedTuple):
    """The partitions of a table by a column of time, one per day or month in UTC (`db.integrity.partitions`).

    `ahead` of them after the present one are made before they are needed.
    """

    table: str
    column: str
    ahead: int
    monthly: bool = False

    @property
    def prefix(self) -> str:
        """The beginning of the names of all partitions."""
        return f"{self.table}_"

    @property
    def rest(self) -> str:
        """The name of the partition that has the rows which no other partition takes."""
        return f"{self.table}_rest"

    @property
    def name_format(self) -> str:
        """The form of the begin of a period in the name of its partition."""
        return "%Y%m" if self.monthly else "%Y%m%d"


class Base(DeclarativeBase):
    """The base class of models. Models declare tables and types of rows. Loaders replace relationships."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as declared
        datetime: DateTime(timezone=True),
        str: Text(),
    }
    __parents__: ClassVar[tuple[str, ...]] = ()
    """The columns that name the row's user and parents. A trigger refuses changes of them (db.integrity.ownership)."""
    __counter__: ClassVar[str | None] = None
    """The column of `users` that counts the user's rows (db.integrity.counters)."""
    __feed__: ClassVar[Feed | None] = None
    """The declaration of rows whose changes are in the feed. None keeps them out of it."""
    __partitions__: ClassVar[Partitions | None] = None
    """The partitions of the table by time. None keeps all rows in one table."""


def models() -> list[type[Base]]:
    """Return the models of the product's tables, in the order of the tables' names."""
    package = __name__.rpartition(".")[0]
    every = (mapper.class_ for mapper in Base.registry.mappers)
    return sorted(
        (model for model in every if model.__module__.startswith(package)),  # tests make others
        key=lambda model: model.__tablename__,
    )


def is_partition(name: str) -> bool:
    """Return whether a partition of a declared table has this name. Workers create and drop partitions."""
    kinds = (model.__partitions__ for model in models())
    return any(kind is not None and name.startswith(kind.prefix) for kind in kinds)


def table_of(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Limit a text column to the values of an enum.

    Native enums are avoided, because drivers cache their OIDs.
    """
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def at_most(column: str, characters: int) -> CheckConstraint:
    """Limit the length of a text column."""
    return CheckConstraint(f"char_length({column}) <= {characters}", name=f"{column}_length")


def by_last_update(table: str) -> tuple[Index, Index]:
    """Return the indexes of rows by their last update: of a user, and of all users (db.language.keyset.Of)."""
    return (
        Index(f"ix_{table}_user_id_updated_at", "user_id", text("updated_at DESC"), text("id DESC")),
        Index(f"ix_{table}_updated_at_id", text("coalesce(updated_at, updated_at) DESC"), text("id DESC")),
    )


def not_negative(*columns: str) -> list[CheckConstraint]:
    """Refuse negative numbers in the columns."""
    return [CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns]
