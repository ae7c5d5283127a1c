from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.engine.writer import Writer
from db.models import Mention
from resolvers.framework.context import Context
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import mutation, takes, values_as
from resolvers.framework.payload import Payload
from resolvers.framework.relation import all_written, written
from services import mention as service
from services.accounts.api_key import WRITE_MENTIONS
from services.mention import TriageValues


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsPayload(Payload):
    """The ids of the requested mentions, and the number of changed mentions."""

    mention_ids: Sequence[int] = ()
    changed_count: int = 0

    @property
    def mention_id(self) -> int | None:
        """Return the id of the only requested mention."""
        return next(iter(self.mention_ids), None)


writes = mutation(WRITE_MENTIONS, MentionsPayload)
of_payload = written(Mention, "mention_id")


async def all_of_payload(
    payloads: Sequence[MentionsPayload], context: Context
) -> Sequence[Sequence[Mention]]:
    """Return the mentions in the order of their ids. Mentions deleted in the meantime are left out."""
    ids = [id_ for payload in payloads for id_ in payload.mention_ids]
    rows = dict(zip(ids, await all_written(Mention, ids, context), strict=True))
    found = [[rows[id_] for id_ in payload.mention_ids] for payload in payloads]
    return [[row for row in some if row is not None] for some in found]


@takes(2)
@writes
async def triage_mention(writer: Writer, context: Context, request: Any) -> MentionsPayload:
    mention_id = row_id(request.id, Mention)
    done = await service.triage_one(writer, context.viewer, mention_id, values_as(TriageValues, request))
    return MentionsPayload(mention_ids=[mention_id], changed_count=len(done.changed))


@takes(2)
@writes
async def triage_mentions(writer: Writer, context: Context, request: Any) -> MentionsPayload:
    ids = [row_id(id_, Mention) for id_ in request.ids]
    done = await service.triage_all(writer, context.viewer, ids, values_as(TriageValues, request))
    return MentionsPayload(mention_ids=list(dict.fromkeys(ids)), changed_count=len(done.changed))
