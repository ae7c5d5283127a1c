"""The pump of webhooks: it makes deliveries from the change feed, sends them, and records their outcomes.

One loop does all work of the database, one transaction after the other, and needs one connection. The attempts run
beside it. A stopped pump gives back what it has leased. The leases of a killed one expire.
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any, Final

from db.engine.outage import is_unavailable
from db.engine.pool import Pool
from db.integrity.feed import CHANNEL as FEED_CHANNEL
from db.models import WebhookDelivery
from db.statements.export import CHANNEL
from db.statements.webhook_delivery import Recorded
from server.runtime.listening import Notifications
from server.webhooks.client import Client
from server.webhooks.outbox import Limits, Outbox, Ready
from server.webhooks.turns import RenderingTurns
from services.accounts.vault import SealedError, Secret, Vault
from services.accounts.viewer import Viewer
from services.webhooks import deliveries, keys, signatures
from services.webhooks.deliveries import Attempt, Leased
from services.webhooks.endpoints import reader_of
from services.webhooks.rendering import Message, Rendered, Rendering, Subject

logger = logging.getLogger("leadgraph")

MOST_IN_FLIGHT: Final = 128
MOST_OF_EACH: Final = 16
"""The most concurrent attempts of all webhooks, and of one."""
MOST_OF_USER: Final = 32
"""The most concurrent attempts of one user."""
MOST_LEASED: Final = 1024
LEASED_OF_EACH: Final = 64
LEASED_OF_USER: Final = 96
"""The most leased deliveries in all, and the most of one webhook or user that are leased together."""
REFILLED_AT: Final = 32
"""The number of held deliveries of a webhook below which the pump leases more of them."""
POLL_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 30.0
"""The interval of looking for work while no webhook is active."""
LEAST_SECONDS: Final = 0.02
"""The least time between two looks for changes. A burst of commits then costs few statements."""
RENDER_SECONDS: Final = 20.0
LONGEST_WAIT_SECONDS: Final = 30.0
KEY_MISSING_WAIT: Final = timedelta(minutes=5)

Dispatch = Callable[[Pool], Awaitable[bool | None]]
"""A function that makes deliveries of the next changes of a webhook. It returns None if no webhook is active, and False
if no webhook has further changes.
"""

AttemptObserver = Callable[[Sequence[Attempt], Sequence[Recorded]], None]
"""A function that receives attempts, and the state of their deliveries after they were recorded."""


def ignore(_: Sequence[Attempt], __: Sequence[Recorded]) -> None:
    """Observe nothing."""


class Pump:
    """Delivers messages until it is stopped. The pool needs two connections for it: one to work, one to listen."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        rendering: Rendering,
        client: Client,
        dispatch: Dispatch,
        *,
        in_flight: int = MOST_IN_FLIGHT,
        observe: AttemptObserver = ignore,
        notifications: Notifications | None = None,
    ) -> None:
        self._pool, self._vault, self._rendering = pool, vault, rendering
        self._client, self._dispatch = client, dispatch
        self._observe = observe
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._notifications = notifications or Notifications(pool, retry_seconds=POLL_SECONDS)
        self._following = AsyncExitStack()
        self._follows = False
        self._news = asyncio.Event()
        limits = Limits(in_flight, MOST_OF_USER, MOST_OF_EACH)
        self.outbox = Outbox(self._attempt, self._news.set, limits)
        self._rendering_turns = RenderingTurns()
        self._stopping = False
        self._is_idle = False

    async def run(self) -> None:
        """Work until `stop` is called. At the end, wait for the running attempts and record them."""
        failures = 0
        async with self._notifications.heard({CHANNEL: self._wake}, self._wake), self._following:
            while not self._stopping:
                self._news.clear()
                began = time.monotonic()
                try:
                    is_busy = await self._turn()
                    failures = 0
                except Exception as failure:  # noqa: BLE001 - the next turn may succeed after any failure
                    is_busy, failures = False, failures + 1
                    self._report(failure, is_first=failures == 1)
                if not is_busy:
                    await self._wait(failures)
                    await asyncio.sleep(max(0.0, began + LEAST_SECONDS - time.monotonic()))
            await self._finish()

    async def stop(self) -> None:
        self._stopping = True
        self._news.set()

    async def _turn(self) -> bool:
        """Record finished attempts, make deliveries, and begin attempts. Return whether more changes may be left."""
        await self._record()
        made = await self._dispatch(self._pool)
        self._is_idle = made is None and not self.outbox.held()
        await self._follow_changes()
        await self._begin()
        return bool(made)

    async def _follow_changes(self) -> None:
        """Listen for changes while a webhook is active, and no longer."""
        if self._follows == self._is_idle:
            self._follows = not self._is_idle
            if self._is_idle:
                await self._following.aclose()
            else:
                heard = self._notifications.heard({FEED_CHANNEL: self._wake}, self._wake)
                await self._following.enter_async_context(heard)

    async def _begin(self) -> None:
        """Lease deliveries, and hand them to the outbox. Those that were tried before need no rendering."""
        held = self.outbox.held()
        free = MOST_LEASED - held.total()
        if free <= 0:
            return
        of_users = self.outbox.held_of_users()
        busy_users = {id_ for id_, number in of_users.items() if number >= LEASED_OF_USER}
        start_by = self._start_by()
        leased = await deliveries.take(
            self._pool,
            self.holder,
            most=min(free, LEASED_OF_USER),
            most_each=LEASED_OF_EACH,
            busy=[id_ for id_, number in held.items() if number >= REFILLED_AT],
            busy_users=sorted(busy_users | self._rendering_turns.resting()),
        )
        signing = self._keys(leased)
        signed = [each for each in leased if each.delivery.webhook_id in signing]
        known = {each.delivery.id: each.delivery.payload or "" for each in signed if each.delivery.payload}
        self._send(signed, signing, known, start_by)
        unsigned = [each.delivery for each in leased if each.delivery.webhook_id not in signing]
        await deliveries.give_back(self._pool, self.holder, unsigned, KEY_MISSING_WAIT)
        await self._render([each for each in signed if each.delivery.payload is None], signing)

    @staticmethod
    def _start_by() -> float:
        """Return the time by which an attempt under a lease of now must begin. The other half is for the attempt."""
        return asyncio.get_running_loop().time() + deliveries.LEASE.total_seconds() / 2

    def _send(
        self,
        leased: Sequence[Leased],
        signing: Mapping[int, Sequence[Secret]],
        bodies: Mapping[int, str],
        start_by: float,
    ) -> None:
        """Hand the deliveries with a body to the outbox."""
        self.outbox.put(
            [
                Ready(each, signing[each.delivery.webhook_id], bodies[each.delivery.id], start_by)
                for each in leased
                if each.delivery.id in bodies
            ]
        )

    def _keys(self, leased: Sequence[Leased]) -> dict[int, list[Secret]]:
        """Return the keys of the webhooks that can sign. A webhook whose key of the vault is missing is left out."""
        found: dict[int, list[Secret]] = {}
        for each in {each.delivery.webhook_id: each for each in leased}.values():
            try:
                found[each.delivery.webhook_id] = keys.opened(self._vault, each.secrets)
            except SealedError as sealed:
                logger.warning(
                    "The webhook %s cannot sign its messages: %s", each.delivery.webhook_id, sealed
                )
        return found

    async def _attempt(self, ready: Ready) -> Attempt:
        delivery, content = ready.leased.delivery, ready.body.encode()
        headers = signatures.message_headers(ready.signing, delivery.message_id, int(time.time()), content)
        outcome = await self._client.send(ready.leased.owned.webhook.url, headers, content)
        return Attempt(delivery, outcome, ready.signing, ready.leased.owned.is_failing)

    async def _render(self, new: Sequence[Leased], signing: Mapping[int, Sequence[Secret]]) -> None:
        """Render the payloads of deliveries, store them, and send those that are still leased.

        If the payloads of a webhook cannot be rendered now, its leases end without an attempt.
        """
        if not new:
            return
        rendered = await self._all_rendered(new)
        start_by = self._start_by()
        stored = await deliveries.store_payloads(self._pool, self.holder, rendered)
        self._send(new, signing, stored, start_by)
        await self._give_back([each for each in new if each.delivery.id not in rendered])

    async def _all_rendered(self, new: Sequence[Leased]) -> dict[int, str]:
        """Return the new payloads of all webhooks. A webhook whose payloads take too long is left out."""
        groups: dict[int, list[Leased]] = {}
        for each in new:
            groups.setdefault(each.owned.webhook.id, []).append(each)
        rendered: dict[int, str] = {}
        end = asyncio.get_running_loop().time() + RENDER_SECONDS
        for webhook_id, group in groups.items():
            try:
                with self._rendering_turns.turn(group[0].delivery.user_id):
                    async with asyncio.timeout_at(end):
                        rendered |= await self._rendered(group)
            except Exception as failure:
                if is_unavailable(failure) and not isinstance(failure, TimeoutError):
                    await self._give_back(new)
                    raise
                logger.warning("The payloads of the webhook %s were not rendered: %r", webhook_id, failure)
        return rendered

    async def _give_back(self, leased: Sequence[Leased]) -> None:
        wait = timedelta(seconds=POLL_SECONDS)
        await deliveries.give_back(self._pool, self.holder, [each.delivery for each in leased], wait)

    async def _rendered(self, group: Sequence[Leased]) -> dict[int, str]:
        """Return the new payloads of one webhook."""
        document, viewer = group[0].owned.webhook.document, _viewer(group[0])
        subjects = [Subject(each.delivery.entity, each.delivery.entity_id) for each in group]
        results: Sequence[Rendered]
        if document is None:
            results = await self._rendering.objects(viewer, subjects)
        else:
            results = [await self._rendering.result(viewer, document, each) for each in subjects]
        return {
            each.delivery.id: Message(
                each.delivery.event_type,
                each.delivery.occurred_at,
                self._rendering.global_id(subject),
                self._changed(each.delivery),
                result,
                is_custom=document is not None,
            ).payload()
            for each, subject, result in zip(group, subjects, results, strict=True)
        }

    def _changed(self, delivery: WebhookDelivery) -> list[str] | None:
        """Return the names of the fields that an update changed. Return None for other events."""
        if delivery.changed is None:
            return None
        return self._rendering.changed_fields(delivery.entity, delivery.changed)

    async def _record(self) -> None:
        """Record the finished attempts, and give back late deliveries. A failed call is repeated by a later one."""
        done, late = len(self.outbox.finished), len(self.outbox.late)
        if not done and not late:
            return
        attempts = self.outbox.finished[:done]
        self._observe(attempts, await deliveries.record(self._pool, self.holder, attempts))
        del self.outbox.finished[:done]
        self.outbox.note_recorded()
        await deliveries.give_back(self._pool, self.holder, self.outbox.late[:late], timedelta())
        del self.outbox.late[:late]

    async def _finish(self) -> None:
        """Give back what is not sent yet. Wait for the running attempts and record them."""
        with suppress(Exception):  # the leases expire
            await deliveries.give_back(self._pool, self.holder, self.outbox.unsent(), timedelta())
        if self.outbox.tasks:
            await asyncio.wait(self.outbox.tasks)
        with suppress(Exception):  # as above
            await self._record()

    async def _wait(self, failures: int) -> None:
        seconds = IDLE_SECONDS if self._is_idle else POLL_SECONDS
        if failures:
            seconds = min(2.0**failures, LONGEST_WAIT_SECONDS)
            self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    @staticmethod
    def _report(failure: Exception, *, is_first: bool) -> None:
        if not is_unavailable(failure):
            logger.error("A turn of the webhooks failed", exc_info=failure)
        elif is_first:
            logger.warning("The database is unavailable to the webhooks: %s", failure)

    async def _wake(self, *_: Any) -> None:
        self._news.set()


def _viewer(leased: Leased) -> Viewer:
    webhook = leased.owned.webhook
    return reader_of(webhook.user_id, leased.owned.role, webhook.scopes)
