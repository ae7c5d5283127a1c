"""`leadgraph users`: create, show, suspend, resume, export and delete users."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, TypeVar

import typer

from db.engine.pool import Pool
from db.models import User, UserRole, UserStatus
from server.commands.on_database import on_database
from server.commands.password_input import read_password
from server.commands.persons import Output, print_rows
from services import user_accounts as accounts
from services.browsers.sign_in import end_sessions
from services.browsers.sign_in import set_password as set_user_password
from services.persons.archive import ArchiveError, export_user
from services.user_accounts import AccountError, NewUser

users_app = typer.Typer(no_args_is_help=True)

Result = TypeVar("Result")
Email = Annotated[str, typer.Argument(help="E-mail address of the user, in any case.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line per user.")]

DELETE_TIMEOUT_SECONDS: Final = 600


@users_app.callback()
def users() -> None:
    """Create, show, suspend, resume, export and delete users."""


@users_app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="Name of the user.")] = "",
    role: Annotated[
        UserRole, typer.Option(help="An operator sees and changes the data of all users.")
    ] = UserRole.MEMBER,
    time_zone: Annotated[str, typer.Option(help="IANA time zone, such as Europe/Berlin.")] = "UTC",
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from the standard input.")
    ] = False,
    *,
    as_json: Json = False,
) -> None:
    """Create a user. `leadgraph keys create` makes the user's API keys. With a password, the user can sign in."""
    new = NewUser(email, name, role, time_zone)
    given = read_password() if password else None

    async def work(pool: Pool) -> User:
        user = await accounts.create(pool, new)
        if given is not None:
            await set_user_password(pool, user.id, given)
        return user

    _print(_run(work), as_json=as_json)


@users_app.command("set-password")
def set_password(email: Email) -> None:
    """Set the password of a user: ask for it, or read it from the standard input. All sessions of the user end."""
    given = read_password()

    async def work(pool: Pool) -> int:
        return await set_user_password(pool, (await accounts.by_email(pool, email)).id, given)

    typer.echo(f"The password of {email} is set. Sessions ended: {_run(work)}.")


@users_app.command("sign-out")
def sign_out(email: Email) -> None:
    """End all sessions of a user. Servers notice within five seconds."""

    async def work(pool: Pool) -> int:
        return await end_sessions(pool, (await accounts.by_email(pool, email)).id)

    typer.echo(f"Sessions ended: {_run(work)}.")


@users_app.command("list")
def list_(*, as_json: Json = False) -> None:
    """Print all users in the order of their creation."""

    async def work(pool: Pool) -> None:
        async for user in accounts.all_users(pool):
            _print(user, as_json=as_json)

    _run(work)


@users_app.command()
def show(email: Email, *, as_json: Json = False) -> None:
    """Print a user with the counters of the user's data."""
    user = _run(lambda pool: accounts.by_email(pool, email))
    if as_json:
        _print(user, as_json=True)
        return
    for name, value in _facts(user).items():
        typer.echo(f"{name:15} {value}")


@users_app.command()
def suspend(email: Email) -> None:
    """Refuse the user's API keys until the user is resumed. The data stays, and keywords still find mentions."""
    _print(_run(lambda pool: accounts.set_status(pool, email, UserStatus.SUSPENDED)), as_json=False)


@users_app.command()
def resume(email: Email) -> None:
    """Accept the API keys of a suspended user again."""
    _print(_run(lambda pool: accounts.set_status(pool, email, UserStatus.ACTIVE)), as_json=False)


@users_app.command()
def export(email: Email, output: Output) -> None:
    """Write all rows of the user to a ZIP file of JSON lines, without secrets."""

    async def work(pool: Pool) -> Counter[str]:
        return await export_user(pool, await accounts.by_email(pool, email), output)

    print_rows(_run(work))
    typer.echo(f"Written to {output}.")


@users_app.command()
def delete(
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without a question.")] = False,
) -> None:
    """Delete a user with all keywords, mentions, leads, integrations and keys.

    The command deletes in batches, so that other users are not blocked. Run it again after an interruption.
    """

    async def work(pool: Pool) -> None:
        user = await accounts.by_email(pool, email)
        if not yes:
            rows = f"{user.keywords_count:,} keywords, {user.mentions_count:,} mentions and {user.leads_count:,} leads"
            typer.confirm(f"Delete {user.email} with {rows}? This cannot be undone.", abort=True)
        async for batch in accounts.delete(pool, email):
            typer.echo(f"{batch.table}: {batch.rows:,} deleted")

    _run(work)


def _run(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    """Run the work. Raise `CommandError` for an `AccountError` or an `ArchiveError`."""
    return on_database(work, AccountError, ArchiveError, statement_timeout_seconds=DELETE_TIMEOUT_SECONDS)


def _facts(user: User) -> dict[str, Any]:
    seen = None if user.last_seen_at is None else user.last_seen_at.isoformat(timespec="seconds")
    return {
        "email": user.email,
        "name": user.name,
        "role": str(user.role),
        "status": str(user.status),
        "time_zone": user.time_zone,
        "keywords": user.keywords_count,
        "mentions": user.mentions_count,
        "leads": user.leads_count,
        "created_at": user.created_at.isoformat(timespec="seconds"),
        "last_seen_at": seen,
    }


def _print(user: User, *, as_json: bool) -> None:
    facts = _facts(user)
    if as_json:
        typer.echo(json.dumps(facts))
        return
    typer.echo(
        f"{facts['email']}  {facts['role']}  {facts['status']}  {facts['mentions']:,} mentions  {facts['name']}".rstrip()
    )
