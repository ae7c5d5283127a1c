"""`leadgraph keys`: create, list, rotate and revoke API keys."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

import typer

from db.engine.writer import Work, Writer, in_transaction
from db.models import ApiKey
from db.statements import account
from db.statements import api_key as stored
from server.commands.on_database import on_database
from server.runtime.errors import CommandError
from services.accounts import api_key, api_keys
from services.accounts.api_keys import InvalidKeyError, issue, state_of

keys_app = typer.Typer(no_args_is_help=True)

Result = TypeVar("Result")
KeyId = Annotated[
    int, typer.Argument(help="ID of the key: the number in lg_live_<ID>_….", min=1, show_default=False)
]
Days = Annotated[
    float | None,
    typer.Option(help="Days until the key expires. By default it does not expire.", show_default=False),
]

LONGEST_NAME: Final = 200
MOST_DAYS: Final = 3650
MOST_OVERLAP_HOURS: Final = 24 * 90


@keys_app.callback()
def keys() -> None:
    """Create, list, rotate and revoke API keys."""


@keys_app.command()
def create(
    user: Annotated[str, typer.Option(help="E-mail address of the user whose data the key accesses.")],
    name: Annotated[str, typer.Option(help="Purpose of the key.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="Permission of the key. Repeat the option for several. By default the key reads everything. "
            + " ".join(f"{scope}: {meaning}" for scope, meaning in api_key.SCOPES.items())
        ),
    ] = None,
    expires_in_days: Days = None,
) -> None:
    """Create an API key and print it. The key cannot be shown again."""
    scopes = scope or sorted(api_key.READ_SCOPES)
    if unknown := sorted(set(scopes) - set(api_key.SCOPES)):
        raise CommandError(f"The scope {unknown[0]} does not exist. Use one of {', '.join(api_key.SCOPES)}.")
    if len(name) > LONGEST_NAME:
        raise CommandError(f"The name must have at most {LONGEST_NAME} characters.")
    expires_at = None if expires_in_days is None else datetime.now(UTC) + _days(expires_in_days)

    async def work(writer: Writer) -> str:
        user_id = await _user_id(writer, user)
        return (await issue(writer, user_id, name, scopes, expires_at=expires_at)).text

    typer.echo(_run(work))


@keys_app.command("list")
def list_(
    user: Annotated[str, typer.Option(help="E-mail address of the user.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line per key.")] = False,
) -> None:
    """Print all keys of a user without their secrets, the newest first."""

    async def work(writer: Writer) -> list[ApiKey]:
        return await stored.of_user(writer, await _user_id(writer, user))

    for key in _run(work):
        facts = _facts(key)
        typer.echo(json.dumps(facts) if as_json else "  ".join(str(value or "-") for value in facts.values()))


@keys_app.command()
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=MOST_OVERLAP_HOURS, help="Hours until the existing key expires.")
    ] = 24,
) -> None:
    """Create a key with the name and the scopes of an existing one, and print it.

    The existing key works during the overlap, so that programs can change to the new key without a failed request.
    """
    overlap = timedelta(hours=overlap_hours)
    typer.echo(_run(lambda writer: api_keys.rotate_by_id(writer, key_id, overlap)).text)


@keys_app.command()
def revoke(key_id: KeyId) -> None:
    """Let a key stop working. Running servers refuse it within five seconds."""
    _run(lambda writer: api_keys.revoke_by_id(writer, key_id))
    typer.echo(f"The API key {key_id} is revoked.")


def _days(days: float) -> timedelta:
    if not 0 < days <= MOST_DAYS:
        raise CommandError(f"--expires-in-days must be a number above 0 and at most {MOST_DAYS:,}.")
    return timedelta(days=days)


async def _user_id(writer: Writer, email: str) -> int:
    user = await account.by_email(writer, email)
    if user is None:
        raise CommandError(f"No user has the e-mail address {email}. `leadgraph users list` shows all users.")
    return user.id


def _run(work: Work[Result]) -> Result:
    """Run the work in one transaction. Raise `CommandError` for an unusable key."""
    return on_database(lambda pool: in_transaction(pool, work), InvalidKeyError)


def _facts(key: ApiKey) -> dict[str, Any]:
    def shown(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat(timespec="seconds")

    return {
        "id": key.id,
        "prefix": api_key.prefix_of(key.id),
        "state": str(state_of(key, datetime.now(UTC))),
        "name": key.name,
        "scopes": ",".join(key.scopes),
        "created_at": shown(key.created_at),
        "expires_at": shown(key.expires_at),
        "revoked_at": shown(key.revoked_at),
        "last_used_at": shown(key.last_used_at),
    }
