"""`leadgraph demo`: create demo data and serve it."""

import asyncio
import json
import math
import socket
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from db.engine.pool import Pool, open_pool
from db.engine.private_file import write_private
from db.statements import demo as write
from db.statements import user as users
from server.runtime.database import fill, running_database
from server.runtime.errors import CommandError
from server.runtime.logs import configure_logging
from server.runtime.migration import migrate
from server.runtime.row_security import install_row_security
from server.runtime.settings import Settings, is_set, load_settings
from server.serving import bind, origin, serve
from services import demo as demo_data
from services.accounts import api_key
from services.accounts.api_keys import ApiKeys, InvalidKeyError, issue_key
from services.demo_writer import write_user

MAXIMAL_SCALE = 1000
AGING = ("refresh_health_every_seconds", "rescore_leads_every_seconds")
console = Console(stderr=True)


def demo(
    scale: Annotated[
        float,
        typer.Option(
            min=0.01, max=MAXIMAL_SCALE, help="Amount of demo data. 1 creates about 20,000 mentions."
        ),
    ] = 1,
) -> None:
    """Start PostgreSQL, create demo data on the first run, and serve the API with GraphiQL."""
    if math.isnan(scale):
        raise CommandError(f"--scale must be a number from 0.01 to {MAXIMAL_SCALE}.")
    settings = _unchanging(load_settings())
    _require_loopback(settings.host)
    configure_logging(settings.log_format, settings.log_level)
    listening = bind(settings.host, settings.port)
    with running_database(settings) as url:
        migrate(url)
        if settings.row_security == "on":
            asyncio.run(install_row_security(url))
        fill(url)
        key = asyncio.run(_prepare(url, scale, settings))
        facts = _facts(listening, url, key)
        serve(settings, url, listening, demo_key=key, when_ready=lambda: _announce(settings, facts))


def _unchanging(settings: Settings) -> Settings:
    """Return settings that keep scores and health as created, unless variables set their periods.

    The integrations of the demo do not run, so that their health would only fall.
    """
    off: dict[str, Any] = {name: 0 for name in AGING if not is_set(name)}
    return replace(settings, **off)


def _require_loopback(host: str) -> None:
    """Raise `CommandError` for an address that other machines reach, because the demo shows its key to all visitors."""
    if not ip_address(host).is_loopback:
        raise CommandError(
            f"LEADGRAPH_HOST must be a loopback address such as 127.0.0.1 for a demo, not {host}: a demo shows its API "
            "key to each visitor. Use `leadgraph serve` for other addresses."
        )


async def _prepare(url: str, scale: float, settings: Settings) -> str:
    """Create missing demo data and return a valid API key."""
    email = demo_data.PEOPLE[0][0]
    async with await open_pool(url, size=2, statement_timeout_seconds=3600) as pool:
        if await users.id_by_email(pool, email) is None:
            await _create_data(pool, scale)
        return await _working_key(pool, email, settings)


async def _create_data(pool: Pool, scale: float) -> None:
    """Write all users in one transaction, so that an interrupted run leaves no partial data."""
    anchor = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    began = time.monotonic()
    columns = (
        TextColumn("Creating demo data"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("users"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(demo_data.PEOPLE))
        async with pool.acquire() as connection, connection.transaction():
            mentions = leads = 0
            for data in demo_data.users(scale, anchor):
                await write_user(connection, data, anchor)
                mentions, leads = mentions + len(data.mentions), leads + len(data.leads)
                progress.advance(task)
        async with pool.acquire() as connection:
            await write.analyze(connection)
    console.print(f"{mentions:,} mentions and {leads:,} leads in {time.monotonic() - began:.1f} s.")


async def _working_key(pool: Pool, email: str, settings: Settings) -> str:
    """Return the key of the previous run if it is still valid, else a new key."""
    previous = _previous_key(settings)
    if await _is_valid(pool, previous):
        return previous
    async with pool.acquire() as connection:
        user_id = await users.id_by_email(connection, email)
        if user_id is None:
            raise CommandError(f"The user {email} was deleted meanwhile. Run the command again.")
        return await issue_key(connection, user_id, "demo", sorted(api_key.ALL_SCOPES))


async def _is_valid(pool: Pool, text: str) -> bool:
    key = api_key.parse(text)
    try:
        return key is not None and set((await ApiKeys(pool).holder(key)).scopes) >= api_key.ALL_SCOPES
    except InvalidKeyError:
        return False


def _previous_key(settings: Settings) -> str:
    try:
        return str(json.loads((settings.home / "demo.json").read_text())["api_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _facts(listening: socket.socket, url: str, key: str) -> dict[str, str]:
    return {
        "url": f"{origin(listening)}/graphql",
        "graphiql_url": f"{origin(listening)}/graphql",
        "page_url": f"{origin(listening)}/",
        "api_key": key,
        "user_email": demo_data.PEOPLE[0][0],
        "database_url": url,
    }


def _announce(settings: Settings, facts: dict[str, str]) -> None:
    """Write the facts to a file that only its owner can read, and print them."""
    path = settings.home / "demo.json"
    settings.home.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps(facts, indent=2))
    page = f"  Page      {facts['page_url']}\n" if settings.page else ""
    body = json.dumps({"query": "{ viewer { email keywordsCount mentionsCount leadsCount } }"})
    sys.stdout.write(
        f"\n{page}  GraphiQL  {facts['graphiql_url']}\n"
        f"  API key   {facts['api_key']}\n"
        f"  Try       curl {facts['url']} -H 'Content-Type: application/json' "
        f"-H 'Authorization: Bearer {facts['api_key']}' -d '{body}'\n"
        f"\n  {path} holds these values. Ctrl-C stops everything and keeps the data.\n\n"
    )
    sys.stdout.flush()
