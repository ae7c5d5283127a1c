"""SQL statements, built by SQLAlchemy and compiled once per shape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast

from sqlalchemy import Text, TypeDecorator
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql import ClauseElement

from db.language.filter import All, AnyOf, Not, Test, needs_values
from db.language.shape import Shape

Parameters = ParamSpec("Parameters")

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_SHAPES_KEPT = 1024


class Planning(StrEnum):
    """How PostgreSQL plans a prepared statement: as it chooses, once for all values, or for those of each run."""

    AUTO = "auto"
    GENERIC = "force_generic_plan"
    CUSTOM = "force_custom_plan"

    @property
    def command(self) -> str:
        """The command that sets it for the rest of a transaction."""
        return f"SET LOCAL plan_cache_mode = {self}"


class IdsAsText(TypeDecorator[Any]):
    """An array of IDs, sent as text. The driver would encode a real array item by item."""

    impl = Text
    cache_ok = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled statement: text with `$1, $2 …`, and the names of the parameters in order.

    The text ends in a comment with the statement's name, which PostgreSQL's views and logs show. `ids` names the
    parameters of type `IdsAsText`. A statement with CUSTOM `planning` needs a transaction.
    """

    name: str
    sql: str
    parameters: tuple[str, ...]
    constants: Mapping[str, object]
    ids: frozenset[str] = frozenset()
    planning: Planning = Planning.AUTO

    def __hash__(self) -> int:
        return hash(self.name)

    def arguments(self, values: Mapping[str, Any]) -> list[object]:
        """Return the values of the parameters in order. Raise `KeyError` for a missing value."""
        constants, ids = self.constants, self.ids
        return [
            constants[name] if name in constants else _text(values[name]) if name in ids else values[name]
            for name in self.parameters
        ]


def _text(ids: Sequence[int]) -> str:
    return f"{{{str(list(ids))[1:-1]}}}"


def compiled(name: str, clause: ClauseElement, planning: Planning = Planning.AUTO) -> Statement:
    sql = clause.compile(dialect=_DIALECT)
    order: list[str] = getattr(sql, "positiontup", None) or []
    constants: dict[str, Any] = {
        key: value for key, value in sql.params.items() if value is not None and key in order
    }
    ids = {key for key, bound in sql.binds.items() if isinstance(bound.type, IdsAsText)}  # type: ignore[attr-defined]
    return Statement(name, f"{sql} {comment(name)}", tuple(order), constants, frozenset(ids), planning)


def comment(name: str) -> str:
    """Return the SQL comment that names a statement. `db.inspection.statements` reads it."""
    return f"/* leadgraph: {name.replace('*/', '')} */"


def statement(build: Callable[Parameters, ClauseElement]) -> Callable[Parameters, Statement]:
    """Make a builder of SQL return compiled statements, cached by the builder's arguments.

    The arguments describe the shape of a statement, such as its order and whether a cursor is given. Values
    of a request are never arguments. They are bound by name, so that no text of a request gets into SQL.
    """

    @lru_cache(maxsize=_SHAPES_KEPT)
    @wraps(build)
    def compile_shape(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Statement:
        name = _name(build.__name__, args, kwargs.get("shape"))
        filters = (part for part in (*args, *kwargs.values()) if isinstance(part, (Test, All, AnyOf, Not)))
        planning = Planning.CUSTOM if any(map(needs_values, filters)) else Planning.AUTO
        return compiled(name, build(*args, **kwargs), planning)

    return cast("Callable[Parameters, Statement]", compile_shape)


def _name(build: str, arguments: tuple[object, ...], shape: object) -> str:
    """Return the name for logs and tests, such as `mentions page_of_each keyword_id with leads`."""
    words = [getattr(part, "__tablename__", part) for part in arguments]
    named = [word for word in words if isinstance(word, str)]
    name = " ".join([*named[:1], build.strip("_"), *named[1:]])
    joins = ", ".join(shape.paths()) if isinstance(shape, Shape) else ""
    return f"{name} with {joins}" if joins else name
