"""Errors that a caller causes and may read, and the codes of all errors. The edge masks every other error."""

from collections.abc import Sequence
from typing import ClassVar, Final

from db.engine.outage import is_read_only, is_too_slow, is_unavailable
from db.engine.reader import TooManyCharactersError

UNAVAILABLE: Final = "UNAVAILABLE"
TIMEOUT: Final = "TIMEOUT"
RATE_LIMITED: Final = "RATE_LIMITED"
INTERNAL: Final = "INTERNAL"
COST_LIMIT_EXCEEDED: Final = "COST_LIMIT_EXCEEDED"


class CallerError(Exception):
    """A request that cannot be executed as it is. `code` is one of the documented codes."""

    code: ClassVar[str]

    @property
    def extensions(self) -> dict[str, object]:
        """Return the extensions that graphql-core copies into the response."""
        return {"code": self.code}


class UnauthenticatedError(CallerError):
    code = "UNAUTHENTICATED"

    def __init__(
        self, message: str = "Authentication is required. Send the header `Authorization: Bearer <API key>`."
    ) -> None:
        super().__init__(message)


class ForbiddenError(CallerError):
    """The credential is valid, but does not permit the operation. `missing_scopes` are the scopes that it lacks."""

    code = "FORBIDDEN"

    def __init__(self, message: str, missing_scopes: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing_scopes = tuple(missing_scopes)

    @property
    def extensions(self) -> dict[str, object]:
        missing = {"missingScopes": list(self.missing_scopes)} if self.missing_scopes else {}
        return super().extensions | missing


class UserInputError(CallerError):
    """An argument has a wrong value. The message names the argument."""

    code = "BAD_USER_INPUT"


class CursorError(CallerError):
    """A cursor is damaged, or belongs to another list, order or filter."""

    code = "BAD_CURSOR"


class ExpiredCursorError(CallerError):
    """Changes after the cursor are no longer kept."""

    code = "EXPIRED_CURSOR"


def code_of(failure: BaseException) -> str:
    """Return the error code of an exception.

    A caller's error keeps its code even if an outage led to it, such as an OSError for a missing time zone file.
    """
    if isinstance(failure, CallerError):
        return failure.code
    if isinstance(failure, TooManyCharactersError):
        return COST_LIMIT_EXCEEDED
    if is_unavailable(failure):
        return UNAVAILABLE
    return TIMEOUT if is_too_slow(failure) else INTERNAL


def refuses_writes(failure: BaseException) -> bool:
    """Return whether the database refused a write because it is read-only."""
    return is_read_only(failure)
