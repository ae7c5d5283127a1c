"""The benchmark of the cache, run end to end."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_cache_benchmark_runs() -> None:
    command = [sys.executable, "-m", "bench.cache", "--calls", "40"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if line.startswith("| ")]) == 9
    assert "request the same 10 at once: 10 on memory, 10 on Valkey." in done.stdout
