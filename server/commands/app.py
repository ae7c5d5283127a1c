"""The commands of `leadgraph`."""

from typing import Annotated

import typer

from server.commands import (
    backup,
    cache,
    counters,
    credentials,
    demo,
    doctor,
    import_posts,
    jobs,
    keys,
    migrate,
    persons,
    preflight,
    schema,
    scores,
    serve,
    users,
    verify,
    webhooks,
    worker,
)
from server.runtime.settings import MOST_PROCESSES

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Leadgraph: a GraphQL API over keywords, mentions, leads and integrations.",
)


def serve_(
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_PROCESSES,
            help="Number of processes that serve together, by default LEADGRAPH_PROCESSES.",
        ),
    ] = None,
) -> None:
    """Serve the API on LEADGRAPH_HOST, by default on loopback. Requires a migrated database."""
    serve.serve(workers)


app.command()(demo.demo)
app.command("serve")(serve_)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.command()(jobs.jobs)
app.command("preflight")(preflight.preflight_)
app.command()(verify.verify)
app.command()(doctor.doctor)
app.command("backup")(backup.back_up)
app.command("restore")(backup.restore)
app.command("import-posts")(import_posts.import_posts)
app.add_typer(counters.counters_app, name="counters")
app.add_typer(cache.cache_app, name="cache")
app.add_typer(users.users_app, name="users")
app.add_typer(persons.persons_app, name="persons")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(credentials.credentials_app, name="credentials")
app.add_typer(webhooks.webhooks_app, name="webhooks")
app.add_typer(scores.leads_app, name="leads")
app.add_typer(scores.integrations_app, name="integrations")
app.command()(schema.schema)
app.command("check-migrations", hidden=True)(migrate.check_migrations)
