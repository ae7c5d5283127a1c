"""`leadgraph schema`: print the schema, keep schema.graphql current, tell what changes for clients."""

import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError

from schema.schema import build
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
            help="List what changed since the branch left origin/main, or since HEAD where there is none. "
            "Changes that break clients are a failure.",
        ),
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--changes-since", metavar="FILE", help="The same, since a schema file.")
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option("--changes-since-revision", metavar="REV", help="The same, since a revision of Git."),
    ] = None,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="With these: list breaking changes, but do not fail.")
    ] = False,
) -> None:
    """Print the GraphQL schema, write it to schema.graphql, or compare it with that file or an older one."""
    if sum((write, check, changed, file is not None, revision is not None)) > 1:
        raise CommandError("--write, --check and --changes… are questions of their own: give one of them.")
    if allow_breaking and not (changed or file or revision):
        raise CommandError(
            "--allow-breaking goes with --changes, --changes-since or --changes-since-revision."
        )
    printed = build().as_str() + "\n"
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
            "schema.graphql is not what the code says: run `make schema` and look at the difference."
        )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from error


def committed(file: Path, revision: str) -> str:
    """What a file of a Git checkout was in a revision. Raises `CommandError`."""
    shown = _git(file.parent, "show", "--end-of-options", f"{revision}:./{file.name}")
    if shown is None:
        raise CommandError(
            f"Git knows no {file.name} of revision {revision}: name another revision, or compare with a file "
            "by --changes-since."
        )
    return shown


def base(file: Path) -> str:
    """The commit in which the branch left origin/main; HEAD where Git knows none."""
    return (_git(file.parent, "merge-base", "HEAD", MAIN) or "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str | None:
    """What Git prints; None where it refuses, or is not there."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell reads it
    except OSError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None


def _report(old: str, new: str, since: str, *, allow_breaking: bool) -> None:
    """Prints the changes by class. Raises `CommandError` for breaking ones, unless they are allowed."""
    try:
        found = changes(old, new)
    except (GraphQLError, TypeError) as error:
        reason = error.message if isinstance(error, GraphQLError) else error
        raise CommandError(f"What {since} holds is no schema: {reason}") from error
    for severity, group in groupby(found, key=lambda change: change.severity):
        typer.echo("\n".join([severity.capitalize(), *(f"  {change.description}" for change in group)]))
    broken = _number(found, Severity.BREAKING)
    typer.echo(
        ", ".join(f"{_number(found, severity)} {severity}" for severity in Severity) + f" since {since}."
    )
    if broken and not allow_breaking:
        raise CommandError(
            f"Changes that break clients: {broken}. Deprecate instead, as {POLICY} says, or give --allow-breaking."
        )


def _number(found: Sequence[Change], severity: Severity) -> int:
    return sum(change.severity is severity for change in found)
