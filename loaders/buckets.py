"""Sums of roll-ups over spans of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Lead, Mention
from db.statements import buckets
from db.statements.buckets import BucketSums, Period
from loaders.dataloader import DataLoader


@dataclass(frozen=True, slots=True)
class BucketSumsByParent(DataLoader[int, Sequence[BucketSums]]):
    """The sums of each span, in the order of the spans. The keys are users or keywords, as `by` says: user_id or
    keyword_id.
    """

    models = (Mention, Lead)
    by: str
    periods: tuple[Period, ...]

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[Sequence[BucketSums]]:
        found = await buckets.bucket_sums(reader, scope, self.by, keys, self.periods)
        return [
            [found.get(key, {}).get(number, BucketSums()) for number in range(len(self.periods))]
            for key in keys
        ]
