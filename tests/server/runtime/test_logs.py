"""The log: its forms, the line of each request, and the line of each slow operation."""

import io
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Select, select

from db.engine.activity import Activity, StatementRun
from db.engine.pool import Pool
from db.engine.reader import Reader
from db.engine.statement_cache import statement
from db.language.scope import EVERYBODY
from db.models import User
from resolvers.framework.global_id import encode
from server.app import create_app
from server.metrics.audit import AuditMetrics
from server.runtime import logs
from server.runtime.audit import Audit
from server.runtime.job_run import JobRun
from server.runtime.logs import LOGGER, LogFormat, LogLevel, configure_logging, log_fields
from server.runtime.observation import Observation
from server.runtime.request_log import MOST_STATEMENTS, SlowLog, log_job, log_request, slow_fields_of
from server.runtime.worker import Worker
from services.accounts.api_key import ALL_SCOPES
from tests.support.sender import AddSender

TIME = r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
logger = logging.getLogger(LOGGER)


@statement
def all_users() -> Select[tuple[User]]:
    return select(User)


class Log:
    """The standard error of this process."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._text = ""

    def configure(self, form: LogFormat, level: LogLevel | None = None) -> None:
        configure_logging(form, level)

    @property
    def text(self) -> str:
        self._text += self._captured.readouterr().err
        return self._text

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["message"] == message]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(pool, observers=[log_request, SlowLog(0)])
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def test_a_line_of_json_has_time_level_logger_and_message(log: Log) -> None:
    log.configure("json")
    with log_fields(job="exports"):
        logger.warning("Say %s\nagain", "ann", extra={"count": 3})
    logger.info("after")
    logging.getLogger("uvicorn.error").error("foreign")
    first, second, third = log.lines
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "warning",
        "logger": "leadgraph",
        "message": "Say ann\nagain",
        "count": 3,
        "job": "exports",
    }
    assert (second["level"], second["message"], "job" in second) == ("info", "after", False)
    assert (third["level"], third["logger"]) == ("error", "uvicorn.error")


def let_alone(monkeypatch: pytest.MonkeyPatch, *others: logging.Handler) -> None:
    """Remove the handlers of the tests, so that the log is as in a server."""
    own = [handler for handler in logging.root.handlers if isinstance(handler, logs._Handler)]
    monkeypatch.setattr(logging.root, "handlers", [*own, *others])


@pytest.mark.parametrize("form", ["json", "text"])
async def test_lines_of_requests_and_jobs_equal_those_of_records(
    log: Log, monkeypatch: pytest.MonkeyPatch, form: LogFormat
) -> None:
    """They go straight to the stream if the log is JSON. A second handler makes them records."""
    configure_logging(form, "info")
    activity = Activity([StatementRun("users by id", 0.25, 2)], [], [0.001])
    request = Observation("graphql", operation='Ä"\n', user_id=7, trace_id=TRACE, activity=activity)
    run = JobRun("purge_keys", "done", 1.5, activity)
    texts, read = [], 0
    for others in ([], [logging.NullHandler()]):
        let_alone(monkeypatch, *others)
        with log_fields(job="outer", place="here"):
            log_job(run)
        with log_fields(job="exports"):
            logger.info("between")
            log_request(request)
        texts.append(re.sub(TIME, "<time>", log.text[read:]))
        read = len(log.text)
    assert texts[0].count("<time>") == texts[0].count("\n") == 3
    assert texts[0] == texts[1]
    assert texts[0].index("purge_keys") < texts[0].index("between") < texts[0].index("graphql")


def test_a_broken_stream_of_the_log_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    configure_logging("json")
    let_alone(monkeypatch)
    monkeypatch.setattr("sys.stderr", Broken())
    monkeypatch.setattr(logging, "raiseExceptions", False)
    log_request(Observation("graphql"))


def test_a_line_of_json_has_the_traceback_of_an_exception(log: Log) -> None:
    log.configure("json")
    try:
        raise ZeroDivisionError("nothing")
    except ZeroDivisionError:
        logger.exception("It failed")
    (line,) = log.lines
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("\nZeroDivisionError: nothing")


def test_a_line_of_text_has_its_fields_after_the_message(log: Log) -> None:
    log.configure("text")
    logger.info("not shown")
    logger.warning("Slow", extra={"user_id": 7, "code": None, "name_of_it": 'a "b"\nc', "route": "graphql"})
    (line,) = log.text.splitlines()
    time, _, rest = line.partition(" ")
    assert (len(time), time[-1]) == (24, "Z")
    assert rest == r'WARNING Slow user_id=7 name_of_it="a \"b\"\nc" route=graphql'


@pytest.mark.parametrize(
    ("form", "level", "shown"),
    [
        ("text", None, ["warning", "error"]),
        ("json", None, ["info", "warning", "error"]),
        ("text", "info", ["info", "warning", "error"]),
        ("json", "error", ["error"]),
    ],
)
def test_the_level_decides_which_lines_are_written(
    log: Log, form: LogFormat, level: LogLevel | None, shown: list[str]
) -> None:
    log.configure("json" if form == "text" else "text")  # the last configuration counts
    log.configure(form, level)
    for name in ("debug", "info", "warning", "error"):
        getattr(logger, name)(f"<{name}>")
    assert [name for name in ("debug", "info", "warning", "error") if f"<{name}>" in log.text] == shown
    assert log.text.count("\n") == len(shown)


async def test_each_request_is_one_line(log: Log, client: httpx.AsyncClient, add_sender: AddSender) -> None:
    sender = await add_sender("words", scopes=tuple(ALL_SCOPES))
    log.configure("json")
    headers = {"authorization": f"Bearer {sender.key}", "x-request-id": "r-1"}
    parent = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    body = {"query": "query Mine { keywords(first: 2) { nodes { keyword } } }"}
    await client.post("/graphql", json=body, headers=headers | parent)
    await client.post("/graphql", json={"query": "{"}, headers=headers)
    await client.post("/graphql", json={"query": "{ viewer { id } }"})
    export = encode("Export", 1)
    await client.get(f"/exports/{export}/download", headers=headers)
    row = {"platform": "X", "externalId": "1", "url": "https://example.com/1", "content": "words"}
    ingested = await client.post("/ingest/mentions", content=json.dumps(row), headers=sender.headers)
    assert '"created":1' in ingested.text, ingested.text
    mine, invalid, anonymous, download, ingest = log.of("request")
    times = {name: mine.pop(name) for name in [*mine] if name.endswith("milliseconds")}
    assert times.keys() == {"milliseconds", "database_milliseconds", "pool_wait_milliseconds"}
    assert 0 < times["database_milliseconds"] < times["milliseconds"]
    assert mine.pop("time")
    assert mine == {
        "level": "info",
        "logger": "leadgraph",
        "message": "request",
        "request_id": "r-1",
        "trace_id": TRACE,
        "span_id": None,
        "route": "graphql",
        "operation": "Mine",
        "operation_type": "query",
        "user_id": sender.user_id,
        "outcome": "answered",
        "code": None,
        "status": 200,
        "statements": 1,
        "rows": 1,
    }
    picked = ("route", "operation", "user_id", "outcome", "code", "status", "statements", "rows")
    assert [tuple(line[name] for name in picked) for line in (invalid, anonymous, download, ingest)] == [
        ("graphql", None, sender.user_id, "refused", "GRAPHQL_PARSE_FAILED", 200, 0, 0),
        ("graphql", None, None, "refused", "UNAUTHENTICATED", 401, 0, 0),
        ("download", None, sender.user_id, "refused", "NOT_FOUND", 404, 1, 0),
        ("ingest", None, sender.user_id, "answered", None, 200, 5, 4),
    ]
    assert anonymous["trace_id"] is None
    assert len(anonymous["request_id"]) == 32


async def test_a_line_has_the_fields_that_the_guide_shows(
    log: Log, client: httpx.AsyncClient, add_sender: AddSender
) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "logs.md").read_text()
    shown = json.loads(guide.split("```json\n")[1].split("\n```")[0])
    log.configure("json")
    sender = await add_sender()
    await client.post(
        "/graphql",
        json={"query": "{ viewer { id } }"},
        headers=sender.headers | {"content-type": "application/json"},
    )
    (line,) = log.of("request")
    assert list(line) == list(shown)


async def test_each_turn_of_a_job_is_one_line(log: Log, pool: Pool, add_sender: AddSender) -> None:
    async def write(pool: Pool) -> bool:
        logger.warning("in between")
        await Reader(pool, single=True).fetch(User, all_users(), EVERYBODY)
        return True

    async def rest(_: Pool) -> bool:
        return False

    async def fail(_: Pool) -> bool:
        raise ZeroDivisionError

    await add_sender()
    log.configure("json")
    for job in (write, rest, fail):
        with suppress(ZeroDivisionError):
            await Worker(pool, observe=log_job)._observed(job)
    (between,) = log.of("in between")
    assert between["job"] == "write"
    done, failed = log.of("job")
    assert done["milliseconds"] > done["database_milliseconds"] > 0
    picked = ("job", "outcome", "statements", "rows", "level")
    assert [tuple(line[name] for name in picked) for line in (done, failed)] == [
        ("write", "done", 1, 1, "info"),
        ("fail", "failed", 0, 0, "info"),
    ]


async def test_each_audit_is_one_line(log: Log, three_users: Pool) -> None:
    log.configure("json")
    audit = Audit(three_users, AuditMetrics(CollectorRegistry()), every_seconds=1, parents=3)
    await audit.round()
    (line,) = log.of("audit")
    assert (line["level"], line["logger"]) == ("info", "leadgraph")
    assert line["milliseconds"] > 0
    assert line["counters"] > 0


async def test_lines_logged_during_a_request_have_its_id_and_its_trace(
    log: Log, client: httpx.AsyncClient, pool: Pool, add_sender: AddSender
) -> None:
    sender = await add_sender(scopes=tuple(ALL_SCOPES))
    await pool.execute("ALTER TABLE keywords RENAME TO gone")
    log.configure("json")
    headers = {"authorization": f"Bearer {sender.key}", "traceparent": f"00-{TRACE}-{SPAN}-00"}
    answer = await client.post("/graphql", json={"query": "{ keywords { nodes { id } } }"}, headers=headers)
    (failure,) = [line for line in log.lines if line["level"] == "error"]
    (request,) = log.of("request")
    known = answer.headers["x-request-id"]
    assert (failure["request_id"], request["request_id"]) == (known, known)
    assert (failure["trace_id"], request["trace_id"]) == (TRACE, TRACE)
    assert "UndefinedTableError" in failure["exception"]
    assert (request["outcome"], request["code"], request["statements"]) == ("failed", "INTERNAL", 1)


@pytest.mark.parametrize(("method", "path"), [("POST", "/graphql"), ("GET", "/exports/x/download")])
async def test_a_request_that_fails_as_a_whole_has_one_id(
    log: Log, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("server.http.auth.Authenticator.viewer", fail)
    log.configure("json")
    answer = await client.request(method, path)
    assert answer.status_code == 500
    (request,) = log.of("request")
    assert (request["outcome"], request["code"], request["status"]) == ("failed", "INTERNAL", 500)
    ids = {line["request_id"] for line in log.lines if line["logger"] == LOGGER}
    assert ids == {answer.headers["x-request-id"]}
    assert f"request {answer.headers['x-request-id']} failed" in log.text


async def test_a_slow_operation_is_logged_with_its_statements_and_without_values(
    log: Log, client: httpx.AsyncClient, add_sender: AddSender
) -> None:
    sender = await add_sender("secretkeyword", scopes=tuple(ALL_SCOPES))
    log.configure("text")
    headers = {"authorization": f"Bearer {sender.key}"}
    document = """query Slow($id: ID!, $text: String = "secretdefault") { # secretcomment
        keyword(id: $id) { keyword mentions(first: 7) { nodes { id } } }
        leads(first: 3, filter: { search: "secretliteral", or: [{ company: { eq: $text } }] }) { nodes { id } }
    }"""
    variables = {"id": sender.keyword_ids["secretkeyword"], "text": "secretvariable"}
    answer = await client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
    assert "errors" not in answer.json()
    assert "secret" not in log.text
    assert variables["id"] not in log.text
    assert sender.key not in log.text
    (line,) = log.text.splitlines()
    assert "WARNING slow operation request_id=" in line
    log.configure("json")
    await client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
    (slow,) = [json.loads(line) for line in log.text.splitlines() if '"slow operation"' in line]
    assert slow["level"] == "warning"
    assert slow["document"] == (
        "query Slow($id: ID!, $text: String) { keyword(id: $id) { keyword mentions(first: $_) { nodes { id } } } "
        "leads(first: $_, filter: { search: $_, or: [{ company: { eq: $text } }] }) { nodes { id } } }"
    )
    assert slow["document_characters"] == len(document)
    assert (slow["operation"], slow["user_id"], slow["outcome"]) == ("Slow", sender.user_id, "answered")
    runs = slow["statement_runs"]
    assert sorted(run["statement"] for run in runs) == sorted(answer_statements(slow))
    assert {run["runs"] for run in runs} == {1}
    assert sum(run["rows"] for run in runs) == slow["rows"] == 1
    assert sum(run["milliseconds"] for run in runs) == pytest.approx(slow["database_milliseconds"], abs=0.01)
    assert slow["pool_wait_milliseconds"] >= 0


def answer_statements(slow: dict[str, Any]) -> list[str]:
    """Return the statements that the slow operation above needs."""
    assert slow["statements"] == 2
    return ["keywords by id + leads page", "mentions page_of_each keyword_id"]


def test_statements_of_a_slow_operation_are_summed_and_the_slowest_come_first() -> None:
    runs = [StatementRun("a", 0.001, 1), StatementRun("b", 0.005, 2), StatementRun("a", 0.0025, 10)]
    many = [StatementRun(f"other {number}", 0.0001, 0) for number in range(200)]
    request = Observation("graphql", activity=Activity(runs=[*runs, *many], pool_waits=[0.001, 0.25]))
    fields = slow_fields_of(request)
    assert fields["statement_runs"][:2] == [
        {"statement": "b", "runs": 1, "milliseconds": 5.0, "rows": 2},
        {"statement": "a", "runs": 2, "milliseconds": 3.5, "rows": 11},
    ]
    assert len(fields["statement_runs"]) == MOST_STATEMENTS
    assert (fields["statements"], fields["rows"], fields["pool_wait_milliseconds"]) == (203, 13, 251.0)
    assert (fields["document"], fields["document_characters"]) == (None, None)


@pytest.mark.parametrize(
    ("route", "seconds", "is_logged"),
    [("graphql", 0.2, True), ("graphql", 0.1999, False), ("ingest", 9, False), ("download", 9, False)],
)
def test_only_operations_of_the_limit_or_longer_are_slow(
    caplog: pytest.LogCaptureFixture,
    route: Any,
    seconds: float,
    is_logged: bool,
) -> None:
    SlowLog(200)(Observation(route, seconds=seconds))
    assert caplog.messages == (["slow operation"] if is_logged else [])
