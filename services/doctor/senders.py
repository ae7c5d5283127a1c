"""The operations that send each statement, as far as this process has seen."""

from collections import defaultdict
from collections.abc import Sequence

MOST_PAIRS = 2000
LONGEST_NAME = 100


class Senders:
    """The names of operations by the statements that they sent. Further pairs than the first 2,000 are not kept."""

    def __init__(self) -> None:
        self._pairs: set[tuple[str, str]] = set()
        self._last: dict[str, Sequence[str]] = {}
        """The last statements of each operation that has a pair. An operation usually sends the same again."""

    def note(self, operation: str | None, statements: Sequence[str]) -> None:
        """Note the statements of an operation with a name."""
        if not operation or self._last.get(operation) == statements:
            return
        if len(operation) > LONGEST_NAME or len(self._pairs) >= MOST_PAIRS or not statements:
            return
        self._last[operation] = statements
        self._pairs.update((statement, operation) for statement in statements)

    def by_statement(self) -> dict[str, Sequence[str]]:
        """Return the names of operations, in alphabetical order, by the names of statements."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for statement, operation in sorted(self._pairs):
            found[statement].append(operation)
        return dict(found)
