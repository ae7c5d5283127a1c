"""In whose name something is read or written, and what their credential allows."""

from collections.abc import Collection
from dataclasses import dataclass

from db.language.scope import EVERYBODY, Scope
from db.models import UserRole
from services.accounts.api_key import BULK_READ


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user in whose name an operation runs, with the scopes of the credential (services/accounts/api_key.py)."""

    user_id: int
    role: UserRole
    scopes: Collection[str] = frozenset()

    @property
    def scope(self) -> Scope:
        """A member sees and writes their own rows, an operator everybody's."""
        return EVERYBODY if self.role == UserRole.OPERATOR else Scope(self.user_id)

    @property
    def bulk(self) -> bool:
        """Whether root lists have large pages."""
        return BULK_READ in self.scopes
