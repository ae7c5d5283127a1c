"""The report of an import about columns and values."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.importing.names import FIELDS, is_ignored, plain
from services.importing.names import ColumnOptions as Options

MOST_NAMES = 1000
"""Names of columns that are kept. A file can have any number of them."""
_EXAMPLES = 3


class Example(NamedTuple):
    line: int
    reason: str


@dataclass(slots=True)
class Unreadable:
    """Values of an optional field that could not be read and became null, and the first of them."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Usage:
    """The columns that rows used, by field, and the values that were lost or changed."""

    used: Counter[tuple[str, str]] = field(default_factory=Counter)
    present: dict[str, None] = field(default_factory=dict)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    cut: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def saw(self, columns: Iterable[str]) -> None:
        for column in columns:
            if len(self.present) >= MOST_NAMES:
                return
            self.present.setdefault(column)

    def lost(self, field_name: str, line: int, reason: str) -> None:
        lost = self.unreadable.setdefault(field_name, Unreadable())
        lost.count += 1
        if len(lost.examples) < _EXAMPLES:
            lost.examples.append(Example(line, reason))

    def columns(self) -> dict[str, dict[str, int]]:
        """Return the numbers of rows that used each column, by field."""
        found: dict[str, dict[str, int]] = {name: {} for name in FIELDS}
        for (field_name, column), rows in self.used.most_common():
            found.setdefault(field_name, {})[column] = rows
        return {name: columns for name, columns in found.items() if columns}

    def ignored(self) -> list[str]:
        """Return the columns that no row used. An object of which nothing was used counts as one column."""
        used = {column for _, column in self.used}
        around = {
            column[:place] for column in used for place, character in enumerate(column) if character == "."
        }
        found: dict[str, None] = {}
        for column in self.present:
            parts = column.split(".")
            starts = (".".join(parts[: size + 1]) for size in range(len(parts)))
            start = next((start for start in starts if start not in around), None)
            if start is not None and start not in used:
                found.setdefault(start)
        return list(found)

    def missing(self, options: Options) -> list[str]:
        """Return the columns that options name and no row has."""
        present = {plain(column) for column in self.present}
        named = [name for names in options.named.values() for name in names if plain(name) not in present]
        dropped = [
            name for name in options.ignored
            if not any(is_ignored(column, Options(ignored=[name])) for column in self.present)
        ]  # fmt: skip
        return [*named, *dropped]
