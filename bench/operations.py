"""The measured operations for each kind of server, and the comparison of their responses.

All servers but PostGraphile get the same documents. PostGraphile derives its schema from the tables, so its documents
use aliases to give the responses the same shape.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bench.data import Data

Dialect = Literal["ours", "postgraphile"]
LEAD_FIELDS = """
    status score statusChangedAt contactName contactHandle contactEmail company value currency origin createdAt
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. `weight` is the number of requests per request of the heaviest operation. `rows` is the number of
    objects per field of a response. `variables` returns those of each request, the same for all servers. `after` is SQL
    that deletes what the requests have written for the user `$1`.
    """

    name: str
    title: str
    documents: Mapping[Dialect, str]
    weight: int
    rows: Mapping[str, int]
    by_id: bool = False
    variables: Callable[[Data], Sequence[Mapping[str, Any]] | Iterator[Mapping[str, Any]]] | None = None
    after: str = ""


NESTED = Operation(
    name="nested",
    title="50 keywords with 20 mentions each, with leads and analyses",
    documents={
        "ours": """
query nested {
  keywords(first: 50) { nodes { id keyword mentionsCount
    mentions(first: 20) { nodes { id content author platform createdAt
      lead { id status score }
      analysis { sentiment relevance relevanceScore }
    } }
  } }
}""",
        "postgraphile": """
query nested($user: BigInt!) {
  keywords: allKeywords(first: 50, condition: {userId: $user}, orderBy: ROW_ID_DESC) {
    nodes { id: rowId keyword mentionsCount
      mentions(first: 20, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {
        nodes { id: rowId content author platform createdAt
          lead { id: rowId status score }
          analysis { sentiment relevance relevanceScore }
        }
      }
    }
  }
}""",
    },
    weight=1,
    rows={"keywords": 50, "mentions": 1000},
)
FLAT = Operation(
    name="flat",
    title="1,000 leads of 12 fields",
    documents={
        "ours": f"query flat {{ leads(first: 1000) {{ nodes {{ id {LEAD_FIELDS} }} }} }}",
        "postgraphile": f"""
query flat($user: BigInt!) {{
  leads: allLeads(first: 1000, condition: {{userId: $user}}, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {{
    nodes {{ id: rowId {LEAD_FIELDS} }}
  }}
}}""",
    },
    weight=1,
    rows={"leads": 1000},
)
LIST = Operation(
    name="list",
    title="100 leads → mention → keyword → user",
    documents={
        "ours": """
query list {
  leads(first: 100) { nodes { id status score createdAt
    mention { id content createdAt keyword { id keyword mentionsCount user { id email name } } }
  } }
}""",
        "postgraphile": """
query list($user: BigInt!) {
  leads: allLeads(first: 100, condition: {userId: $user}, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {
    nodes { id: rowId status score createdAt
      mention { id: rowId content createdAt
        keyword { id: rowId keyword mentionsCount
          user { id: rowId email name }
        }
      }
    }
  }
}""",
    },
    weight=4,
    rows={"leads": 100, "mention": 100, "keyword": 100, "user": 100},
)
POINT = Operation(
    name="point",
    title="one lead by ID, with its mention and keyword",
    documents={
        "ours": """
query point($id: ID!) {
  lead(id: $id) { id status score createdAt mention { id content url keyword { id keyword } } }
}""",
        "postgraphile": """
query point($id: BigInt!) {
  lead: leadByRowId(rowId: $id) { id: rowId status score createdAt
    mention { id: rowId content url
      keyword { id: rowId keyword }
    }
  }
}""",
    },
    weight=20,
    rows={"lead": 1, "mention": 1, "keyword": 1},
    by_id=True,
)
READS = (NESTED, FLAT, LIST, POINT)


def figures(value: Any, name: str = "") -> Any:
    """Return a response in a common form of IDs, timestamps, numbers and enums."""
    if isinstance(value, dict):
        return {field: figures(inner, field) for field, inner in value.items()}
    if isinstance(value, list):
        return [figures(inner, name) for inner in value]
    return value if value is None or name not in FIGURES else FIGURES[name](value)


def _row_id(value: str) -> int:
    """Return the number in a global ID, or a plain ID as a number."""
    return int(value if value.isdecimal() else b64decode(value, validate=True).rpartition(b":")[2])


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


FIGURES: dict[str, Callable[[str], object]] = {
    "id": _row_id,
    **dict.fromkeys(("value", "amount"), Decimal),
    **dict.fromkeys(("startCursor", "endCursor"), lambda _: "a cursor"),
    **dict.fromkeys(("createdAt", "statusChangedAt", "lastSyncedAt", "start", "end", "day"), _moment),
    **dict.fromkeys(("status", "origin", "platform", "sentiment", "relevance"), str.lower),
}


def count_rows(value: Any) -> dict[str, int]:
    """Return the number of objects in a response by field. Objects of a page count for the field of the list."""
    counted: dict[str, int] = {}
    for name, _ in _objects(value, ""):
        counted[name] = counted.get(name, 0) + 1
    return counted


def _objects(value: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for inner in value:
            yield from _objects(inner, name)
    elif isinstance(value, dict):
        if name and "nodes" not in value:
            yield name, value
        for field, inner in value.items():
            yield from _objects(inner, name if field == "nodes" else field)


def difference(one: Any, other: Any, path: str = "data") -> str:
    """Return the path of the first difference of two responses, or an empty text."""
    if isinstance(one, dict) and isinstance(other, dict):
        for field in one.keys() | other.keys():
            if found := difference(one.get(field), other.get(field), f"{path}.{field}"):
                return found
        return ""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return next((found for i, pair in pairs if (found := difference(*pair, f"{path}.{i}"))), "")
    return "" if one == other else f"{path}: {_short(one)} and {_short(other)}"


def _short(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else repr(value)[:80]
