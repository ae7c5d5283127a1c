"""Permissions to read: every entity declares its own, and an undeclared model is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Mapped

from db import models
from db.engine.reader import Reader
from db.language.keyset import LATEST_ID_FIRST
from db.language.scope import Scope
from db.language.shape import ToOne
from db.models.base import Base, Id
from loaders.dataloader import CHECKED_BY_CALLER, DataLoader
from loaders.rows import RowById
from resolvers.entities import ENTITIES
from resolvers.framework.context import Context
from resolvers.framework.entity import Entity
from resolvers.framework.errors import ForbiddenError
from resolvers.framework.paging import connection
from resolvers.framework.permission import permission_to_read, rows_to_read
from resolvers.framework.relation import parent, related
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer


class Secret(Base):
    """A model without a declaration."""

    __tablename__ = "secrets_of_a_test"

    id: Mapped[Id]


Base.metadata.remove(Base.metadata.tables["secrets_of_a_test"])


SECRET = Entity(
    model=Secret,
    typename="Secret",
    plural="secrets",
    permission=None,
    orders=((LATEST_ID_FIRST, "Newest first."),),
)
CHILD = Entity(
    model=models.User,
    typename="User",
    plural="users",
    permission=None,
    relations={"secret": ToOne(Secret, "id", "id", shared=False)},
)


def viewer(role: models.UserRole = models.UserRole.MEMBER) -> Viewer:
    return Viewer(1, role, scopes=ALL_SCOPES)


def context() -> Context:
    pool: Any = None  # a refused read never takes a connection
    return Context(pool, viewer(), "request")


def test_every_permission_is_a_scope_of_api_keys() -> None:
    assert {entity.permission for entity in ENTITIES} - {None} <= ALL_SCOPES
    assert {entity.model for entity in ENTITIES if entity.permission is None} == {models.User, models.Export}


def test_only_exports_are_personal() -> None:
    assert [entity.model for entity in ENTITIES if entity.personal] == [models.Export]


def test_the_scope_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        permission_to_read(Secret)


async def test_rows_of_an_unknown_model_are_not_loaded() -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        await context().load(RowById(Secret), [1])


async def test_a_list_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        await connection(SECRET)([None], context(), selected=())


@pytest.mark.parametrize("relation", [parent(Secret, "id"), related(CHILD, "secret")])
def test_a_relation_to_an_unknown_model_is_refused(relation: Any) -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        relation([], context())


def test_a_loader_without_a_model_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="Nameless must state its `model`"):

        @dataclass(frozen=True, slots=True)
        class Nameless(DataLoader[int, int]):
            other: str


async def test_values_that_the_caller_checks_need_no_scope() -> None:
    @dataclass(frozen=True, slots=True)
    class Doubled(DataLoader[int, int]):
        model = CHECKED_BY_CALLER

        async def read(self, _: Reader, __: Scope, keys: Sequence[int]) -> Sequence[int]:
            return [2 * key for key in keys]

    assert await context().load(Doubled(), [2, 1, 2]) == [4, 2, 4]


@pytest.mark.parametrize(
    ("model", "scope"), [(models.Export, Scope(1)), (models.Keyword, Scope(None)), (models.User, Scope(None))]
)
def test_operators_read_all_rows_but_those_of_personal_models(model: type[Base], scope: Scope) -> None:
    assert rows_to_read(viewer(models.UserRole.OPERATOR), RowById(model)) == scope
