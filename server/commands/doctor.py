"""`leadgraph doctor`: a report about the database and what depends on it."""

import asyncio
import json
from dataclasses import asdict, replace
from typing import Annotated

import typer

from db.engine.pool import open_pool
from server.runtime.cache import open_cached
from server.runtime.database import require_same_database, running_database
from server.runtime.errors import CommandError
from server.runtime.replicas import problems as replica_problems
from server.runtime.settings import Settings, load_settings
from services.doctor.examine import examine
from services.doctor.report import Check, Finding, Limits, Report
from services.doctor.senders import Senders

_USUAL = Limits()


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    sample: Annotated[
        int,
        typer.Option(min=1, max=100_000, help="Number of users and keywords whose counters are verified."),
    ] = _USUAL.sample,
    slow_ms: Annotated[
        float, typer.Option(min=0, help="Mean duration from which a statement is slow, in milliseconds.")
    ] = _USUAL.slow_ms,
    transaction_seconds: Annotated[
        float, typer.Option(min=0, help="Age from which an open transaction is long.")
    ] = _USUAL.transaction_seconds,
    idle_seconds: Annotated[
        float, typer.Option(min=0, help="Time from which a transaction without a running statement is idle.")
    ] = _USUAL.idle_seconds,
) -> None:
    """Find problems of the database, its tables and its jobs, each with the command that mends it.

    The command changes nothing. The exit code is 0 without findings, 1 with findings, and 2 if the report failed.
    """
    limits = Limits(
        slow_ms=slow_ms, transaction_seconds=transaction_seconds, idle_seconds=idle_seconds, sample=sample
    )
    try:
        settings = load_settings()
        with running_database(settings) as url:
            report = asyncio.run(_examine(settings, url, limits))
            own = [*_findings_of_pooler(settings, url), *_findings_of_replicas(settings, url)]
            report = replace(report, findings=[*own, *report.findings])
    except CommandError as problem:
        problem.exit_code = 2
        raise
    typer.echo(json.dumps(asdict(report), indent=1) if as_json else text_of(report))
    raise typer.Exit(1 if report.findings else 0)


async def _examine(settings: Settings, url: str, limits: Limits) -> Report:
    seconds = settings.statement_timeout_seconds
    async with await open_pool(
        url, size=1, statement_timeout_seconds=seconds, name="leadgraph doctor"
    ) as pool:
        cached = await open_cached(settings, pool)
        try:
            return await examine(pool, cached, limits, Senders())
        finally:
            await cached.close()


def _findings_of_pooler(settings: Settings, url: str) -> list[Finding]:
    """Return a finding if the pooler of the settings cannot be used, or leads to another database."""
    try:
        asyncio.run(require_same_database(settings, url))
    except CommandError as problem:
        command = "export LEADGRAPH_DATABASE_URL=… (the pooler), LEADGRAPH_DIRECT_DATABASE_URL=… (PostgreSQL)"
        return [Finding(Check.SETTINGS, "LEADGRAPH_DATABASE_URL", str(problem), command)]
    return []


def _findings_of_replicas(settings: Settings, url: str) -> list[Finding]:
    """Return a finding for each read replica that cannot be used."""
    command = "export LEADGRAPH_REPLICA_URLS=… (standbys of LEADGRAPH_DATABASE_URL), or start the replica"
    return [
        Finding(Check.REPLICATION, "LEADGRAPH_REPLICA_URLS", problem, command)
        for problem in replica_problems(settings, url)
    ]


def text_of(report: Report) -> str:
    """Return the report as text: two lines per finding, then the checks that could not run, then the total."""
    lines: list[str] = []
    for finding in report.findings:
        lines += [f"{finding.check:<13} {finding.subject}: {finding.problem}", f"{'':13} → {finding.command}"]
    lines += [f"{skipped.check:<13} not checked: {skipped.reason}" for skipped in report.skipped]
    done = len(Check) - len(report.skipped)
    return "\n".join([*lines, f"{done} checks, {len(report.findings)} findings."])
