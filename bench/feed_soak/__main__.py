"""python -m bench.feed_soak [--changes 1000000] [--seconds 480] [--seed 1] [--worlds 1000] [--json FILE]

The seed decides the writers' operations and the kills. The timing differs in each run. The exit code is 1 if a
consumer missed, doubled or invented a change, or if anything else is wrong.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench.feed_soak.place import place
from bench.feed_soak.run import Plan, run
from bench.feed_soak.worlds import live_in
from bench.servers import ServerError
from bench.soak.place import new_database
from db.embedded import EmbeddedError, EmbeddedPostgres
from server.runtime.signals import stop_on_sigterm

DATABASE = "soak"


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.feed_soak", description="Compare the histories of consumers with what was committed."
    )
    parser.add_argument(
        "--changes", type=int, default=1_000_000, help="changed rows to write; 0: only worlds"
    )
    parser.add_argument("--seconds", type=float, default=480, help="time limit of the writing")
    parser.add_argument("--seed", type=int, default=None, help="random by default")
    parser.add_argument("--batch", type=int, default=1000, help="the most rows of a statement")
    parser.add_argument("--kill-every", type=float, default=8, help="average seconds between two kills")
    parser.add_argument("--worlds", type=int, default=0, help="number of random worlds after the soak")
    parser.add_argument("--json", type=Path, help="file for the report")
    parser.add_argument("--home", type=Path, help="folder for the database and logs; temporary by default")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak and the worlds, and return the exit code."""
    stop_on_sigterm()
    args = options(sys.argv[1:] if arguments is None else arguments)
    seed = secrets.randbelow(10**9) if args.seed is None else args.seed
    sys.stderr.write(f"Seed {seed}\n")
    plan = Plan(seed, args.changes, args.seconds, args.batch, args.kill_every)
    with tempfile.TemporaryDirectory() as temporary:
        home = (args.home or Path(temporary)).absolute()
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711)
        return _in_home(home, plan, args)


def _in_home(home: Path, plan: Plan, args: argparse.Namespace) -> int:
    report, wrong = None, list[str]()
    # Acknowledged writes must survive a crash of the process, not of the machine.
    with EmbeddedPostgres(home / "postgres", settings={"fsync": "off"}).running() as postgres:
        asyncio.run(new_database(postgres, DATABASE))
        with place(home, postgres, postgres.url(DATABASE)) as there:
            if plan.changes:
                report = run(there, plan)
                sys.stdout.write(report.text() + "\n")
            if args.worlds:
                wrong = asyncio.run(live_in(there, args.worlds, plan.seed))
                sys.stdout.write("\n".join([f"{args.worlds:,} worlds, {len(wrong)} wrong", *wrong, ""]))
    if args.json:
        found = {"soak": report, "wrong_worlds": wrong}
        args.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return 0 if not wrong and (report is None or report.is_right) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EmbeddedError, ServerError) as problem:
        sys.exit(f"soak: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
