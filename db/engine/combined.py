"""Several statements as one, for all that an operation reads in one turn of the event loop."""

import re
from collections.abc import Sequence
from functools import lru_cache

from db.engine.statement_cache import Planning, Statement, comment

_SHAPES_KEPT = 256
_PARAMETER = re.compile(r"\$(\d+)")


@lru_cache(_SHAPES_KEPT)
def combined(statements: tuple[Statement, ...], *, is_generic: bool = True) -> Statement:
    """Return a statement whose rows are the position of a statement, and a row of that statement as a tuple.

    Its parameters are those of all statements, one after the other. `is_generic` says that PostgreSQL shall plan it once
    for all arguments, unless one of the statements is planned for its values.
    """
    selects: list[str] = []
    parameters: list[str] = []
    for position, one in enumerate(statements):
        sql = _shifted(one.sql.removesuffix(comment(one.name)), len(parameters))
        selects.append(  # the text of compiled statements alone
            f"SELECT {position} AS position, row_of_one FROM ({sql}) AS row_of_one"  # noqa: S608
        )
        parameters += one.parameters
    name = " + ".join(dict.fromkeys(one.name for one in statements))
    sql = f"{' UNION ALL '.join(selects)} {comment(name)}"
    planning = Planning.GENERIC if is_generic else Planning.AUTO
    if any(one.planning is Planning.CUSTOM for one in statements):
        planning = Planning.CUSTOM
    return Statement(name, sql, tuple(parameters), {}, planning=planning)


def _shifted(sql: str, by: int) -> str:
    """Return the SQL with higher numbers of its parameters."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", sql)


def split(rows: Sequence[Sequence[object]], statements: int) -> list[list[tuple[object, ...]]]:
    """Return the rows of each statement, from the rows of the combined one."""
    of_each: list[list[tuple[object, ...]]] = [[] for _ in range(statements)]
    for position, row in rows:
        of_each[position].append(row)  # type: ignore[call-overload]
    return of_each
