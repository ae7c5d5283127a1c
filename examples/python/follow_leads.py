"""Keep a copy of the leads that an API key may read, and update it: each run reads what changed since the last one.

    python follow_leads.py leads.db

The copy is a table `leads` of SQLite, with the ID and the JSON of each lead. Set LEADGRAPH_URL and
LEADGRAPH_API_KEY. Install the packages of requirements.txt.
"""

import json
import os
import sqlite3
import sys
from contextlib import closing
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import SyncClientSession
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXTransport

CHANGED_LEADS = """
query ChangedLeads($size: Int!, $after: String) {
  leads(orderBy: EARLIEST_UPDATE, first: $size, after: $after) {
    nodes {
      id
      status
      notes
      updatedAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""
SIZE_OF_PAGE = 50  # at most 100
TABLES = """
CREATE TABLE IF NOT EXISTS leads (id TEXT PRIMARY KEY, lead TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);
"""


def follow(api: SyncClientSession, copy: sqlite3.Connection) -> int:
    """Read all leads that are new or changed since the stored cursor, store them, and return their number."""
    stored = copy.execute("SELECT cursor FROM progress").fetchone()
    variables: dict[str, Any] = {"size": SIZE_OF_PAGE, "after": stored[0] if stored else None}
    number = 0
    while True:
        page = api.execute(GraphQLRequest(CHANGED_LEADS, variable_values=variables))["leads"]
        if page["nodes"]:
            variables["after"] = page["pageInfo"]["endCursor"]
            store(copy, page["nodes"], variables["after"])
            number += len(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return number


def store(copy: sqlite3.Connection, leads: list[dict[str, Any]], cursor: str) -> None:
    """Store a page and its cursor in one transaction, so that a crash leaves both or neither."""
    rows = [(lead["id"], json.dumps(lead)) for lead in leads]
    with copy:
        copy.executemany("INSERT OR REPLACE INTO leads VALUES (?, ?)", rows)
        copy.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", (cursor,))


def main(path: str) -> int:
    """Update the copy, print the number of changes, and return the exit status."""
    url, key = os.environ.get("LEADGRAPH_URL"), os.environ.get("LEADGRAPH_API_KEY")
    if not url or not key:
        print("Set LEADGRAPH_URL and LEADGRAPH_API_KEY.", file=sys.stderr)
        return 1
    transport = HTTPXTransport(url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    try:
        with closing(sqlite3.connect(path)) as copy, Client(transport=transport) as api:
            copy.executescript(TABLES)
            print(follow(api, copy), "new or changed leads")
    except TransportQueryError as refusal:
        for error in refusal.errors or []:
            print(f"{error['extensions']['code']}: {error['message']}", file=sys.stderr)
        return 1
    except TransportError as failure:
        print(f"{url} cannot be reached: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
