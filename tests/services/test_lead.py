"""The transitions of leads."""

import re
from pathlib import Path

from db.models import LeadStatus
from services.lead import TRANSITIONS

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "writes.md"


def test_the_guide_shows_the_transitions_of_leads() -> None:
    rows = re.findall(r"^\| `([A-Z]+)` \| (`[A-Z`, ]+) \|$", GUIDE.read_text(), re.MULTILINE)
    shown = {LeadStatus[old]: {LeadStatus[new] for new in re.findall(r"\w+", others)} for old, others in rows}
    assert shown == TRANSITIONS


def test_every_lead_status_has_a_transition_to_another_status() -> None:
    assert set(TRANSITIONS) == set(LeadStatus)
    assert all(new and old not in new for old, new in TRANSITIONS.items())
