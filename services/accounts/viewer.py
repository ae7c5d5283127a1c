"""The authenticated user of an operation and the scopes of their credential."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from db.language.scope import EVERYBODY, Scope, scope_of_user
from db.models import UserRole
from services.accounts.api_key import BULK_READ


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user of an operation, with the scopes and the ID of their credential (services/accounts/api_key.py).

    The credential is an API key, a session of a browser, or a short-lived token of a browser without an ID. It stops
    working at `expires_at`.
    """

    user_id: int
    role: UserRole
    scopes: Collection[str] = frozenset()
    key_id: int | None = None
    expires_at: datetime | None = field(default=None, kw_only=True)
    session_id: int | None = field(default=None, kw_only=True)

    @property
    def scope(self) -> Scope:
        """The rows that the viewer sees and writes: a member's own rows, or all rows for an operator."""
        return EVERYBODY if self.role == UserRole.OPERATOR else scope_of_user(self.user_id)

    @property
    def bulk(self) -> bool:
        """True if the viewer may read large pages of root lists."""
        return BULK_READ in self.scopes
