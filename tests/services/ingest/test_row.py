"""Rows of clients: the valid values of each field, and the errors of invalid ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import Base, Integration, MentionKind, Platform
from db.statements.ingest import NewPost
from services.ingest.row import FIELDS, FailedRow, NewRow, row_of
from services.ingest.row_errors import IngestErrorCode, RowError

INVALID, REQUIRED, TOO_LONG = IngestErrorCode.INVALID, IngestErrorCode.REQUIRED, IngestErrorCode.TOO_LONG
LEAST = {"platform": "X", "externalId": "1", "url": "https://x.example", "content": "text"}
CHARACTER = "Must not contain NUL or unpaired surrogate characters."
WHOLE_NUMBER = "Must be an integer between 0 and 2147483647."
PLATFORMS = (
    "Must be one of REDDIT, HACKERNEWS, X, BLUESKY, LINKEDIN, GITHUB, YOUTUBE, STACKOVERFLOW, DEVTO, "
    "MASTODON, NEWS, BLOG, FORUM, PODCAST, NEWSLETTER, REVIEW, WEB, OTHER."
)


def read_id(text: str, model: type[Base]) -> int | None:
    return int(text) + (1000 if model is Integration else 0) if text.isdecimal() else None


def errors_of(**values: object) -> list[tuple[IngestErrorCode, str, str | None]]:
    row = row_of(LEAST | values, read_id)
    assert isinstance(row, FailedRow)
    return [(error.code, error.message, error.field) for error in row.errors]


def post_of(**values: object) -> dict[str, Any]:
    row = row_of(LEAST | values, read_id)
    assert isinstance(row, NewRow)
    return row.post._asdict()


def test_a_row_sets_every_column_of_a_mention() -> None:
    fields = {
        "keywordId": "7",
        "platform": "STACKOVERFLOW",
        "externalId": " a1 ",
        "kind": "COMMENT",
        "url": " HTTPS://stackoverflow.example/a/1 ",
        "title": " title ",
        "content": " text ",
        "author": " ann ",
        "language": "de",
        "likes": 0,
        "comments": 2**31 - 1,
        "publishedAt": "2026-01-31T12:00:00.5+02:00",
        "integrationId": "3",
    }
    assert set(fields) == set(FIELDS)
    post = NewPost(
        Platform.STACKOVERFLOW,
        "a1",
        MentionKind.COMMENT,
        "HTTPS://stackoverflow.example/a/1",
        "title",
        "text",
        "ann",
        "de",
        0,
        2**31 - 1,
        datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC),
        1003,
    )
    assert row_of(fields, read_id) == NewRow(post, 7)


def test_omitted_null_and_empty_fields_are_equal() -> None:
    left_out = row_of(LEAST, read_id)
    assert left_out == NewRow(
        NewPost(
            Platform.X,
            "1",
            MentionKind.POST,
            "https://x.example",
            None,
            "text",
            "",
            None,
            None,
            None,
            None,
            None,
        ),
        None,
    )
    null = dict.fromkeys(set(FIELDS) - set(LEAST))
    assert row_of(LEAST | null, read_id) == left_out
    assert row_of(LEAST | {"title": " ", "author": "", "language": " "}, read_id) == left_out


def test_the_title_replaces_missing_content() -> None:
    assert post_of(content=None, title=" T ")["content"] == "T"
    assert post_of(content=" ", title="T")["content"] == "T"
    assert errors_of(content=" ", title=" ") == [(REQUIRED, "Required, unless `title` is given.", "content")]


@pytest.mark.parametrize(
    ("field", "value", "code", "message"),
    [
        ("platform", "reddit", INVALID, PLATFORMS),
        ("platform", 1, INVALID, PLATFORMS),
        ("platform", ["X"], INVALID, PLATFORMS),
        ("platform", None, REQUIRED, "Required."),
        ("kind", "TWEET", INVALID, "Must be one of POST, COMMENT, REPLY, ARTICLE, REVIEW, OTHER."),
        ("externalId", "", REQUIRED, "Required."),
        ("externalId", 5, INVALID, "Must be a string."),
        ("externalId", "x" * 501, TOO_LONG, "Must have at most 500 characters, but has 501."),
        ("externalId", "a\0", INVALID, CHARACTER),
        ("content", "a\ud800b", INVALID, CHARACTER),
        ("content", "x" * 20_001, TOO_LONG, "Must have at most 20,000 characters, but has 20,001."),
        ("content", {"a": 1}, INVALID, "Must be a string."),
        ("title", "x" * 1001, TOO_LONG, "Must have at most 1,000 characters, but has 1,001."),
        ("author", True, INVALID, "Must be a string."),
        ("language", "x" * 36, TOO_LONG, "Must have at most 35 characters, but has 36."),
        ("url", " ", REQUIRED, "Required."),
        ("url", "ftp://x.example", INVALID, "Must be an http or https URL."),
        ("url", "https://", INVALID, "Must be an http or https URL."),
        ("url", "https://x.example/a\nb", INVALID, "Must be an http or https URL."),
        ("likes", -1, INVALID, WHOLE_NUMBER),
        ("likes", 2**31, INVALID, WHOLE_NUMBER),
        ("likes", 1.0, INVALID, WHOLE_NUMBER),
        ("comments", "1", INVALID, WHOLE_NUMBER),
        ("comments", True, INVALID, WHOLE_NUMBER),
        (
            "publishedAt",
            "2026-01-31T12:00:00",
            INVALID,
            "'2026-01-31T12:00:00' lacks a time zone. Add Z or an offset such as +02:00.",
        ),
        (
            "publishedAt",
            "yesterday",
            INVALID,
            "'yesterday' is not an RFC 3339 date and time, such as 2026-01-31T12:00:00Z.",
        ),
        ("publishedAt", "1969-12-31T23:00:00Z", INVALID, "Must be between the years 1970 and 2999."),
        ("publishedAt", "3000-01-01T00:00:00Z", INVALID, "Must be between the years 1970 and 2999."),
        ("publishedAt", 1_700_000_000, INVALID, "Must be a string."),
        ("keywordId", "x", INVALID, "Must be the ID of a keyword."),
        ("keywordId", 7, INVALID, "Must be the ID of a keyword."),
        ("integrationId", "x", INVALID, "Must be the ID of an integration."),
    ],
)
def test_an_invalid_value_fails_with_its_error(
    field: str, value: object, code: IngestErrorCode, message: str
) -> None:
    assert errors_of(**{field: value}) == [(code, message, field)]


def test_all_errors_of_a_row_are_reported() -> None:
    row = row_of({"platform": "MARS", "likes": -1, "x" * 60: 1}, read_id)
    assert isinstance(row, FailedRow)
    assert [(error.code, error.field) for error in row.errors] == [
        (INVALID, "platform"),
        (INVALID, "likes"),
        (IngestErrorCode.UNKNOWN_FIELD, "x" * 50),
        (REQUIRED, "externalId"),
        (REQUIRED, "url"),
        (REQUIRED, "content"),
    ]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), values))
def test_any_object_becomes_a_row_or_errors(fields: dict[str, object]) -> None:
    row = row_of(LEAST | fields, read_id)
    if isinstance(row, FailedRow):
        assert row.errors
        assert all(isinstance(error, RowError) and error.message for error in row.errors)
    else:
        for value in row.post:
            if isinstance(value, str):
                value.encode()
                assert "\0" not in value
