"""The scope of an API key that each model's rows require, and the users whose rows a viewer may read."""

from collections.abc import Mapping
from typing import Any

from db.language.scope import Scope
from db.models import (
    AnalysisResult,
    Base,
    Export,
    Integration,
    IntegrationLog,
    Keyword,
    Lead,
    LeadEvent,
    Mention,
    User,
)
from loaders.dataloader import CHECKED_BY_CALLER, CheckedByCaller, DataLoader
from resolvers.framework.errors import ForbiddenError
from services.accounts import api_key
from services.accounts.viewer import Viewer

TO_READ: Mapping[type[Base], str | None] = {
    User: None,
    Keyword: api_key.READ_KEYWORDS,
    Mention: api_key.READ_MENTIONS,
    AnalysisResult: api_key.READ_MENTIONS,
    Lead: api_key.READ_LEADS,
    LeadEvent: api_key.READ_LEADS,
    Integration: api_key.READ_INTEGRATIONS,
    IntegrationLog: api_key.READ_INTEGRATIONS,
    Export: None,
}
"""The scope that a key needs to read the model's rows. None allows every key. Models that are absent are refused."""

PERSONAL: frozenset[type[Base]] = frozenset({Export})
"""Models whose rows only their own user sees. Operators do not see them either."""


def scope_to_read(model: type[Base]) -> str | None:
    """Return the scope that the model's rows require, or None. Raise `ForbiddenError` for an unknown model."""
    if model not in TO_READ:
        raise ForbiddenError(f"{model.__name__} cannot be read: the model states no permission.")
    return TO_READ[model]


def require_loadable(viewer: Viewer, loader: DataLoader[Any, Any]) -> None:
    """Raise `ForbiddenError` if the viewer's key must not read the loader's rows."""
    model: type[Base] | CheckedByCaller = loader.model
    if model is not CHECKED_BY_CALLER:
        require_scope(viewer, scope_to_read(model))


def rows_to_read(viewer: Viewer, loader: DataLoader[Any, Any]) -> Scope:
    """Return the row scope in which the loader reads for the viewer."""
    return Scope(viewer.user_id) if loader.model in PERSONAL else viewer.scope


def require_scope(viewer: Viewer, scope: str | None) -> None:
    """Raise `ForbiddenError` if the viewer's key lacks the scope. None requires no scope."""
    if scope is not None and scope not in viewer.scopes:
        raise ForbiddenError(f"This API key lacks the scope `{scope}`.")
