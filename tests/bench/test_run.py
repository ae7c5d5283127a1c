"""The benchmark of servers, run end to end on little data."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["floor", "warm", "valkey", "cold", "naive"]
NODE = [] if os.environ.get("LEADGRAPH_SKIP_WEB") == "1" else ["mercurius", "yoga", "apollo", "postgraphile"]
PEERS = ["stock", "tuned", *NODE]
SERVERS = [*PAGES, "breadth", "reference", *PEERS, "static"]
BATCHED = {"nested": 4, "flat": 1, "list": 4, "point": 3}
STATEMENTS = {
    "floor": {"nested": 1, "flat": 1, "list": 1, "point": 1, "dashboard": 1},
    "breadth": {"nested": 2, "flat": 1, "list": 1, "point": 1},
    "reference": {"nested": 2, "flat": 1, "list": 1, "point": 1},
    **dict.fromkeys(["tuned", *NODE], BATCHED),
    **({"postgraphile": {"nested": 1, "flat": 1, "list": 1, "point": 1}} if NODE else {}),
    "warm": {"dashboard": 1},
    "valkey": {"dashboard": 1},
    "cold": {"dashboard": 2},
    "naive": {"dashboard": 478},
}


def test_the_benchmark_runs_and_its_servers_agree(server_folder: Path) -> None:
    results = server_folder / "results.json"
    small = ["--scale", "0.02", "--rounds", "1", "--requests", "2", "--clients", "2", "--seconds", "5"]
    command = [sys.executable, "-m", "bench.run", *small, "--home", str(server_folder / "home")]
    done = subprocess.run(
        [*command, "--json", str(results), "--only", *SERVERS],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"The responses of {len(SERVERS) - 1} servers have the same figures." in done.stderr
    assert "| Leadgraph, breadth executor " in done.stdout
    found = json.loads(results.read_text())
    cases = found["cases"]
    for server, expected in STATEMENTS.items():
        assert {c["operation"]: c["statements"] for c in cases if c["server"] == server} == expected
    assert all(case["p50"] > 0 for case in cases)
    assert [memory["server"] for memory in found["memory"]] == PAGES
