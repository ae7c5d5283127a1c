"""The rule that makes leads of promising mentions by itself.

A keyword's `auto_lead_score` is a threshold for the score of a lead (`services.analysis.lead_scoring`). When an analysis
of a mention is recorded, the mention becomes a lead if its lead would score at least that much. The rule skips mentions
that have a lead, that are dismissed, or whose lead a user has deleted, and keywords that are not active.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from db.engine.writer import Writer
from db.models import LeadEventType, LeadStatus
from db.statements.lead import MadeLead, NewEvent, ScoredLead, insert_auto_leads, insert_events
from db.statements.lead_score import PossibleLead, analyzed_to_score, store
from services.analysis.lead_scoring import VERSION, Score, breakdown, score, stored_score

_Promising: TypeAlias = tuple[PossibleLead, Score]


async def score_analyzed(writer: Writer, mention_ids: Sequence[int], now: datetime) -> None:
    """Score the leads of mentions that were analyzed in this transaction, and make leads of the promising ones."""
    leads, possible = await analyzed_to_score(writer, mention_ids)
    if leads:
        scores = [stored_score(lead.id, score(lead.inputs, now), now) for lead in leads]
        await store(writer, scores, VERSION)
    scored = [(one, score(one.inputs, now)) for one in possible]
    promising = [(one, value) for one, value in scored if value and value.value >= one.auto_lead_score]
    if promising:
        await _make(writer, promising, now)


async def _make(writer: Writer, promising: Sequence[_Promising], now: datetime) -> None:
    new = [ScoredLead(one.mention_id, value.value, breakdown(value, now)) for one, value in promising]
    made = await insert_auto_leads(writer, new, VERSION)
    await insert_events(
        writer,
        [_event(made[one.mention_id], one, value) for one, value in promising if one.mention_id in made],
    )


def _event(made: MadeLead, one: PossibleLead, value: Score) -> NewEvent:
    """Return the first event of the lead, which names the rule and the score. It has no actor."""
    rule = {"auto_lead_score": one.auto_lead_score, "score": value.value}
    return {
        "lead_id": made.id,
        "user_id": made.user_id,
        "actor_user_id": None,
        "type": LeadEventType.CREATED,
        "to_status": LeadStatus.NEW,
        "data": {"rule": rule},
    }
