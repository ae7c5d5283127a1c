"""`make bench-check`: the ratios of Leadgraph to the floor, compared with the committed ones (docs/performance.md).

python -m bench.check [--small] [--only nested …] [--write]

Leadgraph and the floor run in turn on the same machine, so that the speed of the machine cancels. The exit code is 1
if a ratio is worse than the one of `bench/baseline.json` by more than the tolerance, or if a number of statements
differs.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import measure, table
from bench.command import exit_code, say, show
from bench.dashboard import OPERATIONS
from bench.measure import Case, Limits
from bench.operations import Operation
from bench.run import database, started
from bench.servers import ROOT, ServerError

BASELINE = ROOT / "bench" / "baseline.json"
FLOOR = "floor"
CHECKED = ("breadth", "warm", "cold")
MEASURED_BY = {("warm", "dashboard"): "point"}
"""Operations that are compared with another operation of the floor, one with the same kind of work.

A dashboard from the cache is one short statement, as a point lookup is. The floor's own dashboard is mostly work of
PostgreSQL, whose time differs between machines and days by more than the tolerance.
"""
REPETITIONS = 2
"""How often operations that got worse are measured again. Other load passes, and slower code stays."""
MEASURES = {
    "p50": "latency with one client",
    "per_second": "time per request with several clients",
    "cpu": "processor time per request",
}
WRITE = "Run `make bench-check ARGS=--write` and commit the file if this is intended."


@dataclass(frozen=True, slots=True)
class Size:
    """An amount of data and load, with the tolerance of its ratios: 0.25 allows a quarter more."""

    scale: float
    rounds: int
    limits: Limits
    tolerance: float


SIZES = {
    "usual": Size(scale=0.25, rounds=4, limits=Limits(requests=50, seconds=1.5, clients=16), tolerance=0.15),
    "small": Size(scale=0.02, rounds=3, limits=Limits(requests=30, seconds=0.4, clients=8), tolerance=0.75),
}


@dataclass(frozen=True, slots=True)
class Result:
    """The ratios of one server's operation to the floor, and its number of statements. 1 is the floor, more is slower."""

    ratios: Mapping[str, float]
    statements: int | None


def results(cases: Sequence[Case]) -> dict[str, Result]:
    """Return the results by server and operation, such as `breadth nested`."""
    floors = {case.operation: case for case in cases if case.server == FLOOR}
    return {
        f"{case.server} {case.operation}": Result(
            {name: ratio for name in MEASURES if (ratio := _ratio(name, case, floors[_measured_by(case)]))},
            case.effort.statements if case.effort else None,
        )
        for case in cases
        if case.server in CHECKED
    }


def _measured_by(case: Case) -> str:
    """Return the name of the floor's operation that the case is compared with."""
    return MEASURED_BY.get((case.server, case.operation), case.operation)


def _ratio(name: str, case: Case, floor: Case) -> float | None:
    """Return the ratio of the best rounds, or the median of the rounds' ratios if it is better. Return None without rounds.

    Other load only ever makes a round worse, so the best rounds are the least disturbed ones. If the load let only the
    floor have a calm round, the ratios within the rounds are the fairer ones: slower code makes both worse.
    """
    own: list[float] = getattr(case, name)
    below: list[float] = getattr(floor, name)
    if not own or not below or not min(own) or not min(below):
        return None
    if name == "per_second":
        own, below = below, own
        best = max(own) / max(below)
    else:
        best = min(own) / min(below)
    median = statistics.median(mine / other for mine, other in zip(own, below, strict=False))
    return round(min(best, median), 3)


def regressions(
    found: Mapping[str, Result], baseline: Mapping[str, Result], tolerance: float
) -> Iterator[tuple[str, str]]:
    """Yield the results with a ratio worse than the baseline's or another number of statements, with a sentence."""
    for name, result in found.items():
        before = baseline.get(name)
        if before is None:
            yield name, f"{name} is missing in {BASELINE.name}. {WRITE}"
            continue
        if result.statements != before.statements:
            yield name, f"{name}: {result.statements} statements, before {before.statements}. {WRITE}"
        for measure_name, ratio in result.ratios.items():
            old = before.ratios.get(measure_name, ratio)
            if ratio > old * (1 + tolerance):
                change = f"{ratio:.2f} times the floor's, before {old:.2f} ({ratio / old - 1:+.0%})"
                yield name, f"{name}: {MEASURES[measure_name]} is {change}. The tolerance is {tolerance:.0%}."


def read_baseline(path: Path, size: str) -> dict[str, Result]:
    """Return the committed results of a size, none without a file."""
    sections = json.loads(path.read_text()) if path.exists() else {}
    return {name: Result(**values) for name, values in sections.get(size, {}).get("results", {}).items()}


def write_baseline(path: Path, size: str, found: Mapping[str, Result]) -> None:
    """Replace the results of a size."""
    sections: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    sections[size] = {
        "measured_at": datetime.now(UTC).date().isoformat(),
        "results": {name: asdict(result) for name, result in sorted(found.items())},
    }
    path.write_text(json.dumps(dict(sorted(sections.items())), indent=2) + "\n")


def _table(found: Mapping[str, Result], baseline: Mapping[str, Result]) -> str:
    rows = []
    for name, result in found.items():
        before = baseline.get(name, Result({}, None))
        cells = [
            text
            for measure_name in MEASURES
            for text in (
                table.written(result.ratios.get(measure_name)),
                table.written(before.ratios.get(measure_name)),
            )
        ]
        rows.append([name, *cells, str(result.statements)])
    head = ["÷ floor", *(word for name in MEASURES for word in (name, "before")), "statements"]
    return table.markdown(head, rows)


def check(args: argparse.Namespace) -> None:
    """Measure and compare. Raise `ServerError` with all regressions."""
    size = SIZES[args.size]
    baseline = {} if args.write else read_baseline(args.baseline, args.size)
    operations = _with_floors(args.only or [each.name for each in OPERATIONS])
    with database(args.home.absolute(), size.scale) as data, ExitStack() as stack:
        running = started(stack, data, args.home.absolute(), {FLOOR, *CHECKED}, operations)
        cases = measure.rounds(running, operations, data, size.limits, size.rounds, say)
        for _ in range(0 if args.write else REPETITIONS):
            worse = {name for name, _ in regressions(results(cases), baseline, size.tolerance)}
            if worse:
                again = _with_floors({name.split()[-1] for name in worse})
                say(f"Measuring again, because these got worse: {', '.join(sorted(worse))}.")
                more = measure.rounds(running, again, data, size.limits, size.rounds, say)
                cases = [_joined(case, more) for case in cases]
    found = results(cases)
    show(_table(found, baseline))
    if args.write:
        write_baseline(args.baseline, args.size, found)
    elif sentences := [sentence for _, sentence in regressions(found, baseline, size.tolerance)]:
        raise ServerError("\n".join(["Leadgraph got worse.", *sentences]))
    else:
        show(f"No ratio to the floor is worse than before by more than {size.tolerance:.0%}.")


def _with_floors(names: Collection[str]) -> list[Operation]:
    """Return the named operations, with those of the floor that they are compared with."""
    floors = {floor for (_, name), floor in MEASURED_BY.items() if name in names}
    return [each for each in OPERATIONS if each.name in floors.union(names)]


def _joined(case: Case, more: Sequence[Case]) -> Case:
    """Return the case with the rounds of further measurements."""
    for other in more:
        if (other.server, other.operation) == (case.server, case.operation):
            rounds = {name: getattr(case, name) + getattr(other, name) for name in MEASURES}
            return replace(case, **rounds)
    return case


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench-check",
        description="Compare the ratios of Leadgraph to the floor with the committed ones.",
    )
    parser.add_argument(
        "--small",
        dest="size",
        action="store_const",
        const="small",
        default="usual",
        help="measure for less than a minute, with a wide tolerance",
    )
    parser.add_argument(
        "--only", nargs="+", choices=[each.name for each in OPERATIONS], default=[], help="operations to run"
    )
    parser.add_argument("--write", action="store_true", help="write the ratios to bench/baseline.json")
    parser.add_argument("--baseline", type=Path, default=BASELINE, help="file of the committed ratios")
    parser.add_argument("--home", type=Path, default=ROOT / "build" / "bench", help="folder for the database")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    args = options(arguments)
    return exit_code("bench-check", lambda: check(args))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
