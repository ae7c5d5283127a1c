"""What calls for many things at once have in common: they are done for all of them, or for none."""

from collections.abc import Collection, Sequence

from services.rules.user_errors import RefusedError, UserError, UserErrorCode, refused


def distinct_ids(ids: Sequence[int], *, most: int, place: str = "ids") -> list[int]:
    """The ids without repetitions. Raises `RefusedError` for none, and for more than possible."""
    require_some(len(ids), most=most, place=place)
    return list(dict.fromkeys(ids))


def require_some(number: int, *, most: int, place: str) -> None:
    """Raises `RefusedError` for a list of nothing, and for a list that is longer than possible."""
    if number == 0:
        raise refused(UserErrorCode.REQUIRED, "This cannot be empty.", place)
    if number > most:
        raise refused(UserErrorCode.TOO_MANY, f"At most {most} are possible; this has {number}.", place)


def require_all(
    ids: Sequence[int], found: Collection[int], thing: str, place: str, *, within: Sequence[str] = ()
) -> None:
    """Raises `RefusedError` with an error for each id that is of nothing that the viewer may see. An id stands in
    the list at `place`; where the list is of objects, `within` leads on to it.
    """
    if len(set(ids)) == len(found):
        return
    missing = [
        UserError(
            UserErrorCode.NOT_FOUND, f"There is no such {thing}.", ("input", place, str(index), *within)
        )
        for index, id_ in enumerate(ids)
        if id_ not in found
    ]
    raise RefusedError(missing)
