"""`leadgraph counters`: whether counters and roll-ups are right, and how they become right again."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from db.engine.pool import Pool, open_pool
from db.integrity import audit
from db.integrity import backfill as filling
from db.integrity.audit import BATCH, LARGEST_ID, ROLLUP_BATCH, Batch, Drift, Ids
from server.commands.batches import each_within, require_order
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import load_settings

counters_app = typer.Typer(no_args_is_help=True, help="Prove that the counters are right, or mend them.")


_Batches = Callable[[Pool, str], AsyncIterator[Batch]]


class Table(StrEnum):
    """What is audited: the counters in the order in which writers lock them, then the roll-ups."""

    USERS = "users"
    KEYWORDS = "keywords"
    USER_SLOT_STATS = "user_slot_stats"
    USER_DAY_STATS = "user_day_stats"
    SLOT_STATS = "slot_stats"
    DAY_STATS = "day_stats"


TableOption = Annotated[Table | None, typer.Option("--table", help="Only this table.")]
FromId = Annotated[
    int,
    typer.Option(
        min=1,
        max=LARGEST_ID,
        help="First id of --table; of a roll-up's users or keywords.",
        show_default=False,
    ),
]
ToId = Annotated[int, typer.Option(min=1, max=LARGEST_ID, help="Last id, likewise.", show_default=False)]
BatchRows = Annotated[
    int | None,
    typer.Option(
        "--batch",
        min=1,
        max=1_000_000,
        help="Users or keywords per transaction.",
        show_default=f"{BATCH}, and {ROLLUP_BATCH} for roll-ups",
    ),
]
Sample = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1_000_000,
        help="Only so many users and keywords, chosen at random.",
        show_default="all",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Pairs as lines of JSON, and the rest on stderr.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be mended, and mend nothing.")]


@counters_app.command()
def verify(
    table: TableOption = None,
    from_id: FromId = 1,
    to_id: ToId = LARGEST_ID,
    batch: BatchRows = None,
    sample: Sample = None,
    as_json: AsJson = False,
) -> None:
    """Count again and compare, while others write.

    The exit code is 0 where all is right, 1 where a counter is wrong, and 2 where it could not be found out.
    """
    report = _Report("wrong", as_json=as_json)
    try:
        chosen = _Chosen(table, from_id, to_id)

        def batches(pool: Pool, name: str) -> AsyncIterator[Batch]:
            if sample is not None:
                return audit.verify_some(pool, name, chosen.ids, parents=sample)
            return audit.verify(pool, name, chosen.ids, batch=batch)

        _run(chosen, batches, report)
    except CommandError as problem:
        problem.exit_code = 2
        raise
    raise typer.Exit(1 if report.drifts else 0)


@counters_app.command()
def repair(
    table: TableOption = None,
    from_id: FromId = 1,
    to_id: ToId = LARGEST_ID,
    batch: BatchRows = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Count again and mend what is wrong, while others write. Repeating it is harmless.

    The last id of each batch is printed when the batch is committed.

    To go on after an interruption, begin after it in its table; users come first, then keywords and roll-ups.
    """
    chosen = _Chosen(table, from_id, to_id)

    def batches(pool: Pool, name: str) -> AsyncIterator[Batch]:
        work = audit.verify if dry_run else audit.repair
        return work(pool, name, chosen.ids, batch=batch)

    report = _Report("to be mended" if dry_run else "mended", as_json=as_json, each_batch=not dry_run)
    _run(chosen, batches, report)


@counters_app.command()
def backfill(batch: BatchRows = None) -> None:
    """Fill the roll-ups for what was there before they were kept, while others write.

    An interrupted run goes on where it was; a finished one does nothing.
    """
    chosen = _Chosen(None, 1, LARGEST_ID)

    def batches(pool: Pool, name: str) -> AsyncIterator[Batch]:
        return filling.fill(pool, name, batch=batch)

    _run(chosen, batches, _Report("filled in", as_json=False, each_batch=True, lists_pairs=False))


class _Chosen:
    """The tables and ids that the person chose. Raises `CommandError` where they make no sense."""

    def __init__(self, table: Table | None, from_id: int, to_id: int) -> None:
        self.tables = list(Table) if table is None else [table]
        self.ids = Ids(from_id, to_id)
        if table is None and self.ids != audit.EVERY_ID:
            raise CommandError(
                "--from-id and --to-id mean ids of one table: add --table users, --table keywords or a roll-up."
            )
        require_order(from_id, to_id)


@dataclass(slots=True)
class _Report:
    """What is printed: the pairs as they are found, then how many there were."""

    verdict: str
    as_json: bool
    each_batch: bool = False
    lists_pairs: bool = True
    rows: int = 0
    counters: int = 0
    drifts: int = 0
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        self.console = Console(
            stderr=self.as_json, soft_wrap=True, markup=False, emoji=False, highlight=False
        )

    def add(self, batch: Batch) -> None:
        if self.lists_pairs:
            self._add_pairs(batch.drifts)
        self.rows += batch.rows
        self.counters += batch.counters
        self.drifts += len(batch.drifts)
        if self.each_batch:
            self.console.print(f"{batch.table} up to id {batch.ids.last}: {len(batch.drifts)} {self.verdict}")

    def _add_pairs(self, drifts: Sequence[Drift]) -> None:
        if drifts and not self.drifts and not self.as_json:
            self.console.print(_line("table", "id", "column", "stored", "counted"))
        for drift in drifts:
            if self.as_json:
                typer.echo(json.dumps(_portable(drift)))
            else:
                self.console.print(_line(*drift))

    def add_sum(self) -> None:
        self.console.print(
            f"{self.counters} counters of {self.rows} rows checked, {self.drifts} {self.verdict}."
        )


def _portable(drift: Drift) -> dict[str, object]:
    """As JSON says it; `slot` only where it is a roll-up's."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in drift._asdict().items()
        if value is not None
    }


def _line(
    table: str, id_: object, column: str, stored: object, counted: object, slot: datetime | None = None
) -> str:
    """A line of a table that is printed while it is made."""
    place = "" if slot is None else f"  {slot.isoformat()}"
    return f"{table:<15} {id_:>12}  {column:<24} {stored:>11} {counted:>11}{place}"


def _run(chosen: _Chosen, batches: _Batches, report: _Report) -> None:
    settings = load_settings()
    seconds = settings.statement_timeout_seconds
    try:
        with each_within(seconds), migrated_database(settings) as url:
            asyncio.run(_read(url, seconds, chosen, batches, report))
    except asyncpg.DeadlockDetectedError as deadlock:
        raise CommandError(
            "Other writers kept a batch from its locks: go on after the last id that was printed."
        ) from deadlock
    report.add_sum()


async def _read(url: str, seconds: float, chosen: _Chosen, batches: _Batches, report: _Report) -> None:
    async with await open_pool(url, size=1, statement_timeout_seconds=seconds) as pool:
        with _progress(report.console) as progress:
            for table in chosen.tables:
                extent = await audit.extent(pool, table, chosen.ids)
                if extent is not None:
                    await _read_table(batches(pool, table), extent, report, progress)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


async def _read_table(
    batches: AsyncIterator[Batch], extent: Ids, report: _Report, progress: Progress
) -> None:
    task = progress.add_task("", total=extent.last - extent.first + 1)
    async for batch in batches:
        report.add(batch)
        done = batch.ids.last - extent.first + 1
        progress.update(task, completed=done, description=f"{batch.table} up to id {batch.ids.last}")
