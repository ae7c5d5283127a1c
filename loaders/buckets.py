"""What happened within spans of time, from roll-ups. Keys are users or keywords."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.pool import Reader
from db.language.scope import Scope
from db.statements import buckets
from db.statements.buckets import BucketSums, Span
from loaders.loader import CHECKED_BY_CALLER, Loader


@dataclass(frozen=True, slots=True)
class SumsOfBuckets(Loader[int, Sequence[BucketSums]]):
    """One tally for each span, in their order; zeros where nothing happened. `by` is user_id or keyword_id."""

    model = CHECKED_BY_CALLER
    by: str
    spans: tuple[Span, ...]

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[Sequence[BucketSums]]:
        found = await buckets.bucket_sums(reader, scope, self.by, keys, self.spans)
        return [
            [found.get(key, {}).get(number, BucketSums()) for number in range(len(self.spans))]
            for key in keys
        ]
