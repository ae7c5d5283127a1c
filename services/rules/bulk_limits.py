"""Checks for bulk mutations, which write every element of a list or none."""

from collections.abc import Collection, Sequence

from services.rules.user_errors import UserError, UserErrorCode, UserErrors, not_found_message, user_error


def require_size(size: int, *, most: int, field: str) -> None:
    """Raise `UserErrors` if the list at `field` is empty or too long."""
    if size == 0:
        raise user_error(UserErrorCode.REQUIRED, "Must not be empty.", field)
    if size > most:
        raise user_error(UserErrorCode.TOO_MANY, f"Must have at most {most} elements, but has {size}.", field)


def require_found(
    ids: Sequence[int], found: Collection[int], thing: str, field: str, *, within: Sequence[str] = ()
) -> None:
    """Raise `UserErrors` with one error for each ID that is not among those found.

    The IDs are elements of the list at `field`. In a list of objects, `within` is the path from an element to its ID.
    """
    if len(set(ids)) == len(found):
        return
    missing = [
        UserError(UserErrorCode.NOT_FOUND, not_found_message(thing), ("input", field, str(index), *within))
        for index, id_ in enumerate(ids)
        if id_ not in found
    ]
    raise UserErrors(missing)
