"""The default payload: enough of an object to act without a second request, within the scopes of the webhook."""

from typing import Any

import pytest
from graphql import FieldNode, InlineFragmentNode, OperationDefinitionNode, parse

from db.models.base import table_of
from resolvers.framework.global_id import encode
from resolvers.webhook import EVENT_ENTITIES
from schema.change import changed_fields
from server.webhooks.default_payload import default_document
from services.accounts.api_key import READ_SCOPES
from tests.server.webhooks.conftest import GRAPH, Hooks
from tests.support import rows
from tests.support.receivers import receiving

AT = "2026-11-30T12:00:00Z"
LEFT_OUT = {
    "Keyword": {"performance"},
    "Mention": set(),
    "Lead": {"value", "currency"},
    "Integration": {"health"},
    "Export": {"url", "downloadUrl"},
    "Webhook": set(),
    "User": {"keywords"},
}
"""Figures, lists, deprecated fields, and links that expire."""


def selected(typename: str, scopes: set[str]) -> set[str]:
    (operation,) = parse(default_document(GRAPH.schema, typename, scopes)).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (nodes,) = operation.selection_set.selections
    assert isinstance(nodes, FieldNode)
    assert nodes.selection_set is not None
    (fragment,) = nodes.selection_set.selections
    assert isinstance(fragment, InlineFragmentNode)
    return {each.name.value for each in fragment.selection_set.selections if isinstance(each, FieldNode)}


@pytest.mark.parametrize("typename", EVENT_ENTITIES)
def test_the_payload_has_each_field_that_a_change_can_name(typename: str) -> None:
    model = EVENT_ENTITIES[typename].model
    assert model.__feed__ is not None
    columns = {each.name for each in table_of(model).c} - {"id", *model.__feed__.ignored}
    named = set(changed_fields(typename, columns))
    assert named - selected(typename, {*READ_SCOPES}) == LEFT_OUT[typename]


async def payload(hooks: Hooks, subject: tuple[str, int], **values: Any) -> Any:
    """Return the object in the message about a row."""
    async with receiving() as receiver:
        made = await hooks.add(values.pop("user_id"), receiver.url, **values)
        await hooks.deliver(made.webhook, ("msg_1", subject[1], AT), entity=subject[0])
        async with hooks.pump():
            await receiver.until(1)
    assert "errors" not in receiver.requests[0].payload["data"]
    return receiver.requests[0].payload["data"]["object"]


async def add_lead(hooks: Hooks, user: int) -> tuple[int, int, int]:
    keyword = await rows.add_keyword(hooks.pool, user, "crm")
    mention = await rows.add_mention(
        hooks.pool, keyword, title="Which CRM?", author="eve", content="We need one."
    )
    await hooks.pool.execute(
        "INSERT INTO analysis_results (mention_id, status, sentiment, intent, relevance, relevance_score, summary) "
        "VALUES ($1, 'succeeded', 'neutral', 'buying', 'high', 90, 'Wants a CRM.')",
        mention,
    )
    lead = await rows.add_lead(
        hooks.pool, mention, value=12, currency="EUR", notes="call", assignee_user_id=user
    )
    return keyword, mention, lead


async def test_the_message_about_a_lead_has_its_value_people_keyword_and_post(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    keyword, mention, lead = await add_lead(hooks, user)
    found = await payload(hooks, ("Lead", lead), user_id=user)
    person = {"id": encode("User", user), "email": "ann@example.com"}
    assert (found["id"], found["status"], found["notes"]) == (encode("Lead", lead), "NEW", "call")
    assert found["expectedValue"] == {"amount": "12.00", "currency": "EUR"}
    assert (found["user"], found["assignee"]) == (person, person)
    assert found["keyword"] == {"id": encode("Keyword", keyword), "keyword": "crm", "status": "ACTIVE"}
    assert found["mention"] == {
        "id": encode("Mention", mention), "platform": "WEB", "kind": "POST", "url": "https://example.com",
        "title": "Which CRM?", "author": "eve", "publishedAt": None,
    }  # fmt: skip


async def test_the_message_about_a_mention_has_its_text_analysis_and_lead(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    _, mention, lead = await add_lead(hooks, user)
    found = await payload(hooks, ("Mention", mention), user_id=user, event_types=["mention.updated"])
    assert (found["content"], found["integration"]) == ("We need one.", None)
    assert found["lead"] == {"id": encode("Lead", lead), "status": "NEW"}
    assert found["analysis"] == {
        "status": "SUCCEEDED", "sentiment": "NEUTRAL", "intent": "BUYING", "relevance": "HIGH", "relevanceScore": 90,
        "relevanceReason": "", "topics": [], "summary": "Wants a CRM.", "analyzedAt": found["analysis"]["analyzedAt"],
    }  # fmt: skip


async def test_parts_without_their_scope_are_left_out(hooks: Hooks) -> None:
    user = await rows.add_user(hooks.pool)
    _, _, lead = await add_lead(hooks, user)
    whole = await payload(hooks, ("Lead", lead), user_id=user)
    part = await payload(hooks, ("Lead", lead), user_id=user, scopes=["read:leads"])
    assert whole.keys() - part.keys() == {"mention", "keyword"}
    assert part == {name: value for name, value in whole.items() if name not in {"mention", "keyword"}}
    only = await payload(hooks, ("Lead", lead), user_id=user, scopes=["read:leads", "read:keywords"])
    assert whole.keys() - only.keys() == {"mention"}


async def test_the_message_to_an_operator_names_the_owner(hooks: Hooks) -> None:
    ann = await rows.add_user(hooks.pool)
    olga = await rows.add_user(hooks.pool, "olga@example.com", role="operator")
    _, _, lead = await add_lead(hooks, ann)
    found = await payload(hooks, ("Lead", lead), user_id=olga, everybody=True)
    assert found["user"] == {"id": encode("User", ann), "email": "ann@example.com"}
