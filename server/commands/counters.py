"""`leadgraph counters`: verify, repair and backfill counters and roll-ups."""

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

from db.engine.pool import Pool
from db.integrity import audit
from db.integrity import backfill as filling
from db.integrity.audit import BATCH, LARGEST_ID, ROLLUP_BATCH, AuditBatch, Drift, Ids
from server.commands.batches import require_order, run_batches
from server.runtime.errors import CommandError

counters_app = typer.Typer(no_args_is_help=True, help="Verify and repair counters and roll-ups.")

_Batches = Callable[[Pool, str], AsyncIterator[AuditBatch]]


class Table(StrEnum):
    """The audited tables: the counters in the order in which writers lock them, then the roll-ups."""

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
        help="First ID of --table. For a roll-up: first user or keyword ID.",
        show_default=False,
    ),
]
ToId = Annotated[int, typer.Option(min=1, max=LARGEST_ID, help="Last ID, likewise.", show_default=False)]
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
        help="Check only this many users and keywords, chosen at random.",
        show_default="all",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print differences as JSON Lines, and everything else to stderr.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the necessary repairs without making them.")]


@counters_app.command()
def verify(
    table: TableOption = None,
    from_id: FromId = 1,
    to_id: ToId = LARGEST_ID,
    batch: BatchRows = None,
    sample: Sample = None,
    as_json: AsJson = False,
) -> None:
    """Recount the rows and compare the result with the counters. Other writers go on meanwhile.

    The exit code is 0 if all counters are right, 1 if a counter is wrong, and 2 if the check itself failed.
    """
    report = _Report("wrong", as_json=as_json)
    try:
        selection = _Selection(table, from_id, to_id)

        def batches(pool: Pool, name: str) -> AsyncIterator[AuditBatch]:
            if sample is not None:
                return audit.verify_some(pool, name, selection.ids, parents=sample)
            return audit.verify(pool, name, selection.ids, batch=batch)

        _run(selection.tables, selection.ids, batches, report)
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
    """Recount the rows and correct wrong counters. Other writers go on meanwhile. Repeating it is harmless.

    The command prints the last ID of each batch when the batch is committed.

    To resume after an interruption, pass the next ID as --from-id with its --table,
    then repair the tables after it. The order is users, keywords, roll-ups.
    """
    selection = _Selection(table, from_id, to_id)

    def batches(pool: Pool, name: str) -> AsyncIterator[AuditBatch]:
        work = audit.verify if dry_run else audit.repair
        return work(pool, name, selection.ids, batch=batch)

    report = _Report("to repair" if dry_run else "repaired", as_json=as_json, each_batch=not dry_run)
    _run(selection.tables, selection.ids, batches, report)


@counters_app.command()
def backfill(batch: BatchRows = None) -> None:
    """Fill roll-ups, lexemes and normal forms of rows older than them. Other writers go on meanwhile.

    The command resumes after an interruption. Once all is filled, it fills only mentions that a server of an
    earlier release added.
    """

    def batches(pool: Pool, name: str) -> AsyncIterator[AuditBatch]:
        return filling.fill(pool, name, batch=batch)

    report = _Report("filled", as_json=False, each_batch=True, lists_differences=False)
    _run(filling.NAMES, audit.EVERY_ID, batches, report)


class _Selection:
    """The tables and IDs to work on. Raises `CommandError` for options that contradict each other."""

    def __init__(self, table: Table | None, from_id: int, to_id: int) -> None:
        self.tables = list(Table) if table is None else [table]
        self.ids = Ids(from_id, to_id)
        if table is None and self.ids != audit.EVERY_ID:
            raise CommandError("--from-id and --to-id require --table: users, keywords or a roll-up.")
        require_order(from_id, to_id)


@dataclass(slots=True)
class _Report:
    """The printed report: differences as they are found, then their number."""

    verdict: str
    as_json: bool
    each_batch: bool = False
    lists_differences: bool = True
    rows: int = 0
    counters: int = 0
    drifts: int = 0
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        self.console = Console(
            stderr=self.as_json, soft_wrap=True, markup=False, emoji=False, highlight=False
        )

    def add(self, batch: AuditBatch) -> None:
        if self.lists_differences:
            self._print_differences(batch.drifts)
        done = len(batch.drifts)
        if batch.table in filling.ROWS:
            done = batch.rows
        else:
            self.rows += batch.rows
            self.counters += batch.counters
        self.drifts += done
        if self.each_batch:
            self.console.print(f"{batch.table} up to ID {batch.ids.last}: {done} {self.verdict}")

    def _print_differences(self, drifts: Sequence[Drift]) -> None:
        if drifts and not self.drifts and not self.as_json:
            self.console.print(_line("table", "id", "column", "stored", "counted"))
        for drift in drifts:
            if self.as_json:
                typer.echo(json.dumps(_portable(drift)))
            else:
                self.console.print(_line(*drift))

    def print_total(self) -> None:
        self.console.print(
            f"{self.counters} counters of {self.rows} rows checked, {self.drifts} {self.verdict}."
        )


def _portable(drift: Drift) -> dict[str, object]:
    """Return a difference as JSON values. Only differences of roll-ups have a `slot`."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in drift._asdict().items()
        if value is not None
    }


def _line(
    table: str, id_: object, column: str, stored: object, counted: object, slot: datetime | None = None
) -> str:
    """Return a line of a table with fixed column widths, since the rows come one by one."""
    place = "" if slot is None else f"  {slot.isoformat()}"
    return f"{table:<15} {id_:>12}  {column:<24} {stored:>11} {counted:>11}{place}"


def _run(tables: Sequence[str], ids: Ids, batches: _Batches, report: _Report) -> None:
    async def run(pool: Pool) -> None:
        with _progress(report.console) as progress:
            for table in tables:
                extent = await filling.extent(pool, table, ids)
                if extent is not None:
                    await _work_on_table(batches(pool, table), extent, report, progress)

    try:
        run_batches(run)
    except asyncpg.DeadlockDetectedError as deadlock:
        raise CommandError(
            "A batch could not get its locks because of other writers. Resume after the last printed ID."
        ) from deadlock
    report.print_total()


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


async def _work_on_table(
    batches: AsyncIterator[AuditBatch], extent: Ids, report: _Report, progress: Progress
) -> None:
    task = progress.add_task("", total=extent.last - extent.first + 1)
    async for batch in batches:
        report.add(batch)
        done = batch.ids.last - extent.first + 1
        progress.update(task, completed=done, description=f"{batch.table} up to ID {batch.ids.last}")
