"""Spans in the binary form of OTLP, made of parts that are encoded once.

The exporter of the SDK encodes each attribute of each span again, which takes a quarter of the time of a small
operation. Most of a span repeats: its name, its kind, and most of its attributes. Serialized messages of protobuf may
be concatenated, so the repeated part of a span is encoded once, by the classes of protobuf, and followed by the rest.
"""

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

Attribute: TypeAlias = str | int | float | bool

# Tags of fields: the number of the field times eight, and the form of its value.
_LENGTH_DELIMITED: Final = 2
_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS, _ATTRIBUTES, _TRACE_STATE = 1, 2, 2, 9, 3

_MORE: Final = 0x80
"""The bit of a byte that more bytes follow."""

_IDENTITY: Final = struct.Struct("<2s16s2s8sBQBQ2sI")
_TRACE_ID, _SPAN_ID, _PARENT_SPAN_ID = b"\x0a\x10", b"\x12\x08", b"\x22\x08"
_START, _END, _FLAGS = 0x39, 0x41, b"\x85\x01"
_HAS_IS_REMOTE, _IS_REMOTE, SAMPLED = 0x100, 0x200, 0x01


class Times(NamedTuple):
    """The start and the end of a span, in nanoseconds since 1970."""

    start: int
    end: int


def fixed_part(
    name: str, kind: "Span.SpanKind.ValueType", attributes: Mapping[str, Attribute], error: str = ""
) -> bytes:
    """Return the part of a span that repeats. With an error, the span has failed."""
    status = Status(code=Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_UNSET)
    pairs = [_key_value(key, value) for key, value in attributes.items()]
    if error:
        pairs.append(_key_value("error.type", error))
    encoded: bytes = Span(name=name, kind=kind, attributes=pairs, status=status).SerializeToString()
    return encoded


def span(
    fixed: bytes,
    trace_id: bytes,
    span_id: bytes,
    times: Times,
    *rest: bytes,
    parent: bytes = b"",
    remote: bool = False,
) -> bytes:
    """Return a span as an element of `request`. `rest` are further encoded fields, such as of `attribute`."""
    flags = SAMPLED | _HAS_IS_REMOTE | (_IS_REMOTE if remote else 0)
    identity = _IDENTITY.pack(
        *(_TRACE_ID, trace_id, _SPAN_ID, span_id), *(_START, times.start, _END, times.end), *(_FLAGS, flags)
    )
    above = _PARENT_SPAN_ID + parent if parent else b""
    return _field(_SPANS, b"".join((identity, above, fixed, *rest)))


@lru_cache(4096)
def attribute(key: str, value: Attribute) -> bytes:
    """Return an attribute as a field of a span."""
    return _field(_ATTRIBUTES, _key_value(key, value).SerializeToString())


def trace_state(text: str) -> bytes:
    """Return the state of a trace as a field of a span."""
    return _field(_TRACE_STATE, text.encode()) if text else b""


class Envelope:
    """The resource and the scope of all spans."""

    def __init__(self, resource: Mapping[str, Any], *, scope: str, version: str, schema_url: str) -> None:
        pairs = [_key_value(key, value) for key, value in resource.items()]
        self._resource = ResourceSpans(resource=Resource(attributes=pairs)).SerializeToString()
        self._scope = ScopeSpans(
            scope=InstrumentationScope(name=scope, version=version), schema_url=schema_url
        ).SerializeToString()

    def request(self, spans: Iterable[bytes]) -> bytes:
        """Return the message that exports the spans."""
        of_scope = b"".join((self._scope, *spans))
        return _field(_RESOURCE_SPANS, self._resource + _field(_SCOPE_SPANS, of_scope))


def _field(number: int, value: bytes) -> bytes:
    return b"".join((bytes((number << 3 | _LENGTH_DELIMITED,)), _varint(len(value)), value))


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= _MORE:
        encoded.append(number % _MORE | _MORE)
        number //= _MORE
    encoded.append(number)
    return bytes(encoded)


def _key_value(key: str, value: Attribute) -> KeyValue:
    match value:
        case bool():
            held = AnyValue(bool_value=value)
        case int():
            held = AnyValue(int_value=value)
        case float():
            held = AnyValue(double_value=value)
        case _:
            held = AnyValue(string_value=str(value))
    return KeyValue(key=key, value=held)
