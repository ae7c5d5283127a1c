"""The declaration of an entity: a model that the API shows, with all that the layers above the database must know.

`resolvers/entities.py` declares the entities. A declaration is checked when it is made: a column that the model
lacks raises `DeclarationError`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import field as with_default
from enum import StrEnum
from typing import Any, Generic, TypeVar

from db.language.filter import is_filterable
from db.language.keyset import Order
from db.language.shape import COMPUTED, ToOne
from db.models import Base, ExportEntity
from resolvers.framework.names import public

Model = TypeVar("Model", bound=Base)


class DeclarationError(TypeError):
    """A declaration that contradicts its model."""


@dataclass(frozen=True)
class FilterField:
    """A field of an entity's filter. `field` is the name of `db.language.filter`, by default that of the API.

    A field that tests another model's rows may state that it `reads` the model. The key then needs the permission.
    """

    description: str
    field: str | None = None
    reads: type[Base] | None = with_default(default=None, kw_only=True)


class Text(FilterField):
    """A text."""


class Name(FilterField):
    """A short text that is never null."""


class Address(FilterField):
    """An e-mail address, compared regardless of case."""


class Tags(FilterField):
    """A list of texts."""


class Number(FilterField):
    """A whole number."""


class Amount(FilterField):
    """A decimal number."""


class Timestamp(FilterField):
    """A point in time."""


class Presence(FilterField):
    """A yes-or-no question: whether `field` has a value."""


class Words(FilterField):
    """Words that the row's full text contains."""


@dataclass(frozen=True)
class OneOf(FilterField):
    """An enumerated text."""

    enum: type[StrEnum] = field(kw_only=True)


@dataclass(frozen=True)
class IdOf(FilterField):
    """The id of another entity's row."""

    model: type[Base] = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column of an exported file. `write` turns a value into the file's value; None stays None.

    With `id_of`, the value is the ID of a row of that model, and becomes a global id. With a `relation`, the column
    is one of the related row.
    """

    name: str
    column: str
    write: Callable[[Any], Any] | None = None
    id_of: type[Base] | None = None
    relation: ToOne | None = None


def plain(*names: str) -> Iterator[ExportColumn]:
    """Yield columns that are written as they are."""
    return (ExportColumn(public(name), name) for name in names)


def enums(*names: str) -> Iterator[ExportColumn]:
    """Yield columns of enumerated texts, written like the API's values."""
    return (ExportColumn(public(name), name, str.upper) for name in names)


def numbers(*names: str) -> Iterator[ExportColumn]:
    """Yield columns of decimal numbers, written as floats."""
    return (ExportColumn(public(name), name, float) for name in names)


def id_column(model: type[Base], name: str = "id") -> ExportColumn:
    """Return a column of a row's global id."""
    return ExportColumn(public(name), name, id_of=model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Generic[Model]):
    """A model that the API shows.

    - `typename`: the GraphQL type, and the type name in global ids. Never change it: clients store ids.
    - `plural`: the rows' name in descriptions.
    - `permission`: the scope that a key needs to read the rows; None allows every key.
    - `personal`: whether only their own user sees the rows, and operators do not.
    - `has_id`: whether the rows have global ids.
    - `relations`: the rows that a row refers to, by the field's name.
    - `orders`: the orders of lists, with their descriptions. Each is served by an index, or sorts a few rows of a user.
      The first is the default.
    - `filters`: the fields of the lists' filter.
    - `exported_as`: the name under which lists can be exported, `export` the columns, and `export_also` the relations
      of which the columns can be exported as well.
    """

    model: type[Model]
    typename: str
    plural: str
    permission: str | None
    personal: bool = False
    has_id: bool = True
    relations: Mapping[str, ToOne] = field(default_factory=dict)
    orders: Sequence[tuple[Order, str]] = ()
    filters: Mapping[str, FilterField] = field(default_factory=dict)
    exported_as: ExportEntity | None = None
    export: Sequence[ExportColumn] = ()
    export_also: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise `DeclarationError` for names that the models lack."""
        unknown = sorted(self._unknown())
        if unknown:
            raise DeclarationError(f"{self.typename} declares what its models lack: {', '.join(unknown)}.")

    def _unknown(self) -> Iterator[str]:
        columns = self.model.__table__.c
        for name, relation in self.relations.items():
            if relation.column not in columns or relation.key not in relation.model.__table__.c:
                yield f"relation {name}"
        for order, _ in self.orders:
            yield from (
                f"order {name}" for name in order.columns if name not in COMPUTED and name not in columns
            )
        for name, one in self.filters.items():
            if not is_filterable(self.model, one.field or name):
                yield f"filter {name}"
        for column in self.export:
            owner = columns if column.relation is None else column.relation.model.__table__.c
            if column.column not in owner:
                yield f"export column {column.name}"
        yield from (f"relation {name}" for name in self.export_also if name not in self.relations)

    @property
    def default_order(self) -> Order:
        """Return the order of lists that name none."""
        return self.orders[0][0]
