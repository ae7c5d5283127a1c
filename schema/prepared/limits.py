"""The limits on what one operation may request. Each has a setting, such as LEADGRAPH_MAX_ALIASES."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import GraphQLError
from strawberry.utils.str_converters import to_camel_case

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


_PAGES: Final = "Request smaller pages (`first`)"
_SPREAD: Final = "of a fragment count once for each spread."
_REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "objects": ("The operation could return {} objects", f"{_PAGES} where lists are nested."),
    "reads": ("The operation could read {} times", "Request fewer lists, counts and figures at once."),
    "fields": ("The operation selects {} fields", f"Fields {_SPREAD} Select fewer fields."),
    "values": ("The operation could return {} values", f"{_PAGES} or fewer fields."),
    "depth": ("The operation nests {} levels deep", "Split the operation."),
    "root_fields": (
        "The operation selects {} fields of the root",
        "Read several objects with `nodes`, or split the operation.",
    ),
    "aliases": (
        "The operation has {} aliases",
        f"Aliases {_SPREAD} Read several objects with `nodes`, or split the operation.",
    ),
    "directives": (
        "The operation has {} directives",
        f"Directives {_SPREAD} Put the fields of a condition into one fragment.",
    ),
    "list_length": (
        "A list of the arguments or variables has {} elements",
        "Send the elements in several requests.",
    ),
}
"""The first half sentence of each limit's error, with `{}` for the number asked, and its advice."""


def first_exceeded(limits: Limits, **asked: int) -> GraphQLError | None:
    """Return the error for the first limit that its number exceeds. The numbers have the names of the limits."""
    for name, number in asked.items():
        allowed: int = getattr(limits, name)
        if number > allowed:
            return exceeded(to_camel_case(name), number, allowed, *_REFUSALS[name])
    return None


def exceeded(limit: str, asked: int, allowed: int, problem: str, advice: str) -> GraphQLError:
    """Return the error for an exceeded limit. `problem` is its first half sentence, with `{}` for the number asked."""
    shown = f"{asked:,}" if asked < _LARGEST_SHOWN else f"more than {_LARGEST_SHOWN:,}"
    message = f"{problem.format(shown)}; the limit is {allowed:,}. {advice}"
    return GraphQLError(message, original_error=CostLimitError(message, limit, asked, allowed))
