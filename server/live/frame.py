"""The results of a stream, and the error of a stream that cannot begin."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """A result as JSON, and the cursor from which a client can resume after it."""

    json: str
    cursor: str | None = None


class RefusedError(Exception):
    """The operation does not run. `errors` are those of its answer."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__()
        self.errors = list(errors)
