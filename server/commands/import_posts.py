"""`leadgraph import-posts`: create mentions from a file of posts."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Self, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from db.engine.writer import ConstraintError
from db.models import Base, Platform
from resolvers.framework import global_id
from resolvers.framework.errors import UserInputError
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings
from services.importing import run
from services.importing.columns import FileFormat, ImportOptions, PostFile, open_posts
from services.importing.dates import DateOrder
from services.importing.names import ALIASES, FIELDS, ColumnOptions
from services.importing.parse_lines import DamagedFileError, RejectedRow, UnusableFileError
from services.importing.post_rows import LongTexts
from services.ingest.values import LONGEST
from services.matching.keyword_matchers import KeywordMatcher

REJECTIONS_SHOWN = 20
RERUN = "Run the same command again. Posts that are already imported are skipped."
_DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OutageError, ConnectionError, TimeoutError)
COLUMNS_SHOWN = 30
LONGEST_NAME = 60
_COLUMNS = "Columns with unusual names"


def import_posts(
    file: Annotated[
        Path, typer.Argument(help="CSV, JSON Lines or JSON file, optionally gzipped.", show_default=False)
    ],
    *,
    user: Annotated[str, typer.Option(help="E-mail address of the user whose keywords are matched.")],
    platform: Annotated[Platform, typer.Option(help="Platform of the posts.")] = Platform.HACKERNEWS,
    file_format: Annotated[
        FileFormat | None,
        typer.Option("--format", help="Required if the file name does not show the format."),
    ] = None,
    time_zone: Annotated[
        str, typer.Option(help="IANA time zone of timestamps without one, e.g. America/New_York.")
    ] = "UTC",
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="FIELD=NAME: read a field from a column. Repeat it for columns to try in turn. "
            f"Fields: {', '.join(FIELDS)}.",
            rich_help_panel=_COLUMNS,
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="NAME of a column to ignore.", rich_help_panel=_COLUMNS)
    ] = None,
    date_order: Annotated[
        DateOrder | None,
        typer.Option(
            help="Order of day, month and year in dates such as 1/2/2026. Default: as the file shows."
        ),
    ] = None,
    long_texts: Annotated[
        LongTexts, typer.Option(help="Cut texts over 20,000 characters with a mark, or reject their rows.")
    ] = LongTexts.CUT,
    id_column: Annotated[str | None, typer.Option(help="Column of IDs.", rich_help_panel=_COLUMNS)] = None,
    title_column: Annotated[
        str | None, typer.Option(help="Column of titles.", rich_help_panel=_COLUMNS)
    ] = None,
    content_column: Annotated[
        str | None,
        typer.Option(
            help="Column of texts. An empty text is replaced by the title.", rich_help_panel=_COLUMNS
        ),
    ] = None,
    url_column: Annotated[str | None, typer.Option(help="Column of URLs.", rich_help_panel=_COLUMNS)] = None,
    author_column: Annotated[
        str | None, typer.Option(help="Column of authors.", rich_help_panel=_COLUMNS)
    ] = None,
    published_column: Annotated[
        str | None, typer.Option(help="Column of publication times.", rich_help_panel=_COLUMNS)
    ] = None,
    likes_column: Annotated[
        str | None, typer.Option(help="Column of like counts.", rich_help_panel=_COLUMNS)
    ] = None,
    comments_column: Annotated[
        str | None, typer.Option(help="Column of comment counts.", rich_help_panel=_COLUMNS)
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Write all rejected rows to this file, as JSON Lines.")
    ] = None,
    analyze: Annotated[
        bool,
        typer.Option("--analyze", help="Analyse new mentions with the built-in analyser. Takes longer."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Match and count without writing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Import posts that contain a keyword of the user as mentions.

    Importing a file again creates no duplicates. Invalid rows are reported and skipped. Unreadable values of optional
    fields become null and are reported, as are the columns that were used and ignored.
    """
    given = {
        "id": id_column,
        "title": title_column,
        "content": content_column,
        "url": url_column,
        "author": author_column,
        "published": published_column,
        "likes": likes_column,
        "comments": comments_column,
    }
    options = ImportOptions(
        columns=ColumnOptions(_named_columns(given, column or []), ignore or []),
        file_format=file_format,
        zone=_zone(time_zone),
        order=date_order,
        long_texts=long_texts,
        read_id=read_global_id,
    )
    settings = load_settings()
    try:
        with (
            open_posts(file, platform, options) as posts,
            _rejects_file(rejects, file) as rejects_to,
            migrated_database(settings) as url,
        ):
            report = _Report(posts, rejects_to)
            asyncio.run(_import(url, user, posts, report, analyze=analyze, dry_run=dry_run))
    except KeyboardInterrupt as stop:
        raise CommandError(f"Interrupted. {RERUN}") from stop
    except UnusableFileError as unusable:
        raise CommandError(str(unusable)) from unusable
    except DamagedFileError as damage:
        raise CommandError(f"{file} is damaged in {damage}. Nothing is imported.") from damage
    typer.echo(_as_json(report, dry_run=dry_run) if as_json else _as_text(report, dry_run=dry_run))
    if report.summary.damage is not None:
        raise CommandError(
            f"{file} is damaged in {report.summary.damage}. The posts before it are imported. Repair the file. {RERUN}"
        )


class _Report:
    """The progress bar and the values of the summary."""

    def __init__(self, posts: PostFile, rejects: TextIO | None) -> None:
        self.summary = run.Summary()
        self.rejected: list[RejectedRow] = []
        self.posts = posts
        self._rejects = rejects
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("Importing"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[read]:,} posts, {task.fields[rate]:,.0f}/s"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=posts.size_bytes or None, read=0, rate=0.0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def batch_done(self, summary: run.Summary, rejected: Sequence[RejectedRow]) -> None:
        self.summary = summary
        self.rejected += rejected[: REJECTIONS_SHOWN - len(self.rejected)]
        self._write(rejected)
        elapsed = self._progress.tasks[self._task].elapsed
        rate = summary.read / elapsed if elapsed else 0.0
        self._progress.update(self._task, completed=self.posts.bytes_read, read=summary.read, rate=rate)

    def _write(self, rejected: Sequence[RejectedRow]) -> None:
        if self._rejects is None:
            return
        try:
            self._rejects.writelines(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rejected)
            self._rejects.flush()
        except OSError as refused:
            raise CommandError(
                f"The rejected rows cannot be written: {refused}. Fix the cause. {RERUN}"
            ) from refused


async def _import(
    url: str,
    email: str,
    posts: PostFile,
    report: _Report,
    *,
    analyze: bool,
    dry_run: bool,
) -> None:
    try:
        async with await open_pool(url, size=1) as pool:
            matcher = await _matcher_of(pool, email)
            with report:
                report.summary = await run.import_posts(
                    pool,
                    matcher,
                    posts,
                    dry_run=dry_run,
                    analyze=analyze,
                    ahead=posts.size_bytes > 0,
                    on_batch=report.batch_done,
                )
    except (*_DATABASE_ERRORS, ConstraintError) as problem:
        cause = problem.__cause__ if isinstance(problem, ConstraintError) else problem
        reason = str(cause).partition("\n")[0] or type(cause).__name__
        raise CommandError(
            f"The database failed after {report.summary.read:,} posts: {reason}. Fix the cause. {RERUN}"
        ) from problem


async def _matcher_of(pool: Pool, email: str) -> KeywordMatcher:
    matcher = await run.find_matcher(pool, email)
    if matcher is None:
        raise CommandError(
            f"No active user has the e-mail address {email}. The query {{ viewer {{ email }} }} returns the address "
            "of an API key's user."
        )
    if not matcher.keywords:
        raise CommandError(
            f"The user {email} has no active keywords, so no post can match. Create a keyword first."
        )
    return matcher


def _named_columns(given: Mapping[str, str | None], pairs: Sequence[str]) -> dict[str, list[str]]:
    """Return the named columns of each field. Raises `CommandError`."""
    named = {field: [name] for field, name in given.items() if name is not None}
    for pair in pairs:
        field, _, name = pair.partition("=")
        field = ALIASES.get(field.strip(), field.strip())
        if field not in FIELDS or not name.strip():
            raise CommandError(
                f'--column must be FIELD=NAME, but is "{pair}". The fields are {", ".join(FIELDS)}.'
            )
        named.setdefault(field, []).append(name)
    return named


def read_global_id(text: str) -> tuple[type[Base], int] | None:
    try:
        return global_id.decode(text)
    except UserInputError:
        return None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as unknown:
        raise CommandError(
            f'"{name}" is not a time zone. Pass an IANA name such as UTC or America/New_York.'
        ) from unknown


@contextmanager
def _rejects_file(path: Path | None, posts: Path) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    if path.exists() and path.samefile(posts):
        raise CommandError("--rejects must not be the file of posts. Pass another file.")
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as refused:
        raise CommandError(f"The rejected rows cannot be written: {refused}.") from refused
    try:
        yield file
    finally:
        with suppress(OSError):  # the failed write is reported already
            file.close()


def _shown(name: str) -> str:
    """Return a column's name without control characters and of a bounded length."""
    short = name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
    return short if short.isprintable() else ascii(short)


def _figures(report: _Report, *, dry_run: bool) -> dict[str, int]:
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


def _as_text(report: _Report, *, dry_run: bool) -> str:
    figures = _figures(report, dry_run=dry_run)
    lines = [f"{name:<10} {number:>12,}  {_MEANINGS[name]}" for name, number in figures.items()]
    lines += [f"  line {row.line}: {row.reason}" for row in report.rejected]
    if report.summary.rejected > len(report.rejected):
        lines.append(f"  and {report.summary.rejected - len(report.rejected):,} more")
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


def _as_json(report: _Report, *, dry_run: bool) -> str:
    damage, posts = report.summary.damage, report.posts
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
            "rejections": [asdict(row) for row in report.rejected],
            "damage": damage and {"line": damage.line, "reason": damage.reason},
            "dry_run": dry_run,
        },
        indent=2,
        ensure_ascii=False,
    )
