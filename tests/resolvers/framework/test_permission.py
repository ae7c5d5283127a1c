"""Permissions to read: every entity declares its own, and an undeclared model is refused."""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from graphql import GraphQLError
from sqlalchemy.orm import Mapped

import loaders
import services
from db import models
from db.engine.reader import Reader
from db.language.keyset import LATEST_ID_FIRST
from db.language.scope import Scope
from db.language.shape import ToOne
from db.models.base import Base, Id
from loaders.dataloader import DataLoader, DataLoaders
from loaders.recent_leads import RecentLeadsByUser
from loaders.rows import RowById
from loaders.sessions import SessionsByUser
from resolvers.entities import ENTITIES
from resolvers.framework.context import Context
from resolvers.framework.entity import DeclarationError, Entity
from resolvers.framework.errors import ForbiddenError
from resolvers.framework.paging import connection
from resolvers.framework.permission import permission_to_read, rows_to_read
from resolvers.framework.relation import parent, related
from server.http.errors import presented
from server.http.protocol import internal_message
from services.accounts.api_key import ALL_SCOPES
from services.accounts.viewer import Viewer
from services.changes.loading import ChangesAfter, ChangesByRow, PositionOfSnapshot
from services.figures.cache import REGISTRY, CachedFigure, FigureByQuestion


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


def viewer(role: models.UserRole = models.UserRole.MEMBER, scopes: frozenset[str] = ALL_SCOPES) -> Viewer:
    return Viewer(1, role, scopes=scopes)


def context(scopes: frozenset[str] = ALL_SCOPES) -> Context:
    pool: Any = SimpleNamespace(has_row_security=False)  # a refused read never takes a connection
    return Context(pool, viewer(scopes=scopes), "request")


def test_every_permission_is_a_scope_of_api_keys() -> None:
    assert {entity.permission for entity in ENTITIES} - {None} <= ALL_SCOPES
    assert {entity.model for entity in ENTITIES if entity.permission is None} == {models.User, models.Export}


def test_only_exports_keys_and_webhooks_are_personal() -> None:
    assert {entity.model for entity in ENTITIES if entity.personal} == {
        models.Export,
        models.ApiKey,
        models.Webhook,
        models.WebhookDelivery,
    }


def test_the_scope_of_an_undeclared_model_is_refused() -> None:
    with pytest.raises(DeclarationError, match="Secret is not declared"):
        permission_to_read(Secret)


async def test_rows_of_an_undeclared_model_are_not_loaded() -> None:
    with pytest.raises(DeclarationError, match="Secret is not declared"):
        await context().load(RowById(Secret), [1])


async def test_a_list_of_an_undeclared_model_is_refused() -> None:
    with pytest.raises(DeclarationError, match="Secret is not declared"):
        await connection(SECRET)([None], context(), selected=())


@pytest.mark.parametrize("relation", [parent(Secret, "id"), related(CHILD, "secret")])
def test_a_relation_to_an_undeclared_model_is_refused(relation: Any) -> None:
    with pytest.raises(DeclarationError, match="Secret is not declared"):
        relation([], context())


def test_an_undeclared_model_is_logged_and_answered_as_an_internal_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(DeclarationError) as raised:
        context().require(Secret)
    error = GraphQLError(str(raised.value), path=["secrets"], original_error=raised.value)
    (shown,) = presented([error], "request", before_execution=False)
    assert shown["extensions"] == {"code": "INTERNAL", "requestId": "request"}
    assert shown["message"] == internal_message("request")
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("leadgraph", "ERROR")
    assert "Secret is not declared in resolvers/entities.py." in caplog.text


def test_a_loader_that_states_no_model_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="Nameless must state its `model`, or its `models`"):

        @dataclass(frozen=True, slots=True)
        class Nameless(DataLoader[int, int]):
            other: str


def test_a_loader_with_an_empty_list_of_models_cannot_be_defined() -> None:
    with pytest.raises(TypeError, match="Nameless must state its `model`, or its `models`"):

        @dataclass(frozen=True, slots=True)
        class Nameless(DataLoader[int, int]):
            models = ()


async def test_a_loader_whose_property_returns_no_models_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Doubled(DataLoader[int, int]):
        @property
        def models(self) -> tuple[type[Base], ...]:
            return ()

        async def read(self, _: Reader, __: Scope, keys: Sequence[int]) -> Sequence[int]:
            return [2 * key for key in keys]

    with pytest.raises(DeclarationError, match="Doubled must state its models"):
        await context().load(Doubled(), [1])


@pytest.mark.parametrize("scope", ["read:leads", "read:mentions", "read:keywords"])
async def test_a_loader_requires_the_permissions_of_all_its_models(scope: str) -> None:
    with pytest.raises(ForbiddenError, match=f"lacks the scope `{scope}`"):
        await context(ALL_SCOPES - {scope}).load(RecentLeadsByUser(3), [1])


def import_all(package: ModuleType) -> list[ModuleType]:
    """Import and return all modules of the package."""
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(module.name) for module in found]


MODULES = import_all(loaders) + import_all(services)
LOADERS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, DataLoader) and value is not DataLoader
    },
    key=attrgetter("__name__"),
)


def loader_of(kind: type[DataLoader[Any, Any]]) -> DataLoader[Any, Any]:
    """Return a loader of leads, or of the models that its class states. No other argument matters here."""
    figure = SimpleNamespace(models=(models.Lead,))
    arguments: dict[str, Any] = {one.name: None for one in fields(cast("Any", kind))}
    stated = {"model": models.Lead, "figure": figure}
    return kind(**arguments | {name: value for name, value in stated.items() if name in arguments})


def test_the_walk_finds_loaders_of_all_modules() -> None:
    assert {RowById, RecentLeadsByUser, FigureByQuestion} < set(LOADERS)
    assert len(LOADERS) == 23


OF_CHANGES = {ChangesAfter, ChangesByRow, PositionOfSnapshot}
"""The loaders of the feed. Its field asks for the permission of each entity: tests/schema/test_changes.py."""


async def test_sessions_are_loaded_only_where_the_permission_is_granted() -> None:
    with pytest.raises(DeclarationError, match="UserSession is not declared"):
        await context().load(SessionsByUser(), [1])


@pytest.mark.parametrize("kind", [kind for kind in LOADERS if kind not in {SessionsByUser, *OF_CHANGES}])
async def test_every_loader_refuses_a_viewer_without_scopes(kind: type[DataLoader[Any, Any]]) -> None:
    loader = loader_of(kind)
    with pytest.raises(ForbiddenError, match="lacks the scope"):
        await context(frozenset()).load(loader, [1])
    with pytest.raises(ForbiddenError, match="lacks the scope"):
        await context(frozenset()).load_one(loader, 1)
    with pytest.raises(ForbiddenError, match="lacks the scope"):
        await context(frozenset()).dataloader(loader).load(1)


FIGURE_SCOPES = {
    "recent_leads": {"read:leads"},
    "user_figures": {"read:leads", "read:mentions"},
    "user_series": {"read:leads", "read:mentions"},
    "keyword_series": {"read:keywords"},
    "best_keywords": {"read:keywords"},
    "keyword_window": {"read:keywords"},
    "integration_health": {"read:integrations"},
}


def test_every_figure_has_known_scopes() -> None:
    assert {
        figure.name: {permission_to_read(model) for model in figure.models} for figure in REGISTRY
    } == FIGURE_SCOPES


@pytest.mark.parametrize("figure", list(REGISTRY), ids=lambda figure: figure.name)
async def test_every_figure_refuses_a_viewer_who_lacks_one_of_its_scopes(
    figure: CachedFigure[Any, Any],
) -> None:
    for scope in FIGURE_SCOPES[figure.name]:
        with pytest.raises(ForbiddenError, match=f"lacks the scope `{scope}`"):
            await context(ALL_SCOPES - {scope}).figures(figure, [1])


async def _compute(_: DataLoaders, questions: Sequence[int]) -> Sequence[int]:
    return questions


def test_a_figure_that_states_no_models_cannot_be_defined() -> None:
    define: Any = CachedFigure
    with pytest.raises(TypeError, match="models"):
        define("nameless", 1, 60, 60, _compute)
    with pytest.raises(ValueError, match="nameless must state the models"):
        define("nameless", 1, 60, 60, _compute, models=())


async def test_a_figure_of_an_undeclared_model_is_refused() -> None:
    figure: CachedFigure[Any, int] = CachedFigure("secrets", 1, 60, 60, _compute, models=(Secret,))
    with pytest.raises(DeclarationError, match="Secret is not declared"):
        await context().figures(figure, [1])


async def test_remembered_rows_of_a_snapshot_require_the_permission() -> None:
    own = context(frozenset())
    own.remember_snapshot_rows([SimpleNamespace(id=1)], models.Keyword)
    with pytest.raises(ForbiddenError, match="lacks the scope `read:keywords`"):
        await own.row_by_reference([SimpleNamespace(keyword_id=1)], models.Keyword, [1])


@pytest.mark.parametrize(
    ("model", "scope"),
    [
        (models.Export, Scope(1)),
        (models.ApiKey, Scope(1)),
        (models.Keyword, Scope(None)),
        (models.User, Scope(None)),
    ],
)
def test_operators_read_all_rows_but_those_of_personal_models(model: type[Base], scope: Scope) -> None:
    assert rows_to_read(viewer(models.UserRole.OPERATOR), RowById(model)) == scope
