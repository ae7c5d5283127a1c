"""python -m bench.soak [--operations 20000] [--seed 1] [--connections 8] [--readers 3] [--only calm] [--json FILE]

The seed decides the operations of each writer, so that a seed repeats a load. The timing differs in each run. The
exit code is 1 if anything is wrong.
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
from server.runtime.signals import stop_on_sigterm


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.soak", description="Run concurrent writers while processes are killed."
    )
    parser.add_argument(
        "--operations", type=int, default=20_000, help="number of writes in all parts together"
    )
    parser.add_argument("--seed", type=int, default=None, help="seed of the operations; random by default")
    parser.add_argument("--connections", type=int, default=8, help="number of concurrent writers")
    parser.add_argument(
        "--readers", type=int, default=3, help="number of concurrent readers; the first is an operator"
    )
    parser.add_argument("--kill-every", type=float, default=3, help="average seconds between two kills")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run")
    parser.add_argument("--json", type=Path, help="file for the report")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "build" / "soak", help="folder for the database and logs"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak, and return the exit code."""
    stop_on_sigterm()
    args = options(sys.argv[1:] if arguments is None else arguments)
    seed = secrets.randbelow(10**9) if args.seed is None else args.seed
    plan = Plan(
        seed=seed,
        operations=args.operations,
        connections=args.connections,
        readers=args.readers,
        kill_every_seconds=args.kill_every,
        parts=tuple(args.only),
    )
    sys.stderr.write(f"Seed {seed}\n")
    with place(args.home.absolute()) as there:
        report = run(there, plan)
    sys.stdout.write(report.text() + "\n")
    if args.json:
        args.json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EmbeddedError, ServerError) as problem:
        sys.exit(f"soak: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
