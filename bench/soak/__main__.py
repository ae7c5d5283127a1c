"""python -m bench.soak [--operations 20000] [--seed 1] [--connections 8] [--readers 3] [--only calm] [--json FILE]

The seed decides what each writer wants to do; what it meets depends on the moment. The same seed again is the
same load. The exit code is 1 where anything was wrong.
"""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench.servers import ROOT, ServerError
from bench.soak.place import place
from bench.soak.run import PARTS, Plan, run
from db.embedded import EmbeddedError
from server.serving import stop_on_sigterm


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.soak", description="Many writers at once, while processes are killed."
    )
    parser.add_argument("--operations", type=int, default=20_000, help="writes of all parts together")
    parser.add_argument(
        "--seed", type=int, default=None, help="what writers want to do; by default a new one"
    )
    parser.add_argument("--connections", type=int, default=8, help="writers at a time, each on a connection")
    parser.add_argument("--readers", type=int, default=3, help="readers at a time, the first an operator")
    parser.add_argument("--kill-every", type=float, default=3, help="seconds between two kills, about")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run")
    parser.add_argument("--json", type=Path, help="a file for the report")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "build" / "soak", help="folder of database and logs"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    stop_on_sigterm()
    asked = options(sys.argv[1:] if arguments is None else arguments)
    seed = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    plan = Plan(
        seed=seed,
        operations=asked.operations,
        connections=asked.connections,
        readers=asked.readers,
        kill_every_seconds=asked.kill_every,
        parts=tuple(asked.only),
    )
    sys.stderr.write(f"Seed {seed}\n")
    with place(asked.home.absolute()) as there:
        report = run(there, plan)
    sys.stdout.write(report.text() + "\n")
    if asked.json:
        asked.json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EmbeddedError, ServerError) as problem:
        sys.exit(f"soak: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
