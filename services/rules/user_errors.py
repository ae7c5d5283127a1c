"""Why something was not written: what the person at the other end can mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class UserError:
    """`path` leads from the mutation's argument to the value that is wrong; names are Python's."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...] = ("input",)


class RefusedError(Exception):
    """Nothing was written, for the errors that it carries. Raised within a transaction, it undoes it."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class InactiveViewerError(Exception):
    """The viewer has been suspended since the credential was looked at."""


def refused(code: UserErrorCode, message: str, *path: str) -> RefusedError:
    """One error at a place within the input; without a path, at the input itself."""
    return RefusedError([UserError(code, message, ("input", *path))])


def not_found(thing: str, *path: str) -> RefusedError:
    """The same for what there is not and for what the viewer may not see."""
    return refused(UserErrorCode.NOT_FOUND, f"There is no such {thing}.", *path)
