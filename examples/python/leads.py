"""Print the leads that an API key may read, the earliest first, one tab-separated line for each.

    python leads.py                          all leads
    python leads.py QUALIFIED CONVERTED      leads with one of these statuses

Set LEADGRAPH_URL and LEADGRAPH_API_KEY. Install the packages of requirements.txt.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import SyncClientSession
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXTransport

Lead = Mapping[str, Any]

SIZE_OF_PAGE = 50  # at most 100
PAGE_OF_LEADS = """
query PageOfLeads($filter: LeadFilter, $size: Int!, $after: String) {
  leads(filter: $filter, orderBy: OLDEST, first: $size, after: $after) {
    nodes {
      id
      status
      createdAt
      company
      value
      currency
      keyword {
        keyword
      }
      mention {
        url
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
"""


def leads(api: SyncClientSession, statuses: list[str]) -> Iterator[Lead]:
    """Yield the leads with one of the statuses, or all leads. Request each page after the one before is used up."""
    variables: dict[str, Any] = {"size": SIZE_OF_PAGE}
    if statuses:
        variables["filter"] = {"status": {"in": statuses}}
    while True:
        page = api.execute(GraphQLRequest(PAGE_OF_LEADS, variable_values=variables))["leads"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        variables["after"] = page["pageInfo"]["endCursor"]


def line(lead: Lead) -> str:
    """Return the line of a lead."""
    worth = f"{lead['value']} {lead['currency']}" if lead["value"] else ""
    about = (lead["keyword"]["keyword"], lead["company"] or "", worth, lead["mention"]["url"])
    return "\t".join((lead["createdAt"], lead["status"], *about))


def main(statuses: list[str]) -> int:
    """Print the leads, and return the exit status."""
    url, key = os.environ.get("LEADGRAPH_URL"), os.environ.get("LEADGRAPH_API_KEY")
    if not url or not key:
        print("Set LEADGRAPH_URL and LEADGRAPH_API_KEY.", file=sys.stderr)
        return 1
    transport = HTTPXTransport(url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    try:
        with Client(transport=transport) as api:
            for lead in leads(api, statuses):
                print(line(lead))
    except TransportQueryError as refusal:
        for error in refusal.errors or []:
            print(f"{error['extensions']['code']}: {error['message']}", file=sys.stderr)
        return 1
    except TransportError as failure:
        print(f"{url} cannot be reached: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
