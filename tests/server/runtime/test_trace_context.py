"""The headers of W3C Trace Context."""

import pytest

from server.runtime.trace_context import LONGEST_STATE, TraceContext, trace_context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "is_sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f" 00-{TRACE}-{SPAN}-01 ", True),
        (f"01-{TRACE}-{SPAN}-01-of a later version", True),
        (f"cc-{TRACE}-{SPAN}-09", True),
    ],
)
def test_a_valid_header_names_the_trace_and_the_span_of_the_caller(header: str, is_sampled: bool) -> None:
    assert trace_context({"traceparent": header}) == TraceContext(TRACE, SPAN, is_sampled)


@pytest.mark.parametrize(
    "header",
    [
        "",
        TRACE,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-0g",
        f"00-{TRACE}-{SPAN}-01\nforged line",
        f"01-{TRACE}-{SPAN}-01more",
    ],
)
def test_an_invalid_header_names_no_trace(header: str) -> None:
    assert trace_context({"traceparent": header, "tracestate": "a=1"}) is None


def test_the_state_of_a_trace_is_kept_if_it_is_short_and_visible() -> None:
    def state(text: str) -> str | None:
        found = trace_context({"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": text})
        return found and found.state

    assert state("vendor=1,other=2") == "vendor=1,other=2"
    assert state("a" * LONGEST_STATE) == "a" * LONGEST_STATE
    assert state("a" * (LONGEST_STATE + 1)) == ""
    assert state("vendor=\x1b[31m") == ""
    assert trace_context({"tracestate": "vendor=1"}) is None
