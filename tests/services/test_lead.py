"""The state machine of leads is the one that the guide shows."""

import re
from pathlib import Path

from db.models import LeadStatus
from services.lead import TRANSITIONS

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "writes.md"


def test_the_guide_shows_the_state_machine() -> None:
    rows = re.findall(r"^\| `([A-Z]+)` \| (`[A-Z`, ]+) \|$", GUIDE.read_text(), re.MULTILINE)
    shown = {LeadStatus[old]: {LeadStatus[new] for new in re.findall(r"\w+", others)} for old, others in rows}
    assert shown == TRANSITIONS


def test_no_status_is_a_dead_end_and_none_leads_to_itself() -> None:
    assert set(TRANSITIONS) == set(LeadStatus)
    assert all(new and old not in new for old, new in TRANSITIONS.items())
