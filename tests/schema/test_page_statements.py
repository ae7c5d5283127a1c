"""The documents of the inbox and of the leads: each takes the same statements for many rows as for few."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from resolvers.framework.global_id import encode
from tests.support.world import Ask, Row, World

MANIFESTS = Path(__file__).parents[2] / "server" / "page" / "documents"
NAME = re.compile(r"(?:^|} )(query|mutation) (\w+)")
FILTER: dict[str, Any] = {"search": None, "keywordId": None}
PAGE = {"first": 50, "after": None, "filter": FILTER, "order": "NEWEST"}


def documents(page: str) -> dict[str, str]:
    """Return the queries and mutations of a page by name. Over a POST, a live query is a plain one."""
    texts = json.loads((MANIFESTS / f"{page}.json").read_text("utf-8")).values()
    found = {match[2]: text for text in texts if (match := NAME.search(text))}
    return {name: text.replace(" @live", "") for name, text in found.items()}


async def newest(world: World, table: str) -> list[Row]:
    """Return rows that no earlier call has changed first."""
    return sorted(await world.rows(table, "ann"), key=lambda row: int(row["id"]), reverse=True)


async def variables(world: World, page: str) -> dict[str, dict[str, Any]]:
    """Return variables for each document of a page, which reach as many rows as there are."""
    mentions, leads = await newest(world, "mentions"), await newest(world, "leads")
    free = next(row["id"] for row in mentions if row["id"] not in {lead["mention_id"] for lead in leads})
    mention_ids = [encode("Mention", row["id"]) for row in mentions[:100]]
    first, second, third = (encode("Lead", lead["id"]) for lead in leads[:3])
    if page == "inbox":
        return {
            "InboxList": PAGE,
            "InboxCounts": {"filter": FILTER, "unread": FILTER | {"read": False}},
            "InboxMarks": {"ids": mention_ids},
            "InboxOne": {"id": mention_ids[0]},
            "InboxKeywords": {},
            "InboxTriage": {"input": {"ids": mention_ids, "starred": True}},
            "InboxCreateLead": {"input": {"mentionId": encode("Mention", free)}},
            "InboxDeleteLead": {"input": {"id": first}},
        }
    return {
        "LeadsColumn": PAGE | {"filter": FILTER | {"status": {"eq": "QUALIFIED"}}},
        "LeadsList": PAGE,
        "LeadsFigures": {"filter": FILTER},
        "LeadsChoices": {},
        "LeadsDetail": {"id": first, "events": 20},
        "LeadsChangeStatus": {"input": {"id": second, "status": "CONVERTED"}},
        "LeadsUpdate": {"input": {"id": second, "notes": "new"}},
        "LeadsDelete": {"input": {"id": third}},
    }


async def statements(ask: Ask, world: World, page: str) -> dict[str, list[str]]:
    given = await variables(world, page)
    texts = documents(page)
    assert texts.keys() == given.keys()
    found = {}
    for name, text in texts.items():
        answer = await ask(text, **given[name])
        assert all(
            not (field or {}).get("userErrors")
            for field in answer.data.values()
            if not isinstance(field, list)
        )
        found[name] = sorted(answer.statements)
    return found


@pytest.mark.parametrize("page", ["inbox", "leads"])
async def test_ten_times_the_rows_take_the_same_statements(ask: Ask, world: World, page: str) -> None:
    few = await statements(ask, world, page)
    await world.add_keywords("ann", keywords=30, mentions=40)
    many = await statements(ask, world, page)
    assert many == few
    assert max(map(len, few.values())) <= 12
