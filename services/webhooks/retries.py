"""The schedule of attempts: waits over three days with jitter, as Standard Webhooks suggests."""

import random
from datetime import timedelta
from typing import Final

from services.webhooks.outcome import Outcome

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
LONGEST_PAUSE: Final = timedelta(minutes=5)
"""The longest wait of the other deliveries of a webhook whose receiver asks for one."""
TOO_MANY, UNAVAILABLE = 429, 503
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


def retry_after_of(outcome: Outcome) -> timedelta | None:
    """Return the wait for which the receiver asks. Only the statuses 429 and 503 ask for one."""
    return outcome.retry_after if outcome.status in {TOO_MANY, UNAVAILABLE} else None


def pause_of(outcome: Outcome) -> timedelta | None:
    """Return the wait of the webhook's other deliveries for which the receiver asks, five minutes at most."""
    wait = retry_after_of(outcome)
    return None if wait is None else min(wait, LONGEST_PAUSE)
