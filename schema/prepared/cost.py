"""The limits on what one operation may request."""

from dataclasses import dataclass

from graphql import GraphQLError

from resolvers.framework.errors import CallerError

MOST_OBJECTS = 200_000
MOST_VALUES = 2_000_000
MOST_FIELDS = 10_000
MOST_READS = 1000
DEEPEST = 20
KEYS_OF_STATEMENT = 10_000
"""The most keys of one statement, `max_keys` of the data loaders."""
_LARGEST_SHOWN = 10**15


class CostLimitError(CallerError):
    """The operation exceeds a limit."""

    code = "COST_LIMIT_EXCEEDED"


@dataclass(frozen=True, slots=True)
class Statements:
    """The bound of an operation's statements, before it runs.

    `viewer_row` says that the operation reads the viewer's row, and `owner_rows` how often it reads the rows of the
    owners of figures. `computations` is the largest number of computations of figures. A race with writers or with
    other processes can add computations.
    """

    others: int = 0
    viewer_row: bool = False
    owner_rows: int = 0
    computations: int = 0

    def bound(self, objects: int, *, everybody: bool) -> int:
        """Return the largest number of statements for a viewer who sees all users' rows, or only the viewer's own.

        A member owns all figures that the member sees, and one row of a user is read once.
        """
        rows = self.viewer_row + self.owner_rows
        rows = rows if everybody else min(rows, 1)
        return (self.others + rows) * (1 + objects // KEYS_OF_STATEMENT)


@dataclass(frozen=True, slots=True)
class Cost:
    """The most objects and values that an operation can return, its depth, and the number of its places.

    A place is a selected field, counted once for each path that leads to the field through fragments. Each of the
    `reads` places reads once, regardless of the number of objects. Objects count as values, too.
    """

    objects: int
    depth: int
    reads: int
    values: int = 0
    fields: int = 0
    statements: Statements = Statements()

    def statements_bound(self, *, everybody: bool) -> int:
        """Return the largest number of statements, for a viewer who sees the rows of everybody or only own rows."""
        return self.statements.bound(self.objects, everybody=everybody)

    def refusal(self) -> GraphQLError | None:
        """Return the error for an operation that exceeds a limit."""
        problem = self._problem()
        return None if problem is None else GraphQLError(problem, original_error=CostLimitError(problem))

    def _problem(self) -> str | None:
        if self.objects > MOST_OBJECTS:
            return (
                f"The operation could return {_shown(self.objects)} objects; the limit is {MOST_OBJECTS:,}. Request smaller "
                "pages (`first`) where lists are nested."
            )
        if self.reads > MOST_READS:
            return (
                f"The operation could read {_shown(self.reads)} times; the limit is {MOST_READS:,}. Request fewer lists, "
                "counts and figures at once."
            )
        if self.fields > MOST_FIELDS:
            return (
                f"The operation selects {_shown(self.fields)} fields; the limit is {MOST_FIELDS:,}. Fields of a fragment "
                "count once for each spread. Select fewer fields."
            )
        if self.values > MOST_VALUES:
            return (
                f"The operation could return {_shown(self.values)} values; the limit is {MOST_VALUES:,}. Request smaller "
                "pages (`first`) or fewer fields."
            )
        if self.depth > DEEPEST:
            return (
                f"The operation nests {self.depth} levels deep; the limit is {DEEPEST}. Split the operation."
            )
        return None


def _shown(number: int) -> str:
    """Return the number for a message. Nested fragments multiply without limit."""
    return f"{number:,}" if number < _LARGEST_SHOWN else f"more than {_LARGEST_SHOWN:,}"
