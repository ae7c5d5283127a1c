"""python -m bench.webhooks [--deliveries 100000] [--failing 0.3] [--kill-every 5] [--pumps 2] [--webhooks 4] [--seed 1]

Two pumps deliver the events of mentions to webhooks whose receiver fails a share of the attempts, while processes and
PostgreSQL are killed. The packages `standardwebhooks` of PyPI and npm verify each attempt. The exit code is 1 if a
message is lost, changed or out of order.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.webhooks.run import Plan, Result, run


def options(arguments: Sequence[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="bench.webhooks", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--webhooks", type=int, default=4)
    parser.add_argument("--pumps", type=int, default=2)
    parser.add_argument("--failing", type=float, default=0.3, help="share of failed attempts")
    parser.add_argument("--kill-every", type=float, default=0, help="average seconds between two kills")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    return Plan(given.deliveries, given.webhooks, given.pumps, given.failing, given.kill_every, given.seed)


def text_of(result: Result) -> str:
    """Return the report of a run as text."""
    rate = result.deliveries / result.seconds
    lines = [f"{result.deliveries:,} deliveries in {result.seconds:.0f} s ({rate:.0f}/s)"]
    lines += [f"{name}: {value}" for name, value in {**result.receiver, "kills": dict(result.kills)}.items()]
    lines += [f"{name}: {number}" for name, number in result.faults.items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print the report, and return the exit code."""
    plan = options(sys.argv[1:] if arguments is None else arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o711)
        result = asyncio.run(run(plan, home))
    sys.stdout.write(text_of(result) + "\n")
    return 0 if result.is_correct else 1


if __name__ == "__main__":
    sys.exit(main())
