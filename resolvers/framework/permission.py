"""Which scope of a key is needed for what."""

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
)
from loaders.loader import Loader
from resolvers.framework.errors import ForbiddenError
from services.accounts import api_key
from services.accounts.viewer import Viewer

TO_READ: Mapping[type[Base] | None, str] = {
    Keyword: api_key.READ_KEYWORDS,
    Mention: api_key.READ_MENTIONS,
    AnalysisResult: api_key.READ_MENTIONS,
    Lead: api_key.READ_LEADS,
    LeadEvent: api_key.READ_LEADS,
    Integration: api_key.READ_INTEGRATIONS,
    IntegrationLog: api_key.READ_INTEGRATIONS,
}

PERSONAL: frozenset[type[Base] | None] = frozenset({Export})
"""What nobody sees but its user, not even an operator."""


def scope_to_read(loader: Loader[Any, Any]) -> str | None:
    """The scope that the rows of a loader's model need; None for users, who are no secret to themselves."""
    return TO_READ.get(getattr(loader, "model", None))


def rows_to_read(viewer: Viewer, loader: Loader[Any, Any]) -> Scope:
    """Whose rows a loader may read for the viewer."""
    return Scope(viewer.user_id) if getattr(loader, "model", None) in PERSONAL else viewer.scope


def require_scope(viewer: Viewer, scope: str | None) -> None:
    """Raises `ForbiddenError` that names the scope, where the viewer's key has not got it."""
    if scope is not None and scope not in viewer.scopes:
        raise ForbiddenError(f"This needs an API key with the scope `{scope}`, which this one has not got.")
