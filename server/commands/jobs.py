"""`leadgraph jobs`: the background tasks and the unfinished exports of a database."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from db.engine.pool import open_pool
from db.models import BackgroundTask
from db.statements import background_task as tasks
from db.statements import export as exports
from server.runtime.database import migrated_database
from server.runtime.errors import CommandError
from server.runtime.settings import Settings, load_settings
from server.runtime.tasks import TURNS, period

LATE_AFTER = timedelta(minutes=10)
"""The time after which a due task that no worker takes counts as late."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as printed. Times are null before the first run."""

    name: str
    state: str
    every_seconds: float
    due_at: datetime | None = None
    holder: str | None = None
    succeeded_at: datetime | None = None
    seconds: float | None = None
    failures: int = 0
    failed_at: datetime | None = None
    failure: str | None = None


def jobs(*, as_json: AsJson = False) -> None:
    """Print the background tasks: when they are due, how they last ran, and their failures.

    The exit code is 0 if all is well, 1 if a task fails, or is due and no worker takes it, and 2 if the tasks cannot be
    read.
    """
    try:
        settings = load_settings()
        with migrated_database(settings) as url:
            states, waiting = asyncio.run(_read(url, settings))
    except CommandError as problem:
        problem.exit_code = 2
        raise
    if as_json:
        typer.echo(json.dumps({"tasks": [_portable(each) for each in states], "exports": waiting}, indent=2))
    else:
        typer.echo(_as_text(states, waiting))
    raise typer.Exit(1 if any(each.state in {"failing", "late"} for each in states) else 0)


async def _read(url: str, settings: Settings) -> tuple[list[TaskState], dict[str, int]]:
    async with await open_pool(url, size=1) as pool:
        found = {task.name: (task, now) for task, now in await tasks.read_all(pool)}
        waiting = await exports.waiting(pool)
    return [_state(name, period(settings, name), *found.get(name, (None, None))) for name in TURNS], waiting


def _state(name: str, every: timedelta, task: BackgroundTask | None, now: datetime | None) -> TaskState:
    if task is None or now is None:
        return TaskState(name, "late" if every else "off", every.total_seconds())
    columns = ("due_at", "holder", "succeeded_at", "seconds", "failures", "failed_at", "failure")
    known: dict[str, Any] = {column: getattr(task, column) for column in columns}
    return TaskState(name, _word(task, now, is_on=bool(every)), task.every.total_seconds(), **known)


def _word(task: BackgroundTask, now: datetime, *, is_on: bool) -> str:
    if not is_on:
        return "off"
    if task.failures:
        return "failing"
    if task.leased_until is not None and task.leased_until > now:
        return "running"
    if task.due_at <= now - LATE_AFTER:
        return "late"
    return "due" if task.due_at <= now else "waiting"


def _portable(state: TaskState) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(state).items()
    }


_HEAD = ("task", "state", "every", "due", "last success", "took", "failures")
_WIDTHS = (16, 8, 8, 20, 20, 9, 8)


def _as_text(states: Sequence[TaskState], waiting: dict[str, int]) -> str:
    lines = [_line(_HEAD)]
    for each in states:
        due = None if each.state == "off" else each.due_at
        took = "" if each.seconds is None else f"{each.seconds:.1f} s"
        cells = (each.name, each.state, f"{each.every_seconds:g} s", _time(due), _time(each.succeeded_at))
        lines.append(_line((*cells, took, str(each.failures))))
        if each.failures:
            lines.append(f"  {_time(each.failed_at)} on {each.holder}: {each.failure}")
    lines.append(
        f"exports: {waiting['unfinished']} unfinished, {waiting['due']} of them due, {waiting['retried']} after a failure"
    )
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%SZ}"
