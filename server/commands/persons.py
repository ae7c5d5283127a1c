"""`leadgraph persons`: export and erase the data of an author of posts, in the data of all users."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from db.engine.pool import Pool
from db.models import Platform
from server.commands.on_database import on_database
from services.persons import archive, erasure
from services.persons.archive import ArchiveError
from services.persons.erasure import PersonError

persons_app = typer.Typer(no_args_is_help=True)

Result = TypeVar("Result")
OnPlatform = Annotated[
    Platform | None, typer.Option("--platform", help="Platform of the author's posts.", show_default=False)
]
Author = Annotated[
    str | None,
    typer.Option(
        "--author", help="Name of the author on the platform, as posts have it. @ and case do not count."
    ),
]
Email = Annotated[
    str | None, typer.Option("--email", help="E-mail address of the person as the contact of leads.")
]
Output = Annotated[
    Path, typer.Option("--output", help="New ZIP file, which only its owner may read.", show_default=False)
]

TIMEOUT_SECONDS: Final = 600


@persons_app.callback()
def persons() -> None:
    """Export or erase an author of posts, in the data of all users. `leadgraph users` does so for users."""


@persons_app.command()
def export(output: Output, platform: OnPlatform = None, author: Author = None, email: Email = None) -> None:
    """Write all posts, analyses and leads of the person to a ZIP file of JSON lines."""

    async def work(pool: Pool) -> Counter[str]:
        return await archive.export_author(pool, erasure.person_of(platform, author, email), output)

    print_rows(_run(work))
    typer.echo(f"Written to {output}.")


@persons_app.command()
def erase(
    platform: OnPlatform = None,
    author: Author = None,
    email: Email = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the rows, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without a question.")] = False,
) -> None:
    """Delete all posts, analyses and leads of the person, and all copies of them.

    Files of exports with mentions or leads are deleted, because they may contain the person. Run the command again
    after an interruption, and after a restore of a backup.
    """

    async def work(pool: Pool) -> Counter[str]:
        person = erasure.person_of(platform, author, email)
        if dry_run or not yes:
            counted = await erasure.count(pool, person)
            print_rows(counted)
            if dry_run:
                return Counter()
            typer.confirm("Erase these rows? This cannot be undone.", abort=True)
        erased: Counter[str] = Counter()
        async for batch in erasure.erase(pool, person):
            erased += batch.rows
        return erased

    done = _run(work)
    if not dry_run:
        typer.echo("Erased:")
        print_rows(done)


def print_rows(rows: Mapping[str, int]) -> None:
    """Print the numbers of rows by table. Leave out tables without rows."""
    found = {table: number for table, number in rows.items() if number}
    for table, number in found.items():
        typer.echo(f"{table:18} {number:>10,}")
    if not found:
        typer.echo("No rows of this person.")


def _run(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    """Run the work. Raise `CommandError` for a `PersonError` or an `ArchiveError`."""
    return on_database(work, PersonError, ArchiveError, statement_timeout_seconds=TIMEOUT_SECONDS)
