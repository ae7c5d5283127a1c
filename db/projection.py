"""Which columns of each model one operation needs: nothing else is read, sent and decoded."""

from collections.abc import Mapping
from typing import TypeAlias

from db.models import Base

Projection: TypeAlias = Mapping[type[Base], frozenset[str]]
"""By model, the names of the columns that are needed beside those that a read needs for itself: ids, keys, and
what rows are ordered by. All columns are, of a model that is not there.
"""

EVERY_COLUMN: Projection = {}
