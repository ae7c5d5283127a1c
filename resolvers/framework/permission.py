"""The scope of an API key that each model's rows require, and the users whose rows a viewer may read."""

from typing import Any

from db.language.scope import Scope
from db.models import Base
from loaders.dataloader import CHECKED_BY_CALLER, CheckedByCaller, DataLoader
from resolvers.entities import OF_MODEL
from resolvers.framework.errors import ForbiddenError
from services.accounts.viewer import Viewer


def permission_to_read(model: type[Base]) -> str | None:
    """Return the scope that the model's rows require, or None. Raise `ForbiddenError` for an undeclared model."""
    if model not in OF_MODEL:
        raise ForbiddenError(f"{model.__name__} cannot be read: the model states no permission.")
    return OF_MODEL[model].permission


def require_loadable(viewer: Viewer, loader: DataLoader[Any, Any]) -> None:
    """Raise `ForbiddenError` if the viewer's key must not read the loader's rows."""
    model: type[Base] | CheckedByCaller = loader.model
    if model is not CHECKED_BY_CALLER:
        require_permission(viewer, permission_to_read(model))


def rows_to_read(viewer: Viewer, loader: DataLoader[Any, Any]) -> Scope:
    """Return the row scope in which the loader reads for the viewer."""
    entity = None if loader.model is CHECKED_BY_CALLER else OF_MODEL.get(loader.model)
    return Scope(viewer.user_id) if entity is not None and entity.personal else viewer.scope


def require_permission(viewer: Viewer, scope: str | None) -> None:
    """Raise `ForbiddenError` if the viewer's key lacks the scope. None requires no scope."""
    if scope is not None and scope not in viewer.scopes:
        raise ForbiddenError(f"This API key lacks the scope `{scope}`.")
