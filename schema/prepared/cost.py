"""The limits on what one operation may request."""

from dataclasses import dataclass

from graphql import GraphQLError

from resolvers.framework.errors import CallerError

MOST_OBJECTS = 200_000
MOST_READS = 1000
DEEPEST = 20


class CostLimitError(CallerError):
    """The operation exceeds a limit."""

    code = "COST_LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Cost:
    """The most objects that an operation can return, its depth, and the number of its places that read.

    Each place reads once, regardless of the number of objects.
    """

    objects: int
    depth: int
    reads: int

    def refusal(self) -> GraphQLError | None:
        """Return the error for an operation that exceeds a limit."""
        problem = self._problem()
        return None if problem is None else GraphQLError(problem, original_error=CostLimitError(problem))

    def _problem(self) -> str | None:
        if self.objects > MOST_OBJECTS:
            return (
                f"The operation could return {self.objects:,} objects; the limit is {MOST_OBJECTS:,}. Request smaller "
                "pages (`first`) where lists are nested."
            )
        if self.reads > MOST_READS:
            return (
                f"The operation could read {self.reads:,} times; the limit is {MOST_READS:,}. Request fewer lists, "
                "counts and figures at once."
            )
        if self.depth > DEEPEST:
            return (
                f"The operation nests {self.depth} levels deep; the limit is {DEEPEST}. Split the operation."
            )
        return None
