"""Limits on a request that are checked before any work: without a credential, and for its variables."""

from dataclasses import replace
from typing import Any, Final

from resolvers.framework.errors import UnauthenticatedError
from schema.prepared.cache import PreparedOperations
from server.http.protocol import GraphQLRequest, RequestError

ANONYMOUS_BYTES: Final = 16_000
"""The largest body, and the longest document, of a request without a credential. Introspection has a tenth of it."""
ANONYMOUS_TOKENS: Final = 1_000
ANONYMOUS_BYTES_KEPT: Final = 8_000_000
MOST_OBJECTS: Final = 5_000
MOST_VALUES: Final = 60_000


def anonymous(operations: PreparedOperations, *, introspection: bool = True) -> PreparedOperations:
    """Return the cache of documents that came without a credential. They never displace those of users."""
    limits = replace(operations.limits, tokens=min(ANONYMOUS_TOKENS, operations.limits.tokens))
    return operations.limited(limits=limits, bytes_kept=ANONYMOUS_BYTES_KEPT, introspection=introspection)


def require_short_document(text: str) -> None:
    """Raise `UnauthenticatedError` for a document that is too long for a request without a credential."""
    if len(text) > ANONYMOUS_BYTES:
        raise UnauthenticatedError(
            f"A document of more than {ANONYMOUS_BYTES:,} characters requires authentication. Send the header "
            "`Authorization: Bearer <API key>`."
        )


def longest_list(request: GraphQLRequest) -> int:
    """Return the length of the longest list in the variables. Raise `RequestError` for variables whose coercion would
    take long.

    Each empty filter costs as much as a filter with conditions, because all its fields are looked up.
    """
    if not request.variables:
        return 0
    objects = values = longest = 0
    remaining: list[Any] = [request.variables]
    while remaining:
        value = remaining.pop()
        if isinstance(value, dict):
            objects += 1
            inner: Any = value.values()
        elif isinstance(value, list):
            inner = value
            longest = max(longest, len(value))
        else:
            continue
        values += len(inner)
        if objects > MOST_OBJECTS or values > MOST_VALUES:
            raise RequestError(
                400,
                f"`variables` must have at most {MOST_OBJECTS:,} objects and {MOST_VALUES:,} values. Send several "
                "requests.",
            )
        remaining += [each for each in inner if isinstance(each, (dict, list))]
    return longest
