"""The outcome of an attempt to deliver a message, and the part of the response that is kept."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.accounts.vault import Secret

LONGEST_EXCERPT: Final = 1_000
_GONE: Final = 410
_SECRETS: Final = re.compile(
    r"lg_live_\w+|wh(sec|sk|pk)_[\w+/=-]+|v1a?,[\w+/=-]{20,}|(?i:bearer|basic)\s+[\w.+/=~-]+", re.ASCII
)
_HIDDEN: Final = "[hidden]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an attempt. Without a `status`, no response came, and `error` says why."""

    status: int | None = None
    body: bytes = b""
    retry_after: timedelta | None = None
    seconds: float = 0
    error: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the receiver has accepted the message."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004 - 2xx

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no further messages."""
        return self.status == _GONE


def excerpt(body: bytes, secrets: Iterable[Secret] = ()) -> str:
    """Return the beginning of a response as text without secrets, keys and unprintable characters."""
    text = body.decode("utf-8", "replace")
    for secret in secrets:
        text = text.replace(secret.reveal(), _HIDDEN)
    text = _SECRETS.sub(_HIDDEN, text)
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)[:LONGEST_EXCERPT]
