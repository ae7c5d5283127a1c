"""Many rows with few distinct values, for tests of lists, filters, orders and executors."""

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from db import models
from tests.support.world import World

MOMENTS = [datetime(2026, 1, 31, 12, tzinfo=UTC) + n * timedelta(hours=7, microseconds=1) for n in range(9)]
WORDS = ["crm", "Sales", "team", "budget", "jobs", "Größe", "50% off_", "back\\slash", "o'hara"]


class Crowding:
    """A generator of random rows with many ties, many nulls and all values of the enums."""

    def __init__(self, world: World, seed: int = 1) -> None:
        self._world = world
        self._random = random.Random(seed)  # noqa: S311 - the same rows in every run
        self._random_updates = random.Random(seed)  # noqa: S311
        self._numbers = itertools.count(1)

    def _moment(self) -> str:
        return self._random.choice(MOMENTS).isoformat()

    def _update(self) -> str:
        """Return a time of an update. It leaves the other values of the rows as they are."""
        return self._random_updates.choice(MOMENTS).isoformat()

    def _or_null(self, value: object, share: float = 0.4) -> object:
        return None if self._random.random() < share else value

    def _one_of(self, values: Any) -> Any:
        return self._random.choice(sorted(values) if isinstance(values, set) else list(values))

    def _words(self, most: int) -> str:
        return " ".join(self._random.choices(WORDS, k=self._random.randint(1, most)))

    def _dismissal(self) -> dict[str, object]:
        if self._random.random() < 0.6:
            return {"dismissed_at": None, "dismiss_reason": None}
        reason = self._or_null(self._one_of(models.DismissReason))
        return {"dismissed_at": self._moment(), "dismiss_reason": reason}

    async def keywords(self, name: str, number: int) -> list[int]:
        return await self._world.add(
            "keywords",
            [
                {
                    "user_id": self._world.users[name],
                    "keyword": f"{self._words(2)} {next(self._numbers)}",
                    "status": self._one_of(models.KeywordStatus),
                    "match_type": self._one_of(models.MatchType),
                    "required_terms": [],
                    "created_at": self._moment(),
                    "updated_at": self._update(),
                }
                for _ in range(number)
            ],
        )

    async def integrations(self, name: str, number: int) -> list[int]:
        return await self._world.add(
            "integrations",
            [
                {
                    "user_id": self._world.users[name],
                    "provider": self._one_of(models.IntegrationProvider),
                    "kind": self._one_of(models.IntegrationKind),
                    "status": self._one_of(models.IntegrationStatus),
                    "external_account_id": str(next(self._numbers)),
                    "last_searched_at": self._or_null(self._moment()),
                    "health_score": self._or_null(self._one_of([0, 50, 100])),
                    "settings": {},
                    "updated_at": self._update(),
                }
                for _ in range(number)
            ],
        )

    async def logs(self, name: str, integrations: Sequence[int], number: int) -> list[int]:
        return await self._world.add(
            "integration_logs",
            [
                {
                    "user_id": self._world.users[name],
                    "integration_id": self._one_of(integrations),
                    "kind": self._one_of(models.IntegrationLogKind),
                    "status": self._one_of(models.IntegrationLogStatus),
                    "created_at": self._moment(),
                }
                for _ in range(number)
            ],
        )

    async def mentions(
        self, name: str, keywords: Sequence[int], integrations: Sequence[int], number: int
    ) -> list[int]:
        return await self._world.add(
            "mentions",
            [
                {
                    "user_id": self._world.users[name],
                    "keyword_id": self._one_of(keywords),
                    "integration_id": self._or_null(self._one_of(integrations)) if integrations else None,
                    "platform": self._one_of(list(models.Platform)[:5]),
                    "external_id": str(next(self._numbers)),
                    "kind": self._one_of(models.MentionKind),
                    "url": "https://example.com/",
                    "title": self._or_null(self._words(3)),
                    "content": self._words(6),
                    "author": self._one_of(["", "ada", "Ada", "o'hara"]),
                    "language": self._or_null(self._one_of(["de", "en"])),
                    "likes": self._or_null(self._one_of([0, 1, 7, 2**31 - 1])),
                    "comments": self._or_null(self._one_of([0, 1, 7])),
                    "published_at": self._or_null(self._moment()),
                    "read_at": self._or_null(self._moment()),
                    "starred_at": self._or_null(self._moment(), 0.8),
                    "engaged_at": self._or_null(self._moment(), 0.8),
                    **self._dismissal(),
                    "created_at": self._moment(),
                    "updated_at": self._update(),
                }
                for _ in range(number)
            ],
        )

    async def analyses(self, mentions: Sequence[int]) -> None:
        rows = []
        for mention_id in mentions:
            status = self._one_of(models.AnalysisStatus)
            done = status == models.AnalysisStatus.SUCCEEDED
            rows.append(
                {
                    "mention_id": mention_id,
                    "status": status,
                    "sentiment": self._one_of(models.Sentiment) if done else None,
                    "relevance": self._one_of(models.Relevance) if done else None,
                    "intent": self._or_null(self._one_of(models.Intent)),
                    "relevance_score": self._or_null(self._one_of([0, 50, 100])),
                    "relevance_reason": "",
                    "topics": [],
                    "summary": "",
                    "analyzer": "",
                    "analyzer_version": "",
                }
            )
        await self._world.add("analysis_results", rows, returning="mention_id")

    async def leads(self, mentions: Sequence[int]) -> list[int]:
        rows = []
        for mention_id in mentions:
            status = self._one_of(models.LeadStatus)
            value = self._or_null(self._one_of(["0", "9.99", "10", "10.01", "1234567.89"]))
            rows.append(
                {
                    "mention_id": mention_id,
                    "status": status,
                    "origin": self._one_of(models.LeadOrigin),
                    "score": self._or_null(self._one_of([0, 50, 100])),
                    "value": value,
                    "currency": None if value is None else self._one_of(["EUR", "USD"]),
                    "company": self._or_null(self._one_of(["", "Acme", "acme", "100% _Söhne_ \\ Co"])),
                    "contact_name": self._or_null(self._words(2)),
                    "contact_email": self._or_null(self._one_of(["ada@acme.com", "Ada@ACME.com", "o@x.org"])),
                    "external_reference": self._or_null(f"crm-{next(self._numbers)}"),
                    "assignee_user_id": self._or_null(self._one_of(self._world.users.values())),
                    "created_at": self._moment(),
                    "status_changed_at": self._moment(),
                    "qualified_at": self._or_null(self._moment()),
                    "converted_at": self._moment() if status == models.LeadStatus.CONVERTED else None,
                    "notes": "",
                    "tags": sorted(
                        {self._one_of(["hot", "Hot", "q3"]) for _ in range(self._random.randint(0, 2))}
                    ),
                    "version": 1,
                    "updated_at": self._moment(),
                }
            )
        return await self._world.add("leads", rows)

    async def events(self, leads: Sequence[int], number: int) -> None:
        await self._world.add(
            "lead_events",
            [
                {
                    "lead_id": self._one_of(leads),
                    "actor_user_id": self._or_null(self._one_of(self._world.users.values())),
                    "type": self._one_of(set(models.LeadEventType) - {models.LeadEventType.STATUS_CHANGED}),
                    "data": {},
                    "created_at": self._moment(),
                }
                for _ in range(number)
            ],
        )

    async def everything(self, name: str, size: int) -> None:
        """Add about `size` rows of most entities. Keywords with mentions have ten on average."""
        keywords = await self.keywords(name, size // 2)
        integrations = await self.integrations(name, size // 4)
        await self.logs(name, integrations[:3], size // 2)
        mentions = await self.mentions(name, keywords[: size // 10], integrations[:4], size)
        await self.analyses(self._random.sample(mentions, size * 2 // 3))
        leads = await self.leads(self._random.sample(mentions, size // 2))
        await self.events(leads[:3], size // 2)
