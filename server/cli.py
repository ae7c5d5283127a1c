"""The `leadgraph` command."""

import sys

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
    preflight,
    schema,
    scores,
    serve,
    users,
    verify,
)
from server.runtime.errors import CommandError
from server.serving import stop_on_sigterm

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Leadgraph: a GraphQL API over keywords, mentions, leads and integrations.",
)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(serve.worker)
app.command()(serve.migrate)
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
app.add_typer(keys.keys_app, name="keys")
app.add_typer(credentials.credentials_app, name="credentials")
app.add_typer(scores.leads_app, name="leads")
app.add_typer(scores.integrations_app, name="integrations")
app.command()(schema.schema)
app.command("check-migrations", hidden=True)(serve.check_migrations)


def main() -> None:
    """Run a command. Print a `CommandError` as one sentence and exit with its code."""
    stop_on_sigterm()
    try:
        app(standalone_mode=True)
    except CommandError as problem:
        sys.stderr.write(f"leadgraph: {problem}\n")
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        # The context managers have stopped everything. A server that received the signal has returned already.
        sys.exit(130)


if __name__ == "__main__":
    main()
