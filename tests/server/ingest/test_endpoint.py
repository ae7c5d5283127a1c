"""POST /ingest/mentions, as requests and answers."""

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
    """The ids of all mentions by their external ids."""
    rows = await pool.fetch("SELECT external_id, id FROM mentions")
    return {row["external_id"]: row["id"] for row in rows}


async def test_every_row_has_its_line_and_the_last_one_sums_up(origin: str, ann: Sender, pool: Pool) -> None:
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


async def test_foreign_keywords_are_not_found_and_take_nothing(
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


async def test_only_the_results_that_are_asked_for_are_answered(origin: str, ann: Sender) -> None:
    body = jsonl(row("a", content="crm"), row("b", platform="MARS"), row("c", content="x"))
    answer = await post(origin, ann, body, "?results=FAILED")
    assert [line.get("line") for line in lines(answer)] == [2, None]
    assert lines(answer)[-1] == summary(created=1, unmatched=1, failed=1)


async def test_an_empty_stream_is_summed_up(origin: str, ann: Sender) -> None:
    for body in (b"", b"\n \r\n"):
        for query in ("", "?onError=REJECT_ALL"):
            answer = await post(origin, ann, body, query)
            assert (answer.status_code, lines(answer)) == (200, [summary()])


BAD_LINES: list[tuple[bytes, str]] = [
    (b"junk", "Must be JSON: unexpected character, expected a JSON value (column 1)."),
    (b'{"a": "\xff"}', "Must be UTF-8: byte 8 of the line is invalid."),
    (b'{"a": "\\ud800"}', "Must be JSON: no low surrogate in string (column 8)."),
    (b'["a"]', "Must be a JSON object."),
    (b"{}{}", "Must be JSON: unexpected content after document (column 3)."),
    (b"\x00", "Must be JSON: unexpected character, expected a JSON value (column 1)."),
    (b"[" * 100_000, "Must be JSON: depth limit exceeded (column 1026)."),
]


@pytest.mark.parametrize(("bad", "message"), BAD_LINES)
async def test_a_bad_line_fails_alone(origin: str, ann: Sender, bad: bytes, message: str) -> None:
    good = jsonl(row("a", content="crm"))
    first, second, third, last = lines(await post(origin, ann, good + bad + b"\n" + good))
    assert second == {
        "line": 2,
        "outcome": "FAILED",
        "errors": [{"code": "BAD_LINE", "message": message, "field": None}],
    }
    assert (first["outcome"], third["outcome"]) == ("CREATED", "DUPLICATE")
    assert last == summary(created=1, duplicate=1, failed=1)


async def test_a_line_that_is_too_long_fails_alone_and_the_longest_does_not(
    origin: str, ann: Sender, pool: Pool
) -> None:
    # 20,000 characters of 12 bytes each, and as many of the other fields as they can have.
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
        {"code": "TOO_LONG", "message": "A line has at most 600,000 bytes.", "field": None}
    ]
    assert len(await stored(pool)) == 1


async def test_lines_are_numbered_as_an_editor_does_from_the_first_that_is_sent(
    origin: str, ann: Sender
) -> None:
    one = json.dumps(row("a", content="crm")).encode()
    body = b"\xef\xbb\xbf" + one + b"\r\n\n  \n" + one + b"\n" + one
    assert [line.get("line") for line in lines(await post(origin, ann, body))] == [1, 4, 5, None]
    answer = await post(origin, ann, body, "?firstLine=1001")
    assert [line.get("line") for line in lines(answer)] == [1001, 1004, 1005, None]


async def test_a_field_that_there_is_not_and_one_that_is_missing_are_named(origin: str, ann: Sender) -> None:
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


async def test_rows_that_are_right_are_told_why_they_were_rejected_with_the_others(
    origin: str, ann: Sender, pool: Pool
) -> None:
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


async def test_all_or_none_has_room_for_so_many_rows_and_bytes(
    origin: str, ann: Sender, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "With REJECT_ALL there is room for 10,000 rows and 16,000,000 bytes. Nothing is taken in."
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
        ("?onErr=x", "There is no parameter 'onErr'; there are onError, results, firstLine, analyze."),
        ("?onError=reject_all", "The parameter onError has to be one of REJECT_ALL, REJECT_FAILED_ROWS."),
        ("?results=", "The parameter results has to be one of ALL, FAILED."),
        ("?analyze=yes", "The parameter analyze has to be true or false."),
        ("?firstLine=0", "The parameter firstLine has to be the number of a line, from 1 on."),
        ("?firstLine=9999999999999999", "The parameter firstLine has to be the number of a line, from 1 on."),
        ("?firstLine=1&firstLine=2", "The parameter firstLine stands twice in the URL."),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(
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
            "The request's Content-Type has to be application/x-ndjson or application/jsonl.",
        ),
        ({"content_encoding": "br"}, "The request's Content-Encoding can only be gzip."),
    ],
)
async def test_a_body_of_another_kind_is_refused(
    origin: str, ann: Sender, headers: dict[str, str], message: str
) -> None:
    answer = await post(origin, ann, jsonl(row("a")), **headers)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"]) == (415, message)


async def test_only_a_key_with_the_scope_may_send(
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
        assert other.json()["errors"][0]["message"] == "This address takes POST, not GET."
        nothing = await client.post(f"{origin}/ingest")
        (error,) = nothing.json()["errors"]
        assert (nothing.status_code, error["extensions"]["code"]) == (404, "BAD_REQUEST")
        assert error["message"] == "There is nothing at this address: the API is at /graphql."
    assert await stored(pool) == {}


@pytest.mark.parametrize("media_type", ["application/jsonl", "Application/X-NDJSON; charset=utf-8"])
async def test_a_gzipped_body_is_inflated_also_in_several_parts(
    origin: str, ann: Sender, media_type: str
) -> None:
    rows = [row(str(number), content="crm") for number in range(3000)]
    body = gzip.compress(jsonl(*rows[:1700])) + gzip.compress(jsonl(*rows[1700:]))
    answer = await post(origin, ann, body, content_encoding="gzip", content_type=media_type)
    assert lines(answer)[-1] == summary(created=3000)
    assert [line["line"] for line in lines(answer)[:-1]] == list(range(1, 3001))


async def test_what_comes_before_damage_is_taken_in(origin: str, ann: Sender, pool: Pool) -> None:
    rows = [row(str(number), content="crm") for number in range(1500)]
    whole = gzip.compress(jsonl(*rows))
    answer = await post(origin, ann, whole[:-9], content_encoding="gzip")
    *told, last = lines(answer)
    assert last["error"] == {"code": "BAD_REQUEST", "message": "The body ends in the middle of gzip's data."}
    assert last["summary"]["complete"] is False
    assert last["summary"]["created"] == len(told) == len(await stored(pool))
    answer = await post(origin, ann, b"plain", content_encoding="gzip")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("The body is not gzip, or is damaged: ")


@pytest.mark.parametrize("content", [b"x", b"\n"])
async def test_a_body_that_inflates_to_far_too_much_is_stopped(
    origin: str, ann: Sender, content: bytes
) -> None:
    bomb = gzip.compress(content * (30_000_000 // len(content)), compresslevel=1)
    answer = await post(origin, ann, bomb, "?results=FAILED", content_encoding="gzip")
    text = answer.text[-2000:]
    assert "The body becomes more than 100 times as long as it was sent." in text


async def test_other_routes_keep_their_limit(origin: str, ann: Sender) -> None:
    body = jsonl(*(row(str(number), content="x" * 1000) for number in range(2500)))
    assert len(body) > 2_000_000
    answer = await post(origin, ann, body)
    assert lines(answer)[-1] == summary(unmatched=2500)
    async with httpx.AsyncClient() as client:
        headers = ann.headers | {"content-type": "application/json"}
        answer = await client.post(f"{origin}/graphql", content=body, headers=headers)
    assert answer.status_code == 413


async def test_what_is_new_is_analysed_if_that_is_asked_for(origin: str, ann: Sender, pool: Pool) -> None:
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


async def test_a_batch_that_the_database_refuses_ends_the_stream_after_whole_batches(
    origin: str, ann: Sender, pool: Pool
) -> None:
    await pool.execute("ALTER TABLE mentions ADD CONSTRAINT full_disk CHECK (external_id <> '1500')")
    rows = [row(str(number), content="crm") for number in range(3000)]
    answer = await post(origin, ann, jsonl(*rows), x_request_id="r-1")
    *told, last = lines(answer)
    assert [line["line"] for line in told] == list(range(1, 1001))
    assert last == {
        "error": {"code": "INTERNAL", "message": "Something went wrong here. It was logged as request r-1."},
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
