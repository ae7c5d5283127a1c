"""Webhooks that do not deliver."""

from datetime import datetime, timedelta
from typing import NamedTuple

from db.engine.pool import Pool
from db.models import WebhookDisabledReason


class TroubledWebhook(NamedTuple):
    """A webhook that fails or was disabled, with its user's e-mail address. `number` counts all such webhooks.

    `failures` counts the failed attempts in a row, up to ten, and probes after them.
    """

    id: int
    email: str
    reason: WebhookDisabledReason | None
    since: datetime
    failures: int
    number: int


# A webhook whose user is suspended or demoted stays disabled on purpose.
_TROUBLED = """
SELECT webhook.id, email, disabled_reason AS reason, coalesce(disabled_at, failing_since) AS since, failures,
    count(*) OVER () AS number
FROM webhooks AS webhook JOIN users ON users.id = webhook.user_id
WHERE (webhook.status = 'active' AND failing_since < statement_timestamp() - $1::interval)
    OR (disabled_reason <> 'not_allowed' AND disabled_at > statement_timestamp() - $2::interval)
ORDER BY since, webhook.id LIMIT $3
"""


async def troubled(
    pool: Pool, failing_for: timedelta, disabled_within: timedelta, *, most: int
) -> list[TroubledWebhook]:
    """Return webhooks that have failed for this long, or were disabled within this time, the longest first."""
    found = await pool.fetch(_TROUBLED, failing_for, disabled_within, most)
    return [TroubledWebhook(**row) for row in found]
