"""User errors: problems that the user can fix, returned in a mutation's payload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

Row = TypeVar("Row")


class UserErrorCode(StrEnum):
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    REQUIRED = "required"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"
    ALREADY_EXISTS = "already_exists"
    INVALID_TRANSITION = "invalid_transition"
    CONFLICT = "conflict"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    IN_FLIGHT = "in_flight"
    WRONG_CREDENTIALS = "wrong_credentials"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    SIGN_IN_REQUIRED = "sign_in_required"


@dataclass(frozen=True, slots=True)
class UserError:
    """One problem. `path` leads from the mutation's argument to the wrong value, in Python's names of fields."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...] = ("input",)


class UserErrors(Exception):  # noqa: N818 - the API's word
    """The mutation is refused with these errors. Raised inside a transaction, it rolls the transaction back.

    `current` holds fields of the payload: the unchanged rows that a client needs to try again.
    """

    def __init__(self, errors: Sequence[UserError], current: Mapping[str, Any] | None = None) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.current = current or {}


class InactiveViewerError(Exception):
    """The viewer was suspended, or the credential ended, after the credential was checked."""

    def __init__(self, message: str = "The user of this API key is no longer active.") -> None:
        super().__init__(message)


def user_error(code: UserErrorCode, message: str, *path: str, **current: Any) -> UserErrors:
    """Return the exception for one error at a path within the input, by default at the input itself.

    `current` are fields of the payload that show the current state.
    """
    return UserErrors([UserError(code, message, ("input", *path))], current)


def not_found(thing: str, *path: str) -> UserErrors:
    """Return the exception for an ID that does not exist or that the viewer may not see. Both look the same."""
    return user_error(UserErrorCode.NOT_FOUND, not_found_message(thing), *path)


def not_found_message(thing: str) -> str:
    return f"The {thing} does not exist."


def require(row: Row | None, thing: str, field: str = "id") -> Row:
    """Return the row. Raise `UserErrors` at the field of its ID if it does not exist."""
    if row is None:
        raise not_found(thing, field)
    return row
