"""Keep a copy of the leads that an API key may read, deletions included, and follow their changes as they are made.

    python copy_leads.py copy.db

The copy is a table `leads` of SQLite, with the ID and the JSON of each lead. Set LEADGRAPH_URL and
LEADGRAPH_API_KEY. Install `gql[websockets]`.
"""

import asyncio
import json
import os
import sqlite3
import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

LEADS = """
query Leads($after: String) {
  leads(orderBy: OLDEST, first: 100, after: $after) {
    nodes {
      id
      status
      notes
    }
    pageInfo {
      hasNextPage
      endCursor
      changesAfter
    }
  }
}
"""
CHANGES = """
query Changes($after: String!) {
  changes(types: [LEAD], first: 100, after: $after) {
    nodes {
      nodeId
      node {
        ... on Lead {
          id
          status
          notes
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""
LEAD_CHANGED = """
subscription LeadChanged($after: String!) {
  leadChanged(after: $after) {
    changes {
      leadId
      lead {
        id
        status
        notes
      }
    }
    cursor
  }
}
"""
TABLES = """
CREATE TABLE IF NOT EXISTS leads (id TEXT PRIMARY KEY, lead TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);
"""
PAUSE_SECONDS = 1.0
FORBIDDEN = "4403"  # the code of a closed WebSocket
TO_LIST_AGAIN = {"EXPIRED_CURSOR", "BAD_CURSOR"}
TO_RETRY = {"UNAVAILABLE", "TOO_SLOW", "TIMEOUT", "RATE_LIMITED"}


class Copy:
    """The stored leads, and the cursor of the last change that is in them."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.executescript(TABLES)

    @property
    def cursor(self) -> str | None:
        row = self._database.execute("SELECT cursor FROM progress").fetchone()
        return row[0] if row else None

    def replace(self, leads: list[dict[str, Any]], cursor: str) -> None:
        """Store the whole list."""
        with self._database:
            self._database.execute("DELETE FROM leads")
            self._store({lead["id"]: lead for lead in leads}, cursor)

    def apply(self, changes: dict[str, dict[str, Any] | None], cursor: str) -> None:
        """Store changes and their cursor in one transaction. None stands for a deleted lead."""
        with self._database:
            self._store(changes, cursor)

    def _store(self, leads: dict[str, dict[str, Any] | None], cursor: str) -> None:
        for id_, lead in leads.items():
            if lead is None:
                self._database.execute("DELETE FROM leads WHERE id = ?", (id_,))
            else:
                self._database.execute("INSERT OR REPLACE INTO leads VALUES (?, ?)", (id_, json.dumps(lead)))
        self._database.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", (cursor,))


async def read_list(api: AsyncClientSession, copy: Copy) -> str:
    """Read all leads, and return the cursor after which their changes are told."""
    leads, after, cursor = list[dict[str, Any]](), None, None
    while True:
        page = (await api.execute(GraphQLRequest(LEADS, variable_values={"after": after})))["leads"]
        leads += page["nodes"]
        after, cursor = page["pageInfo"]["endCursor"], cursor or page["pageInfo"]["changesAfter"]
        if not page["pageInfo"]["hasNextPage"]:
            copy.replace(leads, cursor)
            return str(cursor)


async def catch_up(api: AsyncClientSession, copy: Copy, cursor: str) -> str:
    """Read what has changed since the last run, in pages."""
    while True:
        page = (await api.execute(GraphQLRequest(CHANGES, variable_values={"after": cursor})))["changes"]
        cursor = page["pageInfo"]["endCursor"]
        copy.apply({change["nodeId"]: change["node"] for change in page["nodes"]}, cursor)
        if not page["pageInfo"]["hasNextPage"]:
            return cursor


async def follow(api: AsyncClientSession, copy: Copy) -> None:
    """Copy what is missing, and then each change as it is told, until the connection ends."""
    cursor = copy.cursor
    cursor = await read_list(api, copy) if cursor is None else await catch_up(api, copy, cursor)
    print("following", flush=True)
    events = api.subscribe(GraphQLRequest(LEAD_CHANGED, variable_values={"after": cursor}))
    async for event in events:
        told = event["leadChanged"]
        copy.apply({change["leadId"]: change["lead"] for change in told["changes"]}, told["cursor"])


async def main(url: str, key: str, path: str) -> int:
    """Follow the leads, and connect again after each cut. Return the exit status if the API refuses the program."""
    copy = Copy(path)
    while True:
        transport = WebsocketsTransport(
            url.replace("http", "ws", 1),
            init_payload={"Authorization": f"Bearer {key}"},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        try:
            async with Client(transport=transport) as api:
                await follow(api, copy)
        except TransportQueryError as refusal:
            codes = {error["extensions"]["code"] for error in refusal.errors or []}
            if codes & TO_LIST_AGAIN:
                async with Client(transport=transport) as api:
                    await read_list(api, copy)
            elif not codes & TO_RETRY:
                print(refusal, file=sys.stderr)
                return 1
        except (TransportError, OSError) as failure:
            if FORBIDDEN in str(failure.__cause__):
                print(failure.__cause__, file=sys.stderr)
                return 1
        await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    url_, key_ = os.environ.get("LEADGRAPH_URL"), os.environ.get("LEADGRAPH_API_KEY")
    if not sys.argv[1:]:
        sys.exit(__doc__)
    if not url_ or not key_:
        sys.exit("Set LEADGRAPH_URL and LEADGRAPH_API_KEY.")
    sys.exit(asyncio.run(main(url_, key_, sys.argv[1])))
