"""The benchmarks of dashboards with many mentions and with concurrent writes, run end to end."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", module, "--scale", "0.02", "--home", str(home), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_dashboard_with_more_mentions_needs_as_many_statements(server_folder: Path) -> None:
    report = run("bench.growth", server_folder, "--times", "2", "--rounds", "1", "--requests", "2")
    assert report.startswith("16,000 and 32,000 mentions, ")
    rows = [line.split("|")[-2].strip() for line in report.splitlines() if line.startswith("| ")]
    assert rows == ["statements", "----------:", "6 and 6", "478 and 478"]


def test_users_see_their_own_writes_while_others_read_and_write(server_folder: Path) -> None:
    often = ["--minutes", "0.05", "--pause", "0.1", "--changes", "5", "--ingests", "5"]
    report = run("bench.mixed", server_folder, "--store", "valkey", *often)
    assert "0 failed refreshes, 0 errors" in report
    assert "Own writes not seen at once: 0." in report
