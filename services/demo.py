"""Demo data: the same rows for the same day and scale.

All times count back from an anchor, so that a demo made today has leads of today.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from db.models import (
    DismissReason,
    IntegrationKind,
    IntegrationLogStatus,
    IntegrationProvider,
    IntegrationStatus,
    Intent,
    LeadStatus,
    Platform,
    Relevance,
    Sentiment,
    UserRole,
)

KEYWORDS_PER_USER = 20
MENTIONS_PER_KEYWORD = 200
LEADS_PER_KEYWORD = 50
LOGS_PER_INTEGRATION = 40
DAYS = 90
SEED = 1

PEOPLE = [
    ("demo@leadgraph.example", "Demo Seller", UserRole.MEMBER, "Europe/Berlin"),
    ("mira@leadgraph.example", "Mira Okafor", UserRole.MEMBER, "America/New_York"),
    ("jon@leadgraph.example", "Jon Lindqvist", UserRole.MEMBER, "Asia/Kolkata"),
    ("ana@leadgraph.example", "Ana Ferreira", UserRole.MEMBER, "America/Sao_Paulo"),
    ("operator@leadgraph.example", "Op Erator", UserRole.OPERATOR, "UTC"),
]
KEYWORDS = [
    "crm", "sales automation", "lead generation", "cold email", "postgres", "graphql", "docker",
    "python", "startup", "api", "customer support", "analytics", "dashboard", "open source",
    "social listening", "invoicing", "project management", "onboarding", "security", "no code",
    "kubernetes", "email marketing", "chatbot", "data pipeline", "time tracking",
]  # fmt: skip
POSTS = [
    (Intent.RECOMMENDATION_REQUEST, "Can anybody recommend a {keyword} tool for a team of {n}?"),
    (Intent.BUYING, "We have budget for {keyword} this quarter, up to {n} seats. What should we buy?"),
    (Intent.COMPARISON, "{product} or {other} for {keyword}? We are {n} people and cannot decide."),
    (Intent.COMPLAINT, "{product} lost our {keyword} data again, {n} times this month. I am done."),
    (Intent.QUESTION, "How do you measure whether {keyword} pays off? We have tried for {n} weeks."),
    (Intent.FEATURE_REQUEST, "I wish {product} could do {keyword} without {n} extra clicks."),
    (Intent.CHURN_RISK, "Thinking of leaving {product}: their {keyword} price went up {n} percent."),
    (Intent.PRAISE, "{product} made our {keyword} {n} times faster. Impressed."),
    (Intent.PROMOTION, "Show: I built a small {keyword} helper in {n} weekends, feedback welcome."),
    (Intent.HIRING, "Hiring: {keyword} engineer, remote, team of {n}."),
    (Intent.OTHER, "Notes on {keyword} after {n} years, and what I would do differently."),
]
SENTIMENT_OF = {
    Intent.COMPLAINT: Sentiment.NEGATIVE,
    Intent.CHURN_RISK: Sentiment.NEGATIVE,
    Intent.PRAISE: Sentiment.POSITIVE,
    Intent.PROMOTION: Sentiment.POSITIVE,
    Intent.COMPARISON: Sentiment.MIXED,
}
SCORE_OF = {
    Sentiment.POSITIVE: Decimal("0.7"),
    Sentiment.NEUTRAL: Decimal("0.0"),
    Sentiment.NEGATIVE: Decimal("-0.6"),
    Sentiment.MIXED: Decimal("0.1"),
}
PRODUCTS = ["Pipewell", "Northdesk", "Quillbase", "Tallybird", "Ferrostack", "Loomly CRM", "Brightqueue"]
NAMES = ["ada", "bo", "chen", "dara", "eli", "fay", "gus", "hana", "ivo", "june", "kai", "lea", "mo", "nia"]
COMPANIES = ["Acorn Labs", "Bluefin", "Cobalt Works", "Dune", "Ember & Co", "Fjord Systems", "Grove"]
SOURCES = [
    Platform.REDDIT,
    Platform.HACKERNEWS,
    Platform.X,
    Platform.LINKEDIN,
    Platform.GITHUB,
    Platform.BLOG,
]
BRANDS = {IntegrationProvider.HACKERNEWS: "Hacker News", IntegrationProvider.HUBSPOT: "HubSpot"}
FUNNEL = [LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.CONVERTED]

Row = dict[str, Any]


@dataclass(slots=True)
class UserData:
    """The rows of one user.

    A mention refers to its keyword by the index in `keywords`, a lead or an analysis to its mention by the index in
    `mentions`, and a log to its integration by the index in `integrations`.
    """

    user: Row
    keywords: list[Row] = field(default_factory=list)
    mentions: list[Row] = field(default_factory=list)
    analyses: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    integrations: list[Row] = field(default_factory=list)
    logs: list[Row] = field(default_factory=list)


def users(scale: float, anchor: datetime) -> Iterator[UserData]:
    """Yield the data of each user. `scale` multiplies mentions, leads and logs; 1 makes about 20,000 mentions."""
    for number, (email, name, role, zone) in enumerate(PEOPLE):
        chance = random.Random(f"{SEED}/{number}")  # noqa: S311 - repeatable, not secret
        data = UserData({"email": email, "name": name, "role": role, "time_zone": zone})
        _add_integrations(data, chance, scale, anchor)
        for place, keyword in enumerate(chance.sample(KEYWORDS, KEYWORDS_PER_USER)):
            created_at = anchor - timedelta(days=DAYS + 10 - place)
            data.keywords.append({"keyword": keyword, "created_at": created_at})
            _add_mentions(data, chance, place, scale, anchor)
        # A separate generator keeps the other values stable.
        _triage(data, random.Random(f"{SEED}/{number}/triage"), anchor)  # noqa: S311 - as above
        yield data


def _add_mentions(data: UserData, chance: random.Random, place: int, scale: float, anchor: datetime) -> None:
    popularity = chance.uniform(0.3, 1.7)
    for _ in range(round(MENTIONS_PER_KEYWORD * scale * popularity)):
        intent, mention = _mention(data, chance, place, anchor)
        number = len(data.mentions)
        data.mentions.append(mention)
        if chance.random() < 0.9:
            data.analyses.append(_analysis(chance, number, intent, mention))
        if chance.random() < LEADS_PER_KEYWORD / MENTIONS_PER_KEYWORD:
            data.leads.append(_lead(chance, number, mention, anchor))


def _triage(data: UserData, chance: random.Random, anchor: datetime) -> None:
    """Mark the mentions. Recent mentions are mostly unread; mentions with leads are read."""
    with_lead = {lead["mention"] for lead in data.leads}
    for number, mention in enumerate(data.mentions):
        marks: Row = dict.fromkeys(("read_at", "starred_at", "dismissed_at", "dismiss_reason", "engaged_at"))
        seen_at = mention["created_at"] + timedelta(hours=chance.uniform(0.5, 48))
        if number in with_lead:
            marks["engaged_at"] = min(seen_at, anchor)
        elif chance.random() < 0.3:
            marks["dismissed_at"] = min(seen_at, anchor)
            marks["dismiss_reason"] = chance.choice(list(DismissReason))
        if (seen_at < anchor and chance.random() < 0.9) or marks["engaged_at"] or marks["dismissed_at"]:
            marks["read_at"] = min(seen_at, anchor)
        if chance.random() < 0.03:
            marks["starred_at"] = min(seen_at, anchor)
        mention.update(marks)


def _mention(data: UserData, chance: random.Random, place: int, anchor: datetime) -> tuple[Intent, Row]:
    intent, text = chance.choice(POSTS)
    product, other = chance.sample(PRODUCTS, 2)
    keyword = data.keywords[place]["keyword"]
    content = text.format(keyword=keyword, n=chance.randint(2, 60), product=product, other=other)
    created_at = anchor - timedelta(seconds=chance.randint(0, DAYS * 86_400))
    platform = chance.choice(SOURCES)
    external_id = f"demo-{len(data.mentions)}"
    return intent, {
        "keyword": place,
        "platform": platform,
        "external_id": external_id,
        "url": f"https://{platform}.example/{external_id}",
        "title": content.split("?")[0].split(".")[0][:80],
        "content": content,
        "author": f"{chance.choice(NAMES)}{chance.randint(1, 999)}",
        "language": "en",
        "likes": int(chance.paretovariate(1.2)) - 1,
        "comments": int(chance.paretovariate(1.4)) - 1,
        "published_at": created_at - timedelta(minutes=chance.randint(1, 600)),
        "created_at": created_at,
    }


def _analysis(chance: random.Random, number: int, intent: Intent, mention: Row) -> Row:
    sentiment = SENTIMENT_OF.get(intent, Sentiment.NEUTRAL)
    fit = chance.randint(5, 99)
    relevance = Relevance.HIGH if fit >= 70 else Relevance.MEDIUM if fit >= 40 else Relevance.LOW
    return {
        "mention": number,
        "status": "succeeded",
        "sentiment": sentiment,
        "sentiment_score": SCORE_OF[sentiment],
        "intent": intent,
        "intent_score": Decimal(chance.randint(500, 990)) / 1000,
        "relevance": relevance,
        "relevance_score": fit,
        "relevance_reason": f"The intent is {intent.replace('_', ' ')}.",
        "analyzer": "demo",
        "analyzer_version": "1",
        "analyzed_at": mention["created_at"] + timedelta(minutes=1),
    }


def _lead(chance: random.Random, number: int, mention: Row, anchor: datetime) -> Row:
    made_at = min(anchor, mention["created_at"] + timedelta(minutes=chance.randint(1, 2000)))
    step = chance.choices(range(4), weights=[50, 25, 15, 10])[0]
    name = chance.choice(NAMES).capitalize()
    lead: Row = {
        "mention": number,
        "status": FUNNEL[step],
        "contact_name": name,
        "contact_handle": mention["author"],
        "company": chance.choice(COMPANIES),
        "contact_email": f"{name.lower()}{chance.randint(5, 99)}@example.com",
        "origin": "auto",
        "created_at": made_at,
        "status_changed_at": made_at,
    }
    reached = made_at
    for status in FUNNEL[1 : step + 1]:
        reached = min(anchor, reached + timedelta(hours=chance.randint(1, 72)))
        lead[f"{status}_at"] = lead["status_changed_at"] = reached
    if step >= FUNNEL.index(LeadStatus.QUALIFIED):
        lead["value"], lead["currency"] = Decimal(chance.randint(5, 400) * 100), "EUR"
    elif chance.random() < 0.15:
        lead["status"] = LeadStatus.DISQUALIFIED
        lead["disqualified_at"] = lead["status_changed_at"] = min(anchor, reached + timedelta(hours=5))
        lead["disqualify_reason"] = "Not in our market."
    return lead


def _add_integrations(data: UserData, chance: random.Random, scale: float, anchor: datetime) -> None:
    for provider, kind, status in (
        (IntegrationProvider.HACKERNEWS, IntegrationKind.SOURCE, IntegrationStatus.ACTIVE),
        (IntegrationProvider.REDDIT, IntegrationKind.SOURCE, IntegrationStatus.ERROR),
        (IntegrationProvider.HUBSPOT, IntegrationKind.CRM, IntegrationStatus.ACTIVE),
        (IntegrationProvider.SLACK, IntegrationKind.NOTIFICATION, IntegrationStatus.PAUSED),
    ):
        place = len(data.integrations)
        logs = list(_logs(chance, place, status, round(LOGS_PER_INTEGRATION * scale), anchor))
        data.logs += logs
        data.integrations.append(_integration(provider, kind, status, logs, anchor))


def _integration(
    provider: IntegrationProvider,
    kind: IntegrationKind,
    status: IntegrationStatus,
    logs: list[Row],
    anchor: datetime,
) -> Row:
    good = [log["finished_at"] for log in logs if log["status"] == IntegrationLogStatus.SUCCEEDED]
    bad = [log["finished_at"] for log in logs if log["status"] == IntegrationLogStatus.FAILED]
    active = status == IntegrationStatus.ACTIVE
    return {
        "provider": provider,
        "kind": kind,
        "name": BRANDS.get(provider, provider.capitalize()),
        "external_account_id": f"demo-{provider}",
        "status": status,
        "last_searched_at": max(good + bad, default=None),
        "last_success_at": max(good, default=None),
        "last_error_at": max(bad, default=None),
        "last_error_code": "HTTP_503" if bad else None,
        "consecutive_failures": sum(at > max(good, default=at) for at in bad),
        "next_sync_at": anchor + timedelta(minutes=15) if active else None,
        "created_at": anchor - timedelta(days=DAYS + 20),
    }


def _ago(back: int, number: int) -> timedelta:
    """Return the age of a run. Half of the runs are at most a day old, the others at most a month."""
    half = (number + 1) // 2
    if back <= half:
        return timedelta(minutes=5) + timedelta(hours=23) * (back - 1) / half
    return timedelta(days=1) + timedelta(days=29) * (back - half) / (number - half)


def _logs(
    chance: random.Random, place: int, status: IntegrationStatus, number: int, anchor: datetime
) -> Iterator[Row]:
    for back in range(number, 0, -1):
        broken = status == IntegrationStatus.ERROR and back <= 3
        failed = broken or chance.random() < 0.05
        started_at = anchor - _ago(back, number)
        duration = chance.randint(120, 4000)
        found = 0 if failed else chance.randint(0, 40)
        created = chance.randint(0, found)
        yield {
            "integration": place,
            "kind": "sync",
            "status": IntegrationLogStatus.FAILED if failed else IntegrationLogStatus.SUCCEEDED,
            "started_at": started_at,
            "finished_at": started_at + timedelta(milliseconds=duration),
            "duration_ms": duration,
            "items_found": found,
            "items_created": created,
            "items_duplicate": found - created,
            "http_status": 503 if failed else 200,
            "error_code": "HTTP_503" if failed else None,
            "message": "The service did not respond." if failed else f"{created} new of {found}.",
            "created_at": started_at + timedelta(milliseconds=duration),
        }
