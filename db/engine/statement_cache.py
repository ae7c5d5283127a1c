"""SQL statements that SQLAlchemy builds and compiles once for each of their shapes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast

from sqlalchemy import Text, TypeDecorator
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql import ClauseElement

from db.language.records import Shape

Parameters = ParamSpec("Parameters")

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_SHAPES_KEPT = 1024


class IdsAsText(TypeDecorator[Any]):
    """Ids that are sent as the text of an array: of an array's items the driver would ask each what it is."""

    impl = Text
    cache_ok = True


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the driver takes it: text with `$1, $2 …`, and the names of its parameters in order.

    `ids` are those parameters that are `IdsAsText`.
    """

    name: str
    sql: str
    parameters: tuple[str, ...]
    constants: Mapping[str, object]
    ids: frozenset[str] = frozenset()

    def arguments(self, values: Mapping[str, Any]) -> list[object]:
        """The parameters' values in order. Raises `KeyError` for one that is missing."""
        constants, ids = self.constants, self.ids
        return [
            constants[name] if name in constants else _text(values[name]) if name in ids else values[name]
            for name in self.parameters
        ]


def _text(ids: Sequence[int]) -> str:
    return f"{{{str(list(ids))[1:-1]}}}"


def compiled(name: str, clause: ClauseElement) -> Statement:
    made = clause.compile(dialect=_DIALECT)
    order: list[str] = getattr(made, "positiontup", None) or []
    constants: dict[str, Any] = {
        key: value for key, value in made.params.items() if value is not None and key in order
    }
    ids = {key for key, bound in made.binds.items() if isinstance(bound.type, IdsAsText)}  # type: ignore[attr-defined]
    return Statement(name, str(made), tuple(order), constants, frozenset(ids))


def statement(build: Callable[Parameters, ClauseElement]) -> Callable[Parameters, Statement]:
    """Makes a builder of SQL return it compiled, once for each of its arguments.

    The arguments are a statement's shape (its order, whether a cursor is given), never a request's values:
    those are bound by name when it runs, so that no text of a request gets into SQL.
    """

    @lru_cache(maxsize=_SHAPES_KEPT)
    @wraps(build)
    def compile_shape(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Statement:
        return compiled(_name(build.__name__, args, kwargs.get("shape")), build(*args, **kwargs))

    return cast("Callable[Parameters, Statement]", compile_shape)


def _name(build: str, arguments: tuple[object, ...], shape: object) -> str:
    """What the statement is called in logs and tests, such as `mentions page_of_each keyword_id with leads`."""
    words = [getattr(part, "__tablename__", part) for part in arguments]
    named = [word for word in words if isinstance(word, str)]
    name = " ".join([*named[:1], build.strip("_"), *named[1:]])
    ways = ", ".join(shape.ways()) if isinstance(shape, Shape) else ""
    return f"{name} with {ways}" if ways else name
