"""Sums of roll-ups over spans of time."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Lead, Mention
from db.statements import buckets
from db.statements.buckets import BucketSums, Period
from loaders.dataloader import DataLoader

Periods = tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class BucketSumsByParent(DataLoader[tuple[int, Periods], Sequence[BucketSums]]):
    """The sums of each period, in the order of the periods. A key is a user or a keyword, as `by` says (user_id or
    keyword_id), with its periods.
    """

    models = (Mention, Lead)
    by: str

    async def read(
        self, reader: Reader, scope: Scope, keys: Sequence[tuple[int, Periods]]
    ) -> Sequence[Sequence[BucketSums]]:
        """Read the periods of the same parents in one statement."""
        parents: dict[Periods, list[int]] = {}
        for parent, periods in keys:
            parents.setdefault(periods, []).append(parent)
        together: dict[tuple[int, ...], list[Periods]] = {}
        for periods, of_periods in parents.items():
            together.setdefault(tuple(sorted(of_periods)), []).append(periods)
        reads = [
            buckets.bucket_sums(reader, scope, self.by, ids, _distinct(several))
            for ids, several in together.items()
        ]
        found = await asyncio.gather(*reads) if len(reads) > 1 else [await reads[0]]
        sums: dict[tuple[int, Periods], Sequence[BucketSums]] = {}
        for (ids, several), of_parents in zip(together.items(), found, strict=True):
            numbers = {period: number for number, period in enumerate(_distinct(several))}
            for periods in several:
                places = [numbers[period] for period in periods]
                for parent in ids:
                    own = of_parents.get(parent, {})
                    sums[parent, periods] = [own.get(place, _NO_SUMS) for place in places]
        return [sums[key] for key in keys]


_NO_SUMS = BucketSums()


def _distinct(several: Iterable[Periods]) -> Periods:
    return tuple(dict.fromkeys(chain.from_iterable(several)))
