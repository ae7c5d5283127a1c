"""python -m bench.bulk [--rows 1000000] [--kills 3] [--only import stream export] [--ending jsonl] [--every 10]

Imports, streams and exports as many rows, kills processes and PostgreSQL on the way, samples the memory of each
process, and compares all rows in the end. The exit code is 1 if rows are lost or doubled, or if the memory of a process
grows: by more than 20 MB between a tenth of its life and its end.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.bulk import exporting, importing, streaming
from bench.bulk.memory import Watch, watching
from bench.bulk.place import Place, bulk_place
from bench.bulk.posts import ENDINGS
from bench.bulk.report import Part
from bench.servers import ROOT, ServerError
from db.embedded import EmbeddedError
from server.runtime.signals import stop_on_sigterm

PARTS: Final = ("import", "stream", "export")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.bulk", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each part")
    parser.add_argument("--kills", type=int, default=3, help="kills of each kind")
    parser.add_argument("--every", type=int, default=10, help="one in so many posts matches the keyword")
    parser.add_argument("--ending", choices=ENDINGS, default="jsonl", help="format of the imported file")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "build" / "bulk", help="folder for the database and files"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts on a database each, print their reports, and return the exit code."""
    stop_on_sigterm()
    # A shell starts programs in the background with SIGINT ignored, and their children inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given = options(sys.argv[1:] if arguments is None else arguments)
    runs: dict[str, Callable[[Place, Watch], Part]] = {
        "import": lambda place, watch: importing.run(
            place, watch, given.rows, given.every, given.ending, given.kills
        ),
        "stream": lambda place, watch: streaming.run(place, watch, given.rows, given.every, given.kills),
        "export": lambda place, watch: exporting.run(place, watch, given.rows, given.kills),
    }
    right = True
    for name in given.only:
        with bulk_place(given.home.absolute()) as place, watching(lambda: place.postmaster) as watch:
            part = runs[name](place, watch)
            size = place.value("SELECT pg_database_size(current_database())")
        part.lives = watch.worst()
        part.notes.append(f"kills: {dict(place.kills)}; database of {size / 1e6:,.0f} MB")
        sys.stdout.write(part.text() + "\n")
        sys.stdout.flush()
        right = right and part.is_right
    return 0 if right else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EmbeddedError, ServerError) as problem:
        sys.exit(f"bulk: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
