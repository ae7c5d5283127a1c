"""The trace that a caller's request belongs to, by the headers of W3C Trace Context."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

LONGEST_STATE: Final = 512
_PARENT: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_STATE: Final = re.compile(r"[ -~]*")
_SAMPLED: Final = 1


class TraceContext(NamedTuple):
    """The caller's trace and span. `state` is the text of `tracestate`."""

    trace_id: str
    span_id: str
    is_sampled: bool
    state: str = ""


def trace_context(headers: Mapping[str, str]) -> TraceContext | None:
    """Return the trace of a request, or None if `traceparent` is missing or invalid."""
    given = headers.get("traceparent")
    parent = None if given is None else _PARENT.fullmatch(given.strip())
    if parent is None or (parent["version"] == "00" and parent["more"]):
        return None
    state = headers.get("tracestate", "")
    if len(state) > LONGEST_STATE or not _STATE.fullmatch(state):
        state = ""
    return TraceContext(parent["trace"], parent["span"], bool(int(parent["flags"], 16) & _SAMPLED), state)
