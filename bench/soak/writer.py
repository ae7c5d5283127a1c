"""A writer of random operations on few rows, so that writers collide."""

import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.soak.client import Client, Outcome
from bench.soak.ingest import Ingest
from bench.soak.model import Model, Row, Write

NAMES = 60
"""Approximate number of keywords per user, and number of keyword names."""
MENTIONS_AT_ONCE = 20
STATUSES = ("NEW", "CONTACTED", "QUALIFIED", "CONVERTED", "DISQUALIFIED")
KEYWORD_STATUSES = {"pauseKeyword": "PAUSED", "resumeKeyword": "ACTIVE", "archiveKeyword": "ARCHIVED"}


@dataclass(frozen=True, slots=True)
class Person:
    """A user. An operator writes the rows of members."""

    name: str
    id: str
    key: str
    is_operator: bool = False


class Writer:
    """A writer that runs random operations and checks each response against the model."""

    def __init__(
        self, name: str, client: Client, model: Model, person: Person, members: Sequence[Person]
    ) -> None:
        self._client = client
        self._choose = client.choose
        self._model = model
        self._person = person
        self._members = members
        self._tokens = (f"{name}-{number}" for number in itertools.count(1))
        self._ingest = Ingest(client, model, person, self._tokens)
        weights: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.create_keyword),
            (8, self.change_keyword),
            (3, self.delete_keyword),
            (12, self.triage),
            (6, self.analyse),
            (20, self.create_lead),
            (16, self.change_lead),
            (10, self.update_lead),
            (4, self.delete_lead),
            (2, self.connect),
            (5, self.record_run),
            (1, self.delete_integration),
            (8, self.look),
        ]
        if not person.is_operator:
            weights += [(22, self._ingest.call), (12, self._ingest.stream)]
        self._weights, self._operations = zip(*weights, strict=True)

    async def operate(self) -> None:
        (operation,) = self._choose.choices(self._operations, self._weights)
        await operation()

    def _owner(self) -> Person:
        return self._choose.choice(self._members) if self._person.is_operator else self._person

    def _pick(self, kind: str) -> Row | None:
        return self._model.pick(self._choose, kind, self._owner().name)

    def _judge(self, what: str, outcome: Outcome, rows: Sequence[Row]) -> bool:
        """Return whether the write succeeded. Record a response that contradicts the model."""
        if "NOT_FOUND" in outcome.codes and not any(row.may_be_gone(outcome.ended) for row in rows):
            self._model.say(f"{what} did not find {[row.id for row in rows]}, which were not deleted.")
        if not outcome.codes:
            for row in rows:
                if row.is_gone(outcome.began):
                    self._model.say(f"{what} wrote {row.id}, which was deleted.")
        return not outcome.codes

    def _note(
        self, rows: Sequence[Row], column: str, initial: object, value: object, outcome: Outcome
    ) -> None:
        """Record a written value, or the possible write of a request without a response."""
        if outcome.codes and not outcome.lost:
            return
        write = Write(value, outcome.began, outcome.ended, sure=not outcome.codes)
        for row in rows:
            self._model.note(row.id, column, initial, write)

    async def create_keyword(self) -> None:
        owner = self._owner()
        if self._model.number("keywords", owner.name) >= NAMES:
            return await self.delete_keyword()
        values = {"keyword": f"word{self._choose.randrange(NAMES)}", "idempotencyKey": next(self._tokens)}
        if self._person.is_operator:
            values["userId"] = owner.id
        outcome = await self._client.mutate("createKeyword", values, "keyword { id }")
        if not outcome.codes:
            self._model.add("keywords", Row(outcome.answer["keyword"]["id"], owner.name))
        return None

    async def change_keyword(self) -> None:
        keyword = self._pick("keywords")
        if keyword is None:
            return
        name = self._choose.choice((*KEYWORD_STATUSES, *["resumeKeyword"] * 4))
        outcome = await self._client.mutate(name, {"id": keyword.id}, "keyword { status }")
        self._judge(name, outcome, [keyword])
        self._note([keyword], "status", "ACTIVE", KEYWORD_STATUSES[name], outcome)

    async def _delete(self, kind: str, name: str) -> None:
        row = self._pick(kind)
        if row is None:
            return
        alone = not row.may_be_gone(time.monotonic())
        row.gone_from = min(row.gone_from, time.monotonic())
        row.tries_to_delete += 1
        outcome = await self._client.mutate(name, {"id": row.id}, "")
        if outcome.codes not in ([], ["NOT_FOUND"]):
            self._model.say(f"{name} was refused: {outcome.codes}")
        if not outcome.codes:
            row.deletions += 1
            if row.deletions > 1:
                self._model.say(f"{name} deleted {row.id} twice.")
        elif alone and row.tries_to_delete == 1 and not outcome.lost and not self._parent_may_be_gone(row):
            self._model.say(f"{name} did not find {row.id}, which no other writer deleted.")
        row.gone_by = min(row.gone_by, outcome.ended)

    @staticmethod
    def _parent_may_be_gone(row: Row) -> bool:
        return row.parent is not None and row.parent.may_be_gone(time.monotonic())

    async def delete_keyword(self) -> None:
        await self._delete("keywords", "deleteKeyword")

    async def delete_lead(self) -> None:
        await self._delete("leads", "deleteLead")

    async def delete_integration(self) -> None:
        await self._delete("integrations", "deleteIntegration")

    def _pick_mentions(self) -> list[Row]:
        """Return some different mentions of one owner."""
        owner = self._owner().name
        number = self._choose.randint(1, MENTIONS_AT_ONCE)
        found = [self._model.pick(self._choose, "mentions", owner) for _ in range(number)]
        return list({row.id: row for row in found if row is not None}.values())

    async def triage(self) -> None:
        mentions = self._pick_mentions()
        if not mentions:
            return
        starred = self._choose.random() < 0.5  # noqa: PLR2004 - half of them
        values = {"ids": [row.id for row in mentions], "starred": starred}
        if self._choose.random() < 0.5:  # noqa: PLR2004 - half of them
            values["idempotencyKey"] = next(self._tokens)
        outcome = await self._client.mutate("triageMentions", values, "changedCount")
        self._judge("triageMentions", outcome, mentions)
        self._note(mentions, "starred", initial=False, value=starred, outcome=outcome)

    async def analyse(self) -> None:
        mentions = self._pick_mentions()
        if not mentions:
            return
        summary = next(self._tokens)
        found = {"sentiment": "NEUTRAL", "relevance": "HIGH", "summary": summary}
        values = {
            "analyzer": "soak",
            "analyses": [{"mentionId": row.id, **found} for row in mentions],
            "idempotencyKey": summary,
        }
        outcome = await self._client.mutate("recordAnalyses", values, "recordedCount")
        self._judge("recordAnalyses", outcome, mentions)
        self._note(mentions, "summary", initial=None, value=summary, outcome=outcome)

    async def create_lead(self) -> None:
        mention = self._pick("mentions")
        if mention is None:
            return
        values = {"mentionId": mention.id, "idempotencyKey": next(self._tokens)}
        outcome = await self._client.mutate("createLead", values, "created lead { id }")
        if not self._judge("createLead", outcome, [mention]):
            return
        lead = outcome.answer["lead"]
        if lead is None:
            self._model.check_lost_lead(mention, outcome.ended)
            return
        self._model.add("leads", Row(lead["id"], mention.owner, mention))
        if outcome.answer["created"]:
            self._model.claim(lead["id"])

    async def change_lead(self) -> None:
        lead = self._pick("leads")
        if lead is None:
            return
        status = self._choose.choice(STATUSES)
        values = {"id": lead.id, "status": status}
        outcome = await self._client.mutate("changeLeadStatus", values, "lead { status }")
        self._judge("changeLeadStatus", outcome, [lead])
        self._note([lead], "status", "NEW", status, outcome)

    async def update_lead(self) -> None:
        """Update a lead, with or without `expectedVersion`. Without, a repeated request may write the text again."""
        lead = self._pick("leads")
        if lead is None:
            return
        company = next(self._tokens)
        values: dict[str, object] = {"id": lead.id, "company": company}
        version = await self._version(lead) if self._choose.random() < 0.5 else None  # noqa: PLR2004 - half
        if version is not None:
            values["expectedVersion"] = version
        outcome = await self._client.mutate("updateLead", values, "lead { version }")
        self._judge("updateLead", outcome, [lead])
        self._note([lead], "company", None, company, outcome)
        if not outcome.codes:
            self._model.tokens[company] = (lead, 1 if version is not None else 1 + outcome.lost)

    async def _version(self, lead: Row) -> int | None:
        found = await self._client.ask(
            "query Soak_version($id: ID!) { lead(id: $id) { version } }", id=lead.id
        )
        seen: int | None = found.answer["lead"] and found.answer["lead"]["version"]
        return seen

    async def connect(self) -> None:
        owner, token = self._owner(), next(self._tokens)
        values = {"provider": "RSS", "externalAccountId": token, "idempotencyKey": token}
        if self._person.is_operator:
            values["userId"] = owner.id
        outcome = await self._client.mutate("connectIntegration", values, "integration { id }")
        if self._judge("connectIntegration", outcome, []):
            self._model.add("integrations", Row(outcome.answer["integration"]["id"], owner.name))

    async def record_run(self) -> None:
        integration = self._pick("integrations")
        if integration is None:
            return
        token = next(self._tokens)
        values = {
            "integrationId": integration.id,
            "status": self._choose.choice(("SUCCEEDED", "FAILED", "PARTIAL")),
            "message": token,
            "idempotencyKey": token,
        }
        outcome = await self._client.mutate("recordIntegrationRun", values, "replayed")
        if self._judge("recordIntegrationRun", outcome, [integration]):
            self._model.logs[token] = Row(token, integration.owner, integration)

    async def look(self) -> None:
        """Check that an acknowledged row is readable, and a deleted row is not."""
        row = self._pick(self._choose.choice(("keywords", "mentions", "leads", "integrations")))
        if row is None:
            return
        found = await self._client.ask("query Soak_look($id: ID!) { node(id: $id) { id } }", id=row.id)
        is_there = found.answer["node"] is not None
        if is_there and row.is_gone(found.began):
            self._model.say(f"{row.id} was read after its deletion.")
        if not is_there and not row.may_be_gone(found.ended):
            self._model.say(f"{row.id} was not found, but was not deleted.")
        self._client.tally.done["look"] += 1
