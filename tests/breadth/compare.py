"""Comparison of the responses of two executors."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

Path = tuple[str | int, ...]


def shown(error: GraphQLError) -> str:
    """Return a text with all parts of an error that both executors must report alike."""
    original = error.original_error
    return repr(
        (
            error.message,
            error.path,
            [(each.line, each.column) for each in error.locations or ()],
            error.extensions,
            type(original).__name__,
            getattr(original, "message", str(original)),
        )
    )


def differences(
    reference: ExecutionResult, result: ExecutionResult, possible: ExecutionResult | None
) -> list[str]:
    """Return descriptions of all differences that are not allowed.

    Data must have the same values, classes and order of keys. Errors must have the same message, path, locations,
    extensions and original error. If nothing is awaited, `possible` is None and the order must be the same.

    Otherwise timing decides which of several errors below a null is reported, as the specification allows. Each
    error must then be `possible` without error propagation, and both responses must explain the same nulls.
    """
    found: list[str] = []
    if repr(reference.data) != repr(result.data):
        found.append(f"data:\n  {reference.data!r}\n  {result.data!r}")
    expected, actual = (list(map(shown, each.errors or ())) for each in (reference, result))
    if possible is None:
        if expected != actual:
            found.append(f"errors:\n  {expected}\n  {actual}")
        return found
    return found + _errors_differ(reference, result, possible)


def _errors_differ(
    reference: ExecutionResult, result: ExecutionResult, possible: ExecutionResult
) -> list[str]:
    found: list[str] = []
    expected, actual = _by_null(reference), _by_null(result)
    if expected.keys() != actual.keys():
        found.append(f"nulls: {sorted(map(str, expected.keys() ^ actual.keys()))}")
    for place in expected.keys() & actual.keys():
        errors = expected[place] + actual[place]
        if all(tuple(each.path or ()) == place for each in errors) and Counter(
            map(shown, expected[place])
        ) != Counter(map(shown, actual[place])):
            found.append(f"errors at {place}: {expected[place]} and {actual[place]}")
    unknown = set(map(shown, result.errors or ())) - set(map(shown, possible.errors or ()))
    if unknown:
        found.append(f"impossible errors: {unknown}")
    return found


def _by_null(result: ExecutionResult) -> dict[Path, list[GraphQLError]]:
    """Return the errors by the path of the null that they caused."""
    places: dict[Path, list[GraphQLError]] = {}
    for error in result.errors or ():
        places.setdefault(_null_at(result.data, error.path or ()), []).append(error)
    return places


def _null_at(data: Any, path: Sequence[str | int]) -> Path:
    for length, key in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[key]
    return tuple(path)
