"""Lint the SQL of every revision with squawk: no revision may block writers, or break the previous release.

python -m tools.lint_revisions
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.engine import migrations

OLDEST_POSTGRESQL = "15.0"
UNUSED_RULES = (
    "prefer-bigint-over-int",  # counters and scores have limits far below
    "prefer-bigint-over-smallint",
    "prefer-text-field",  # the column of Alembic's own table
)
BREAKING_RULES = frozenset(
    {
        "adding-required-field",
        "ban-drop-column",
        "ban-drop-constraint",
        "ban-drop-function",
        "ban-drop-generated-expression",
        "ban-drop-not-null",
        "ban-drop-table",
        "changing-column-type",
        "renaming-column",
        "renaming-table",
    }
)
"""The rules about what earlier releases need. A revision that raises the oldest supported revision may break them."""
RAISE_SUPPORT = "UPDATE schema_support SET oldest_revision ="
EXCEPTIONS = {
    (
        "0009",
        "ban-drop-generated-expression",
    ),  # triggers fill the two columns for servers of the previous release
    ("0023", "renaming-table"),  # another table takes the name in the same transaction
    ("0023", "renaming-object"),  # indexes of that table
    ("0023", "ban-drop-constraint"),  # the key of the logs, which gets another column
}
"""Proven by tests: the previous release works on the schema."""


def problems(sql_of_revisions: Mapping[str, str]) -> list[str]:
    """Return one line about each violation in the SQL, with the revision and the rule."""
    with tempfile.TemporaryDirectory(prefix="leadgraph-revisions-") as folder:
        paths = [Path(folder) / f"{revision}.sql" for revision in sql_of_revisions]
        for path, sql in zip(paths, sql_of_revisions.values(), strict=True):
            path.write_text(sql)
        violations = _squawk(paths)
    return [
        f"{revision}: {violation['rule_name']}: {violation['message']}"
        for violation in violations
        if not _is_allowed(revision := Path(violation["file"]).stem, violation, sql_of_revisions[revision])
    ]


def _squawk(paths: list[Path]) -> list[dict[str, Any]]:
    command = Path(sys.executable).parent / "squawk"
    options = ("--reporter", "json", "--pg-version", OLDEST_POSTGRESQL, "--exclude", ",".join(UNUSED_RULES))
    done = subprocess.run([command, *options, *paths], capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1} or not done.stdout:
        raise SystemExit(done.stderr or f"squawk failed with exit code {done.returncode}.")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _is_allowed(revision: str, violation: dict[str, Any], sql: str) -> bool:
    rule = violation["rule_name"]
    raises_support = f"{RAISE_SUPPORT} '{revision}'" in sql
    return (rule in BREAKING_RULES and raises_support) or (revision, rule) in EXCEPTIONS


def main() -> int:
    """Print the problems of all revisions, and return the exit status."""
    found = problems({script.revision: migrations.sql_of(script) for script in migrations.after(None)})
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
