"""Row-level security holds where statements lack the tenant's condition.

Each test removes the condition from every statement, and asks for everything.
"""

# ruff: noqa: F811 - fixtures are imported
import gc
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from types import CodeType
from typing import Any

import pytest
from sqlalchemy import BigInteger, ColumnElement, FromClause, bindparam

from db.engine.pool import Pool
from db.language import scope
from db.models import Base
from resolvers.framework.global_id import decode
from tests.schema.test_walk import (
    NOT_WALKED,
    OBJECTS,
    PATHS,
    RELATIONS,
    ROOTS,
    ROOTS_BY_ID,
    STATS_ROOTS,
    Walk,
    named_values,
    people,  # noqa: F401 - a fixture
    root_document,
    some_ids,
)
from tests.support.world import Asker

pytestmark = pytest.mark.usefixtures("row_security")

PARAMETER = scope.PARAMETER


def unlimited(model: type[Base], *, everybody: bool, table: FromClause | None = None) -> ColumnElement[bool]:
    """Return a condition that every row meets, although it has the parameter of the scope."""
    del model, everybody, table
    return bindparam(PARAMETER, type_=BigInteger).is_not(None)


def forget_statements() -> None:
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and each.__module__.startswith("db.statements"):
            each.cache_clear()


@pytest.fixture
def without_condition(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no statement have the tenant's condition."""
    code: CodeType = unlimited.__code__
    monkeypatch.setattr(scope.visible, "__code__", code)
    forget_statements()
    yield
    monkeypatch.undo()
    forget_statements()


async def foreign_rows(asker: Asker, people: Any, document: str) -> set[str]:
    """Return the rows of others in few's response to the document."""
    await asker.forget()
    answer = await asker(document, viewer="few")
    seen = {
        value
        for key, value in named_values(answer.body.get("data"))
        if key.endswith("_id") and value is not None
    }
    found = set()
    for id_ in seen:
        model, row_id = decode(id_)
        column = "id" if model.__tablename__ == "users" else "user_id"
        owner = await people.pool.fetchval(
            f"SELECT {column} FROM {model.__tablename__} WHERE id = $1", row_id
        )
        if owner != people.users["few"]:
            found.add(id_)
    return found


@pytest.mark.usefixtures("without_condition")
@pytest.mark.parametrize("name", ROOTS)
async def test_a_root_without_the_condition_shows_no_row_of_others(
    people: Any,
    asker: Asker,
    name: str,
) -> None:
    for owner in ("few", "many"):
        document = root_document(name, Walk(size=3), await some_ids(people, owner))
        assert await foreign_rows(asker, people, document) == set()


@pytest.mark.usefixtures("without_condition")
@pytest.mark.parametrize(("owner", "name"), RELATIONS, ids=[f"{owner}.{name}" for owner, name in RELATIONS])
async def test_a_relation_without_the_condition_shows_no_row_of_others(
    people: Any,
    asker: Asker,
    owner: str,
    name: str,
) -> None:
    document = f"{{ {PATHS[owner].format(Walk(size=3).selection_of_field(owner, name, depth=0))} }}"
    assert await foreign_rows(asker, people, document.replace("$n", "5")) == set()


@pytest.mark.usefixtures("without_condition")
@pytest.mark.parametrize("name", sorted(STATS_ROOTS))
async def test_a_figure_without_the_condition_counts_no_row_of_others(
    people: Any,
    asker: Asker,
    name: str,
) -> None:
    await asker.forget()
    own = len(await people.rows(STATS_ROOTS[name], "few"))
    assert (await asker(f"{{ {name} {{ count }} }}", viewer="few")).data == {name: {"count": own}}


@pytest.mark.usefixtures("without_condition")
@pytest.mark.parametrize("name", [name for name in ROOTS_BY_ID if name != "node"])
async def test_without_row_security_the_same_statements_show_rows_of_others(
    people: Any,
    asker: Asker,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tests above can fail."""
    monkeypatch.setattr(Pool, "has_row_security", False)
    document = root_document(name, Walk(), await some_ids(people, "many"))
    assert await foreign_rows(asker, people, document) != set()


def test_the_roots_are_those_of_the_schema() -> None:
    assert set(ROOTS) | NOT_WALKED == set(OBJECTS["Query"].fields)
