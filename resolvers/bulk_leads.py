"""Changes of many leads in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from db.engine.writer import Writer
from db.language.scope import Scope
from db.models import Lead
from db.statements import write_rows
from resolvers.framework.context import Context
from resolvers.framework.global_id import row_id
from resolvers.framework.mutation import mutation, takes
from resolvers.framework.payload import Payload
from resolvers.lead import expected_version, lead_values
from services import bulk_leads as service
from services.accounts.api_key import WRITE_LEADS
from services.bulk_leads import LeadOutcome, LeadResult, LeadUpdate, StatusChange


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsPayload(Payload):
    """The result of each item, in the order of the items."""

    results: Sequence[LeadResult] = ()

    @property
    def changed_count(self) -> int:
        return sum(result.outcome == LeadOutcome.CHANGED for result in self.results)

    def stored(self) -> dict[str, Any]:
        return {"results": [(outcome, lead and lead.id) for outcome, lead in self.results]}

    @classmethod
    async def restored(cls, writer: Writer, scope: Scope, stored: Mapping[str, Any]) -> Self:
        """Return the stored payload. Leads deleted in the meantime are None."""
        ids = [lead_id for _, lead_id in stored["results"]]
        leads = {lead.id: lead for lead in await write_rows.read_all(writer, scope, Lead, ids)}
        results = [LeadResult(LeadOutcome(outcome), leads.get(id_)) for outcome, id_ in stored["results"]]
        return cls(replayed=True, results=results)


writes = mutation(WRITE_LEADS, LeadsPayload)


@takes(6)
@writes
async def update_leads(writer: Writer, context: Context, request: Any) -> LeadsPayload:
    updates = [
        LeadUpdate(row_id(item.id, Lead), lead_values(item), expected_version(item)) for item in request.items
    ]
    return LeadsPayload(results=await service.update_all(writer, context.viewer, updates))


@takes(4)
@writes
async def change_lead_statuses(writer: Writer, context: Context, request: Any) -> LeadsPayload:
    changes = [
        StatusChange(
            row_id(item.id, Lead), item.status, item.disqualify_reason or None, expected_version(item)
        )
        for item in request.items
    ]
    return LeadsPayload(results=await service.change_statuses(writer, context.viewer, changes))
