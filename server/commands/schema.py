"""`leadgraph schema`: print the schema, check schema.graphql, and classify changes of the schema."""

import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError

from schema.graph import build
from schema.schema_diff import Change, Severity, changes
from server.runtime.errors import CommandError

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "schema.graphql"
MAIN = "origin/main"
POLICY = "docs/guides/schema-policy.md"


def schema(
    write: Annotated[bool, typer.Option("--write", help="Write schema.graphql.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail unless schema.graphql is current.")] = False,
    changed: Annotated[
        bool,
        typer.Option(
            "--changes",
            help="List the changes since the branch left origin/main, or since HEAD without origin/main. "
            "Fail if a change breaks clients.",
        ),
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option("--changes-since", metavar="FILE", help="List the changes since a schema file."),
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(
            "--changes-since-revision", metavar="REV", help="List the changes since a Git revision."
        ),
    ] = None,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="List breaking changes without failing.")
    ] = False,
) -> None:
    """Print the GraphQL schema, write it to schema.graphql, or compare it with that file or an older one."""
    if sum((write, check, changed, file is not None, revision is not None)) > 1:
        raise CommandError(
            "Pass only one of --write, --check, --changes, --changes-since and --changes-since-revision."
        )
    if allow_breaking and not (changed or file or revision):
        raise CommandError(
            "--allow-breaking requires --changes, --changes-since or --changes-since-revision."
        )
    printed = build().sdl
    if write:
        SCHEMA_FILE.write_text(printed)
    elif check:
        _require_current(printed)
    elif file is not None:
        _report(_read(file), printed, str(file), allow_breaking=allow_breaking)
    elif changed or revision is not None:
        since = revision or base(SCHEMA_FILE)
        _report(committed(SCHEMA_FILE, since), printed, since, allow_breaking=allow_breaking)
    else:
        sys.stdout.write(printed)


def _require_current(printed: str) -> None:
    if not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text() != printed:
        raise CommandError(
            "schema.graphql differs from the code. Run `make schema` and review the difference."
        )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from error


def committed(file: Path, revision: str) -> str:
    """Return a file's text in a Git revision. Raise `CommandError` if Git cannot show it."""
    text = _git(file.parent, "show", "--end-of-options", f"{revision}:./{file.name}")
    if text is None:
        raise CommandError(
            f"Git cannot find {file.name} in the revision {revision}. Pass another revision, or compare with a "
            "file by --changes-since."
        )
    return text


def base(file: Path) -> str:
    """Return the commit in which the branch left origin/main, or HEAD if Git does not find that commit."""
    return (_git(file.parent, "merge-base", "HEAD", MAIN) or "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str | None:
    """Return the output of a Git command, or None if the command fails or Git is not installed."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell reads it
    except OSError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None


def _report(old: str, new: str, since: str, *, allow_breaking: bool) -> None:
    """Print the changes by severity. Raise `CommandError` for breaking changes unless they are allowed."""
    try:
        found = changes(old, new)
    except (GraphQLError, TypeError) as error:
        reason = error.message if isinstance(error, GraphQLError) else error
        raise CommandError(f"The schema of {since} is invalid: {reason}") from error
    for severity, group in groupby(found, key=lambda change: change.severity):
        typer.echo("\n".join([severity.capitalize(), *(f"  {change.description}" for change in group)]))
    broken = _number(found, Severity.BREAKING)
    typer.echo(
        ", ".join(f"{_number(found, severity)} {severity}" for severity in Severity) + f" since {since}."
    )
    if broken and not allow_breaking:
        raise CommandError(
            f"Changes that break clients: {broken}. Deprecate fields instead (see {POLICY}), or pass --allow-breaking."
        )


def _number(found: Sequence[Change], severity: Severity) -> int:
    return sum(change.severity is severity for change in found)
