"""graphql-core's executor, breadth and hand-written dictionaries, compared in one process without I/O.

    python bench/executor.py [rounds]

Prints medians of processor time for two operations: 50 keywords of 20 mentions, each with lead and analysis (2,500
objects, set-wise loads), and 1,000 objects of 12 plain fields. Also prints the speed-up over graphql-core and the
ratio to hand-written code. Fails if the responses differ.
"""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, execute, parse
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as CoreExecutor
from strawberry.types import Info

import breadth
from breadth.awaitability import register_is_awaitable
from breadth.fields import KEY, InstanceOf

KEYWORDS, MENTIONS = 50, 20
ROUNDS = 30

# Rows like those of a database


@dataclass(frozen=True, slots=True)
class KeywordRow:
    id: int
    keyword: str
    mentions_count: int


@dataclass(frozen=True, slots=True)
class MentionRow:
    id: int
    platform: str
    url: str
    title: str | None
    content: str
    author: str
    language: str
    likes: int | None
    comments: int
    relevance: float
    is_read: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LeadRow:
    id: int
    status: str
    note: str | None


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    id: int
    sentiment: str
    score: float


START = datetime(2026, 1, 1, tzinfo=UTC)


def mention(number: int) -> MentionRow:
    return MentionRow(
        number,
        ("WEB", "FORUM", "NEWS")[number % 3],
        f"https://example.com/{number}",
        None if number % 3 else f"Title {number}",
        f"Text of {number}",
        f"author {number % 7}",
        "en",
        None if number % 4 == 0 else number,
        number % 11,
        number / 7,
        number % 2 == 0,
        START + timedelta(minutes=number),
    )


KEYWORD_ROWS = [KeywordRow(number, f"keyword {number}", MENTIONS) for number in range(KEYWORDS)]
MENTION_ROWS = [mention(number) for number in range(KEYWORDS * MENTIONS)]
MENTIONS_OF = {row.id: MENTION_ROWS[row.id * MENTIONS : (row.id + 1) * MENTIONS] for row in KEYWORD_ROWS}
LEAD_OF = {row.id: LeadRow(row.id, "NEW", None) for row in MENTION_ROWS if row.id % 4}
ANALYSIS_OF = {
    row.id: AnalysisRow(row.id, "POSITIVE", row.id / 3) for row in MENTION_ROWS if row.id % 10 in range(7)
}

# Input of both executors: set-wise resolvers, and loads that resolve in the next turn of the event loop


class Context:
    """A loader that resolves all loads of one turn of the event loop together."""

    async def load(self, table: Mapping[int, Any], keys: Sequence[int]) -> list[Any]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(done.set_result, None)
        await done
        return [table.get(key) for key in keys]


async def keywords(parents: Sequence[Any], _info: Any) -> Sequence[Any]:
    return [KEYWORD_ROWS for _ in parents]


async def flat_mentions(parents: Sequence[Any], _info: Any) -> Sequence[Any]:
    return [MENTION_ROWS for _ in parents]


async def mentions(parents: Sequence[KeywordRow], info: Any, first: int) -> Sequence[Any]:
    found = await info.context.load(MENTIONS_OF, [parent.id for parent in parents])
    return [rows[:first] for rows in found]


async def lead(parents: Sequence[MentionRow], info: Any) -> Sequence[Any]:
    return await info.context.load(LEAD_OF, [parent.id for parent in parents])  # type: ignore[no-any-return]


async def analysis(parents: Sequence[MentionRow], info: Any) -> Sequence[Any]:
    return await info.context.load(ANALYSIS_OF, [parent.id for parent in parents])  # type: ignore[no-any-return]


class Gathering:
    """Return a graphql-core resolver that batches the parents of one turn of the event loop."""

    waiting: dict[Any, "Gathering"] = {}  # noqa: RUF012 - of the whole process, which runs one operation at a time

    def __init__(self, resolver: Callable[..., Any], info: Info, arguments: Mapping[str, Any]) -> None:
        self.resolver, self.info, self.arguments = resolver, info, arguments
        self.parents: list[Any] = []
        self.results: list[asyncio.Future[Any]] = []

    async def ask(self) -> None:
        results = await self.resolver(self.parents, self.info, **self.arguments)
        for future, result in zip(self.results, results, strict=True):
            future.set_result(result)


def gathered(
    resolver: Callable[..., Any], parent: Any, info: Info, arguments: Mapping[str, Any]
) -> Awaitable[Any]:
    loop = asyncio.get_running_loop()
    key = (resolver, *map(id, info._raw_info.field_nodes))  # noqa: SLF001 - Strawberry wraps no nodes
    if key not in Gathering.waiting:
        Gathering.waiting[key] = Gathering(resolver, info, arguments)
        loop.call_soon(lambda: loop.create_task(Gathering.waiting.pop(key).ask()))
    gathering = Gathering.waiting[key]
    gathering.parents.append(parent)
    gathering.results.append(future := loop.create_future())
    return future


def resolved_by(resolver: Callable[..., Any], *, paged: bool = False) -> Any:
    def resolve(self: Any, info: Info) -> Any:
        return gathered(resolver, self, info, {})

    def resolve_page(self: Any, info: Info, first: int) -> Any:
        return gathered(resolver, self, info, {"first": first})

    metadata = {KEY: breadth.SetResolver(resolver)}
    return strawberry.field(resolver=resolve_page if paged else resolve, metadata=metadata)


# The schema


@strawberry.enum
class Platform(Enum):
    WEB = "WEB"
    FORUM = "FORUM"
    NEWS = "NEWS"


@strawberry.enum
class Status(Enum):
    NEW = "NEW"
    WON = "WON"


@strawberry.enum
class Sentiment(Enum):
    POSITIVE = "POSITIVE"
    NEGATIVE = "NEGATIVE"


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Lead(Node):
    is_type_of = InstanceOf(LeadRow)
    status: Status
    note: str | None


@strawberry.type
class Analysis(Node):
    is_type_of = InstanceOf(AnalysisRow)
    sentiment: Sentiment
    score: float


@strawberry.type
class Mention(Node):
    is_type_of = InstanceOf(MentionRow)
    platform: Platform
    url: str
    title: str | None
    content: str
    author: str
    language: str
    likes: int | None
    comments: int
    relevance: float
    is_read: bool
    created_at: datetime
    lead: Lead | None = resolved_by(lead)
    analysis: Analysis | None = resolved_by(analysis)


@strawberry.type
class Keyword(Node):
    is_type_of = InstanceOf(KeywordRow)
    keyword: str
    mentions_count: int
    mentions: list[Mention] = resolved_by(mentions, paged=True)


@strawberry.type
class Query:
    keywords: list[Keyword] = resolved_by(keywords)
    mentions: list[Mention] = resolved_by(flat_mentions)


SCHEMA = strawberry.Schema(query=Query)._schema  # noqa: SLF001 - the executors are run without the rest

NESTED = """
{
  keywords {
    id
    keyword
    mentionsCount
    mentions(first: 20) {
      id
      platform
      content
      likes
      lead { id status }
      analysis { sentiment score }
    }
  }
}
"""

FLAT = """
{
  mentions {
    id platform url title content author language likes comments relevance isRead createdAt
  }
}
"""

# Hand-written code


def nested_by_hand() -> dict[str, Any]:
    leads = [LEAD_OF.get(row.id) for row in MENTION_ROWS]
    analyses = [ANALYSIS_OF.get(row.id) for row in MENTION_ROWS]
    written = [
        {
            "id": str(row.id),
            "platform": row.platform,
            "content": row.content,
            "likes": row.likes,
            "lead": None if of is None else {"id": str(of.id), "status": of.status},
            "analysis": None if found is None else {"sentiment": found.sentiment, "score": found.score},
        }
        for row, of, found in zip(MENTION_ROWS, leads, analyses, strict=True)
    ]
    return {
        "keywords": [
            {
                "id": str(row.id),
                "keyword": row.keyword,
                "mentionsCount": row.mentions_count,
                "mentions": written[row.id * MENTIONS : (row.id + 1) * MENTIONS],
            }
            for row in KEYWORD_ROWS
        ]
    }


def flat_by_hand() -> dict[str, Any]:
    return {
        "mentions": [
            {
                "id": str(row.id),
                "platform": row.platform,
                "url": row.url,
                "title": row.title,
                "content": row.content,
                "author": row.author,
                "language": row.language,
                "likes": row.likes,
                "comments": row.comments,
                "relevance": row.relevance,
                "isRead": row.is_read,
                "createdAt": row.created_at.isoformat(),
            }
            for row in MENTION_ROWS
        ]
    }


# The measurement

OPTIONS: dict[str, Any] = {
    "is_awaitable": optimized_is_awaitable,
    "executor_class": CoreExecutor,
    "operation_extensions": None,
}
Executor = Callable[..., Any]


async def answered(executor: Executor, document: DocumentNode) -> Any:
    found = executor(SCHEMA, document, None, Context(), **OPTIONS)
    result: ExecutionResult = await found if asyncio.iscoroutine(found) else found
    assert result.errors is None, result.errors  # noqa: S101 - a benchmark of errors is none
    return result.data


async def timed(run: Callable[[], Any]) -> float:
    start = time.process_time()
    found = run()
    if asyncio.iscoroutine(found):
        await found
    return (time.process_time() - start) * 1000


async def compare(name: str, text: str, by_hand: Callable[[], Any], rounds: int) -> None:
    document = parse(text)
    ways: dict[str, Callable[[], Any]] = {
        "graphql-core": lambda: answered(execute, document),
        "breadth": lambda: answered(breadth.execute, document),
        "by hand": by_hand,
    }
    core, wide = await answered(execute, document), await answered(breadth.execute, document)
    if not (repr(core) == repr(wide) == repr(by_hand())):
        sys.exit(f"{name}: the answers differ")
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            gc.collect()
            times[way].append(await timed(run))
    medians = {way: statistics.median(each) for way, each in times.items()}
    print(f"{name} (medians of {rounds} rounds)")  # noqa: T201
    print(f"  {'':14}{'CPU ms':>9}{'speed':>9}{'by hand':>9}")  # noqa: T201
    for way, median in medians.items():
        speed, time_taken = medians["graphql-core"] / median, median / medians["by hand"]
        print(f"  {way:14}{median:9.2f}{speed:9.1f}{time_taken:9.1f}")  # noqa: T201


async def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    register_is_awaitable(optimized_is_awaitable)
    await compare("nested, 2,500 objects", NESTED, nested_by_hand, rounds)
    await compare("flat, 1,000 objects of 12 fields", FLAT, flat_by_hand, rounds)


if __name__ == "__main__":
    asyncio.run(main())
