"""The enumerations: the database's values, each with a description."""

from enum import Enum
from typing import Any

import strawberry

from db.models import (
    AnalysisStatus,
    DismissReason,
    ExportEntity,
    ExportFormat,
    ExportStatus,
    IntegrationKind,
    IntegrationLogKind,
    IntegrationLogStatus,
    IntegrationProvider,
    IntegrationStatus,
    Intent,
    KeywordStatus,
    LeadEventType,
    LeadOrigin,
    LeadStatus,
    MatchType,
    MentionKind,
    Platform,
    Relevance,
    Sentiment,
    UserRole,
)

__all__ = [
    "AnalysisStatus",
    "DismissReason",
    "ExportEntity",
    "ExportFormat",
    "ExportStatus",
    "IntegrationKind",
    "IntegrationLogKind",
    "IntegrationLogStatus",
    "IntegrationProvider",
    "IntegrationStatus",
    "Intent",
    "KeywordStatus",
    "LeadEventType",
    "LeadOrigin",
    "LeadStatus",
    "MatchType",
    "MentionKind",
    "Platform",
    "Relevance",
    "Sentiment",
    "UserRole",
]


def describe(values: type[Enum], description: str, **of_each: str) -> None:
    """Registers an enumeration for GraphQL. Every value has to be described."""
    strawberry.enum(values, description=description)
    definition: Any = values.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = of_each.pop(value.name.lower())
    if of_each:
        raise KeyError(f"{values.__name__} has no {sorted(of_each)}")


describe(
    UserRole,
    "What a user may see.",
    member="Their own rows.",
    operator="Everybody's rows.",
)
describe(
    MatchType,
    "How a post has to contain a keyword. Words count as whole words, whatever their case.",
    phrase="All words, next to each other and in this order.",
    all_words="All words, anywhere.",
    any_word="At least one of the words.",
)
describe(
    KeywordStatus,
    "Whether posts are matched against a keyword.",
    active="They are.",
    paused="They are not, for the time being.",
    archived="They are not any more; the keyword is kept for its history.",
)
describe(
    Platform,
    "Where a mention was published.",
    reddit="Reddit.",
    hackernews="Hacker News.",
    x="X, formerly Twitter.",
    bluesky="Bluesky.",
    linkedin="LinkedIn.",
    github="GitHub: issues, discussions, comments.",
    youtube="YouTube: videos and comments.",
    stackoverflow="Stack Overflow and its sister sites.",
    devto="DEV Community.",
    mastodon="Mastodon and what federates with it.",
    news="A news site.",
    blog="A blog.",
    forum="A forum.",
    podcast="A podcast's notes or transcript.",
    newsletter="A newsletter.",
    review="A review site.",
    web="Any other page of the web.",
    other="Something that is not on the web.",
)
describe(
    MentionKind,
    "What sort of publication a mention is.",
    post="A post that starts a thread or stands alone.",
    comment="A comment below a post.",
    reply="A reply to a comment.",
    article="An article.",
    review="A review.",
    other="Anything else.",
)
describe(
    DismissReason,
    "Why a mention was dismissed.",
    spam="It is spam.",
    irrelevant="It has nothing to do with what the keyword is watched for.",
    duplicate="It says what another mention says.",
    own_post="The user, or somebody of theirs, wrote it.",
    other="Something else.",
)
describe(
    AnalysisStatus,
    "How far the analysis of a mention is.",
    pending="It waits for its turn.",
    succeeded="It is done.",
    failed="It failed; `error` says why.",
    skipped="It was left out, for example because of the language.",
)
describe(
    Sentiment,
    "The mood of a mention.",
    positive="Positive.",
    neutral="Neither positive nor negative.",
    negative="Negative.",
    mixed="Positive and negative at once.",
)
describe(
    Intent,
    "What the author of a mention is after.",
    buying="To buy something of the kind.",
    recommendation_request="A recommendation.",
    comparison="A comparison of products.",
    complaint="To complain about a product.",
    question="An answer to a question.",
    feature_request="A feature that a product lacks.",
    churn_risk="To leave a product.",
    praise="To praise a product.",
    promotion="To promote something of their own.",
    hiring="To hire, or to be hired.",
    other="Something else.",
)
describe(
    Relevance,
    "How well a mention fits what the keyword is watched for.",
    high="Well.",
    medium="Perhaps.",
    low="Hardly.",
)
describe(
    LeadStatus,
    "Where a lead stands on its way.",
    new="Nobody has been in touch.",
    contacted="Somebody has been in touch.",
    qualified="Worth an offer.",
    converted="A customer.",
    disqualified="Given up; `disqualifyReason` may say why.",
)
describe(
    LeadEventType,
    "What happened to a lead.",
    created="It was made.",
    status_changed="Its status changed.",
    assigned="Somebody else works on it, or nobody any more.",
    updated="Something else about it changed.",
    noted="Its notes changed.",
    scored="It got another score.",
    synced="It was sent to a CRM, or came back from there.",
)
describe(
    LeadOrigin,
    "What made a lead.",
    auto="A rule.",
    manual="A person.",
    **{"import": "An import."},
    api="A partner's program.",
)
describe(
    IntegrationProvider,
    "The service that an integration connects to.",
    reddit="Reddit.",
    hackernews="Hacker News.",
    x="X, formerly Twitter.",
    bluesky="Bluesky.",
    linkedin="LinkedIn.",
    github="GitHub.",
    youtube="YouTube.",
    rss="An RSS or Atom feed.",
    slack="Slack.",
    discord="Discord.",
    email="E-mail.",
    webhook="A web hook of the user's own.",
    hubspot="HubSpot.",
    salesforce="Salesforce.",
    pipedrive="Pipedrive.",
    zapier="Zapier.",
)
describe(
    IntegrationKind,
    "What an integration is for.",
    source="Mentions come from it.",
    crm="Leads go to it.",
    notification="News go to it.",
)
describe(
    IntegrationStatus,
    "The state of an integration.",
    pending="Connected, and not yet used.",
    active="In use.",
    paused="Paused by the user.",
    error="Stopped by an error that needs the user.",
    disconnected="Disconnected; kept for its history.",
)
describe(
    IntegrationLogKind,
    "What an integration did.",
    sync="It fetched mentions.",
    push="It sent leads or news.",
    auth="It renewed its credentials.",
    webhook="It received a call.",
    config="Its settings were changed.",
)
describe(
    IntegrationLogStatus,
    "How a run of an integration ended.",
    started="It has not ended.",
    succeeded="All went well.",
    partial="Some items failed.",
    failed="It failed.",
    skipped="There was nothing to do.",
    rate_limited="The service asked to come back later.",
)
describe(
    ExportEntity,
    "What an export lists.",
    keywords="Keywords.",
    mentions="Mentions.",
    leads="Leads.",
    integrations="Integrations.",
    integration_logs="Logs of integrations.",
)
describe(
    ExportFormat,
    "How the rows of an export are written.",
    json_lines="A JSON object in each line, with a name for each column, and values as this API has them.",
    csv="Values separated by commas, as RFC 4180 describes it, below a line of names. Nothing stands for null, lists "
    "are JSON, and a text that a spreadsheet would take for a formula has an apostrophe in front.",
)
describe(
    ExportStatus,
    "How far an export is.",
    queued="It waits for its turn.",
    running="Its file is being written.",
    succeeded="Its file is whole, and can be had until it expires.",
    failed="It has been given up; `error` says why.",
    cancelled="It was cancelled.",
)
