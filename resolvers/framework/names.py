"""The names of fields."""

from functools import cache


@cache
def public(name: str) -> str:
    """Return a field's name as clients write it."""
    first, *others = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in others)
