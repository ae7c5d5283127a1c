"""Measure the page of a running demo by Lighthouse, and exit with 1 if it is too slow.

    make demo                                             in another terminal
    make lighthouse                                       measure http://127.0.0.1:8000/
    make lighthouse ARGS="http://127.0.0.1:8001/inbox"    measure another page

Chromium must be installed. `CHROME_PATH` names its program.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from web.node import ROOT, Node, StepFailed, installing, kept_node

SOURCE = Path(__file__).parent
TOOLS = ROOT / "build" / "lighthouse"
LOG = ROOT / "build" / "lighthouse.log"
CHROMIUM = "/usr/bin/chromium"
LOWEST_SCORE = 95
LONGEST_PAINT_SECONDS = 1.0
SHOWN = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
)


def tools() -> Node:
    """Return Node, after the packages of the lock file are in place."""
    node = kept_node(LOG)
    with installing(node, SOURCE, TOOLS):
        return node


def measured(node: Node, url: str) -> dict[str, Any]:
    """Return the report of Lighthouse about a page on a desktop."""
    report = TOOLS / "report.json"
    os.environ.setdefault("CHROME_PATH", CHROMIUM)
    node.run(
        "Lighthouse could not measure the page",
        TOOLS / "node_modules" / "lighthouse" / "cli" / "index.js",
        *(url, "--quiet", "--preset=desktop", "--output=json", f"--output-path={report}"),
        *("--only-categories=performance,accessibility,best-practices",),
        "--chrome-flags=--headless=new --no-sandbox",
        where=TOOLS,
    )
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="make lighthouse", description="Measure the page of a running demo."
    )
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000/", help="address of the page")
    options = parser.parse_args(arguments)
    LOG.parent.mkdir(exist_ok=True)
    try:
        report = measured(tools(), options.url)
    except (StepFailed, OSError) as failure:
        print(f"Stopped, because {failure} (see {LOG.relative_to(ROOT)}).", file=sys.stderr)
        return 1
    scores = {name: round(100 * category["score"]) for name, category in report["categories"].items()}
    shown = {**scores, **{name: report["audits"][name]["displayValue"] for name in SHOWN}}
    print("\n".join(f"{name:28}{value}" for name, value in shown.items()))
    paint = report["audits"]["largest-contentful-paint"]["numericValue"] / 1000
    return int(scores["performance"] < LOWEST_SCORE or paint > LONGEST_PAINT_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
