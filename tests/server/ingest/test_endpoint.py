"""`POST /ingest/mentions`: requests and responses."""

import gzip
import json
from typing import Any

import httpx
import pytest

from db.engine.pool import Pool
from db.integrity.audit import drifts
from resolvers.framework.global_id import encode
from server.ingest import stream
from services.ingest.ndjson import LONGEST_LINE_BYTES
from services.ingest.row import FIELDS
from tests.support.sender import AddSender, Sender


@pytest.fixture
async def ann(add_sender: AddSender) -> Sender:
    sender: Sender = await add_sender("crm", "api", "paused")
    return sender


def row(external_id: str, **more: object) -> dict[str, object]:
    return {
        "platform": "REDDIT",
        "externalId": external_id,
        "url": "https://example.com",
        "content": "text",
        **more,
    }


def jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def post(origin: str, sender: Sender, body: bytes, query: str = "", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.post(
            f"{origin}/ingest/mentions{query}",
            content=body,
            headers=sender.headers | {name.replace("_", "-"): value for name, value in headers.items()},
        )


def lines(answer: httpx.Response) -> list[Any]:
    return [json.loads(line) for line in answer.text.splitlines()]


def summary(**counts: int) -> dict[str, object]:
    found = {name: counts.get(name, 0) for name in ("created", "duplicate", "unmatched", "failed")}
    rows = sum(found.values())
    created = counts.get("mentionsCreated", found["created"])
    return {"summary": {"rows": rows, **found, "mentionsCreated": created, "complete": True}}


async def stored(pool: Pool) -> dict[str, int]:
    """Return the IDs of all mentions by external ID."""
    rows = await pool.fetch("SELECT external_id, id FROM mentions")
    return {row["external_id"]: row["id"] for row in rows}


async def test_each_row_gets_a_line_and_the_last_line_is_the_summary(
    origin: str, ann: Sender, pool: Pool
) -> None:
    crm, api = ann.keyword_ids["crm"], ann.keyword_ids["api"]
    await pool.execute("UPDATE keywords SET status = 'paused' WHERE keyword = 'paused'")
    body = jsonl(
        row("a", keywordId=crm),
        row("a", content="a CRM with an API"),
        row("b", content="none of them"),
        row("a", keywordId=crm),
        row("c", keywordId=ann.keyword_ids["paused"]),
        row("d", keywordId=encode("Keyword", 10**18), likes=-1),
    )
    answer = await post(origin, ann, body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    ids = {
        row["keyword_id"]: encode("Mention", row["id"])
        for row in await pool.fetch("SELECT keyword_id, id FROM mentions ORDER BY keyword_id")
    }
    of_crm, of_api = ids.values()
    assert lines(answer) == [
        {"line": 1, "outcome": "CREATED", "id": of_crm},
        {
            "line": 2,
            "outcome": "CREATED",
            "mentions": [
                {"id": of_crm, "keywordId": crm, "outcome": "DUPLICATE"},
                {"id": of_api, "keywordId": api, "outcome": "CREATED"},
            ],
        },
        {"line": 3, "outcome": "UNMATCHED", "mentions": []},
        {"line": 4, "outcome": "DUPLICATE", "id": of_crm},
        {
            "line": 5,
            "outcome": "FAILED",
            "errors": [
                {
                    "code": "INACTIVE",
                    "message": "Must be an active keyword. This keyword is paused.",
                    "field": "keywordId",
                }
            ],
        },
        {
            "line": 6,
            "outcome": "FAILED",
            "errors": [
                {
                    "code": "INVALID",
                    "message": "Must be an integer between 0 and 2147483647.",
                    "field": "likes",
                }
            ],
        },
        summary(created=2, duplicate=1, unmatched=1, failed=2),
    ]
    assert await drifts(pool) == []


async def test_rows_with_keywords_of_other_users_fail_with_not_found(
    origin: str, ann: Sender, add_sender: AddSender, pool: Pool
) -> None:
    ben = await add_sender("crm", email="ben@example.com")
    body = jsonl(row("a", keywordId=ben.keyword_ids["crm"]), row("b", keywordId=encode("Keyword", 10**18)))
    nothing = {"code": "NOT_FOUND", "message": "The keyword does not exist.", "field": "keywordId"}
    assert lines(await post(origin, ann, body)) == [
        {"line": 1, "outcome": "FAILED", "errors": [nothing]},
        {"line": 2, "outcome": "FAILED", "errors": [nothing]},
        summary(failed=2),
    ]
    assert await stored(pool) == {}


async def test_results_failed_returns_only_lines_of_failed_rows(origin: str, ann: Sender) -> None:
    body = jsonl(row("a", content="crm"), row("b", platform="MARS"), row("c", content="x"))
    answer = await post(origin, ann, body, "?results=FAILED")
    assert [line.get("line") for line in lines(answer)] == [2, None]
    assert lines(answer)[-1] == summary(created=1, unmatched=1, failed=1)


async def test_an_empty_stream_gets_a_summary(origin: str, ann: Sender) -> None:
    for body in (b"", b"\n \r\n"):
        for query in ("", "?onError=REJECT_ALL"):
            answer = await post(origin, ann, body, query)
            assert (answer.status_code, lines(answer)) == (200, [summary()])


BAD_LINES: list[tuple[bytes, str]] = [
    (b"junk", "Must be JSON: the syntax is wrong (column 1)."),
    (b'{"a": "\xff"}', "Must be JSON: a byte is not UTF-8 (column 8)."),
    (b'{"a": "\\ud800"}', "Must be JSON: a surrogate is unpaired (column 8)."),
    (b'["a"]', "Must be a JSON object."),
    (b"{}{}", "Must be JSON: the syntax is wrong (column 3)."),
    (b"\x00", "Must be JSON: the syntax is wrong (column 1)."),
    (b"[" * 100_000, "Must be JSON: it is nested too deeply (column 1026)."),
    (b'{"likes": ' + b"9" * 4301 + b"}", "Must be JSON: a number is too large (column 11)."),
    (b'{"likes": 1e400}', "Must be JSON: a number is too large (column 11)."),
    (b'{"likes": 1', "Must be JSON: it ends too early (column 12)."),
]


@pytest.mark.parametrize(("bad", "message"), BAD_LINES)
async def test_an_invalid_line_does_not_fail_other_lines(
    origin: str, ann: Sender, bad: bytes, message: str
) -> None:
    good = jsonl(row("a", content="crm"))
    first, second, third, last = lines(await post(origin, ann, good + bad + b"\n" + good))
    assert second == {
        "line": 2,
        "outcome": "FAILED",
        "errors": [{"code": "BAD_LINE", "message": message, "field": None}],
    }
    assert (first["outcome"], third["outcome"]) == ("CREATED", "DUPLICATE")
    assert last == summary(created=1, duplicate=1, failed=1)


async def test_a_line_above_the_length_limit_fails_alone(origin: str, ann: Sender, pool: Pool) -> None:
    # 20,000 characters of 12 bytes each, and the other fields at their maximum length.
    longest = row(
        "\U0001f680" * 500,
        content="\U0001f680" * 20_000,
        title="crm " + "\U0001f680" * 996,
        url="https://" + "\U0001f680" * 1992,
        author="\U0001f680" * 200,
    )
    body = jsonl(longest)
    assert len(body) < LONGEST_LINE_BYTES
    too_long = b'{"a": "' + b"x" * LONGEST_LINE_BYTES + b'"}\n'
    first, second, _, third, _ = lines(await post(origin, ann, body + too_long * 2 + body))
    assert (first["outcome"], third["outcome"]) == ("CREATED", "DUPLICATE")
    assert second["errors"] == [
        {"code": "TOO_LONG", "message": "A line must have at most 600,000 bytes.", "field": None}
    ]
    assert len(await stored(pool)) == 1


async def test_lines_are_numbered_like_in_an_editor_from_the_first_line_sent(
    origin: str, ann: Sender
) -> None:
    one = json.dumps(row("a", content="crm")).encode()
    body = b"\xef\xbb\xbf" + one + b"\r\n\n  \n" + one + b"\n" + one
    assert [line.get("line") for line in lines(await post(origin, ann, body))] == [1, 4, 5, None]
    answer = await post(origin, ann, body, "?firstLine=1001")
    assert [line.get("line") for line in lines(answer)] == [1001, 1004, 1005, None]


async def test_unknown_and_missing_fields_are_named(origin: str, ann: Sender) -> None:
    body = jsonl({"platform": "X", "extId": "1", "url": "https://example.com", "title": None})
    first, _ = lines(await post(origin, ann, body))
    assert first["errors"] == [
        {
            "code": "UNKNOWN_FIELD",
            "message": f"Unknown field 'extId'. The fields are {', '.join(FIELDS)}.",
            "field": "extId",
        },
        {"code": "REQUIRED", "message": "Required.", "field": "externalId"},
        {"code": "REQUIRED", "message": "Required, unless `title` is given.", "field": "content"},
    ]


async def test_reject_all_marks_valid_rows_as_rejected(origin: str, ann: Sender, pool: Pool) -> None:
    body = jsonl(row("a", content="crm"), row("b", platform="MARS"), row("c", content="api"))
    answer = await post(origin, ann, body, "?onError=REJECT_ALL")
    assert answer.status_code == 422
    first, second, third, last = lines(answer)
    assert first["errors"] == third["errors"]
    assert first["errors"][0] == {
        "code": "REJECTED",
        "message": "This row is valid. It was rejected because other rows failed.",
        "field": None,
    }
    assert second["errors"][0]["code"] == "INVALID"
    assert last == summary(failed=3)
    assert await stored(pool) == {}
    answer = await post(origin, ann, jsonl(row("a", content="crm")), "?onError=REJECT_ALL")
    assert (answer.status_code, lines(answer)[-1]) == (200, summary(created=1))


async def test_reject_all_limits_rows_and_bytes(
    origin: str, ann: Sender, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = (
        "With REJECT_ALL, a stream must have at most 10,000 rows and 16,000,000 bytes. No row is stored."
    )
    monkeypatch.setattr(stream, "MOST_ROWS_AT_ONCE", 3)
    rows = [row(str(number), content="crm") for number in range(4)]
    answer = await post(origin, ann, jsonl(*rows), "?onError=REJECT_ALL")
    assert answer.status_code == 413
    (error,) = answer.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == (message, "TOO_LARGE")
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert await stored(pool) == {}
    monkeypatch.setattr(stream, "MOST_BYTES_AT_ONCE", 100)
    assert (await post(origin, ann, jsonl(*rows[:2]), "?onError=REJECT_ALL")).status_code == 413
    assert (await post(origin, ann, jsonl(*rows))).status_code == 200
    assert len(await stored(pool)) == 4


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?onErr=x", "The parameter 'onErr' does not exist. Use onError, results, firstLine, analyze."),
        ("?onError=reject_all", "The parameter onError must be one of REJECT_ALL, REJECT_FAILED_ROWS."),
        ("?results=", "The parameter results must be one of ALL, FAILED."),
        ("?analyze=yes", "The parameter analyze must be true or false."),
        ("?firstLine=0", "The parameter firstLine must be a line number from 1."),
        ("?firstLine=9999999999999999", "The parameter firstLine must be a line number from 1."),
        ("?firstLine=1&firstLine=2", "The parameter firstLine must not be repeated."),
    ],
)
async def test_an_invalid_parameter_is_named(
    origin: str, ann: Sender, pool: Pool, query: str, message: str
) -> None:
    answer = await post(origin, ann, jsonl(row("a", content="crm")), query)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"]) == (400, message)
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert await stored(pool) == {}


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"content_type": "application/json"},
            "The Content-Type must be application/x-ndjson or application/jsonl.",
        ),
        ({"content_encoding": "br"}, "The Content-Encoding must be gzip or missing."),
    ],
)
async def test_an_unsupported_media_type_or_encoding_is_refused(
    origin: str, ann: Sender, headers: dict[str, str], message: str
) -> None:
    answer = await post(origin, ann, jsonl(row("a")), **headers)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"]) == (415, message)


async def test_ingest_requires_a_key_with_the_write_scope(
    origin: str, ann: Sender, add_sender: AddSender, pool: Pool
) -> None:
    body = jsonl(row("a", content="crm"))
    reader = await add_sender("crm", email="ben@example.com", scopes=("read:mentions", "write:leads"))
    for headers, status, code in (
        (reader.headers, 403, "FORBIDDEN"),
        ({"content-type": "application/jsonl"}, 401, "UNAUTHENTICATED"),
        (ann.headers | {"authorization": ann.headers["authorization"] + "x"}, 401, "UNAUTHENTICATED"),
    ):
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{origin}/ingest/mentions", content=body, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, code)
    async with httpx.AsyncClient() as client:
        other = await client.get(f"{origin}/ingest/mentions")
        assert (other.status_code, other.headers["allow"]) == (405, "POST")
        assert other.json()["errors"][0]["message"] == "This path accepts POST, not GET."
        nothing = await client.post(f"{origin}/ingest")
        (error,) = nothing.json()["errors"]
        assert (nothing.status_code, error["extensions"]["code"]) == (404, "NOT_FOUND")
        assert error["message"] == "This path does not exist. The API is at /graphql."
    assert await stored(pool) == {}


@pytest.mark.parametrize("media_type", ["application/jsonl", "Application/X-NDJSON; charset=utf-8"])
async def test_a_gzipped_body_of_several_members_is_inflated(
    origin: str, ann: Sender, media_type: str
) -> None:
    rows = [row(str(number), content="crm") for number in range(3000)]
    body = gzip.compress(jsonl(*rows[:1700])) + gzip.compress(jsonl(*rows[1700:]))
    answer = await post(origin, ann, body, content_encoding="gzip", content_type=media_type)
    assert lines(answer)[-1] == summary(created=3000)
    assert [line["line"] for line in lines(answer)[:-1]] == list(range(1, 3001))


INCOMPLETE = "The gzip data of the body is incomplete. Send the body again."
NO_GZIP = "The body is not valid gzip. Compress it again, or send it without Content-Encoding."


async def test_rows_before_damaged_gzip_are_stored(origin: str, ann: Sender, pool: Pool) -> None:
    rows = [row(str(number), content="crm") for number in range(1500)]
    whole = gzip.compress(jsonl(*rows))
    answer = await post(origin, ann, whole[:-9], content_encoding="gzip")
    *results, last = lines(answer)
    assert last["error"] == {"code": "BAD_REQUEST", "message": INCOMPLETE}
    assert last["summary"]["complete"] is False
    assert last["summary"]["created"] == len(results) == len(await stored(pool))
    answer = await post(origin, ann, b"plain", content_encoding="gzip")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == NO_GZIP


@pytest.mark.parametrize("content", [b"x", b"\n"])
async def test_a_gzip_bomb_ends_the_stream(origin: str, ann: Sender, content: bytes) -> None:
    bomb = gzip.compress(content * (30_000_000 // len(content)), compresslevel=1)
    answer = await post(origin, ann, bomb, "?results=FAILED", content_encoding="gzip")
    text = answer.text[-2000:]
    assert "The body inflates to more than 100 times its size." in text


async def test_other_routes_keep_their_body_limit(origin: str, ann: Sender) -> None:
    body = jsonl(*(row(str(number), content="x" * 1000) for number in range(2500)))
    assert len(body) > 2_000_000
    answer = await post(origin, ann, body)
    assert lines(answer)[-1] == summary(unmatched=2500)
    async with httpx.AsyncClient() as client:
        headers = ann.headers | {"content-type": "application/json"}
        answer = await client.post(f"{origin}/graphql", content=body, headers=headers)
    assert answer.status_code == 413


async def test_analyze_analyses_new_mentions_only(origin: str, ann: Sender, pool: Pool) -> None:
    body = jsonl(row("a", content="I love this CRM!"), row("b", content="the api and the crm", likes=-1))
    assert lines(await post(origin, ann, body, "?analyze=false"))[-1] == summary(created=1, failed=1)
    assert await pool.fetch("SELECT 1 FROM analysis_results") == []
    body = jsonl(
        row("a", content="changed"),
        row("c", content="Thinking of leaving our CRM, its API is terrible."),
        row("d", keywordId=ann.keyword_ids["api"], content="Das CRM", language="de"),
    )
    assert lines(await post(origin, ann, body, "?analyze=true"))[-1]["summary"]["mentionsCreated"] == 3
    found = await pool.fetch(
        "SELECT external_id, keyword, analysis_results.status, sentiment, intent, analyzer FROM analysis_results "
        "JOIN mentions ON mentions.id = mention_id JOIN keywords ON keywords.id = keyword_id ORDER BY 1, 2"
    )
    assert [tuple(row) for row in found] == [
        ("c", "api", "succeeded", "negative", "churn_risk", "leadgraph"),
        ("c", "crm", "succeeded", "negative", "churn_risk", "leadgraph"),
        ("d", "api", "skipped", None, None, "leadgraph"),
    ]


async def test_a_batch_refused_by_the_database_ends_the_stream_after_whole_batches(
    origin: str, ann: Sender, pool: Pool
) -> None:
    await pool.execute("ALTER TABLE mentions ADD CONSTRAINT full_disk CHECK (external_id <> '1500')")
    rows = [row(str(number), content="crm") for number in range(3000)]
    answer = await post(origin, ann, jsonl(*rows), x_request_id="r-1")
    *results, last = lines(answer)
    assert [line["line"] for line in results] == list(range(1, 1001))
    assert last == {
        "error": {
            "code": "INTERNAL",
            "message": "Internal error. The log describes it under the request ID r-1.",
        },
        "summary": {
            "rows": 1000,
            "created": 1000,
            "duplicate": 0,
            "unmatched": 0,
            "failed": 0,
            "mentionsCreated": 1000,
            "complete": False,
        },
    }
    assert len(await stored(pool)) == 1000
    assert await drifts(pool) == []
