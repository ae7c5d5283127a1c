"""A search for leads finds the words of contact and notes, as a search for mentions finds those of posts."""

import pytest

from db.integrity import backfill
from resolvers.framework.global_id import encode
from tests.support.world import Ask, World

CREATE = "mutation($i: CreateLeadInput!) { createLead(input: $i) { lead { id } userErrors { code } } }"
UPDATE = "mutation($i: UpdateLeadInput!) { updateLead(input: $i) { userErrors { code } } }"
UPDATE_MANY = (
    "mutation($i: UpdateLeadsInput!) { updateLeads(input: $i) { changedCount userErrors { code } } }"
)

CONTACTS: list[dict[str, str]] = [
    {"contactName": "José O\u2019Brien", "contactEmail": "jose.obrien@acme-tools.example"},
    {"company": "AT&T", "notes": "uses crm/erp, wants Nextly.js"},
    {"company": "C++ Ltd", "contactHandle": "@ada_l"},
    {"company": "C# GmbH", "contactName": "Jürgen Groß"},
    {"contactName": "\u738b\u5c0f\u660e", "company": "M\u00fcller & Sons"},
]
FOUND: dict[str, list[int]] = {
    "jose": [0],
    "José": [0],
    "Jose\u0301": [0],
    "O'Brien": [0],
    '"Jose OBrien"': [0],
    "jose.obrien@acme-tools.example": [0],
    "acme-tools": [0],
    "acme": [0],
    "obrien": [0],
    "AT&T": [1],
    "crm": [1],
    "erp": [1],
    "crm/erp": [1],
    "Nextly.js": [1],
    "nextly": [1],
    "C++": [2],
    "C#": [3],
    "C": [2, 3],
    "ltd": [2],
    "@ada_l": [2],
    "gross": [3],
    "jurgen": [3],
    "J\u00dcRGEN": [3],
    "\u5c0f\u660e": [4],
    "muller": [4],
    "sons": [4],
    "son": [],
    '"Ltd ada_l"': [],
    "AT&T or C++": [1, 2],
    "C -ltd": [3],
}


async def found(ask: Ask, search: str, viewer: str = "ann") -> list[str]:
    """Return the IDs of the leads in the order of their creation. Their number is that of the figures."""
    answer = await ask(
        "query($s: String) { leads(filter: {search: $s}, orderBy: OLDEST) { nodes { id } } leadStats(filter: {search: $s}) { count } }",
        viewer=viewer,
        s=search,
    )
    ids = [node["id"] for node in answer.data["leads"]["nodes"]]
    assert answer.data["leadStats"]["count"] == len(ids)
    return ids


@pytest.fixture
async def leads(ask: Ask, world: World) -> list[str]:
    """The IDs of one lead for each of the contacts."""
    keyword_id = await world.add_keyword("ann", "plain")
    ids = []
    for contact in CONTACTS:
        mention_id = await world.add_mention(keyword_id, content="nothing")
        answer = await ask(CREATE, i={"mentionId": encode("Mention", mention_id), **contact})
        assert answer.data["createLead"]["userErrors"] == []
        ids.append(answer.data["createLead"]["lead"]["id"])
    return ids


async def test_whole_words_of_contacts_are_found_as_in_posts(ask: Ask, leads: list[str]) -> None:
    assert {text: await found(ask, text) for text in FOUND} == {
        text: [leads[place] for place in places] for text, places in FOUND.items()
    }
    assert await found(ask, "C++", viewer="olga") == [leads[2]]
    assert await found(ask, "C++", viewer="ben") == []


async def test_changed_words_are_found_at_once(ask: Ask, leads: list[str], world: World) -> None:
    await ask(UPDATE, i={"id": leads[0], "company": "Node.js & Co"})
    assert await found(ask, "node.js") == [leads[0]]
    assert await found(ask, "jose") == [leads[0]]
    items = [
        {"id": leads[1], "company": None},
        {"id": leads[2], "company": "c++ LTD"},
        {"id": leads[3], "notes": "F#"},
        {"id": leads[4], "value": "1", "currency": "EUR"},
    ]
    answer = await ask(UPDATE_MANY, i={"items": items})
    assert answer.data["updateLeads"] == {"changedCount": 4, "userErrors": []}
    texts = ["AT&T", "crm", "C++", "F#", "C#", "muller"]
    expected = [[], [leads[1]], [leads[2]], [leads[3]], [leads[3]], [leads[4]]]
    assert [await found(ask, text) for text in texts] == expected
    # The application has made all lexemes, also where only the case of a word has changed.
    assert [batch async for batch in backfill.fill(world.pool, backfill.LEAD_LEXEMES)] == []


async def test_words_of_an_older_writer_are_found_and_filled_by_the_next_backfill(
    ask: Ask, leads: list[str], world: World
) -> None:
    await world.pool.execute("UPDATE leads SET company = 'C++ and tea' WHERE company = 'AT&T'")
    assert await found(ask, "tea") == [leads[1]]
    assert await found(ask, "C++") == [leads[2]]
    assert [batch.rows async for batch in backfill.fill(world.pool, backfill.LEAD_LEXEMES)] == [1]
    assert await found(ask, "C++") == [leads[1], leads[2]]
