"""Settings: nonsense is refused with one sentence, which names the variable and the allowed values."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.commands.app import app as cli
from server.runtime.errors import CommandError
from server.runtime.settings import ALLOWED, load_settings

ROOT = Path(__file__).resolve().parents[3]
SECONDS = "must be a number of seconds from 0.1 to"
ENCODED = "with special characters of the password in percent-encoding, such as %40 for @ and %2F for /"
DATABASE = f"must have the form postgresql://user:password@host:5432/database, {ENCODED}."
REDIS = (
    "must have the form redis://user:password@host:6379/0, rediss://…, unix://…, "
    "redis+sentinel://user:password@host:26379,host:26379/service or redis+cluster://user:password@host:6379,host:6379, "
    f"{ENCODED}."
)

HOST = "must be an IP address of this machine, such as 127.0.0.1, 0.0.0.0 or ::, not"
PERIOD = "must be 0, or a number of seconds from 1 to 2,592,000, not"

ORIGINS = (
    "must be exact origins in lower case, separated by commas, without `*`, paths, slashes at the end and usual ports, such "
    "as https://app.example.com or http://localhost:3000, not"
)

REFUSED = [
    *(
        ("CORS_ORIGINS", origins, f"{ORIGINS} {origins!r}.")
        for origins in (
            "*",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com,",
            "https://App.example.com",
            "app.example.com",
            "null",
            "ftp://app.example.com",
            "https://app.example.com:443",
            "http://localhost:99999",
            "https://user@app.example.com",
            "https://app.example.com https://b.example.com",
        )
    ),
    ("HOST", "localhost", f"{HOST} 'localhost'."),
    ("HOST", "127.0.0.1:8000", f"{HOST} '127.0.0.1:8000'."),
    ("REFRESH_HEALTH_EVERY_SECONDS", "0.5", f"{PERIOD} '0.5'."),
    ("VERIFY_COUNTERS_EVERY_SECONDS", "1e9", f"{PERIOD} '1e9'."),
    ("PORT", "99999", "must be a whole number from 1 to 65,535, not '99999'."),
    ("PORT", "0", "must be a whole number from 1 to 65,535, not '0'."),
    ("PORT", "8000.5", "must be a whole number from 1 to 65,535, not '8000.5'."),
    ("PORT", "http", "must be a whole number from 1 to 65,535, not 'http'."),
    ("PORT", "", "must be a whole number from 1 to 65,535, not empty."),
    ("PORT", " ", "must be a whole number from 1 to 65,535, not empty."),
    ("PORT", "9" * 5000, f"must be a whole number from 1 to 65,535, not '{'9' * 60}'."),
    ("POOL_SIZE", "-1", "must be a whole number from 1 to 1,000, not '-1'."),
    ("POOL_SIZE", "1e12", "must be a whole number from 1 to 1,000, not '1e12'."),
    ("CACHE_MEMORY_MB", "inf", "must be a whole number from 1 to 100,000, not 'inf'."),
    ("FRAGMENT_MEMORY_MB", "-1", "must be a whole number from 0 to 100,000, not '-1'."),
    ("STATEMENT_TIMEOUT_SECONDS", "inf", f"{SECONDS} 86,400, not 'inf'."),
    ("STATEMENT_TIMEOUT_SECONDS", "nan", f"{SECONDS} 86,400, not 'nan'."),
    ("STATEMENT_TIMEOUT_SECONDS", "1e-9", f"{SECONDS} 86,400, not '1e-9'."),
    ("STATEMENT_TIMEOUT_SECONDS", "1e12", f"{SECONDS} 86,400, not '1e12'."),
    ("ANSWER_TIMEOUT_SECONDS", "0", f"{SECONDS} 60, not '0'."),
    ("POOL_TIMEOUT_SECONDS", "-5", f"{SECONDS} 600, not '-5'."),
    ("AUDIT_EVERY_SECONDS", "1e-9", "must be 0, or a number of seconds from 0.1 to 86,400, not '1e-9'."),
    ("AUDIT_EVERY_SECONDS", "nan", "must be 0, or a number of seconds from 0.1 to 86,400, not 'nan'."),
    ("AUDIT_SAMPLE", "0", "must be a whole number from 1 to 10,000, not '0'."),
    ("DRAIN_SECONDS", "-1", "must be 0, or a number of seconds from 0.1 to 600, not '-1'."),
    ("SHUTDOWN_SECONDS", "0", f"{SECONDS} 3,600, not '0'."),
    ("DATABASE_WAIT_SECONDS", "-1", "must be 0, or a number of seconds from 0.1 to 3,600, not '-1'."),
    ("DOCUMENTS", "on", "must be open, log or enforce, not 'on'."),
    ("TRUSTED_DOCUMENTS", "", "must be the path of a manifest, not empty."),
    ("WORKERS", "33", "must be a whole number from 0 to 32, not '33'."),
    *(
        (
            "METRICS_ADDRESS",
            address,
            f"must be an IP address and a port, such as 127.0.0.1:9464 or [::1]:9464, not '{address}'.",
        )
        for address in (
            "9464",
            "10.0.0.1",
            "127.0.0.1:0",
            "::1:9464",
            "[127.0.0.1]:1",
            "host:9464",
            "1.2.3.4:+5",
        )
    ),
    (
        "METRICS_TOKEN",
        "fifteen-letters",
        "must be a secret of at least 16 visible ASCII characters, not the given value.",
    ),
    ("WARM_AT_START", "maybe", "must be 0 or 1, not 'maybe'."),
    ("EXECUTOR", "depth", "must be breadth or reference, not 'depth'."),
    ("LOG_FORMAT", "xml", "must be text or json, not 'xml'."),
    ("LOG_LEVEL", "INFO", "must be info, warning or error, not 'INFO'."),
    ("SLOW_MS", "0.5", "must be a whole number from 0 to 86,400,000, not '0.5'."),
    ("TRACING", "yes please", "must be 0 or 1, not 'yes please'."),
    ("GUARD", "loud", "must be off, warn or fail, not 'loud'."),
    (
        "HOME",
        "/dev/null/here",
        "must be the path of a folder that exists or can be created, not '/dev/null/here'.",
    ),
    (
        "REPLICA_URLS",
        "postgresql://ann:secret@db.example/leads",
        "requires LEADGRAPH_DATABASE_URL, the address of the primary server.",
    ),
    ("REPLICA_LAG_SECONDS", "0", "must be a number of seconds from 0.1 to 600, not '0'."),
    (
        "DATABASE_URL",
        "",
        "must be the address of a PostgreSQL, such as postgresql://user:password@host:5432/database, not empty.",
    ),
    (
        "CREDENTIALS_KEY",
        "",
        "must be keys of `leadgraph credentials new-key`, separated by commas, not empty.",
    ),
]

BAD_DATABASE_URLS = [
    "postgresql://ann:sec@ret@db.example/leads",
    "postgresql://ann:sec/ret@db.example/leads",
    "postgresql://ann:sec#ret@db.example/leads",
    "postgresql://ann:sec?ret@db.example/leads",
    "postgresql://ann:sec ret@/x@db.example",
    "postgresql://ann:sec[ret@db.example/leads",
    "postgresql://ann:secret@db.example:99999/leads",
    "postgresql://ann:secret@db.example:0/leads",
    "postgresql://ann:secret@db.example:ret/leads",
    "postgresql://ann:secret@db.example:5432:ret/leads",
    "mysql://ann:secret@db.example/leads",
    "ann:secret@db.example/leads",
    "host=db.example password=secret",
    "sec\nret",
]
BAD_REDIS_URLS = [
    "redis://:sec@ret@cache.example/0",
    "redis://:sec/ret@cache.example/0",
    "redis://:secret@cache.example:ret/0",
    "rediss://:secret@cache.example:99999",
    "http://:secret@cache.example",
]


@pytest.mark.parametrize(("name", "value", "sentence"), REFUSED)
def test_nonsense_is_refused_with_the_allowed_values(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LEADGRAPH_{name}", value)
    with pytest.raises(CommandError) as refused:
        load_settings()
    assert str(refused.value) == f"LEADGRAPH_{name} {sentence}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STATEMENT_TIMEOUT_SECONDS", "0.1"),
        ("AUDIT_EVERY_SECONDS", "0"),
        ("AUDIT_EVERY_SECONDS", "86400"),
        ("PORT", "65535"),
        ("WARM_AT_START", "1"),
        ("METRICS_ADDRESS", "10.0.0.1:65535"),
        ("METRICS_ADDRESS", "[::1]:1"),
        ("METRICS_TOKEN", "sixteen-letters!"),
        ("EXECUTOR", "reference"),
        (
            "DATABASE_URL",
            "postgresql://ann:s%40c%2Fr:t!$&*+,;=~@db.example:5432,db2.example:1/leads?sslmode=require",
        ),
        ("DATABASE_URL", "postgres://[::1]:5432/leads"),
        ("DATABASE_URL", "postgresql:///leads?host=/run/postgresql"),
        ("REDIS_URL", "unix://:secret@/run/redis.sock?db=1"),
        ("REDIS_URL", "redis+sentinel://:secret@one:26379,two:26379/service/1"),
        ("REDIS_URL", "rediss+cluster://ann:secret@one,two:7000"),
    ],
)
def test_valid_values_are_accepted(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"LEADGRAPH_{name}", value)
    load_settings()


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("LEADGRAPH_PROT", "LEADGRAPH_PORT"),
        ("LEADGRAPH_DATABSE_URL", "LEADGRAPH_DATABASE_URL"),
        ("LEADGRAPH_DATABASE", "LEADGRAPH_DATABASE_URL"),
        ("LEADGRAPH_STATEMENT_TIMEOUT", "LEADGRAPH_STATEMENT_TIMEOUT_SECONDS"),
        ("LEADGRAPH_WORKER", "LEADGRAPH_WORKERS"),
        ("leadgraph_prot", "LEADGRAPH_PORT"),
        ("LEAD_GRAPH_PORT", "LEADGRAPH_PORT"),
        ("LEADGRAPHPORT", "LEADGRAPH_PORT"),
        ("LEADGRAPH_", "LEADGRAPH_URL"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(
    variable: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(CommandError) as refused:
        load_settings()
    assert str(refused.value) == (
        f"The variable {variable} is not a setting of Leadgraph: use {nearest} or unset it."
    )


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("redis://one,two/0", "names several hosts: use redis+sentinel://"),
        ("rediss://:secret@one,two:7000/0", "names several hosts: use redis+sentinel://"),
        ("redis://:secret@cache.example/leads", "must end in the number of a database"),
    ],
)
def test_the_address_of_one_redis_has_one_host_and_a_number(
    url: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_REDIS_URL", url)
    with pytest.raises(CommandError, match=re.escape(part)) as refused:
        load_settings()
    assert "secret" not in str(refused.value)


def test_variables_of_other_programs_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEADGRAPH_API_KEY", "LEADGRAPH_URL", "LEADGRAPH_PG_BINDIR", "MY_LEADGRAPH_NOTE", "LEADS"):
        monkeypatch.setenv(name, "1")
    load_settings()


@pytest.mark.parametrize(
    ("variable", "url", "sentence"),
    [
        *(("LEADGRAPH_DATABASE_URL", url, DATABASE) for url in BAD_DATABASE_URLS),
        *(("LEADGRAPH_REDIS_URL", url, REDIS) for url in BAD_REDIS_URLS),
    ],
)
def test_the_error_of_an_address_shows_nothing_of_the_address(
    variable: str, url: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(CommandError) as refused:
        load_settings()
    assert str(refused.value) == f"{variable} {sentence}"


def test_every_setting_states_its_allowed_values_and_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, allowed in ALLOWED.items():
        assert allowed, name
        assert f"| `LEADGRAPH_{name.upper()}` |" in readme


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve"],
        ["worker"],
        ["migrate"],
        ["demo"],
        ["keys", "create", "--user", "ann@example.com"],
        ["credentials", "rotate"],
        ["counters", "verify"],
        ["counters", "repair"],
        ["counters", "backfill"],
        ["cache", "warm"],
        ["leads", "rescore"],
        ["integrations", "refresh-health"],
        ["import-posts", "nothing.csv", "--user", "ann@example.com"],
        ["check-migrations"],
    ],
)
def test_every_command_refuses_a_misspelt_variable(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_PROT", "8001")
    failure = CliRunner().invoke(cli, arguments).exception
    assert isinstance(failure, CommandError)
    assert str(failure).startswith("The variable LEADGRAPH_PROT is not a setting")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"LEADGRAPH_DATABASE_URL": BAD_DATABASE_URLS[0]}, f"LEADGRAPH_DATABASE_URL {DATABASE}"),
        ({}, "LEADGRAPH_DATABASE_URL must name the database to migrate."),
    ],
)
def test_alembics_own_command_refuses_settings_with_one_sentence(
    variables: dict[str, str], sentence: str
) -> None:
    command = [sys.executable, "-m", "alembic", "current"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr + done.stdout == f"FAILED: {sentence}\n"


def test_a_refused_setting_ends_a_process_with_one_line(server_folder: Path) -> None:
    variables = {"LEADGRAPH_HOME": str(server_folder), "LEADGRAPH_PORT": "99999"}
    command = [sys.executable, "-m", "server.cli", "serve"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    sentence = "leadgraph: LEADGRAPH_PORT must be a whole number from 1 to 65,535, not '99999'.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


@pytest.mark.parametrize(
    ("given", "of_demo", "of_server"),
    [(None, "warn", "off"), ("off", "off", "off"), ("fail", "fail", "fail")],
)
def test_only_a_demo_warns_of_wasteful_reads_by_default(
    given: str | None, of_demo: str, of_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEADGRAPH_GUARD")
    if given is not None:
        monkeypatch.setenv("LEADGRAPH_GUARD", given)

    settings = load_settings()

    assert (settings.guard_mode(is_demo=True), settings.guard_mode(is_demo=False)) == (of_demo, of_server)


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().origins == ()
    monkeypatch.setenv(
        "LEADGRAPH_CORS_ORIGINS", "https://app.example.com, http://[::1]:3000,http://localhost:3000"
    )
    assert load_settings().origins == (
        "https://app.example.com",
        "http://[::1]:3000",
        "http://localhost:3000",
    )


@pytest.mark.parametrize("url", BAD_DATABASE_URLS[:-1])
def test_an_address_of_a_replica_is_refused_without_a_part_of_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", "postgresql://db.example/leads")
    monkeypatch.setenv("LEADGRAPH_REPLICA_URLS", f"postgresql://good.example/leads,{url}")
    with pytest.raises(CommandError) as refused:
        load_settings()
    assert "LEADGRAPH_REPLICA_URLS must have the form" in str(refused.value)
    assert "ret" not in str(refused.value)


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        ("postgresql://ann:secret@one:1,two:2/leads", "an address of a replica has one host"),
        ("postgresql:///leads?host=one,two&password=secret", "an address of a replica has one host"),
        ("postgresql://one/leads?target_session_attrs=standby", "leave target_session_attrs out"),
        ("postgresql://one/leads,postgresql://two/leads?target_session_attrs=any&hostaddr=1", "`hostaddr` is not supported"),
        ("postgresql://ann:secret@one/leads,postgresql://ben:secret@one/leads", "must name each replica once"),
        ("postgresql://ann:secret@one/leads,two/leads", "must have the form"),
        ("postgresql://ann:secret@one/leads,,postgresql://two/leads", "must have the form"),
        (",", "must have the form"),
    ],
)  # fmt: skip
def test_replicas_without_an_address_of_their_own_are_refused(
    urls: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", "postgresql://db.example,db2.example/leads")
    monkeypatch.setenv("LEADGRAPH_REPLICA_URLS", urls)
    with pytest.raises(CommandError) as refused:
        load_settings()
    assert words in str(refused.value)
    assert "LEADGRAPH_REPLICA_URLS" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_replicas_by_sockets_and_with_commas_in_passwords_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", "postgresql://db.example/leads")
    monkeypatch.setenv(
        "LEADGRAPH_REPLICA_URLS",
        "postgresql://ann:a,b@/leads?host=/run/one,postgres://ann:a%2Cb@/leads?host=/run/two,",
    )
    assert load_settings().replicas == (
        "postgresql://ann:a,b@%2Frun%2Fone/leads",
        "postgres://ann:a%2Cb@%2Frun%2Ftwo/leads",
    )


def test_replicas_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().replicas == ()
    monkeypatch.setenv("LEADGRAPH_DATABASE_URL", "postgresql://db.example/leads")
    monkeypatch.setenv(
        "LEADGRAPH_REPLICA_URLS", "postgresql://one.example/leads, postgresql://two.example/leads"
    )
    assert load_settings().replicas == ("postgresql://one.example/leads", "postgresql://two.example/leads")
