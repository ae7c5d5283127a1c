"""The mutations of a member about keywords, mentions, leads, integrations and settings."""

from resolvers.framework.global_id import encode
from tests.support.member_traffic import Member


async def write(member: Member) -> None:
    """Call each mutation about keywords, mentions, leads, integrations and exports, some with an idempotency key."""
    for step in (_write_keywords, _write_mentions, _write_leads, _write_integrations):
        await step(member)
    await member.call("updateViewer", "viewer { email }", name="New", timeZone="Europe/Berlin")


async def _write_keywords(member: Member) -> None:
    made = await member.call(
        "createKeyword",
        "keyword { id user { keywordsCount } }",
        keyword="crm",
        autoLeadScore=1,
        idempotencyKey="one",
    )
    await member.call("createKeyword", "replayed", keyword="crm", autoLeadScore=1, idempotencyKey="one")
    id_ = made["keyword"]["id"]
    await member.call("updateKeyword", "keyword { keyword }", id=id_, requiredTerms=["api"])
    await member.call("updateKeyword", "keyword { keyword }", id=id_, requiredTerms=[])
    for name in ("pauseKeyword", "resumeKeyword"):
        await member.call(name, "keyword { status }", id=id_)
    other = (await member.call("createKeyword", "keyword { id }", keyword="other"))["keyword"]["id"]
    await member.call("archiveKeyword", "keyword { status }", id=other)
    old = await member.id_of("Keyword", "keywords", "mentions_count > 0")
    await member.call("deleteKeyword", "deletedKeywordId user { mentionsCount }", id=old)


async def _write_mentions(member: Member) -> None:
    keyword = await member.id_of("Keyword", "keywords", "keyword = 'crm'")
    integration = await member.id_of("Integration", "integrations")
    item = {
        "platform": "WEB",
        "externalId": "x1",
        "url": "https://example.com",
        "content": "Which crm is best?",
    }
    items = [item, {**item, "externalId": "x2", "keywordId": keyword, "integrationId": integration}]
    await member.call("ingestMentions", "createdCount", items=items, analyze=True)
    await member.call("ingestMentions", "createdCount", items=items, idempotencyKey="two")
    line = b'{"platform":"WEB","externalId":"x3","url":"https://example.com","content":"crm"}\n'
    headers = {
        "authorization": f"Bearer {member.world.keys[member.name]}",
        "content-type": "application/x-ndjson",
    }
    response = await member.client.post("/ingest/mentions", content=line, headers=headers)
    assert response.status_code == 200, response.text
    mention = await member.id_of("Mention", "mentions", "external_id = 'x1'")
    other = await member.id_of("Mention", "mentions", "external_id = 'x2'")
    await member.call("triageMention", "mention { readAt }", id=mention, read=True)
    await member.call("triageMentions", "mentions { id }", ids=[mention, other], starred=True, dismissed=True)
    await member.call("analyzeMentions", "analyzedCount", ids=[mention])
    analysis = {
        "mentionId": mention, "status": "SUCCEEDED", "sentiment": "POSITIVE", "relevance": "HIGH",
        "intent": "BUYING", "relevanceScore": 95,
    }  # fmt: skip
    await member.call("recordAnalyses", "mentions { id }", analyzer="mine", analyses=[analysis])


async def _write_leads(member: Member) -> None:
    mention = await member.id_of("Mention", "mentions", "external_id = 'x3'")
    rest = {
        "externalReference": "r1",
        "assigneeId": encode("User", member.user_id),
        "contactEmail": "a@example.com",
    }
    made = await member.call("createLead", "created lead { id assignee { id } }", mentionId=mention, **rest)
    id_ = made["lead"]["id"]
    await member.call("updateLead", "lead { notes }", id=id_, notes="call", tags=["new"])
    await member.call("changeLeadStatus", "lead { status }", id=id_, status="CONTACTED")
    others = await member.pool.fetch(
        "SELECT id FROM leads WHERE user_id = $1 AND external_reference IS NULL ORDER BY id DESC LIMIT 2",
        member.user_id,
    )
    first, second = (encode("Lead", row["id"]) for row in others)
    references = [{"id": first, "externalReference": "r2"}, {"id": second, "externalReference": "r3"}]
    await member.call("updateLeads", "changedCount", items=references)
    exchanged = [
        {"id": first, "externalReference": "r3"},
        {"id": second, "externalReference": "r2", "notes": "x"},
    ]
    await member.call("updateLeads", "changedCount", items=exchanged)
    statuses = [{"id": one, "status": "QUALIFIED"} for one in (id_, first)]
    await member.call("changeLeadStatuses", "changedCount", items=statuses)
    await member.call("deleteLead", "deletedLeadId mention { id }", id=second)


async def _write_integrations(member: Member) -> None:
    made = await member.call(
        "connectIntegration",
        "integration { id }",
        provider="HUBSPOT",
        externalAccountId="h",
        credentials="secret",
    )
    id_ = made["integration"]["id"]
    await member.call("updateIntegration", "integration { name }", id=id_, name="CRM", credentials="other")
    run = {
        "integrationId": id_,
        "status": "FAILED",
        "errorCode": "e",
        "message": "m",
        "nextSyncAt": "2030-01-01T00:00:00Z",
    }
    await member.call("recordIntegrationRun", "integration { health { score } }", **run)
    await member.call("recordIntegrationRun", "integration { status }", integrationId=id_, status="SUCCEEDED")
    for name in ("pauseIntegration", "resumeIntegration", "disconnectIntegration"):
        await member.call(name, "integration { status }", id=id_)
    with_mentions = await member.id_of("Integration", "integrations", "provider = 'rss'")
    for one in (id_, with_mentions):
        await member.call("deleteIntegration", "deletedIntegrationId", id=one)
