"""Documents that a request names by a hash or an ID instead of sending them.

- Trusted documents come from a manifest of the clients' build. Requests name them by the manifest's ID or by their
  SHA-256.
- Automatic persisted queries (APQ): a client sends a document once together with its hash, and later the hash alone.
  Each process keeps the most recently used ones in memory. A request without a credential adds none.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from resolvers.framework.errors import CallerError
from server.http.protocol import GraphQLRequest
from server.runtime.settings import DocumentsMode

logger = logging.getLogger("leadgraph")

BYTES_KEPT: Final = 16_000_000
LONGEST_KEPT: Final = 100_000
"""The longest document, in characters, that a client may add."""
BYTES_OF_ENTRY: Final = 300
MOST_LOGGED: Final = 10_000
"""The most untrusted documents that are logged, each once per process."""


class UnknownDocumentError(CallerError):
    """The document is unknown under the hash or the ID. Clients of APQ then send it together with its hash."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")  # some clients compare this text


class UntrustedDocumentError(CallerError):
    """Only trusted documents run, and this one is not among them."""

    code = "DOCUMENT_NOT_TRUSTED"

    def __init__(self) -> None:
        super().__init__("This server runs trusted documents only. Add this document to its manifest.")


class WrongHashError(CallerError):
    """The request sends a document and the hash or the ID of another one."""

    code = "BAD_REQUEST"

    def __init__(self) -> None:
        super().__init__("The hash must be the SHA-256 of `query`, in lower-case hexadecimal digits.")


class Documents:
    """The trusted documents by ID, and the documents that clients have added."""

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        mode: DocumentsMode = "open",
        *,
        bytes_kept: int = BYTES_KEPT,
    ) -> None:
        trusted = trusted or {}
        self._mode = mode
        self._trusted = {**trusted, **{sha256_of(text): text for text in trusted.values()}}
        self._texts = frozenset(trusted.values())
        self._bytes_kept = bytes_kept
        self._added: OrderedDict[str, str] = OrderedDict()
        self._logged: set[str] = set()
        self.bytes_held = 0
        """The estimated memory of the added documents."""

    def resolve(self, request: GraphQLRequest, *, may_add: bool) -> GraphQLRequest:
        """Return the request with the text of its document. Raise `CallerError`.

        With `may_add`, a document with its hash is kept for later requests.
        """
        key = request.document_id
        if key is not None and not request.query:
            text = self._known(key)
            if text is None:
                raise UnknownDocumentError
            request = request._replace(query=text)
        elif key is not None:
            self._require_hash(key, request.query)
        if self._mode != "open" and request.query not in self._texts:
            if self._mode == "enforce":
                raise UntrustedDocumentError
            self._log(request)
        if key is not None and may_add and request.query not in self._texts:
            self._add(key, request.query)
        return request

    def _known(self, key: str) -> str | None:
        text = self._trusted.get(key)
        if text is None:
            text = self._added.get(key)
            if text is not None:
                self._added.move_to_end(key)
        return text

    def _require_hash(self, key: str, text: str) -> None:
        if self._known(key) != text and sha256_of(text) != key:
            raise WrongHashError

    def _add(self, key: str, text: str) -> None:
        """Keep the document, and drop the least recently used ones beyond the limit."""
        if key in self._added or len(text) > LONGEST_KEPT:
            return
        self._added[key] = text
        self.bytes_held += _size(text)
        while self.bytes_held > self._bytes_kept:
            _, dropped = self._added.popitem(last=False)
            self.bytes_held -= _size(dropped)

    def _log(self, request: GraphQLRequest) -> None:
        key = sha256_of(request.query)
        if key in self._logged or len(self._logged) >= MOST_LOGGED:
            return
        self._logged.add(key)
        logger.warning("untrusted document sha256:%s (operation %.100r)", key, request.operation_name)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _size(text: str) -> int:
    return BYTES_OF_ENTRY + 4 * len(text)
