"""Permissions to read: every model states its own, and a model that states none is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLObjectType
from sqlalchemy.orm import Mapped

from db import models
from db.engine.reader import Reader
from db.language.keyset import LATEST_ID_FIRST
from db.language.scope import Scope
from db.models.base import Base, Id
from loaders.dataloader import CHECKED_BY_CALLER, DataLoader
from loaders.rows import RowByColumn
from resolvers.framework.context import Context
from resolvers.framework.errors import ForbiddenError
from resolvers.framework.paging import Listing, PageArguments
from resolvers.framework.permission import PERSONAL, TO_READ, rows_to_read, scope_to_read
from resolvers.framework.relation import child, everything, parent
from schema.graph import build
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer

TYPES = build().schema.type_map
MODEL_OF = {"Analysis": models.AnalysisResult}


class Secret(Base):
    """A model that states no permission."""

    __tablename__ = "secrets_of_a_test"

    id: Mapped[Id]


Base.metadata.remove(Base.metadata.tables["secrets_of_a_test"])


def viewer(role: models.UserRole = models.UserRole.MEMBER) -> Viewer:
    return Viewer(1, role, scopes=ALL_SCOPES)


def context() -> Context:
    pool: Any = None  # a refused read never takes a connection
    return Context(pool, viewer(), "request")


def test_every_model_with_a_type_in_the_api_states_its_permission() -> None:
    names = [name for name, type_ in TYPES.items() if isinstance(type_, GraphQLObjectType)]
    shown = {MODEL_OF.get(name) or getattr(models, name, None) for name in names} - {None}
    assert set(TO_READ) == shown
    assert shown >= PERSONAL


def test_every_stated_permission_is_a_scope_of_api_keys() -> None:
    assert {scope for scope in TO_READ.values() if scope} <= ALL_SCOPES
    assert {model for model, scope in TO_READ.items() if scope is None} == {models.User, models.Export}


def test_the_scope_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        scope_to_read(Secret)


async def test_rows_of_an_unknown_model_are_not_loaded() -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        await context().load(RowByColumn(Secret), [1])


async def test_a_list_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ForbiddenError, match="Secret cannot be read"):
        await everything(Listing(Secret, LATEST_ID_FIRST))([None], context(), PageArguments())


@pytest.mark.parametrize("relation", [parent(Secret, "id"), child(Secret, "id")])
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
    assert rows_to_read(viewer(models.UserRole.OPERATOR), RowByColumn(model)) == scope
