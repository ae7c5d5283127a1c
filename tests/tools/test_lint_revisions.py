"""Revisions that the lint takes and refuses."""

import pytest

from db.engine import migrations
from tools import lint_revisions
from tools.lint_revisions import problems

BEGIN = "BEGIN;\nSET LOCAL lock_timeout = '3s';\nSET LOCAL statement_timeout = '60s';\n"


def revision(*statements: str) -> str:
    return BEGIN + "".join(f"{statement};\n" for statement in statements) + "COMMIT;\n"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX ix_leads_score ON leads (score)", "require-concurrent-index-creation"),
        ("ALTER TABLE leads ADD CONSTRAINT ck CHECK (score > 0)", "constraint-missing-not-valid"),
        ("ALTER TABLE leads ALTER COLUMN score SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE leads DROP COLUMN score", "ban-drop-column"),
        ("ALTER TABLE leads RENAME COLUMN score TO points", "renaming-column"),
        ("DROP TABLE lead_events", "ban-drop-table"),
        ("ALTER TABLE leads ADD COLUMN rank bigint NOT NULL", "adding-required-field"),
    ],
)
def test_a_statement_that_blocks_writers_or_breaks_the_previous_release_is_refused(
    statement: str, rule: str
) -> None:
    [problem] = problems({"0099": revision(statement)})
    assert problem.startswith(f"0099: {rule}: ")


def test_a_revision_without_timeouts_is_refused() -> None:
    found = problems({"0099": "BEGIN;\nALTER TABLE leads ADD COLUMN rank bigint;\nCOMMIT;\n"})
    assert {problem.split(": ")[1] for problem in found} == {
        "require-lock-timeout",
        "require-statement-timeout",
    }


def test_a_revision_that_ends_the_support_of_earlier_releases_may_remove_things() -> None:
    ends = "UPDATE schema_support SET oldest_revision = '{}'"
    dropped = "ALTER TABLE leads DROP COLUMN score"
    assert problems({"0099": revision(dropped, ends.format("0099"))}) == []
    assert len(problems({"0099": revision(dropped, ends.format("0098"))})) == 1
    blocking = "CREATE INDEX ix_leads_score ON leads (score)"
    assert len(problems({"0099": revision(blocking, ends.format("0099"))})) == 1


def test_all_revisions_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_revisions.main() == 0
    assert capsys.readouterr().out == ""
    assert [script.revision for script in migrations.after("0013")][:2] == ["0014", "0015"]
