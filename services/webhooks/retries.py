"""The schedule of attempts: waits over three days with jitter, as Standard Webhooks suggests."""

import random
from datetime import timedelta
from typing import Final

WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The waits after the first, the second … failed attempt. After the last one, the delivery is given up."""
MOST_ATTEMPTS: Final = len(WAITS) + 1
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
JITTER: Final = 0.2
DISABLED_AFTER: Final = timedelta(days=3)
"""The time without a success after which a given up delivery disables its webhook."""


def wait_after(attempts: int, retry_after: timedelta | None = None) -> timedelta | None:
    """Return the wait after a number of failed attempts. Return None if the delivery is given up.

    The receiver's `Retry-After` lengthens the wait up to a day. Jitter lengthens it by up to a fifth.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    wait = WAITS[attempts - 1]
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return wait * (1 + random.uniform(0, JITTER))  # noqa: S311 - spreads load, protects nothing
