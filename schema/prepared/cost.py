"""The cost of an operation, known before the operation runs."""

from dataclasses import dataclass

from graphql import GraphQLError

from schema.prepared.limits import DEFAULT_LIMITS, Limits, first_exceeded

KEYS_OF_STATEMENT = 10_000
"""The most keys of one statement, `max_keys` of the data loaders."""


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

    def refusal(self, limits: Limits = DEFAULT_LIMITS) -> GraphQLError | None:
        """Return the error for an operation that exceeds a limit."""
        return first_exceeded(
            limits,
            objects=self.objects,
            reads=self.reads,
            fields=self.fields,
            values=self.values,
            depth=self.depth,
        )
