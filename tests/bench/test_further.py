"""The further operations of the benchmark, compared with their floors on little data."""

import json
import subprocess
import sys
from pathlib import Path

from bench.further.operations import FURTHER

ROOT = Path(__file__).resolve().parents[2]


def test_the_further_operations_give_the_figures_of_their_floors(server_folder: Path) -> None:
    results = server_folder / "results.json"
    small = ["--scale", "0.02", "--rounds", "1", "--requests", "2", "--clients", "2", "--seconds", "2"]
    selected = ["--only", "floor", "breadth", "further"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", *small, "--home", str(server_folder / "home"), "--json", str(results), *selected],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "The responses of 2 servers have the same figures." in done.stderr
    cases = json.loads(results.read_text())["cases"]
    statements = {case["operation"]: case["statements"] for case in cases if case["server"] == "breadth"}
    assert statements.keys() == {operation.name for operation in FURTHER}
