"""The documents lead to existing files and headings, and name settings and parts of the product that exist."""

import re
from pathlib import Path

import pytest

from server.commands.app import app as cli
from server.runtime.settings import ALLOWED, OTHER_VARIABLES
from server.runtime.tasks import TURNS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
OF_OPERATORS = [
    *DOCUMENTS,
    *sorted((ROOT / "docs" / "monitoring").iterdir()),
    *sorted((ROOT / "deploy").iterdir()),
]
LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")


def anchors(path: Path) -> set[str]:
    """Return the names by which links refer to the headings of a document."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_documents_lead_to_existing_files_and_headings(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        if link.startswith("https://"):
            continue
        place, _, anchor = link.partition("#")
        target = path.parent / place if place else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_documents_name_variables_that_exist() -> None:
    known = {f"LEADGRAPH_{name.upper()}" for name in ALLOWED} | OTHER_VARIABLES
    for path in OF_OPERATORS:
        named = set(re.findall(r"\bLEADGRAPH_[A-Z_]*[A-Z]\b", path.read_text()))
        assert named - known == set(), path


def test_the_runbook_names_commands_alerts_metrics_and_tasks_that_exist() -> None:
    text = (ROOT / "docs" / "guides" / "runbook.md").read_text()
    alerts = (ROOT / "docs" / "monitoring" / "alerts.yml").read_text()
    metrics = (ROOT / "docs" / "guides" / "monitoring.md").read_text()
    commands = {
        command.name or getattr(command.callback, "__name__", "") for command in cli.registered_commands
    }
    groups = {group.name for group in cli.registered_groups}
    tasks = "|".join({name.partition("-")[0] for name in TURNS})
    assert set(re.findall(r"\bLeadgraph[A-Z]\w+", text)) <= set(re.findall(r"alert: (\w+)", alerts))
    named = {
        re.sub(r"_(count|bucket|sum)$", "", name) for name in re.findall(r"\bleadgraph_\w+[a-z]\b", text)
    }
    assert named <= set(re.findall(r"^\| `(leadgraph_\w+)` \|", metrics, re.MULTILINE))
    assert set(re.findall(r"`leadgraph ([\w-]+)", text)) <= commands | groups
    assert set(re.findall(rf"`((?:{tasks})-\w+)`", text)) <= TURNS.keys()
    assert len(named) >= 5
