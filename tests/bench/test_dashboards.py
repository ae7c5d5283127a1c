"""The benchmarks of growth, and of dashboards with concurrent writes, run end to end."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, home: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", module, "--home", str(home), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_reads_of_more_rows_need_as_many_statements(server_folder: Path) -> None:
    often = ["--rounds", "1", "--requests", "2", "--only", "breadth", "cold"]
    report = run("bench.growth", server_folder, "--users", "2", "--scales", "0.5", "1", *often)
    assert report.startswith("8,000, 16,000 mentions and ")
    cells = [
        [cell.strip() for cell in line.split("|")]
        for line in report.splitlines()
        if line.startswith("| Lead")
    ]
    assert {cell[2]: cell[-2] for cell in cells} == {
        "nested": "2, 2", "list": "1, 1", "point": "1, 1", "ingest": "3, 3", "dashboard": "2, 2",
    }  # fmt: skip
    assert "Ingested mentions per second, in requests of 100:" in report


def test_users_see_their_own_writes_while_others_read_and_write(server_folder: Path) -> None:
    often = ["--minutes", "0.05", "--pause", "0.1", "--changes", "5", "--ingests", "5"]
    report = run("bench.mixed", server_folder, "--scale", "0.02", "--store", "valkey", *often)
    assert "0 failed refreshes, 0 errors" in report
    assert "Own writes not seen at once: 0." in report
