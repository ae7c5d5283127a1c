"""The counts of an import."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from services.importing.parse_lines import DamagedFileError
from services.ingest.write import RowResult


@dataclass(slots=True)
class Summary:
    """Counts of the rows read so far.

    `matched` counts posts with a keyword, and `mentions` counts pairs of a post and a keyword. `created` and
    `duplicates` divide the mentions by their outcome, except in a dry run. `damage` is where reading stopped.
    """

    read: int = 0
    matched: int = 0
    rejected: int = 0
    mentions: int = 0
    created: int = 0
    duplicates: int = 0
    damage: DamagedFileError | None = None

    def copy(self) -> Self:
        return replace(self)

    def add(self, results: Sequence[RowResult]) -> None:
        for _, mentions, _ in results:
            self.matched += bool(mentions)
            self.mentions += len(mentions)
            created = sum(mention.created for mention in mentions)
            self.created += created
            self.duplicates += len(mentions) - created

    def add_duplicates(self, mentions: int) -> None:
        """Count mentions of an export that still exist."""
        self.matched += mentions
        self.mentions += mentions
        self.duplicates += mentions

    def add_matches(self, keyword_ids: Sequence[Sequence[int]]) -> None:
        self.matched += sum(map(bool, keyword_ids))
        self.mentions += sum(map(len, keyword_ids))
