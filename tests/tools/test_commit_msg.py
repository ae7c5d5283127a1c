"""Subjects that the commit hook takes and refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.commit_msg import problems, subject_of

ROOT = Path(__file__).parents[2]
TOO_LONG = "Must have at most 72 characters, has 73."
NOT_IMPERATIVE = "Must begin with a capitalised imperative, such as `Add` or `Fix`."
PERIOD = "Must not end with a period."


@pytest.mark.parametrize(
    "subject",
    [
        "Return TIMEOUT for slow statements",
        "Remove dead code; check reader state once",
        "Process batches in key order",
        "Seed the demo with integrations",
        "A" + "d" * 71,
        'Revert "What nobody calls any more is gone"',
        "fixup! Whoever waits",
        "",
    ],
)
def test_good_subjects_pass(subject: str) -> None:
    assert problems(subject) == []


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("A" + "d" * 72, [TOO_LONG]),
        ("What nobody calls any more is gone", [NOT_IMPERATIVE]),
        ("Connections are given back early", [NOT_IMPERATIVE]),
        ("Fixes the build", [NOT_IMPERATIVE]),
        ("Fixed the build", [NOT_IMPERATIVE]),
        ("Fixing the build", [NOT_IMPERATIVE]),
        ("fix the build", [NOT_IMPERATIVE]),
        ("README", [NOT_IMPERATIVE]),
        ("Fix the build.", [PERIOD]),
        ("The " + "x" * 68 + ".", [TOO_LONG, NOT_IMPERATIVE, PERIOD]),
    ],
)
def test_bad_subjects_are_refused(subject: str, expected: list[str]) -> None:
    assert problems(subject) == expected


def test_comments_and_blank_lines_are_no_subject() -> None:
    assert subject_of("\n# Please enter a message\nAdd tags\n\nWhat a body says is free.\n") == "Add tags"
    assert subject_of("# nothing\n\n") == ""


def test_the_hook_exits_with_1_and_says_why(tmp_path: Path) -> None:
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text("Adds tags.\n")
    command = [sys.executable, "-m", "tools.commit_msg", str(message)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Commit subject: Adds tags.\n  {NOT_IMPERATIVE}\n  {PERIOD}\n"
    message.write_text("Add tags\n")
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
