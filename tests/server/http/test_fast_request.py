"""Headers that come in several lines: all parts of the server read the same ones."""

from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request

from server.http.fast_request import FastRequest, PlainHeaders
from server.http.turnstile import sender_of

TWICE = ("authorization", "content-type", "origin", "sec-fetch-site", "host", "x-request-id", "traceparent")
LISTS = ("accept", "accept-encoding", "if-none-match", "prefer")


def scope_of(*lines: tuple[str, str]) -> dict[str, Any]:
    return {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in lines]}


def test_the_first_of_two_headers_counts_everywhere() -> None:
    scope = scope_of(*[(name, "first") for name in TWICE], *[(name, "second") for name in TWICE])
    assert PlainHeaders.of(scope) == dict.fromkeys(TWICE, "first")
    assert {name: Headers(scope=scope)[name] for name in TWICE} == dict.fromkeys(TWICE, "first")
    assert sender_of(scope) == b"first"


def test_the_lines_of_a_list_are_joined_in_order() -> None:
    scope = scope_of(*[(name, "a") for name in LISTS], ("cookie", "a=1"), *[(name, "b") for name in LISTS])
    scope["headers"].append((b"cookie", b"b=2"))
    assert PlainHeaders.of(scope) == {**dict.fromkeys(LISTS, "a, b"), "cookie": "a=1; b=2"}


def test_headers_in_one_line_stay_as_they_are() -> None:
    assert PlainHeaders.of(scope_of(("accept", "a, b"), ("x", "\xe9"))) == {"accept": "a, b", "x": "\xc3\xa9"}


def test_a_fast_request_has_all_that_starlettes_has() -> None:
    async def receive() -> Any:
        raise NotImplementedError

    scope = scope_of(("host", "example.com")) | {"method": "POST"}
    usual, fast = vars(Request(scope, receive)), vars(FastRequest(scope, receive, largest_body_bytes=10))
    assert {name: fast[name] for name in usual} == usual
