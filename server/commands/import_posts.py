"""`leadgraph import-posts`: create mentions from a file of posts."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import typer

from db.engine.outage import OutageError
from db.engine.pool import Pool, open_pool
from db.engine.writer import ConstraintError
from db.models import Base, Platform
from resolvers.framework import global_id
from resolvers.framework.errors import UserInputError
from server.commands.import_rejects import RejectsFile
from server.commands.import_report import ImportReport, as_json_text, as_text
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.retention import rejects_folder, remove_old_rejects
from server.runtime.settings import Settings, load_settings
from services.importing import run
from services.importing.columns import FileFormat, ImportOptions, PostFile, open_posts
from services.importing.dates import DateOrder
from services.importing.names import ALIASES, FIELDS, ColumnOptions
from services.importing.parse_lines import DamagedFileError, UnusableFileError
from services.importing.post_rows import LongTexts
from services.importing.resuming import Bookmark, fingerprint
from services.importing.summary import Summary
from services.matching.keyword_matchers import KeywordMatcher

RERUN = "Run the same command again. Posts that are already imported are skipped."
SKIPPED_AT_ONCE = 20_000
_DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OutageError, ConnectionError, TimeoutError)
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
        Path | None,
        typer.Option(
            help="Write all rejected rows to this file, as JSON Lines. Default: in the data folder."
        ),
    ] = None,
    from_start: Annotated[
        bool,
        typer.Option("--from-start", help="Read the whole file, also if an earlier run was interrupted."),
    ] = False,
    analyze: Annotated[
        bool,
        typer.Option("--analyze", help="Analyse new mentions with the built-in analyser. Takes longer."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Match and count without writing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Import posts that contain a keyword of the user as mentions.

    Importing a file again creates no duplicates. An interrupted import of a file continues where it stopped. Invalid
    rows are reported and skipped. Unreadable values of optional fields become null and are reported, as are the columns
    that were used and ignored.
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
    logging.getLogger("asyncpg").setLevel(logging.ERROR)  # the import itself tells of lost connections
    mode = _Mode(analyze=analyze, dry_run=dry_run, from_start=from_start)
    try:
        with (
            open_posts(file, platform, options) as posts,
            migrated_database(settings) as url,
            _rejects_file(rejects, file, settings, _fingerprint(file, user, platform, options, mode)) as kept,
        ):
            report = ImportReport(posts, kept.rejects)
            asyncio.run(_import(url, user, posts, report, kept, settings, mode))
    except KeyboardInterrupt as stop:
        raise CommandError(f"Interrupted. {RERUN}") from stop
    except UnusableFileError as unusable:
        raise CommandError(str(unusable)) from unusable
    except DamagedFileError as damage:
        raise CommandError(f"{file} is damaged in {damage}. Nothing is imported.") from damage
    typer.echo(as_json_text(report, dry_run=dry_run) if as_json else as_text(report, dry_run=dry_run))
    if report.summary.damage is not None:
        raise CommandError(
            f"{file} is damaged in {report.summary.damage}. The posts before it are imported. Repair the file. {RERUN}"
        )


@dataclass(frozen=True, slots=True)
class _Mode:
    """The switches of the command."""

    analyze: bool
    dry_run: bool
    from_start: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """The memory of an import between its runs. `fingerprint` is None for a pipe and for a dry run."""

    rejects: RejectsFile
    fingerprint: bytes | None


def _fingerprint(
    file: Path, user: str, platform: Platform, options: ImportOptions, mode: _Mode
) -> bytes | None:
    if mode.dry_run:
        return None
    columns = options.columns
    read = (
        dict(columns.named),
        list(columns.ignored),
        options.file_format,
        options.order,
        options.long_texts,
    )
    return fingerprint(file, user.lower(), platform, str(options.zone), mode.analyze, *read)


async def _import(
    url: str, email: str, posts: PostFile, report: ImportReport, kept: _Kept, settings: Settings, mode: _Mode
) -> None:
    try:
        async with await open_pool(url, size=1) as pool:
            matcher = await _matcher_of(pool, email)
            bookmark = None
            if kept.fingerprint is not None:
                kept_for = timedelta(days=settings.import_positions_days)
                bookmark = Bookmark(matcher.user_id, kept.fingerprint, kept_for)
            with report:
                start = await _begin(pool, posts, report, kept, bookmark, mode)
                report.summary = await run.import_posts(
                    pool,
                    matcher,
                    posts,
                    dry_run=mode.dry_run,
                    analyze=mode.analyze,
                    ahead=posts.size_bytes > 0,
                    start=start,
                    bookmark=bookmark,
                    patience_seconds=settings.database_wait_seconds,
                    on_wait=report.waits,
                    reject=kept.rejects.write,
                    on_batch=report.batch_done,
                )
    except (*_DATABASE_ERRORS, ConstraintError) as problem:
        cause = problem.__cause__ if isinstance(problem, ConstraintError) else problem
        reason = str(cause).partition("\n")[0] or type(cause).__name__
        raise CommandError(
            f"The database failed after {report.summary.read:,} posts: {reason}. Fix the cause. {RERUN}"
        ) from problem


async def _begin(
    pool: Pool, posts: PostFile, report: ImportReport, kept: _Kept, bookmark: Bookmark | None, mode: _Mode
) -> Summary:
    """Skip the posts that an earlier run has imported, and return its counts."""
    position = None if bookmark is None or mode.from_start else await bookmark.find(pool)
    if position is None or not kept.rejects.resume(position.rejected):
        kept.rejects.begin()
        return Summary()
    report.resume(position.summary)
    left = position.summary.read
    while left:
        skipped = await asyncio.to_thread(posts.skip, min(left, SKIPPED_AT_ONCE))
        left -= skipped
        report.skipped(position.summary.read - left)
        if not skipped:
            break
    return position.summary


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
def _rejects_file(
    named: Path | None, posts: Path, settings: Settings, found: bytes | None
) -> Iterator[_Kept]:
    """Yield the file of rejected rows: the named one, or one in the data folder for a file that is not a pipe."""
    if named is not None and named.exists() and named.samefile(posts):
        raise CommandError("--rejects must not be the file of posts. Pass another file.")
    path = named
    if named is None and found is not None:
        remove_old_rejects(settings)
        path = rejects_folder(settings) / f"{found.hex()[:16]}.jsonl"
    rejects = RejectsFile(path, is_named=named is not None, when_refused=RERUN)
    try:
        yield _Kept(rejects, found)
    finally:
        rejects.close()
