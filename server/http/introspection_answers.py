"""The encoded answers to introspections, which are the same for all callers until the process ends.

An introspection runs as one long step of the event loop. Its answer depends on the document, the name of the operation
and the variables alone. The endpoint asks for a kept answer only after it has admitted the operation for its caller.
"""

import json
from collections import OrderedDict
from functools import partial
from typing import Any, Final, TypeAlias

import orjson
from graphql import ExecutionResult

from schema.prepared.operation import PreparedOperation
from server.http import bounded_json
from server.http.bounded_json import Encode
from server.http.protocol import GraphQLRequest

BYTES_KEPT: Final = 16_000_000
BYTES_OF_ENTRY: Final = 500
LARGEST_SHARE: Final = 4
"""An entry takes at most this part of the bytes: a fourth."""
_START: Final = b'{"data":'

Key: TypeAlias = tuple[str, str | None, str]


class IntrospectionAnswers:
    """The most recently used answers, by document, operation name and variables, in a bounded number of bytes."""

    def __init__(self, bytes_kept: int = BYTES_KEPT) -> None:
        self._bytes_kept = bytes_kept
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self.bytes_held = 0
        """The estimated memory of the kept answers and their keys."""

    def __len__(self) -> int:
        return len(self._kept)

    def key(self, operation: PreparedOperation, request: GraphQLRequest) -> Key | None:
        """Return the key of the answer, or None for an operation that reads more than the schema."""
        if not operation.reads_schema_alone:
            return None
        variables = json.dumps(request.variables, sort_keys=True)
        return request.query, request.operation_name, variables

    def find(self, key: Key | None) -> ExecutionResult | None:
        """Return the result of a kept answer. Its `data` is encoded."""
        if key is None or key not in self._kept:
            return None
        self._kept.move_to_end(key)
        encoded: Any = orjson.Fragment(self._kept[key])
        return ExecutionResult(encoded)

    def keeping(self, key: Key | None, encode: Encode) -> Encode:
        """Return a way to encode an answer that also keeps its `data`, if it has a key and no errors."""
        return encode if key is None else partial(self._encoded, key, encode)

    def _encoded(self, key: Key, encode: Encode, content: dict[str, Any]) -> bytes:
        if "errors" in content or "data" not in content:
            return encode(content)
        data = encode({"data": content["data"]})[len(_START) : -1]
        self._keep(key, data)
        return bounded_json.encoded_at_once(content | {"data": orjson.Fragment(data)})

    def _keep(self, key: Key, data: bytes) -> None:
        """Keep the answer, and drop the least recently used ones. A very large one is not kept."""
        size = _size(key, data)
        if key in self._kept or size > self._bytes_kept // LARGEST_SHARE:
            return
        self._kept[key] = data
        self.bytes_held += size
        while self.bytes_held > self._bytes_kept:
            self.bytes_held -= _size(*self._kept.popitem(last=False))


def _size(key: Key, data: bytes) -> int:
    text, name, variables = key
    return BYTES_OF_ENTRY + 4 * sum(map(len, (text, name or "", variables))) + len(data)
