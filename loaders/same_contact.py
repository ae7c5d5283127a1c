"""Other leads of the same contact person."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from db.engine.reader import Reader
from db.language.scope import Scope
from db.models import Lead
from db.statements import same_contact
from loaders.dataloader import DataLoader

MOST_SAME_CONTACT = 10


@dataclass(frozen=True, slots=True)
class SameContactByLead(DataLoader[int, Sequence[Lead]]):
    """The newest other leads of a lead's user with the lead's e-mail address."""

    model = Lead

    async def read(self, reader: Reader, scope: Scope, keys: Sequence[int]) -> Sequence[Sequence[Lead]]:
        found: defaultdict[int, list[Lead]] = defaultdict(list)
        for lead_id, other in await same_contact.same_contact(reader, scope, keys, MOST_SAME_CONTACT):
            found[lead_id].append(other)
        return [found.get(key, []) for key in keys]
