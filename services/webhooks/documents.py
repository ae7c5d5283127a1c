"""The stored documents of webhooks, checked against the schema of this release."""

from dataclasses import dataclass

from db.engine.pool import Pool
from db.engine.writer import in_transaction
from db.statements import webhook as stored
from services.webhooks.endpoints import reader_of
from services.webhooks.rendering import Rendering


@dataclass(frozen=True, slots=True)
class WrongDocument:
    """A stored document that cannot be executed, and the reason."""

    webhook_id: int
    user_id: int
    problem: str


async def wrong_documents(pool: Pool, rendering: Rendering) -> list[WrongDocument]:
    """Return the stored documents that cannot be executed."""
    found: list[WrongDocument] = []
    after = 0
    while page := await in_transaction(pool, lambda writer: stored.with_document(writer, after)):  # noqa: B023 - run at once
        for each in page:
            webhook = each.webhook
            viewer = reader_of(webhook.user_id, each.role, webhook.scopes)
            problem = await rendering.problem_of(webhook.document or "", viewer)
            if problem is not None:
                found.append(WrongDocument(webhook.id, webhook.user_id, problem))
        after = page[-1].webhook.id
    return found
