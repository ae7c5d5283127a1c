"""The scope of an API key that each model's rows require, and the users whose rows a viewer may read."""

from functools import cache
from typing import Any

from db.language.scope import Scope, scope_of_user
from db.models import Base
from loaders.dataloader import DataLoader
from resolvers.entities import OF_MODEL, entity_of
from resolvers.framework.entity import DeclarationError
from resolvers.framework.errors import ForbiddenError
from services.accounts.viewer import Viewer


def permission_to_read(model: type[Base]) -> str | None:
    """Return the scope that the model's rows require, or None. Raise `DeclarationError` for an undeclared model.

    The server causes this error, so the edge logs it and answers INTERNAL.
    """
    return entity_of(model).permission


def require_loadable(viewer: Viewer, loader: DataLoader[Any, Any]) -> None:
    """Raise `ForbiddenError` if the viewer's key must not read the rows of one of the loader's models.

    Raise `DeclarationError` if a model is undeclared, or if the loader states no models.
    """
    models = loader.models
    if not models:
        raise DeclarationError(f"{type(loader).__name__} must state its models.")
    for scope in _permissions_to_read(models):
        require_permission(viewer, scope)


@cache
def _permissions_to_read(models: tuple[type[Base], ...]) -> tuple[str, ...]:
    """Return the scopes that the rows of the models require."""
    required = dict.fromkeys(map(permission_to_read, models))
    return tuple(scope for scope in required if scope is not None)


def rows_to_read(viewer: Viewer, loader: DataLoader[Any, Any]) -> Scope:
    """Return the row scope in which the loader reads for the viewer."""
    return scope_of_user(viewer.user_id) if _are_personal(loader.models) else viewer.scope


@cache
def _are_personal(models: tuple[type[Base], ...]) -> bool:
    """Return whether a viewer reads only own rows of one of the models, even if the viewer is an operator."""
    return any(OF_MODEL[model].personal for model in models if model in OF_MODEL)


def require_permission(viewer: Viewer, scope: str | None) -> None:
    """Raise `ForbiddenError` if the viewer's key lacks the scope. None requires no scope."""
    if scope is not None and scope not in viewer.scopes:
        raise ForbiddenError(f"This API key lacks the scope `{scope}`.", [scope])


def may_read(viewer: Viewer, model: type[Base]) -> bool:
    """Return whether the viewer's key may read the model's rows."""
    scope = permission_to_read(model)
    return scope is None or scope in viewer.scopes
