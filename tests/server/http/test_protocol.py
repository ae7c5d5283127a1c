"""The media type of answers, by the header `Accept`, and the ID of requests."""

import re

import pytest
from starlette.requests import Request

from server.http.protocol import media_type_of, request_id

JSON, GRAPHQL, HTML = "application/json", "application/graphql-response+json", "text/html"
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def request(accept: str | None) -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Request({"type": "http", "method": "GET", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        ("Application/GraphQL-Response+JSON; charset=utf-8", GRAPHQL),
        # Equal weights: the order of the header, and what it names before what a wildcard matches.
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        # Weights
        (f"{JSON};q=0.5, {GRAPHQL}", GRAPHQL),
        (f"{JSON} ; charset=utf-8 ; q=0.9 , {GRAPHQL};q=0.95", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.6", JSON),
        (f"{GRAPHQL};q=0.5, */*;q=0.6", JSON),
        (f"{JSON};q=0.1, */*", GRAPHQL),
        (f"{JSON};q=0, application/*", GRAPHQL),
        (f"{GRAPHQL};q=0.000, {JSON};Q=0.001", JSON),
        (f"application/*;q=0.2, {GRAPHQL};q=0.1, */*;q=0.9", JSON),
        # Weights that are no weights count as missing.
        (f"{JSON};q=0.9, {GRAPHQL};q=x", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL};q=1.5", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL};q=nan", GRAPHQL),
        # Nothing acceptable
        ("image/png", JSON),
        (f"{JSON};q=0", JSON),
        ("*/*;q=0", JSON),
        (CHROMIUM, JSON),
        (",;,q=1,;q=0", JSON),
    ],
)
def test_the_highest_weight_decides(accept: str | None, expected: str) -> None:
    assert media_type_of(request(accept)) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (CHROMIUM, HTML),
        (HTML, HTML),
        ("text/*", HTML),
        ("*/*", JSON),
        (f"{JSON}, {HTML}", JSON),
        (f"{HTML};q=0.8, {JSON}", JSON),
        (f"{JSON};q=0.8, {HTML}", HTML),
        (f"{HTML};q=0, */*;q=0.1", JSON),
        (None, JSON),
    ],
)
def test_a_page_is_one_of_the_choices_of_browsers(accept: str | None, expected: str) -> None:
    assert media_type_of(request(accept), html=True) == expected


@pytest.mark.parametrize("given", ["r-1", "0f3c6e0a:1/2+3=", "!~", "x" * 64])
def test_the_senders_id_of_a_request_is_repeated(given: str) -> None:
    sent = Request({"type": "http", "headers": [(b"x-request-id", given.encode())]})
    assert request_id(sent) == (given, {"x-request-id": given})


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"r 1",
        b"r\n1",
        b"r\r\n1",
        b"r-1\n",
        b"r\x001",
        b"\x1b[31mr",
        b"r\x7f",
        b"r\x9b31m",
        "ü".encode(),
        b"x" * 65,
    ],
)
def test_an_id_that_could_change_the_log_is_replaced(given: bytes) -> None:
    sent = Request({"type": "http", "headers": [(b"x-request-id", given)]})
    found, headers = request_id(sent)
    assert re.fullmatch("[0-9a-f]{32}", found)
    assert headers == {"x-request-id": found}
