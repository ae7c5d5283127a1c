"""`make bench-check`: slower code and more statements are named."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.check import Result, read_baseline, regressions, results, write_baseline
from bench.measure import Case, Effort

ROOT = Path(__file__).resolve().parents[2]
BEFORE = {
    "breadth nested": Result({"p50": 1.2, "per_second": 1.3, "cpu": 1.4}, 2),
    "breadth point": Result({"p50": 1.9, "per_second": 3.0, "cpu": 3.0}, 1),
}
SLOW = """
import sys

if "server.cli" in sys.orig_argv:
    import time

    from db.engine.session import Session

    recorded = Session._recorded

    async def slow(*arguments):
        time.sleep(0.03)
        return await recorded(*arguments)

    Session._recorded = slow
"""


def test_ratios_within_the_tolerance_are_no_regression() -> None:
    found = {"breadth nested": Result({"p50": 1.3, "per_second": 1.43, "cpu": 0.2}, 2)}
    assert list(regressions(found, BEFORE, 0.1)) == []


def test_a_worse_ratio_is_named_with_both_values() -> None:
    found = {**BEFORE, "breadth nested": Result({"p50": 1.2, "per_second": 1.3, "cpu": 2.1}, 2)}
    assert list(regressions(found, BEFORE, 0.4)) == [
        (
            "breadth nested",
            "breadth nested: processor time per request is 2.10 times the floor's, before 1.40 (+50%). The tolerance is 40%.",
        )
    ]


def test_another_number_of_statements_is_a_regression_at_any_tolerance() -> None:
    found = {"breadth point": Result(BEFORE["breadth point"].ratios, 2), "cold dashboard": Result({}, 6)}
    write = "Run `make bench-check ARGS=--write` and commit the file if this is intended."
    assert [sentence for _, sentence in regressions(found, BEFORE, 100)] == [
        f"breadth point: 2 statements, before 1. {write}",
        f"cold dashboard is missing in baseline.json. {write}",
    ]


def test_ratios_are_those_of_the_best_rounds() -> None:
    floor = Case("floor", "point", Effort(1, 0, 0.1), p50=[2, 1, 0.9], per_second=[900, 1000], cpu=[0.1, 0.2])
    ours = Case("breadth", "point", Effort(1, 0, 0.1), p50=[9, 3, 1.8], per_second=[250, 200], cpu=[0.7, 0.3])
    expected = {"breadth point": Result({"p50": 2.0, "per_second": 4.0, "cpu": 3.0}, 1)}
    assert results([floor, ours, Case("static", "point")]) == expected


def test_a_cached_dashboard_is_compared_with_the_floors_point_lookup() -> None:
    """Both are one short statement. The floor's own dashboard is mostly work of PostgreSQL."""
    cases = [
        Case("floor", "dashboard", p50=[20.0], per_second=[50], cpu=[10]),
        Case("floor", "point", p50=[0.5], per_second=[2000], cpu=[0.2]),
        Case("warm", "dashboard", p50=[1.0], per_second=[1000], cpu=[0.4]),
        Case("cold", "dashboard", p50=[40.0], per_second=[25], cpu=[20]),
    ]
    twice = {"p50": 2.0, "per_second": 2.0, "cpu": 2.0}
    assert {name: found.ratios for name, found in results(cases).items()} == {
        "warm dashboard": twice,
        "cold dashboard": twice,
    }


def test_a_calm_round_of_the_floor_alone_is_no_regression() -> None:
    floor = Case("floor", "point", p50=[1.0, 2.0, 2.2], per_second=[1000, 500, 450], cpu=[1, 2, 2])
    ours = Case("breadth", "point", p50=[5.0, 4.0, 4.4], per_second=[200, 250, 225], cpu=[5, 4, 4])
    assert results([floor, ours])["breadth point"].ratios == {"p50": 2.0, "per_second": 2.0, "cpu": 2.0}


def test_a_written_baseline_keeps_the_other_sizes(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert read_baseline(path, "small") == {}
    write_baseline(path, "usual", BEFORE)
    write_baseline(path, "small", {})
    assert (read_baseline(path, "usual"), read_baseline(path, "small")) == (BEFORE, {})


def test_the_committed_baseline_has_all_operations_of_both_sizes() -> None:
    baseline = json.loads((ROOT / "bench" / "baseline.json").read_text())
    names = [f"breadth {name}" for name in ("flat", "list", "nested", "point")]
    for size in ("small", "usual"):
        assert list(baseline[size]["results"]) == [*names, "cold dashboard", "warm dashboard"]


def test_planted_slow_code_is_found(server_folder: Path, tmp_path: Path) -> None:
    """The servers of the second run load a module that makes each statement of Leadgraph slow."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        options = ["--baseline", str(tmp_path / "baseline.json"), "--home", str(server_folder / "home")]
        return subprocess.run(
            [sys.executable, "-m", "bench.check", "--small", "--only", "point", *options, *arguments],
            cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    written = run("--write")
    assert written.returncode == 0, written.stderr
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    slow = run(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert slow.returncode == 1, slow.stdout
    assert "Measuring again, because these got worse: breadth point." in slow.stderr
    assert "bench-check: Leadgraph got worse.\nbreadth point: latency with one client is " in slow.stderr
