"""The program of the partner guide follows leads while members, operators and open transactions write them."""

import asyncio
import json
import random
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from db.embedded import EmbeddedPostgres
from server.runtime.database import DATABASE
from tests.support.checkout import Checkout
from tests.support.demo import Demo

TURNS = 25
STATUSES = ("CONTACTED", "QUALIFIED", "CONVERTED")
SCOPES = ("read:leads", "write:leads", "read:mentions", "write:mentions", "read:keywords")
CREATE = "mutation($id: ID!) { createLead(input: { mentionId: $id }) { lead { id } userErrors { code } } }"
CHANGE = """mutation($id: ID!, $items: [UpdateLeadsItemInput!]!, $status: LeadStatus!) {
  changeLeadStatus(input: { id: $id, status: $status }) { userErrors { code } }
  updateLeads(input: { items: $items }) { userErrors { code } }
}"""
INGEST = (
    "mutation($items: [IngestMentionInput!]!) { ingestMentions(input: { items: $items }) { createdCount } }"
)
PAGE = """query($after: String) { leads(orderBy: OLDEST, first: 100, after: $after) {
  nodes { id status notes updatedAt } pageInfo { hasNextPage endCursor }
} }"""


class Writer:
    """A writer of the demo's leads, with an API key of its own."""

    def __init__(
        self, demo: Demo, key: str, number: int, leads: Sequence[str], mentions: Sequence[str]
    ) -> None:
        self._url, self._key, self._number = demo.facts["url"], key, number
        self._leads, self._mentions = leads, list(mentions)
        self._random = random.Random(number)  # noqa: S311 - the same writes in every run

    def _ask(self, client: httpx.Client, document: str, **variables: object) -> Any:
        body = {"query": document, "variables": variables}
        answer = client.post(self._url, json=body, headers={"Authorization": f"Bearer {self._key}"}).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def write(self) -> None:
        with httpx.Client(timeout=60) as client:
            for turn in range(TURNS):
                if self._mentions:
                    created = self._ask(client, CREATE, id=self._mentions.pop())["createLead"]
                    assert created["userErrors"] == []
                chosen = self._random.sample(self._leads, 3)
                status, notes = self._random.choice(STATUSES), f"{self._number} {turn}"
                items = [{"id": lead, "notes": notes} for lead in chosen[1:]]
                changed = self._ask(client, CHANGE, id=chosen[0], items=items, status=status)
                assert changed["updateLeads"]["userErrors"] == []
                # Another writer may have chosen the same lead, whose status then allows no such change.
                refusals = {error["code"] for error in changed["changeLeadStatus"]["userErrors"]}
                assert refusals <= {"INVALID_TRANSITION"}


def ingest(demo: Demo, keyword_id: str) -> None:
    """Ingest batches of the same user, which the writers of leads wait for."""
    for turn in range(TURNS):
        items = [
            {
                "platform": "WEB",
                "externalId": f"followed {turn} {place}",
                "url": "https://example.com",
                "content": "x",
                "keywordId": keyword_id,
            }
            for place in range(50)
        ]
        assert demo.ask(INGEST, items=items)["ingestMentions"]["createdCount"] == len(items)


async def stay_open(url: str, email: str) -> None:
    """Change leads in transactions that stay open after they have taken their moment. Roll half of them back."""
    connection = await asyncpg.connect(url)
    for turn in range(TURNS // 2):
        transaction = connection.transaction()
        await transaction.start()
        found = await connection.fetch(
            "UPDATE users SET last_write_at = greatest(clock_timestamp(), last_write_at + interval '1 microsecond') "
            "WHERE email = $1 RETURNING id, last_write_at",
            email,
        )
        ((user_id, moment),) = found
        await asyncio.sleep(0.1)
        await connection.execute(
            "UPDATE leads SET notes = $2, updated_at = $3 WHERE id = "
            "(SELECT id FROM leads WHERE user_id = $1 ORDER BY id OFFSET $4 LIMIT 1)",
            *(user_id, f"open {turn}", moment, turn),
        )
        await (transaction.commit() if turn % 2 else transaction.rollback())
    await connection.close()


def stored_leads(demo: Demo) -> dict[str, Any]:
    """Return all leads of the API, by ID."""
    found, after = dict[str, Any](), None
    while True:
        page = demo.ask(PAGE, after=after)["leads"]
        found |= {lead["id"]: lead for lead in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def copied_leads(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as copy:
        return {id_: json.loads(lead) for id_, lead in copy.execute("SELECT id, lead FROM leads")}


def key_of(demo: Demo, email: str) -> str:
    scopes = [argument for scope in SCOPES for argument in ("--scope", scope)]
    done = demo.run("keys", "create", "--user", email, *scopes)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def test_the_copy_of_the_program_equals_the_leads_after_many_have_written(
    checkout_to_write: Checkout,
) -> None:
    demo, path = checkout_to_write.demo, checkout_to_write.folder / "leads.db"
    run = "python examples/python/follow_leads.py leads.db"
    email = demo.ask("{ viewer { email } }")["viewer"]["email"]
    assert demo.run("users", "create", "op@example.com", "--role", "operator").returncode == 0
    keys = [key_of(demo, email), key_of(demo, "op@example.com"), key_of(demo, email)]
    leads = list(stored_leads(demo))
    free = demo.ask("{ mentions(first: 60, filter: { hasLead: false }) { nodes { id keyword { id } } } }")
    mentions = [node["id"] for node in free["mentions"]["nodes"]]
    assert checkout_to_write.output(run) == f"{len(leads)} new or changed leads\n"
    assert copied_leads(path) == stored_leads(demo)

    url = EmbeddedPostgres(demo.home / "postgres").url(DATABASE)
    read = 0
    with ThreadPoolExecutor() as threads:
        writing = [
            threads.submit(Writer(demo, key, number, leads, mentions[number::3]).write)
            for number, key in enumerate(keys)
        ]
        writing.append(threads.submit(ingest, demo, free["mentions"]["nodes"][0]["keyword"]["id"]))
        writing.append(threads.submit(asyncio.run, stay_open(url, email)))
        runs = 0
        while not all(one.done() for one in writing):
            read += int(checkout_to_write.output(run).split()[0])
            runs += 1
    for one in writing:
        one.result()
    assert runs > 1
    read += int(checkout_to_write.output(run).split()[0])
    stored = stored_leads(demo)
    assert copied_leads(path) == stored
    assert len(stored) == len(leads) + len(mentions)
    assert len(mentions) < read
    assert checkout_to_write.output(run) == "0 new or changed leads\n"
