"""Further writes, each of which can be sent again and again."""

from collections.abc import Iterator, Sequence
from itertools import count
from secrets import token_hex
from typing import Any

from bench.data import Data
from bench.operations import Operation
from bench.page import global_id

AT_ONCE = 20
ROWS = 100
MOST_BATCHES = 250
BATCH = "further-"
INGESTED = "DELETE FROM mentions WHERE user_id = $1 AND starts_with(external_id, 'further-')"


def _changes(data: Data) -> Iterator[dict[str, Any]]:
    """Yield two changes of each lead, so that both change something again and again."""
    for id_ in data.ids["changing"]:
        for status in ("CONTACTED", "QUALIFIED"):
            yield {"input": {"id": global_id("Lead", id_), "status": status}}


def _marks(data: Data) -> Iterator[dict[str, Any]]:
    ids = data.ids["Mention"]
    for start in range(0, len(ids), AT_ONCE):
        for starred in (True, False):
            some = [global_id("Mention", id_) for id_ in ids[start : start + AT_ONCE]]
            yield {"input": {"ids": some, "starred": starred}}


def _pauses(data: Data) -> Iterator[dict[str, Any]]:
    return ({"input": {"id": global_id("Keyword", id_)}} for id_ in data.ids["Keyword"])


def _posts(data: Data) -> Iterator[dict[str, Any]]:
    """Yield batches of posts that no earlier request has sent, of five keywords."""
    run, number = token_hex(4), count()
    keywords = [global_id("Keyword", id_) for id_ in data.ids["Keyword"][:5]]
    for _ in range(MOST_BATCHES):
        yield {"input": {"items": [post(run, next(number), keywords) for _ in range(ROWS)]}}


def post(run: str, number: int, keywords: Sequence[str]) -> dict[str, Any]:
    id_ = f"{BATCH}{run}-{number:06d}"
    return {
        "platform": "REDDIT",
        "externalId": id_,
        "keywordId": keywords[number % len(keywords)],
        "url": f"https://reddit.example/{id_}",
        "title": f"Which tool do you recommend for team {number:06d}?",
        "content": "We have tried for 12 weeks and cannot decide. What should we buy, and what would you do differently?",
        "author": "ann17",
        "publishedAt": "2026-01-31T12:00:00Z",
    }


INGEST = Operation(
    name="ingest",
    title="ingest 100 new mentions of five keywords",
    documents={
        "ours": """
mutation ingest($input: IngestMentionsInput!) {
  ingestMentions(input: $input) { createdCount duplicateCount failedCount userErrors { code message } results { outcome } }
}"""
    },
    weight=1,
    rows={},
    variables=_posts,
    after=INGESTED,
)
WRITES = (
    Operation(
        name="status",
        title="change a lead's status, and read the newest leads of its keyword",
        documents={
            "ours": """
mutation status($input: ChangeLeadStatusInput!) {
  changeLeadStatus(input: $input) { userErrors { code message }
    lead { id status keyword { id leadsCount leads(first: 20) { nodes { id score createdAt company } } } }
  }
}"""
        },
        weight=4,
        rows={},
        variables=_changes,
    ),
    Operation(
        name="triage",
        title="mark 20 mentions",
        documents={
            "ours": """
mutation triage($input: TriageMentionsInput!) {
  triageMentions(input: $input) { userErrors { code message } mentions { id title platform } }
}"""
        },
        weight=4,
        rows={},
        variables=_marks,
    ),
    Operation(
        name="pause",
        title="pause a keyword and resume it, as two mutations of one request",
        documents={
            "ours": """
mutation pause($input: PauseKeywordInput!, $again: ResumeKeywordInput!) {
  pauseKeyword(input: $input) { userErrors { code message } keyword { id keyword status } }
  resumeKeyword(input: $again) { userErrors { code message } keyword { id keyword status } }
}"""
        },
        weight=4,
        rows={},
        variables=lambda data: ({**each, "again": each["input"]} for each in _pauses(data)),
    ),
    INGEST,
)
