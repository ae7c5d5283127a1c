"""The enums: the values of the database, each with a description."""

from enum import Enum
from typing import Any

import strawberry

from db import models


def describe(values: type[Enum], description: str, **of_each: str) -> None:
    """Register an enum for GraphQL. Every value must have a description."""
    strawberry.enum(values, description=description)
    definition: Any = values.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = of_each.pop(value.name.lower())
    if of_each:
        raise KeyError(f"{values.__name__} has no {sorted(of_each)}")


def deprecate(value: Enum, reason: str) -> None:
    """Mark a value of a registered enum as deprecated."""
    definition: Any = type(value).__strawberry_definition__  # type: ignore[attr-defined]
    (declared,) = [each for each in definition.values if each.name == value.name]
    declared.deprecation_reason = reason


describe(
    models.UserRole,
    "Role of a user, which determines the rows that the user may see.",
    member="The user may see only the user's own rows.",
    operator="The user may see the rows of all users.",
)
describe(
    models.UserStatus,
    "Status of a user, which determines whether the user's API keys work.",
    active="The API keys of the user work.",
    suspended="The API keys of the user are refused until the user is resumed. The data of the user stays.",
    deleted="The API keys of the user are refused, and workers delete the data of the user. Then the user is gone.",
)
describe(
    models.Weekday,
    "A day of the week.",
    **{day.name.lower(): f"{day.name.title()}, day {day} of the ISO week." for day in models.Weekday},
)
describe(
    models.MatchType,
    "Rule by which a post must contain the words of a keyword. Matches whole words, regardless of case.",
    phrase="The post must contain all words, next to each other and in the same order.",
    all_words="The post must contain all words, in any place and order.",
    any_word="The post must contain at least one of the words.",
)
describe(
    models.KeywordStatus,
    "Status of a keyword, which determines whether new posts are matched against the keyword.",
    active="New posts are matched against the keyword.",
    paused="Matching is paused until the keyword is resumed.",
    archived="Matching has ended. The keyword and its mentions are kept.",
)
describe(
    models.Platform,
    "Platform on which a mention was published.",
    reddit="A post or comment on Reddit.",
    hackernews="A story or comment on Hacker News.",
    x="A post on X, formerly Twitter.",
    bluesky="A post on Bluesky.",
    linkedin="A post or comment on LinkedIn.",
    github="An issue, discussion or comment on GitHub.",
    youtube="A video or comment on YouTube.",
    stackoverflow="A post on Stack Overflow or another Stack Exchange site.",
    devto="An article or comment on DEV Community.",
    mastodon="A post on Mastodon or a federated server.",
    news="An article on a news site.",
    blog="An article on a blog.",
    forum="A post in a forum.",
    podcast="Notes or a transcript of a podcast.",
    newsletter="An issue of a newsletter.",
    review="A review on a review site.",
    web="Any other page of the web.",
    other="A publication outside of the web.",
)
describe(
    models.MentionKind,
    "Kind of publication of a mention.",
    post="A post that starts a thread or stands alone.",
    comment="A comment on a post.",
    reply="A reply to a comment.",
    article="An article, such as a news story.",
    review="A review, such as of a product.",
    other="Any other kind of publication.",
)
describe(
    models.DismissReason,
    "Reason for the dismissal of a mention.",
    spam="The mention is spam.",
    irrelevant="The mention is unrelated to the purpose of the keyword.",
    duplicate="The mention repeats another mention.",
    own_post="The author is the user or a colleague of the user.",
    other="The mention was dismissed for another reason.",
)
describe(
    models.AnalysisStatus,
    "Status of the analysis of a mention.",
    pending="The analysis has not started.",
    succeeded="The analysis succeeded, with at least a sentiment and a relevance.",
    failed="The analysis failed. The field `error` may give the reason.",
    skipped="The analysis was skipped in whole or in part, for example because of the language.",
)
describe(
    models.Sentiment,
    "Sentiment of a mention.",
    positive="The sentiment is positive.",
    neutral="The sentiment is neither positive nor negative.",
    negative="The sentiment is negative.",
    mixed="The sentiment is both positive and negative.",
)
describe(
    models.Intent,
    "Intent of the author of a mention.",
    buying="The author wants to buy a product of the kind.",
    recommendation_request="The author asks for a recommendation.",
    comparison="The author compares products.",
    complaint="The author complains about a product.",
    question="The author asks a question.",
    feature_request="The author asks for a feature that a product lacks.",
    churn_risk="The author considers leaving a product.",
    praise="The author praises a product.",
    promotion="The author promotes a product or service of the author's own.",
    hiring="The author wants to hire or to be hired.",
    other="The author has another or no clear intent.",
)
describe(
    models.Relevance,
    "Relevance of a mention to the purpose of the keyword.",
    high="The mention fits the keyword well.",
    medium="The mention may fit the keyword.",
    low="The mention hardly fits the keyword.",
)
describe(
    models.LeadStatus,
    "Status of a lead on the way to a customer.",
    new="The lead has not been contacted.",
    contacted="The lead has been contacted.",
    qualified="The lead is worth an offer.",
    converted="The lead has become a customer.",
    disqualified="The lead has been given up. The field `disqualifyReason` may give the reason.",
)
describe(
    models.LeadEventType,
    "Type of an event in the history of a lead.",
    created="The lead was created.",
    status_changed="The status of the lead changed.",
    assigned="The lead was assigned to another user, or unassigned.",
    updated="Other fields of the lead changed.",
    noted="The notes on the lead changed.",
    scored="The score of the lead changed.",
    synced="The lead was sent to a CRM, or updated from a CRM.",
)
describe(
    models.LeadOrigin,
    "Origin of a lead, which tells how the lead was created.",
    auto="A rule created the lead, such as the `autoLeadScore` of a keyword.",
    manual="A person created the lead.",
    **{"import": "An import created the lead."},
    api="A partner's program created the lead.",
)
describe(
    models.IntegrationProvider,
    "Service to which an integration connects.",
    reddit="The integration connects to Reddit.",
    hackernews="The integration connects to Hacker News.",
    x="The integration connects to X, formerly Twitter.",
    bluesky="The integration connects to Bluesky.",
    linkedin="The integration connects to LinkedIn.",
    github="The integration connects to GitHub.",
    youtube="The integration connects to YouTube.",
    rss="The integration connects to an RSS or Atom feed.",
    slack="The integration connects to Slack.",
    discord="The integration connects to Discord.",
    email="The integration connects to email.",
    webhook="The integration connects to a webhook of the user.",
    hubspot="The integration connects to HubSpot.",
    salesforce="The integration connects to Salesforce.",
    pipedrive="The integration connects to Pipedrive.",
    zapier="The integration connects to Zapier.",
)
deprecate(
    models.IntegrationProvider.WEBHOOK,
    "Use `createWebhook`, which sends the events. The integration sends nothing.",
)
describe(
    models.IntegrationKind,
    "Purpose of an integration.",
    source="The integration delivers mentions.",
    crm="The integration sends leads to a CRM.",
    notification="The integration sends notifications.",
)
describe(
    models.IntegrationStatus,
    "Status of an integration.",
    pending="The integration is connected and has not been used.",
    active="The integration is in use.",
    paused="The user has paused the integration.",
    error="An error has stopped the integration, and the user must act.",
    disconnected="The integration is disconnected and kept for its history.",
)
describe(
    models.IntegrationLogKind,
    "Kind of a run or event of an integration.",
    sync="The integration fetched mentions.",
    push="The integration sent leads or notifications.",
    auth="The integration renewed its credentials.",
    webhook="The integration received a webhook call. Not a run, so the call is only logged.",
    config="The settings of the integration were changed. Not a run, so the change is only logged.",
)
describe(
    models.IntegrationLogStatus,
    "Result of a run of an integration.",
    started="The run has started and has not ended.",
    succeeded="The run succeeded for all items.",
    partial="The run succeeded for some items and failed for others.",
    failed="The run failed as a whole.",
    skipped="The run had nothing to do, and counts as a success.",
    rate_limited="The service limited the rate of the run and asked to retry later.",
)
describe(
    models.ExportEntity,
    "Entity whose rows an export lists.",
    keywords="The export lists keywords.",
    mentions="The export lists mentions.",
    leads="The export lists leads.",
    integrations="The export lists integrations.",
    integration_logs="The export lists logs of integrations.",
)
describe(
    models.ExportFormat,
    "Format of the rows of an export.",
    json_lines="One JSON object per line, with one member per column. Values are formatted as in this API.",
    csv="Comma-separated values (RFC 4180) with a header line. Null is an empty value and lists are JSON. A string that "
    "a spreadsheet would read as a formula is prefixed with an apostrophe.",
)
describe(
    models.ExportStatus,
    "Status of an export.",
    queued="The export waits for a worker.",
    running="A worker is writing the file.",
    succeeded="The file is complete and can be downloaded until `expiresAt`.",
    failed="The export failed. The field `error` gives the reason.",
    cancelled="The user cancelled the export.",
)
describe(
    models.ChangeKind,
    "Kind of a change of an object.",
    created="The object was created.",
    updated="Fields of the object changed.",
    deleted="The object was deleted.",
)

_KINDS = {"created": "was created", "updated": "was changed", "deleted": "was deleted"}
_ENTITIES = {"integration": "An integration", "export": "An export"}


def _event_description(event_type: models.WebhookEventType) -> str:
    entity, _, kind = event_type.partition(".")
    return f"{_ENTITIES.get(entity, f'A {entity}')} {_KINDS[kind]}."


describe(
    models.WebhookEventType,
    "Type of an event. Messages have it as `type`, such as `lead.updated`.",
    **{each.name.lower(): _event_description(each) for each in models.WebhookEventType},
)
describe(
    models.WebhookStatus,
    "Status of a webhook, which determines whether messages are sent.",
    active="The server sends messages about new events.",
    paused="The server sends nothing until the webhook is active again. Then the events since the pause follow.",
    disabled="The server has stopped to send messages, for the reason in `disabledReason`.",
)
describe(
    models.WebhookDisabledReason,
    "Reason for which the server has disabled a webhook.",
    gone="The receiver has answered 410 (Gone).",
    failing="No attempt has succeeded for three days, and a message was given up.",
    position_expired="The change feed no longer has the next events. Use `replayWebhook` to go on from now.",
    not_allowed="The user of the webhook is not active, or may no longer read the rows.",
)
describe(
    models.WebhookSignature,
    "Version of the signatures of Standard Webhooks.",
    v1="HMAC-SHA256 with a secret `whsec_…` that server and receiver share.",
    v1a="An ed25519 signature, which the receiver verifies with the public key `whpk_…`.",
)
describe(
    models.WebhookDeliveryStatus,
    "Status of the delivery of a message.",
    pending="The message waits for its next attempt, or for an earlier message about the same object.",
    delivered="The receiver has accepted the message.",
    failed="The message was given up after the last attempt, or because the receiver was gone.",
)
