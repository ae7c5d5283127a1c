"""Webhooks: attempts, ended deliveries, the status of all webhooks, and events that wait for a worker."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.models import WebhookDeliveryStatus, WebhookDisabledReason, WebhookStatus
from db.statements import webhook_queue
from db.statements.webhook_delivery import Recorded
from server.metrics.distribution import Distributions
from services.webhooks.deliveries import Attempt
from services.webhooks.outcome import Outcome

logger = logging.getLogger("leadgraph")

LOOK_EVERY_SECONDS: Final = 10.0
SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
"""The last bound is the time limit of an attempt."""
ACCEPTED, REFUSED, UNREACHABLE = "accepted", "refused", "unreachable"
FAILING: Final = "failing"
ENDS: Final = (WebhookDeliveryStatus.DELIVERED, WebhookDeliveryStatus.FAILED)
STATES: Final[Sequence[tuple[str, str]]] = (
    (WebhookStatus.ACTIVE, ""),
    (FAILING, ""),
    (WebhookStatus.PAUSED, ""),
    *((WebhookStatus.DISABLED, reason) for reason in WebhookDisabledReason),
)
"""The states of webhooks, and the reasons of those that the server has disabled."""


class WebhookMetrics(Collector):
    """The metrics of webhooks. `watch` reads their states, which are the same for all processes of a database."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Distributions(
            "leadgraph_webhook_attempt_seconds",
            "Duration of attempts to deliver a message. Outcomes: accepted; refused (a status that is not 2xx); "
            "unreachable (no response).",
            bounds=SECONDS,
            labels=("outcome",),
        )
        for outcome in (ACCEPTED, REFUSED, UNREACHABLE):
            self._seconds.of(outcome)
        self._ended: Counter[str] = Counter()
        self._states: Counter[tuple[str, str]] | None = None
        self._age: float | None = None
        registry.register(self._seconds)
        registry.register(self)

    def observe(self, attempts: Sequence[Attempt], recorded: Sequence[Recorded]) -> None:
        """Observe attempts, and the state of their deliveries after they were recorded."""
        for attempt in attempts:
            self._seconds.of(_outcome(attempt.outcome)).observe(attempt.outcome.seconds)
        self._ended.update(each.status for each in recorded)

    async def watch(self, pool: Pool) -> None:
        """Read the states every few seconds until cancelled. While the database is unavailable, they are unknown."""
        while True:
            try:
                self._states = _counted(await webhook_queue.counts(pool))
                self._age = (await webhook_queue.waiting(pool)).seconds
            except Exception as failure:  # noqa: BLE001 - the next look may succeed after any failure
                self._states = self._age = None
                if not is_unavailable(failure):
                    logger.warning("The state of the webhooks cannot be read: %r", failure)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        ended = CounterMetricFamily(
            "leadgraph_webhook_deliveries",
            "Deliveries that ended. Outcomes: delivered; failed (given up).",
            labels=("outcome",),
        )
        for status in ENDS:
            ended.add_metric([status], self._ended[status])
        yield ended
        number = GaugeMetricFamily(
            "leadgraph_webhooks",
            "Webhooks by status. Failing ones are active, and their receivers have failed ten times in a row.",
            labels=("status", "reason"),
        )
        states = self._states
        if states is not None:
            for state in STATES:
                number.add_metric(state, states[state])
        yield number
        age = GaugeMetricFamily(
            "leadgraph_webhook_age_seconds",
            "Time that the event of a webhook that has waited longest waits for a worker, or 0.",
        )
        if self._age is not None:
            age.add_metric([], self._age)
        yield age


def _outcome(outcome: Outcome) -> str:
    if outcome.status is None:
        return UNREACHABLE
    return ACCEPTED if outcome.is_success else REFUSED


def _counted(found: Sequence[webhook_queue.WebhookCount]) -> Counter[tuple[str, str]]:
    states: Counter[tuple[str, str]] = Counter()
    for each in found:
        states[FAILING if each.is_failing else each.status, each.reason or ""] += each.number
    return states
