"""The limits on what one operation may request. Each has a setting, such as LEADGRAPH_MAX_ALIASES."""

from dataclasses import dataclass
from typing import Final

from graphql import GraphQLError

from resolvers.framework.errors import CallerError

_LARGEST_SHOWN: Final = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits on one operation, with their defaults.

    `objects`, `values` and `reads` are limits on its cost. `list_length` is about each list in its arguments and
    variables. All other limits are about its document. `tokens` is about the whole document.
    """

    objects: int = 200_000
    values: int = 2_000_000
    reads: int = 1_000
    fields: int = 10_000
    depth: int = 20
    aliases: int = 500
    root_fields: int = 50
    directives: int = 100
    tokens: int = 15_000
    list_length: int = 2_000


DEFAULT_LIMITS: Final = Limits()


class CostLimitError(CallerError):
    """The operation exceeds a limit. `limit` is its name; the numbers say how much was asked, if known, and is allowed."""

    code = "COST_LIMIT_EXCEEDED"

    def __init__(self, message: str, limit: str, asked: int | None, allowed: int) -> None:
        super().__init__(message)
        self.limit, self.asked, self.allowed = limit, asked, allowed

    @property
    def extensions(self) -> dict[str, object]:
        # Nested fragments multiply without limit, and clients read numbers as doubles.
        asked = {} if self.asked is None else {"asked": min(self.asked, _LARGEST_SHOWN)}
        return super().extensions | {"limit": self.limit, "allowed": self.allowed} | asked


def exceeded(limit: str, asked: int, allowed: int, problem: str, advice: str) -> GraphQLError:
    """Return the error for an exceeded limit. `problem` is its first half sentence, with `{}` for the number asked."""
    shown = f"{asked:,}" if asked < _LARGEST_SHOWN else f"more than {_LARGEST_SHOWN:,}"
    message = f"{problem.format(shown)}; the limit is {allowed:,}. {advice}"
    return GraphQLError(message, original_error=CostLimitError(message, limit, asked, allowed))


def long_list(length: int, limits: Limits) -> GraphQLError | None:
    """Return the error for a list in arguments or variables that is too long."""
    if length <= limits.list_length:
        return None
    return exceeded(
        "listLength",
        length,
        limits.list_length,
        "A list of the arguments or variables has {} elements",
        "Send the elements in several requests.",
    )
