"""The progress and the report of `leadgraph import-posts`."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from server.commands.import_rejects import RejectsFile
from services.importing.columns import PostFile
from services.importing.parse_lines import RejectedRow
from services.importing.summary import Summary
from services.ingest.values import LONGEST

REJECTIONS_SHOWN: Final = 20
COLUMNS_SHOWN: Final = 30
LONGEST_NAME: Final = 60
LINE_EVERY_SECONDS: Final = 30.0
"""Interval of the lines of progress in a log, which has no bar."""


class ImportReport:
    """The progress bar, or lines of progress for a log, and the values of the summary."""

    def __init__(self, posts: PostFile, rejects: RejectsFile) -> None:
        self.summary = Summary()
        self.resumed_after = 0
        self.rejected: list[RejectedRow] = []
        self.posts = posts
        self.rejects = rejects
        console = Console(stderr=True)
        self._has_bar = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[read]:,} posts, {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            disable=not self._has_bar,
        )
        self._task = self._progress.add_task("Importing", total=posts.size_bytes or None, read=0, rate=0.0)
        self._began = self._line_at = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def resume(self, summary: Summary) -> None:
        """Note that an earlier run has imported the first posts. They are skipped next."""
        self.summary, self.resumed_after = summary, summary.read
        sys.stderr.write(
            f"An earlier run has imported {summary.read:,} posts of this file. The import continues after them.\n"
        )
        self._progress.update(self._task, description="Skipping")

    def skipped(self, rows: int) -> None:
        """Show the number of skipped posts so far."""
        self._show(rows, rows, "Skipped")
        if rows >= self.resumed_after:
            self._progress.reset(self._task, description="Importing", total=self.posts.size_bytes or None)
            self._began = time.monotonic()

    def waits(self, summary: Summary) -> None:
        """Tell that the database is unavailable."""
        sys.stderr.write(
            f"The database is unavailable after {summary.read:,} posts. The import waits for it.\n"
        )

    def batch_done(self, summary: Summary, rejected: Sequence[RejectedRow]) -> None:
        self.summary = summary
        room = REJECTIONS_SHOWN - len(self.rejected)
        self.rejected += [replace(row, row=None) for row in rejected[:room]]
        self._show(summary.read, summary.read - self.resumed_after, "Imported")

    def _show(self, read: int, done: int, word: str) -> None:
        now = time.monotonic()
        rate = done / max(now - self._began, 0.001)
        self._progress.update(self._task, completed=self.posts.bytes_read, read=read, rate=rate)
        if self._has_bar or now - self._line_at < LINE_EVERY_SECONDS:
            return
        self._line_at = now
        size = self.posts.size_bytes
        share = f", {self.posts.bytes_read / size:.0%} of the file" if size else ""
        sys.stderr.write(f"{word} {read:,} posts, {rate:,.0f}/s{share}\n")
        sys.stderr.flush()


def _shown(name: str) -> str:
    """Return a column's name without control characters and of a bounded length."""
    short = name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
    return short if short.isprintable() else ascii(short)


def _figures(report: ImportReport, *, dry_run: bool) -> dict[str, int]:
    """Return the summary's numbers by name, in printing order."""
    summary = report.summary
    figures = {"read": summary.read, "matched": summary.matched, "mentions": summary.mentions}
    if not dry_run:
        figures["created"] = summary.created
        figures["duplicates"] = summary.duplicates
    return figures | {"rejected": summary.rejected}


_MEANINGS = {
    "read": "posts in the file",
    "matched": "posts with a keyword",
    "mentions": "pairs of a post and a keyword",
    "created": "new mentions",
    "duplicates": "mentions that already existed",
    "rejected": "invalid rows, skipped",
}


def as_text(report: ImportReport, *, dry_run: bool) -> str:
    figures = _figures(report, dry_run=dry_run)
    lines = [f"{name:<10} {number:>12,}  {_MEANINGS[name]}" for name, number in figures.items()]
    lines += [f"  line {row.line}: {row.reason}" for row in report.rejected]
    if report.summary.rejected > len(report.rejected):
        lines.append(f"  and {report.summary.rejected - len(report.rejected):,} more")
    if report.rejects.written_to is not None:
        lines.append(f"rows       The rejected rows are in {report.rejects.written_to}.")
    if report.resumed_after:
        lines.append(
            f"resumed    after {report.resumed_after:,} posts. The numbers above are those of all runs, columns and values "
            "those of this one."
        )
    lines += _column_lines(report.posts)
    if dry_run:
        lines.append("Dry run, nothing was written.")
    return "\n".join(lines)


def _column_lines(posts: PostFile) -> list[str]:
    """Return the lines about columns: the used ones with counts, the ignored ones, and the unreadable values."""
    lines = [
        f"column     {field}: " + ", ".join(f"{_shown(name)} ({rows:,})" for name, rows in columns.items())
        for field, columns in posts.usage.columns().items()
    ]
    ignored = posts.usage.ignored()
    if ignored:
        more = f" and {len(ignored) - COLUMNS_SHOWN:,} more" if len(ignored) > COLUMNS_SHOWN else ""
        lines.append("ignored    " + ", ".join(map(_shown, ignored[:COLUMNS_SHOWN])) + more)
    for field, unreadable in posts.usage.unreadable.items():
        lines.append(f"unreadable {field}: {unreadable.count:,} became null")
        lines += [f"  line {example.line}: {example.reason}" for example in unreadable.examples]
    lines += [
        f"cut        {field}: {rows:,} over {LONGEST[field]:,} characters"
        for field, rows in posts.usage.cut.items()
    ]
    return lines + [f"note       {note}" for note in posts.notes()]


def as_json_text(report: ImportReport, *, dry_run: bool) -> str:
    damage, posts, rejected_to = report.summary.damage, report.posts, report.rejects.written_to
    return json.dumps(
        {
            **_figures(report, dry_run=dry_run),
            "columns": posts.usage.columns(),
            "ignored": posts.usage.ignored(),
            "unreadable": {
                field: {
                    "count": unreadable.count,
                    "examples": [{"line": line, "reason": reason} for line, reason in unreadable.examples],
                }
                for field, unreadable in posts.usage.unreadable.items()
            },
            "cut": dict(posts.usage.cut),
            "notes": posts.notes(),
            "rejections": [{"line": row.line, "reason": row.reason} for row in report.rejected],
            "rejected_rows": rejected_to and str(rejected_to),
            "resumed_after": report.resumed_after,
            "damage": damage and {"line": damage.line, "reason": damage.reason},
            "dry_run": dry_run,
        },
        indent=2,
        ensure_ascii=False,
    )
