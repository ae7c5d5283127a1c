"""The benchmark of ingest, run end to end on little data."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WAYS = {"copy", "triggers", "set", "mutation", "stream", "matched", "analyzed", "import", "again"}


def test_the_ingest_benchmark_runs_and_all_ways_store_all_rows(server_folder: Path) -> None:
    results = server_folder / "results.json"
    small = ["--rows", "1000", "--rounds", "1", "--large", "1000"]
    command = [sys.executable, "-m", "bench.ingest", *small, "--home", str(server_folder / "home")]
    done = subprocess.run(
        [*command, "--json", str(results)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| `POST /ingest/mentions` " in done.stdout
    found = json.loads(results.read_text())
    assert found["ways"].keys() == WAYS
    assert all(way["per_second"][0] > 0 for way in found["ways"].values())
    assert all(seconds > 0 for seconds in found["deleted"].values())
